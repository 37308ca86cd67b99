//! The commands under test, built from the sources as they are now.

use std::sync::OnceLock;

use camino::{Utf8Path, Utf8PathBuf};
use xtask::folders;

/// The folder with the commands.
///
/// Cargo is asked once a process to bring them up to date, which takes a moment where they are: a test never runs
/// against yesterday's commands.
pub(crate) fn folder() -> &'static Utf8Path {
    static FOLDER: OnceLock<Utf8PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = folders::programs().expect("the test's own path is known");
        let target = folders::target().expect("a test runs from Cargo's target folder");
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
        let built = duct::cmd(cargo, words)
            .dir(folders::workspace())
            .stderr_to_stdout()
            .stdout_capture()
            .unchecked()
            .run();
        match built {
            Ok(output) if output.status.success() => folder,
            Ok(output) => panic!(
                "the commands do not build:\n{}",
                String::from_utf8_lossy(&output.stdout)
            ),
            Err(error) => panic!(
                "the commands can't be built: {error}; run the tests with `cargo xtask test`"
            ),
        }
    })
}
