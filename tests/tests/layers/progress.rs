//! Messages during a load.

use super::*;

#[test]
fn a_pipe_gets_lines_and_nothing_that_moves_the_cursor() {
    let s = Sandbox::new();
    let image = &family(&s, &[])[0];
    for words in [
        &[][..],
        &["--progress", "plain"],
        &["--progress", "none"],
        &["--progress", "auto"],
        &["--verbose"],
        &["--quiet"],
    ] {
        let outcomes = [
            s.command("imgload")
                .args(words)
                .arg(s.archive("base"))
                .run(),
            s.command("imgsave").args(words).arg(image).run(),
        ];
        for outcome in outcomes {
            outcome.ok();
            let strange = |c: char| c.is_control() && c != '\n';
            assert!(!outcome.stderr.contains(strange), "{outcome}");
            assert!(!outcome.stderr.contains(" left"), "{outcome}");
            if words.contains(&"--quiet") {
                outcome.silent();
            }
        }
        std::fs::remove_file(s.path(s.archive("base"))).expect("the archive is there");
        s.run("imgsave", ["--quiet", image]).ok().silent();
        s.forget(image);
    }
    s.run("imgload", ["--progress", "fast", &s.archive("base")])
        .code(2)
        .stdout("");
}

#[test]
fn plain_progress_says_how_far_it_is() {
    let s = Sandbox::new();
    let image = &family(&s, &[])[0];
    let slow = format!(
        "[ \"$1\" = load ] && sleep 6\nexec '{}' \"$@\"\n",
        engine().program()
    );
    let slow = s.script("slow-engine", &slow);
    for (style, said) in [("plain", true), ("none", false)] {
        let words = ["--engine", slow.as_str(), "--progress", style];
        let outcome = s
            .command("imgload")
            .args(words)
            .arg(s.archive("base"))
            .run();
        outcome.ok();
        let said_of = |end: fn(&str) -> bool| {
            let mut lines = outcome.stderr.lines().filter_map(with_time);
            lines.any(end)
        };
        assert_eq!(said_of(|line| line.ends_with(" s left")), said, "{outcome}");
        assert_eq!(
            said_of(|line| line.ends_with(" s") && line.contains(" in ")),
            said,
            "{outcome}"
        );
        assert!(!outcome.stderr.contains(['\r', '\u{1b}']), "{outcome}");
        s.forget(image);
    }
}

/// A line of imgload after the time of day, if it has one: `12:34:56Z `.
fn with_time(line: &str) -> Option<&str> {
    let (time, rest) = line.strip_prefix("imgload: ")?.split_once("Z ")?;
    let is_time = time.len() == 8 && time.split(':').all(|part| part.parse::<u8>().is_ok());
    is_time.then_some(rest)
}
