//! `imgcat`: read files out of an archived image.

use std::process::ExitCode;

fn main() -> ExitCode {
    setup::run(imgcat::cli::main)
}
