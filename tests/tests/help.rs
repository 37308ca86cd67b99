//! `--help`, and the documents generated from it.

use xtask::folders::workspace;

/// The lines and columns of a terminal.
const SCREEN: (usize, usize) = (24, 80);

#[test]
fn the_documents_are_what_the_flags_say() {
    for made in manual::documents(workspace()).expect("the documents can be made") {
        let written = std::fs::read(workspace().join(&made.path)).unwrap_or_default();
        assert!(
            written == made.text,
            "{} is not what the flags say: run `cargo xtask generate`",
            made.path
        );
    }
}

#[test]
fn short_help_fits_a_screen() {
    for command in manual::commands() {
        let name = command.get_name().to_owned();
        let help = command.term_width(SCREEN.1).render_help().to_string();
        let lines = help.trim_end().lines().count();
        assert!(
            lines <= SCREEN.0,
            "`{name} -h` has {lines} lines: hide what is rarely used (hide_short_help = true)\n{help}"
        );
        let wide = help.lines().find(|line| line.chars().count() > SCREEN.1);
        assert_eq!(wide, None, "{name}");
    }
}

#[test]
fn long_help_is_complete() {
    for mut command in manual::commands() {
        let name = command.get_name().to_owned();
        let help = command.render_long_help().to_string();
        let section = |heading: &str| {
            let (_, section) = help
                .split_once(&format!("\n{heading}:\n"))
                .unwrap_or_default();
            section
                .split("\n\n")
                .take_while(|paragraph| paragraph.starts_with("  "))
        };
        // An example is a command line with its explanation.
        let is_example = |text: &&str| text.contains(&name) && text.contains("\n      ");
        let examples = section("Examples").filter(is_example).count();
        assert!(examples >= 2, "{name}: {examples} examples");
        let codes = section("Exit codes").flat_map(str::split_whitespace);
        let codes = codes.collect::<Vec<_>>().join(" ");
        for code in ["0 done", "2 usage", "3 invalid", "130 interrupted"] {
            assert!(codes.contains(code), "{name}: {code}");
        }
        let environment = section("Environment").collect::<String>();
        for variable in ["IMG_REGISTRY", "IMG_ENGINE", "NO_COLOR"] {
            assert!(environment.contains(variable), "{name}: {variable}");
        }
        // Commands that read the job from the environment document it; commands that wait for locks document the
        // timeout.
        let has = |id: &str| command.get_arguments().any(|arg| arg.get_id() == id);
        let takes_job = has("run") || has("release");
        assert_eq!(environment.contains("IMG_RUN"), takes_job, "{name}");
        let waits = takes_job && has("lock_timeout");
        assert!(!waits || codes.contains("7 timed out"), "{name}");
        // The command's input and output.
        let about = command.get_long_about().map(ToString::to_string);
        let about = about.unwrap_or_default().to_lowercase();
        for word in [["read", "from"], ["print", "writes"]] {
            assert!(
                word.iter().any(|word| about.contains(word)),
                "{name}: {word:?}"
            );
        }
    }
}
