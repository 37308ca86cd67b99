//! `imgload`: load an archive into the engine, verified.

use std::process::ExitCode;

fn main() -> ExitCode {
    setup::run(imgload::cli::main)
}
