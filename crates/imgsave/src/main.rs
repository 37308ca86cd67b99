//! `imgsave`: put an image into the store and register it.

use std::process::ExitCode;

fn main() -> ExitCode {
    setup::run(imgsave::cli::main)
}
