//! Runs a document.

use pipeline_tests::{Sandbox, debian_base, engine};

use crate::alike::alike;
use crate::document::{Step, steps};

/// Separates the outputs of commands. No output contains it.
const SEPARATOR: char = '\u{1e}';
/// Ends the text of a command or file in the script.
const END: &str = "end_of_what_a_document_says";
/// The setup of the session's shell: one stream, and only the real time.
const PREPARED: &str = r#"
exec 2>&1 </dev/null
TIMEFORMAT=$'\nreal\t%lR'
"#;

/// Runs a document of this name, and panics with all differences.
#[track_caller]
pub(crate) fn run(name: &str, text: &str) {
    let s = Sandbox::new();
    let steps = steps(text);
    let script: String = steps.iter().map(|step| lines(step, s.project())).collect();
    // The engine under the name that documents and their scripts use.
    let aside = tempfile::tempdir().expect("a folder");
    let aside = aside.path().to_str().expect("UTF-8");
    let program = s.sh("command -v \"$IMG_ENGINE\"");
    s.script(
        &format!("{aside}/docker"),
        &format!("exec '{}' \"$@\"\n", program.ok().line()),
    );
    s.write(
        ".session.sh",
        format!("{PREPARED}PATH='{aside}':$PATH\n{script}"),
    );
    let outcome = s
        .command("bash")
        .arg(".session.sh")
        .variable("IMG_ENGINE", engine().program())
        .run();
    let printed = outcome.ok().stdout.replace(s.project(), "capy");
    let printed = printed.replace(debian_base(), "debian:12");
    let printed = printed.replace("capy-own:1", "debian:12");
    let mut printed = printed.split(SEPARATOR);
    let mut wrong = String::new();
    for step in &steps {
        let (line, command, shown) = match step {
            Step::Command {
                line,
                command,
                shown,
                docker_fails,
            } => {
                let fails = !docker_fails || !engine().is_podman();
                (line, command, fails.then_some(shown))
            }
            Step::Hidden { line, command } => (line, command, None),
            Step::File { .. } => continue,
        };
        let found = printed.next().unwrap_or("the session has ended");
        let status = printed.next().unwrap_or("none");
        let fine = match shown {
            Some(shown) => alike(shown, found) && (status == "0" || shown.contains("img")),
            None => status == "0",
        };
        if !fine {
            wrong += &format!(
                "{name}:{line}: $ {command}\n--- status {status}, printed\n{found}\n--- shown\n{}\n",
                shown.map_or("", String::as_str)
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The shell code of a step.
fn lines(step: &Step, project: &str) -> String {
    match step {
        Step::Hidden { command, .. } => evaluated(command, project),
        Step::File { name, text } => written(name, text, project),
        Step::Command { command, shown, .. } => {
            let made = command.strip_prefix("cat ").filter(|name| is_name(name));
            let file = made.map(|name| {
                let file = written(name, shown, project);
                format!("if [ ! -e {name} ]; then\n{file}fi\n")
            });
            file.unwrap_or_default() + &evaluated(command, project)
        }
    }
}

fn is_name(word: &str) -> bool {
    word.chars()
        .all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c))
}

fn written(name: &str, text: &str, project: &str) -> String {
    let text = text.replace("capy", project);
    format!("mkdir -p \"$(dirname {name})\"\ncat >{name} <<'{END}'\n{text}{END}\n")
}

fn evaluated(command: &str, project: &str) -> String {
    let mut command = command.replace("capy", project);
    if let Some(options) = command.strip_suffix(" debian:12")
        && options.starts_with("imgsave ")
    {
        // An image of its own: containers of other sessions at the same time use the shared one.
        let (base, own) = (debian_base(), format!("{project}-own:1"));
        command = format!(
            "printf 'FROM {base}\\nLABEL of={project}\\n' | docker build --quiet --tag {own} - >/dev/null 2>&1; {options} {own}"
        );
    }
    format!("eval \"$(cat <<'{END}'\n{command}\n{END}\n)\"\nprintf '{SEPARATOR}%s{SEPARATOR}' $?\n")
}
