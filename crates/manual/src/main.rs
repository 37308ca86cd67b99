//! `manual`: generates man pages, completions and tables of flags for `cargo xtask`.
#![expect(
    clippy::print_stderr,
    reason = "it tells contributors which documents are old"
)]

use std::fs;
use std::io;
use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Parser;
use manual::Made;

/// Make man pages, completions and tables of flags
#[derive(Debug, Parser)]
enum Task {
    /// Write man pages and completion scripts below a folder, as below a prefix
    Install { folder: Utf8PathBuf },
    /// Bring the documents of the sources up to date
    Documents {
        root: Utf8PathBuf,
        /// Write nothing, and fail if one is outdated
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Install { folder } => install(&folder).map(|()| true),
        Task::Documents { root, check } => documents(&root, check),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("manual: {error}");
            ExitCode::FAILURE
        }
    }
}

fn install(folder: &Utf8Path) -> io::Result<()> {
    manual::installed()?
        .iter()
        .try_for_each(|made| write(folder, made))
}

/// Whether all documents are up to date, or were updated.
fn documents(root: &Utf8Path, check: bool) -> io::Result<bool> {
    let mut fine = true;
    for made in manual::documents(root)? {
        let old = fs::read(root.join(&made.path));
        if old.is_ok_and(|old| old == made.text) {
            continue;
        }
        if check {
            eprintln!("{} is not what the flags say", made.path);
            fine = false;
        } else {
            write(root, &made)?;
            eprintln!("wrote {}", made.path);
        }
    }
    if !fine {
        eprintln!("hint: cargo xtask generate");
    }
    Ok(fine)
}

fn write(folder: &Utf8Path, made: &Made) -> io::Result<()> {
    let about = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", made.path));
    let path = folder.join(&made.path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(about)?;
    }
    fs::write(&path, &made.text).map_err(about)
}
