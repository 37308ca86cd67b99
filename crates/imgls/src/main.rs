//! `imgls`: list the images, and check them.

use std::process::ExitCode;

fn main() -> ExitCode {
    setup::run(imgls::cli::main)
}
