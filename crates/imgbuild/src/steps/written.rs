//! Steps as instructions of a build file.
//!
//! A text of one line becomes a plain `RUN`. Several lines, a list in brackets, a flag or a here-document could mean
//! something else. Such a text is passed to the shell as an argument, in a JSON array: in there nothing ends the
//! instruction, and no builder replaces anything.

use plan::{Step, StepAction};

use super::ARGUMENT;
use crate::buildfile::{is_continued, is_plain_run};
use crate::error::{Error, Result};

/// The instruction of a step, without a line feed.
pub(crate) fn instruction(step: &Step) -> String {
    match &step.action {
        StepAction::Shell(text) if is_plain_run(text) => format!("RUN {text}"),
        // Like `run:` of CI systems: a script ends at its first failure.
        StepAction::Shell(text) if text.contains('\n') => array("RUN", &["/bin/sh", "-ec", text]),
        StepAction::Shell(text) => array("RUN", &["/bin/sh", "-c", text]),
        StepAction::Program(words) => array("RUN", words),
        StepAction::Copy { from, to } => {
            // Builders replace variables in `COPY`, also within quotes.
            let from = from.iter().map(|from| from.replace('$', "\\$"));
            let words: Vec<_> = from.chain([to.clone()]).collect();
            array("COPY", &words)
        }
    }
}

/// The text of a build file with steps at its end, each after its key.
pub(crate) fn append<'a>(
    text: &str,
    steps: impl Iterator<Item = (&'a str, Option<&'a str>)>,
) -> Result<String> {
    let mut steps = steps.enumerate().peekable();
    if steps.peek().is_none() {
        return Ok(text.to_owned());
    }
    if is_continued(text)? {
        return Err(Error::BuildFile {
            line: text.lines().count(),
            reason: "the last instruction is not complete, so no step can follow".into(),
        });
    }
    let mut out = text.trim_end().to_owned();
    out += "\n\n# steps\n";
    for (index, (instruction, key)) in steps {
        if let Some(key) = key {
            out += &format!("ARG {ARGUMENT}{}={key}\n", index + 1);
        }
        out += instruction;
        out.push('\n');
    }
    Ok(out)
}

/// An instruction with a JSON array as operand.
fn array(name: &str, words: &[impl AsRef<str>]) -> String {
    let words: Vec<_> = words
        .iter()
        .map(|word| serde_json::Value::from(word.as_ref()).to_string())
        .collect();
    // BuildKit looks for here-documents before it looks for an array.
    let words = words.join(",").replace("<<", "<\\u003c");
    format!("{name} [{words}]")
}

#[cfg(test)]
mod tests {
    use plan::Cache;
    use proptest::prelude::*;

    use super::*;
    use crate::buildfile::operands;

    fn step(action: StepAction) -> Step {
        Step {
            action,
            cache: Cache::Default,
        }
    }

    fn shell(text: &str) -> String {
        instruction(&step(StepAction::Shell(text.into())))
    }

    #[test]
    fn a_line_is_a_run_and_all_else_an_array() {
        for (text, expected) in [
            ("make -j4 && make install", "RUN make -j4 && make install"),
            ("echo \"$HOME\" > /x", "RUN echo \"$HOME\" > /x"),
            ("a\nb", r#"RUN ["/bin/sh","-ec","a\nb"]"#),
            ("[ -e /x ]", r#"RUN ["/bin/sh","-c","[ -e /x ]"]"#),
            (
                "--mount=type=bind x",
                r#"RUN ["/bin/sh","-c","--mount=type=bind x"]"#,
            ),
            ("cat <<E", r#"RUN ["/bin/sh","-c","cat <\u003cE"]"#),
            ("echo \\", r#"RUN ["/bin/sh","-c","echo \\"]"#),
            ("echo `", r#"RUN ["/bin/sh","-c","echo `"]"#),
            ("a\rFROM b", r#"RUN ["/bin/sh","-c","a\rFROM b"]"#),
            (" # a", r#"RUN ["/bin/sh","-c"," # a"]"#),
        ] {
            assert_eq!(shell(text), expected);
        }
        let copy = StepAction::Copy {
            from: vec!["a b".into(), "$x".into()],
            to: "/c".into(),
        };
        assert_eq!(instruction(&step(copy)), r#"COPY ["a b","\\$x","/c"]"#);
        let program = StepAction::Program(vec!["a".into(), "b\"\n".into()]);
        assert_eq!(instruction(&step(program)), r#"RUN ["a","b\"\n"]"#);
    }

    #[test]
    fn steps_follow_what_was_there() {
        let add = |text: &str| append(text, [("RUN b", Some("k-1")), ("RUN c", None)].into_iter());
        assert_eq!(
            add("FROM a").expect("a file"),
            "FROM a\n\n# steps\nARG IMGPIPE_STEP_1=k-1\nRUN b\nRUN c\n"
        );
        assert_eq!(append("FROM a", [].into_iter()).expect("a file"), "FROM a");
        for text in [
            "FROM a\nRUN x \\",
            "FROM a\nRUN x \\\n# y\n\n",
            "# escape=`\nFROM a\nRUN x `",
        ] {
            assert!(add(text).is_err(), "{text}");
        }
        assert!(add("# escape=`\nFROM a\nRUN x \\").is_ok());
    }

    proptest! {
        /// Any step is exactly one instruction of its own kind, with either escape character.
        #[test]
        fn no_text_leaves_its_instruction(
            text in "([\\[\\]<>\"'`\\\\#$\\n\\r\\t -]|RUN|FROM|EOF|\\PC){1,30}",
            list in any::<bool>(),
            escape in prop::sample::select(vec!["", "# escape=`\n"]),
        ) {
            let action = if list {
                StepAction::Program(vec![text.clone(), text])
            } else {
                StepAction::Shell(text)
            };
            let run = instruction(&step(action));
            let file = format!("{escape}FROM a\n");
            let whole = append(&file, [(run.as_str(), Some("k")), ("RUN last", None)].into_iter());
            let whole = whole.expect("a file");
            let read = operands(&whole).expect(&whole);
            let names: Vec<_> = read.iter().map(|(name, _)| name.as_str()).collect();
            prop_assert_eq!(names, ["FROM", "ARG", "RUN", "RUN"], "{}", whole);
            prop_assert_eq!(&read[2].1, run.strip_prefix("RUN ").expect("a run").trim(), "{}", whole);
        }
    }
}
