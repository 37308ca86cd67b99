//! Archives for tests, on disk. Their contents come from the `samples` crate, which does not depend on this one.

use std::fs;

use camino::Utf8PathBuf;
pub(crate) use samples::{Packing, Tar, TestImage, compress, image, index, sample};

use crate::{Archive, Compression, Error, Stack};

impl From<Compression> for Packing {
    fn from(compression: Compression) -> Self {
        match compression {
            Compression::None => Self::Plain,
            Compression::Gzip => Self::Gzip,
            Compression::Zstd => Self::Zstd,
        }
    }
}

/// A file in a temporary folder.
#[derive(Debug)]
pub(crate) struct OnDisk {
    folder: tempfile::TempDir,
}

impl OnDisk {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        fs::write(folder.path().join("x.tar"), bytes).expect("file");
        Self { folder }
    }

    pub(crate) fn path(&self) -> Utf8PathBuf {
        let folder = Utf8PathBuf::from_path_buf(self.folder.path().to_owned());
        folder.expect("UTF-8").join("x.tar")
    }

    pub(crate) fn open(&self) -> Result<Archive, Error> {
        Archive::open(&self.path())
    }

    /// The first image of the archive.
    pub(crate) fn stack(&self) -> Stack {
        Stack::of(self.open().expect("opens")).expect("an image")
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).expect("file")
    }

    /// The error of opening or else of verifying, without the path.
    pub(crate) fn complaint(&self) -> String {
        let verified = self.open().and_then(|archive| {
            let mut images = archive.images().iter();
            images.try_for_each(|image| archive.verify(image))
        });
        let error = verified.expect_err("a complaint").to_string();
        let path = format!("{}: ", self.path());
        error
            .strip_prefix(&path)
            .expect("the path first")
            .to_owned()
    }
}

/// The error of an archive of these bytes, without the path.
pub(crate) fn complaint(bytes: &[u8]) -> String {
    OnDisk::new(bytes).complaint()
}
