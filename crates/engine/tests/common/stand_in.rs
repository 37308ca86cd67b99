//! Stand-ins for an engine, for faults that a real one does not produce on demand.
#![expect(clippy::unwrap_used, reason = "a test's helper")]

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use engine::Engine;
use naming::Reference;
use tempfile::TempDir;

/// The version answer of Docker's command line.
const VERSION: &str =
    r#"{"Client":{"Version":"28.2.2","ApiVersion":"1.41"},"Server":{"Version":"28.2.2"}}"#;

/// A stand-in's answers for subcommands that a test ignores.
const DEFAULTS: &str = "\
version) echo \"$VERSION\";;
image) echo 'Error: No such image: x' >&2; exit 1;;
images) ;;
*) echo \"no $1\" >&2; exit 64;;";

/// An engine that is a shell script: the lines of a `case` on the subcommand. For other subcommands it behaves like an
/// engine without images.
pub struct StandIn {
    /// The folder of the script, which is called `engine`.
    pub folder: TempDir,
    pub engine: Engine,
}

impl StandIn {
    pub fn new(cases: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine");
        let script =
            format!("#!/bin/sh\nVERSION='{VERSION}'\ncase $1 in\n{cases}\n{DEFAULTS}\nesac\n");
        // Written by another process. If this process had the file open for writing while another test's thread forks,
        // it could not be run ("text file busy").
        let mut install = Command::new("install")
            .args(["-m", "755", "/dev/stdin"])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        install
            .stdin
            .take()
            .unwrap()
            .write_all(script.as_bytes())
            .unwrap();
        assert!(install.wait().unwrap().success());
        Self {
            engine: Engine::new(path),
            folder,
        }
    }

    /// The text that the script wrote to `${0%/*}/NAME`.
    pub fn file(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder.path().join(name)).ok()
    }
}

pub fn tag(name: &str) -> Reference {
    format!("{name}:1").parse().unwrap()
}
