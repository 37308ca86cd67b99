//! `imgcat`: read files out of an archived image.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(imgcat::cli::main)
}
