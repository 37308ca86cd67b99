//! `imgls`: show what images there are, and check them.

use std::process::ExitCode;

fn main() -> ExitCode {
    setup::run(imgls::cli::main)
}
