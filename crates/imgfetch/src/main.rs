//! `imgfetch`: download images into the store, with no engine.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(imgfetch::cli::main)
}
