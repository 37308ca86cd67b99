//! `imgfetch`: download images into the store, with no engine.

use std::process::ExitCode;

fn main() -> ExitCode {
    setup::run(imgfetch::cli::main)
}
