//! `imgpush`: publish images to a remote registry, with no engine.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(imgpush::cli::main)
}
