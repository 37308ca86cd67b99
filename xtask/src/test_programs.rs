//! The test programs, built once for all engines.

use camino::Utf8PathBuf;
use serde_json::Value;

use crate::Error;
use crate::folders::workspace;
use crate::process::Runner;
use crate::test::cargo_words;

/// A test program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TestProgram {
    pub(crate) name: String,
    pub(crate) path: Utf8PathBuf,
    /// Where Cargo would run it.
    pub(crate) folder: Utf8PathBuf,
}

/// Builds the commands and the tests, and returns those of these names, or all.
pub(crate) fn build(runner: &Runner, names: &[String]) -> Result<Vec<TestProgram>, Error> {
    let cargo = |line: &str| cargo_words(line.split(' ').map(str::to_owned));
    runner.run(&cargo("build --workspace --bins"))?;
    let messages = runner.read(&cargo(
        "test --package pipeline-tests --tests --no-run --message-format json-render-diagnostics",
    ))?;
    let mut programs: Vec<_> = messages.lines().filter_map(program).collect();
    programs.sort_by(|one, other| one.name.cmp(&other.name));
    if let Some(unknown) = names
        .iter()
        .find(|name| !programs.iter().any(|program| program.name == **name))
    {
        let known: Vec<_> = programs
            .iter()
            .map(|program| program.name.as_str())
            .collect();
        return Err(Error::Missing {
            what: format!("there is no test program `{unknown}`"),
            hint: format!("there are {}", known.join(", ")),
        });
    }
    programs.retain(|program| names.is_empty() || names.contains(&program.name));
    Ok(programs)
}

/// The test program that a line of Cargo's is about.
fn program(line: &str) -> Option<TestProgram> {
    let message: Value = serde_json::from_str(line).ok()?;
    let target = message.get("target")?;
    let kinds = target.get("kind")?.as_array()?;
    kinds.iter().find(|kind| *kind == "test")?;
    Some(TestProgram {
        name: target.get("name")?.as_str()?.to_owned(),
        path: message.get("executable")?.as_str()?.into(),
        folder: workspace().join("tests"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_programs_are_told_from_other_artifacts() {
        let line = r#"{"reason":"compiler-artifact","target":{"kind":["test"],"name":"load"},"executable":"/t/load-1"}"#;
        assert_eq!(
            program(line).map(|program| (program.name, program.path)),
            Some(("load".to_owned(), "/t/load-1".into()))
        );
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
