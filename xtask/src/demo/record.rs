//! What the demo put into the user's engine: a file with one reference a line, written before the image is made.

use std::io::Write as _;

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::process::{Runner, command};

const FILE: &str = "made-images";

/// The record of one demo.
#[derive(Debug)]
pub(crate) struct Record {
    /// `None` for a private engine, whose images go with it.
    file: Option<Utf8PathBuf>,
}

impl Record {
    pub(crate) fn open(folder: &Utf8Path, private: bool) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        Ok(Self {
            file: (!private).then(|| folder.join(FILE)),
        })
    }

    /// Records an image that the demo makes.
    pub(crate) fn image(&self, reference: &str) -> Result<(), Error> {
        let Some(path) = &self.file else {
            return Ok(());
        };
        if read_file(path)?.iter().any(|known| known == reference) {
            return Ok(());
        }
        let mut file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(path)
            .map_err(Error::io(path))?;
        writeln!(file, "{reference}").map_err(Error::io(path))
    }

    /// As [`Record::image`], but an image that is there already is somebody else's.
    pub(crate) fn image_unless_there(
        &self,
        runner: &Runner,
        engine: &str,
        reference: &str,
    ) -> Result<(), Error> {
        if runner.succeeds(&command([engine, "image", "inspect", reference]))? {
            return Ok(());
        }
        self.image(reference)
    }
}

/// The images that demos have recorded in this folder.
pub(crate) fn read(folder: &Utf8Path) -> Result<Vec<String>, Error> {
    read_file(&folder.join(FILE))
}

fn read_file(path: &Utf8Path) -> Result<Vec<String>, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(Error::Io {
            path: path.into(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_each_image_once_and_none_of_a_private_engine() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let record = Record::open(folder, false).unwrap();
        for image in ["a:1", "b:1", "a:1"] {
            record.image(image).unwrap();
        }
        Record::open(folder, true).unwrap().image("c:1").unwrap();
        assert_eq!(read(folder).unwrap(), ["a:1", "b:1"]);
    }
}
