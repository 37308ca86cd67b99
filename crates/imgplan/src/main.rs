//! `imgplan`: choose the best image, or the best base and the missing parts.

use std::process::ExitCode;

fn main() -> ExitCode {
    setup::run(imgplan::cli::main)
}
