//! `imgsave`: put an image into the store and register it.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(imgsave::cli::main)
}
