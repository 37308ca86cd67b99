//! `imgpush`: publish images to a remote registry, with no engine.

use std::process::ExitCode;

fn main() -> ExitCode {
    setup::run(imgpush::cli::main)
}
