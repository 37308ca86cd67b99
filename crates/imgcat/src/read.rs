//! Writes the bytes of files, one after the other or as a tar.

use std::fs::File;
use std::io::{BufWriter, Write};

use archive::{FileKind, Special};
use failure::Failure;
use ui::Reporter;

use crate::Opened;

/// The buffer for a tar: headers alone would be many small writes.
const BUFFER: usize = 256 * 1024;

/// Writes the bytes of a regular file, through symbolic links.
pub fn cat(image: &Opened, path: &str, out: &mut File) -> Result<(), Failure> {
    let found = image.find(path)?;
    let what = match found.kind {
        FileKind::File { .. } => {
            let read = image.files.read_to(found.path, out);
            return read.map(drop).map_err(|error| image.broken(error));
        }
        FileKind::Directory => {
            let failure = image.failure(path, "is a folder");
            return Err(failure.with_hint("use --list to list it, or --tar to write it as a tar"));
        }
        FileKind::Special(Special::Char(_) | Special::Block(_)) => "is a device",
        FileKind::Special(Special::Fifo) => "is a named pipe",
        FileKind::Special(Special::Sparse) => "is a sparse file, which is not supported",
        FileKind::Special(Special::Unknown) | FileKind::SymLink(_) => "is not a regular file",
    };
    Err(image.failure(path, what))
}

/// Writes a tar of files, and of folders with their contents, under their names in the image.
pub fn tar(image: &Opened, paths: &[&str], out: File, reporter: &Reporter) -> Result<(), Failure> {
    let broken = |error| image.broken(error);
    let bytes = image.files.tar_bytes(paths).map_err(broken)?;
    let progress = reporter.progress("writing a tar", Some(bytes));
    let mut out = BufWriter::with_capacity(BUFFER, progress.counting(out));
    image.files.write_tar(paths, &mut out).map_err(broken)?;
    out.flush().map_err(|error| Failure::of_stdout(&error))
}
