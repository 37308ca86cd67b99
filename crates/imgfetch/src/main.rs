//! `imgfetch`: download images into the store, without an engine.

use std::process::ExitCode;

fn main() -> ExitCode {
    setup::run(imgfetch::cli::main)
}
