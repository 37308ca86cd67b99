//! Checks every byte of images, by the digests in the image's config.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use archive::{Archive, Image, Stack};
use camino::{Utf8Path, Utf8PathBuf};
use failure::{Code, Failure};
use naming::Digest;
use registry::{Entry, Registry, Store};
use ui::{Progress, Reporter, in_order};

use crate::finding::{Finding, State};
use crate::listed::Listed;
use crate::sight::{Looker, Sight};

/// Checks images.
pub struct Checker<'a> {
    /// The store of the archives.
    pub store: &'a Store,
    /// The registry.
    pub registry: &'a Registry,
    /// The working directory, for relative paths.
    pub here: &'a Utf8Path,
    /// The receiver of progress.
    pub reporter: &'a Reporter,
    /// How many images to read at a time.
    pub jobs: usize,
    /// How long to wait for a command that replaces an image.
    pub lock_timeout: Duration,
}

impl Checker<'_> {
    /// Reads each image, and passes it with all findings to `take`, in order and as soon as possible. A damaged image
    /// does not stop the check; a failure of `take` does. An image that is unregistered meanwhile is skipped.
    pub fn check<'a>(
        &self,
        listed: &[Listed<'a>],
        mut take: impl FnMut(Listed<'a>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let total = listed.iter().flat_map(|image| &image.sight.image);
        let total = total.flat_map(|image| &image.layers);
        let total = total.filter(|layer| !layer.left_out);
        let total = total.map(|layer| layer.size.unwrap_or(layer.stored)).sum();
        let what = match listed {
            [only] => format!("checking {}", only.entry.name),
            several => format!("checking {} images", several.len()),
        };
        let progress = self.reporter.progress(what, Some(total));
        let stop = AtomicBool::new(false);
        let passing = || Passing {
            progress: &progress,
            stop: &stop,
        };
        let checked = Checked::of(listed);
        in_order(
            listed.len(),
            self.jobs,
            |number| self.one(&listed[number], &checked, &mut passing()),
            |outcome| {
                let Some(listed) = outcome else {
                    return Ok(());
                };
                let taken = take(listed);
                stop.store(taken.is_err(), Ordering::Relaxed);
                taken
            },
        )
    }

    fn one<'a>(
        &self,
        listed: &Listed<'a>,
        checked: &Checked,
        passing: &mut Passing,
    ) -> Option<Listed<'a>> {
        let mut listed = listed.clone();
        listed.sight = self.look(self.registry, &listed.entry, checked, passing);
        let blames_archive = |finding: &Finding| finding.code() == Code::Archive;
        if listed.findings().iter().any(blames_archive) && !passing.stopped() {
            // The archive may be replaced right now, and after a long check the entry may be another.
            let registry = self.at_rest();
            let Some(entry) = registry.get(&listed.entry.name) else {
                let name = &listed.entry.name;
                self.reporter
                    .detail(format!("{name}: is no longer registered"));
                return None;
            };
            if entry.image_id != listed.entry.image_id || entry.file != listed.entry.file {
                listed.sight = self.look(&registry, entry, checked, passing);
                listed.entry = Cow::Owned(entry.clone());
            }
        }
        Some(listed)
    }

    /// The registry when no process writes; if it cannot be read, as it was.
    fn at_rest(&self) -> Registry {
        let now = self.store.read_at_rest(self.lock_timeout);
        now.unwrap_or_else(|_| self.registry.clone())
    }

    fn look(
        &self,
        registry: &Registry,
        entry: &Entry,
        checked: &Checked,
        passing: &mut Passing,
    ) -> Sight {
        let looker = Looker {
            store: self.store,
            // A new survey for each image, because a check takes long.
            survey: &self.store.survey(),
            registry,
            here: self.here,
            glances: false,
        };
        let (mut sight, stack) = looker.look(entry);
        if let Some(stack) = stack
            && let Err(finding) = read(&stack, checked, passing)
        {
            sight.findings.push(finding);
        }
        sight
    }
}

/// Reads every layer of an image, except those of bases that are checked themselves.
fn read(stack: &Stack, checked: &Checked, passing: &mut Passing) -> Result<(), Finding> {
    stack
        .archive()
        .verify_into(stack.image(), passing)
        .map_err(|error| Finding::new(State::of(&error, false), error))?;
    stack
        .verify_left_out(|archive, image| checked.has(archive, image), passing)
        .map_err(|error| Finding::no_base(error.into()))
}

/// The images that are checked anyway, with their files.
struct Checked(HashSet<(Utf8PathBuf, Digest)>);

impl Checked {
    fn of(listed: &[Listed<'_>]) -> Self {
        let sound = listed.iter().filter(|image| image.state().is_sound());
        let places = sound.filter_map(|image| {
            let id = image.sight.image.as_ref()?.id;
            Some((image.sight.absolute.clone()?, id))
        });
        Self(places.collect())
    }

    fn has(&self, archive: &Archive, image: &Image) -> bool {
        self.0
            .contains(&(archive.path().to_owned(), image.image_id))
    }
}

/// Counts the bytes, and returns an error if the result is no longer needed.
struct Passing<'a> {
    progress: &'a Progress,
    stop: &'a AtomicBool,
}

impl Passing<'_> {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Write for Passing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.stopped() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.progress.add(bytes.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
