//! `imgplan`: pick the best image, or the best base and what is missing.

use std::process::ExitCode;

fn main() -> ExitCode {
    setup::run(imgplan::cli::main)
}
