//! `imgpush`: publish images to a remote registry, without an engine.

use std::process::ExitCode;

fn main() -> ExitCode {
    setup::run(imgpush::cli::main)
}
