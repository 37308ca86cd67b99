//! `imgprune`: keep the store under its limits.

use std::process::ExitCode;

fn main() -> ExitCode {
    setup::run(imgprune::cli::main)
}
