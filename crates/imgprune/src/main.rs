//! `imgprune`: keep the store under its limits.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(imgprune::cli::main)
}
