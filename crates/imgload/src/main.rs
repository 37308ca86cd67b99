//! `imgload`: bring an archive into the engine, verified.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(imgload::cli::main)
}
