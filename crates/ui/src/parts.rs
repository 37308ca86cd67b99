//! What follows the flags in `--help`, taken apart.
//!
//! A line that is not indented and ends with a colon begins a section; one that does not end so is prose. Below it, lines that
//! are indented by two are prose too, unless they are an example: its command lines, and its explanation, indented by six.
//! Indented by four, a text is shown as it is.

/// One paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    /// What a section is called.
    Heading(&'a str),
    /// Words to be filled, of a section or between sections.
    Prose {
        /// Whether they are a section's.
        indented: bool,
        /// On one line.
        words: String,
    },
    /// Lines as they are, without what all of them are indented by.
    Verbatim(Vec<&'a str>),
    /// Command lines and what they do.
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
        // A list of examples or definitions may have no empty lines in between.
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

/// The same text for a terminal of any width: prose is on one line each, for whoever wraps it.
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
