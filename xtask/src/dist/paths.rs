//! What keeps the paths of this machine out of the programs, so that the same sources make the same bytes wherever they lie.

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::process::Runner;

/// Between the flags for rustc.
const BETWEEN: &str = "\u{1f}";

/// The variables of a build: paths of the sources, of what is built, and of what was fetched, are others in it. Flags that the
/// caller has for all builds are not asked for.
pub(super) fn variables(
    runner: &Runner,
    workspace: &Utf8Path,
    target: &Utf8Path,
) -> Result<Vec<(&'static str, String)>, Error> {
    let cargo = cargo_home(runner)?;
    // The last that fits counts, and what is built may lie below the sources.
    let others = [
        (workspace, "/imgpipe"),
        (target, "/target"),
        (&cargo, "/cargo"),
    ];
    Ok(vec![
        ("CARGO_ENCODED_RUSTFLAGS", rust_flags(&others)),
        ("CFLAGS", c_flags(&others)),
        ("CC_SHELL_ESCAPED_FLAGS", "1".into()),
    ])
}

fn rust_flags(others: &[(&Utf8Path, &str)]) -> String {
    let flags = others
        .iter()
        .map(|(path, other)| format!("--remap-path-prefix={path}={other}"));
    flags.collect::<Vec<_>>().join(BETWEEN)
}

fn c_flags(others: &[(&Utf8Path, &str)]) -> String {
    let flags = others.iter().map(|(path, other)| {
        let path = path.as_str().replace('\'', r"'\''");
        format!("'-ffile-prefix-map={path}={other}'")
    });
    flags.collect::<Vec<_>>().join(" ")
}

/// Where Cargo keeps what it fetched.
fn cargo_home(runner: &Runner) -> Result<Utf8PathBuf, Error> {
    let home = || Some(Utf8PathBuf::from(runner.variable("HOME")?).join(".cargo"));
    let said = runner.variable("CARGO_HOME").map(Utf8PathBuf::from);
    said.or_else(home).ok_or_else(|| Error::Missing {
        what: "HOME is not set, so it is not known where Cargo keeps sources".into(),
        hint: "set CARGO_HOME".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_is_another_for_both_compilers() {
        let others = [
            (Utf8Path::new("/my work"), "/imgpipe"),
            (Utf8Path::new("/my work/target"), "/target"),
        ];
        let flags = rust_flags(&others);
        let flags: Vec<_> = flags.split(BETWEEN).collect();
        let expected = [
            "--remap-path-prefix=/my work=/imgpipe",
            "--remap-path-prefix=/my work/target=/target",
        ];
        assert_eq!(flags, expected);
        assert_eq!(
            c_flags(&others),
            "'-ffile-prefix-map=/my work=/imgpipe' '-ffile-prefix-map=/my work/target=/target'"
        );
    }
}
