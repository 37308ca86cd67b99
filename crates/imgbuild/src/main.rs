//! `imgbuild`: build what a plan misses, save and register it.

use std::process::ExitCode;

fn main() -> ExitCode {
    setup::run(imgbuild::cli::main)
}
