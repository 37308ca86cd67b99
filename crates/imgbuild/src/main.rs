//! `imgbuild`: build the image of a plan, save and register it.

use std::process::ExitCode;

fn main() -> ExitCode {
    setup::run(imgbuild::cli::main)
}
