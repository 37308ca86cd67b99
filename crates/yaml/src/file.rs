//! A text file of bounded size.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};

use camino::Utf8Path;

use crate::{Error, Mark, Problem};

/// The largest text, in bytes: a registry of some 40,000 entries. The tree of a text takes a multiple of it.
pub const MAX_BYTES: u64 = 16 << 20;

/// The text of a file and its metadata when it was opened; `None` if there is no file.
pub fn read(path: &Utf8Path) -> Result<Option<(String, Metadata)>, Error> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found.map_err(Error::io("read", path))?,
    };
    // Checked before opening: opening a named pipe would block.
    if !metadata.is_file() {
        return Err(Error::NoText {
            path: path.to_owned(),
            message: "is not a regular file".into(),
        });
    }
    let file = File::open(path).map_err(Error::io("open", path))?;
    let opened = file.metadata().map_err(Error::io("read", path))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(Error::io("read", path))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::too_large(path));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]);
        let problem = Problem::new(Mark::of(&before, valid), "a byte is not valid UTF-8");
        Error::syntax(path, problem.hint("save the file as UTF-8"))
    })?;
    Ok(Some((text, opened)))
}
