//! The commands under test, built from the current sources.

use std::sync::OnceLock;

use camino::{Utf8Path, Utf8PathBuf};
use xtask::folders;

/// The folder of the commands.
///
/// Each process asks Cargo once to build them, which is quick if they are up to date: tests never run with outdated
/// commands.
pub(crate) fn folder() -> &'static Utf8Path {
    static FOLDER: OnceLock<Result<Utf8PathBuf, String>> = OnceLock::new();
    match FOLDER.get_or_init(build) {
        Ok(folder) => folder,
        Err(why) => panic!("{why}"),
    }
}

fn build() -> Result<Utf8PathBuf, String> {
    let folder = folders::programs().map_err(|error| error.to_string())?;
    // On a machine without sources, the commands were built before.
    if std::env::var_os(xtask::COMMANDS_ARE_BUILT).is_some() {
        return Ok(folder);
    }
    let target = folders::target().map_err(|error| error.to_string())?;
    let mut words = vec![
        "build",
        "--quiet",
        "--workspace",
        "--bins",
        "--target-dir",
        target.as_str(),
    ];
    if folder.ends_with("release") {
        words.push("--release");
    }
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let run = duct::cmd(cargo, words)
        .dir(folders::workspace())
        .stderr_to_stdout()
        .stdout_capture();
    match run.unchecked().run() {
        Ok(output) if output.status.success() => Ok(folder),
        Ok(output) => Err(format!(
            "the commands do not build:\n{}",
            String::from_utf8_lossy(&output.stdout)
        )),
        Err(error) => Err(format!(
            "the commands can't be built: {error}; run the tests with `cargo xtask test`"
        )),
    }
}
