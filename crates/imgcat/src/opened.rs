//! Turns an operand into the files of an image.

use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use archive::{Archive, ImageFile, RootFs, Stack, name_bytes};
use failure::{Code, Failure};
use naming::Digest;
use registry::{Store, Target};
use ui::Reporter;

use crate::ImageSelector;
use crate::selector::choose;

/// How often to read the registry again if an archive is not the registered one: a new archive is renamed into its
/// place a moment before its entry is written.
const ATTEMPTS: usize = 5;
/// The pause between two attempts.
const MOMENT: Duration = Duration::from_millis(50);
const NO_IMAGE: &str = "holds no image";

/// Opens images.
pub struct Opener<'a> {
    /// The store of registered archives.
    pub store: &'a Store,
    /// The image of an archive with several.
    pub wanted: Option<&'a ImageSelector>,
    /// Whether to check every byte first.
    pub verify: bool,
    /// The receiver of progress.
    pub reporter: &'a Reporter,
}

/// An image with its list of files.
pub struct Opened {
    /// Its files.
    pub files: RootFs,
    /// The digests of its layers, lowest first.
    pub diff_ids: Vec<Digest>,
    /// Its name in messages.
    name: String,
}

impl Opener<'_> {
    /// Opens the image of an operand. For compressed layers, files that `keep` accepts are kept in memory.
    pub fn open(&self, operand: &str, keep: &dyn Fn(&str) -> bool) -> Result<Opened, Failure> {
        self.look(operand, keep)
            .map_err(|failure| failure.about(operand))
    }

    fn look(&self, operand: &str, keep: &dyn Fn(&str) -> bool) -> Result<Opened, Failure> {
        let stack = self.stack(operand)?;
        if self.verify {
            self.check(&stack, operand)?;
        }
        let diff_ids = stack.diff_ids().to_vec();
        Ok(Opened {
            files: RootFs::keeping(stack, keep)?,
            diff_ids,
            name: operand.to_owned(),
        })
    }

    /// The image, with all archives of its layers.
    fn stack(&self, operand: &str) -> Result<Stack, Failure> {
        let mut attempts = ATTEMPTS;
        loop {
            let registry = self.store.read_or_empty()?;
            let target = Target::resolve(self.store, &registry, operand)?;
            let archive = Archive::open(&target.path)?;
            attempts -= 1;
            match choose(archive.images(), target.entry.as_ref(), self.wanted) {
                Ok(index) => {
                    // The index is of an existing image, so this never fails.
                    let stack = Stack::new(Arc::new(archive), index);
                    let stack = stack.ok_or_else(|| Failure::new(Code::Archive, NO_IMAGE))?;
                    return Ok(thin::complete(self.store, &registry, stack)?);
                }
                Err(failure) if failure.code() == Code::Archive && attempts > 0 => sleep(MOMENT),
                Err(failure) => return Err(failure.about(archive.path().as_str())),
            }
        }
    }

    /// Reads every byte of the image, and checks it by the digests in the image's config.
    fn check(&self, stack: &Stack, operand: &str) -> Result<(), Failure> {
        let sizes = (0..stack.diff_ids().len()).map(|layer| stack.tar_size(layer));
        let progress = self
            .reporter
            .progress(format!("checking {operand}"), sizes.sum());
        let mut counted = progress.counting(io::sink());
        stack.archive().verify_into(stack.image(), &mut counted)?;
        stack.verify_left_out(|_, _| false, &mut counted)?;
        Ok(())
    }
}

impl Opened {
    /// A failure about one path of the image.
    pub(crate) fn failure(&self, path: &str, what: impl Display) -> Failure {
        let path = path.trim_start_matches('/');
        let path = String::from_utf8_lossy(&name_bytes(path)).into_owned();
        Failure::new(Code::Other, format!("/{path}: {what}")).about(&self.name)
    }

    /// The file that a path leads to.
    pub(crate) fn find(&self, path: &str) -> Result<ImageFile<'_>, Failure> {
        let found = self.files.find(path);
        found.map_err(|error| self.failure(path, error))
    }

    /// As [`Self::find`], but a symbolic link is not followed, unless a slash follows it.
    pub(crate) fn find_link(&self, path: &str) -> Result<ImageFile<'_>, Failure> {
        let found = self.files.find_link(path);
        found.map_err(|error| self.failure(path, error))
    }

    /// The failure for an error while reading or writing the image's bytes.
    pub(crate) fn broken(&self, error: archive::Error) -> Failure {
        match error {
            archive::Error::Write { source } => Failure::of_stdout(&source),
            error => Failure::from(error).about(&self.name),
        }
    }
}
