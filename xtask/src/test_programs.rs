//! The programs of the integration tests, built once for all engines.

use camino::Utf8PathBuf;
use serde_json::Value;

use crate::Error;
use crate::cmd::cargo;

/// Tells a test program not to build the commands: they are beside it, and the sources may be out of reach.
pub const COMMANDS_ARE_BUILT: &str = "IMGPIPE_COMMANDS_ARE_BUILT";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TestProgram {
    pub(crate) name: String,
    pub(crate) path: Utf8PathBuf,
}

/// Builds the commands and the tests, and returns those of these names, or all.
pub(crate) fn build(names: &[String]) -> Result<Vec<TestProgram>, Error> {
    cargo("build --workspace --bins").run()?;
    let build =
        "test --package pipeline-tests --tests --no-run --message-format json-render-diagnostics";
    let messages = cargo(build).read()?;
    let mut programs: Vec<_> = messages.lines().filter_map(program).collect();
    programs.sort_by(|one, other| one.name.cmp(&other.name));
    let known: Vec<_> = programs
        .iter()
        .map(|program| program.name.clone())
        .collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        let known = format!("there are {}", known.join(", "));
        return Err(Error::missing(
            format!("there is no test program `{unknown}`"),
            known,
        ));
    }
    programs.retain(|program| names.is_empty() || names.contains(&program.name));
    Ok(programs)
}

/// The test program in a line of Cargo's output.
fn program(line: &str) -> Option<TestProgram> {
    let message: Value = serde_json::from_str(line).ok()?;
    let target = message.get("target")?;
    let kinds = target.get("kind")?.as_array()?;
    kinds.iter().find(|kind| *kind == "test")?;
    Some(TestProgram {
        name: target.get("name")?.as_str()?.to_owned(),
        path: message.get("executable")?.as_str()?.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_artifacts_are_no_test_programs() {
        let line = r#"{"reason":"compiler-artifact","target":{"kind":["test"],"name":"load"},"executable":"/t/load-1"}"#;
        let found = program(line).map(|program| (program.name, program.path));
        assert_eq!(found, Some(("load".to_owned(), "/t/load-1".into())));
        for other in [
            r#"{"target":{"kind":["lib"],"name":"x"},"executable":"/t/x"}"#,
            r#"{"target":{"kind":["test"],"name":"x"},"executable":null}"#,
            r#"{"reason":"build-finished","success":true}"#,
            "warning: x",
        ] {
            assert_eq!(program(other), None, "{other}");
        }
    }
}
