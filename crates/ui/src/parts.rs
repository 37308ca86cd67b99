//! Splits the text after the flags in `--help`.
//!
//! A line without indentation that ends with a colon begins a section; other such lines are prose. In a section, lines
//! indented by two are prose, or an example: its command lines, and its explanation, indented by six. Text indented by
//! four is verbatim.

/// One paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    /// The heading of a section.
    Heading(&'a str),
    /// Prose to be wrapped, in a section or between sections.
    Prose {
        /// Whether it is in a section.
        indented: bool,
        /// On one line.
        words: String,
    },
    /// Verbatim lines, without the common indentation.
    Verbatim(Vec<&'a str>),
    /// Command lines, and their explanation.
    Example(Vec<&'a str>, String),
}

/// The paragraphs of a text.
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for paragraph in text.split("\n\n") {
        let mut lines: Vec<&str> = paragraph.lines().collect();
        if let [first, ..] = lines[..]
            && !first.starts_with(' ')
            && let Some(heading) = first.strip_suffix(':')
        {
            parts.push(Part::Heading(heading));
            lines.remove(0);
        }
        // Examples and definitions may follow each other without empty lines.
        while !lines.is_empty() {
            let (part, rest) = first_part(&lines);
            parts.push(part);
            lines = rest;
        }
    }
    parts
}

fn first_part<'a>(lines: &[&'a str]) -> (Part<'a>, Vec<&'a str>) {
    let is_explained = |line: &&str| indent(line) == 6;
    let first = lines.first().map_or(0, |line| indent(line));
    if let (2, Some(tags)) = (first, lines.iter().position(is_explained)) {
        let body = lines[tags..].iter().take_while(|line| is_explained(line));
        let body: Vec<&str> = body.copied().collect();
        let rest = lines[tags + body.len()..].to_vec();
        let tags = lines[..tags]
            .iter()
            .map(|line| line.get(2..).unwrap_or_default())
            .collect();
        return (Part::Example(tags, filled(&body)), rest);
    }
    if first == 4 {
        let lines = lines.iter().map(|line| line.get(4..).unwrap_or_default());
        return (Part::Verbatim(lines.collect()), Vec::new());
    }
    let prose = Part::Prose {
        indented: first > 0,
        words: filled(lines),
    };
    (prose, Vec::new())
}

fn filled(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    lines.join(" ")
}

/// The same text for a terminal of any width: each paragraph of prose is on one line.
pub(crate) fn unwrapped(text: &str) -> String {
    let indented = |lines: &[&str], by: &str| -> String {
        let lines = lines.iter().map(|line| format!("{by}{line}"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let mut out = String::new();
    let mut end = "";
    for part in parts(text) {
        out.push_str(end);
        end = "\n\n";
        match part {
            Part::Heading(heading) => {
                out.push_str(&format!("{heading}:"));
                end = "\n";
            }
            Part::Prose { indented, words } => {
                out.push_str(if indented { "  " } else { "" });
                out.push_str(&words);
            }
            Part::Verbatim(lines) => out.push_str(&indented(&lines, "    ")),
            Part::Example(lines, words) => {
                out.push_str(&format!("{}\n      {words}", indented(&lines, "  ")));
            }
        }
    }
    out
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_text_apart() {
        let text = "Words\nfirst.\n\nExamples:\n  a |\n    b\n      What it does,\n      at length.\n  c\n      More.\n\n  \
                    d\n      Last.\n\nA file:\n    x:\n      y\n\nExit codes:\n  0 done,\n  1 other";
        let prose = |indented, words: &str| Part::Prose {
            indented,
            words: words.into(),
        };
        assert_eq!(
            parts(text),
            [
                prose(false, "Words first."),
                Part::Heading("Examples"),
                Part::Example(vec!["a |", "  b"], "What it does, at length.".into()),
                Part::Example(vec!["c"], "More.".into()),
                Part::Example(vec!["d"], "Last.".into()),
                Part::Heading("A file"),
                Part::Verbatim(vec!["x:", "  y"]),
                Part::Heading("Exit codes"),
                prose(true, "0 done, 1 other"),
            ]
        );
        let unwrapped = unwrapped(text);
        assert!(unwrapped.starts_with(
            "Words first.\n\nExamples:\n  a |\n    b\n      What it does, at length.\n\n  c\n"
        ));
        assert!(
            unwrapped.ends_with("\n\nA file:\n    x:\n      y\n\nExit codes:\n  0 done, 1 other")
        );
        assert_eq!(parts(&unwrapped), parts(text));
    }
}
