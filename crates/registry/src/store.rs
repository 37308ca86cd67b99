//! A registry and the folder around it.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use failure::{Code, Reported as _};

use crate::atomic::{self, parent};
use crate::known::Known;
use crate::path::real;
use crate::ways::Ways;
use crate::{Edit, Entry, Error, Lock, Registry, StorePath, Unfinished, Usage, lock, work};

/// What a registry is called.
const FILE_NAME: &str = "image-registry.yml";

/// How many links in a row lead to a registry, as in Linux.
const MAX_LINKS: usize = 40;

/// How often an edit starts again because somebody who takes no lock wrote in between.
const ATTEMPTS: usize = 10;

/// The folder around one registry, which need not be there yet.
#[derive(Debug, Clone)]
pub struct Store {
    cwd: Utf8PathBuf,
    file: Utf8PathBuf,
    root: Utf8PathBuf,
    pub(crate) usage: Usage,
    known: Known,
}

impl Store {
    /// The store whose registry is `named`, or else the nearest one upward from `cwd`, or else one
    /// that `cwd` does not have yet. `cwd` is absolute; `named` may be relative to it.
    pub fn locate(cwd: &Utf8Path, named: Option<&Utf8Path>) -> Self {
        let file = match named {
            Some(named) => cwd.join(named),
            None => cwd
                .ancestors()
                .map(|folder| folder.join(FILE_NAME))
                .find(|file| file.is_file())
                .unwrap_or_else(|| cwd.join(FILE_NAME)),
        };
        // Archives and locks are where the registry is, not where a link to it stands: two ways to
        // one registry are one store.
        let file = behind_links(file);
        let root = parent(&file).to_owned();
        Self {
            cwd: cwd.to_owned(),
            file,
            root,
            usage: Usage::default(),
            known: Known::default(),
        }
    }

    /// The folder from which it was located: relative paths start there.
    pub fn cwd(&self) -> &Utf8Path {
        &self.cwd
    }

    /// The registry.
    pub fn file(&self) -> &Utf8Path {
        &self.file
    }

    /// The folder that every `file:` is relative to.
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// Whether there is a registry.
    pub fn exists(&self) -> bool {
        self.file.exists()
    }

    /// Whether any command has ever written here.
    pub fn is_kept(&self) -> bool {
        self.root.join(work::FOLDER).is_dir()
    }

    /// Reads the registry. Takes no lock: writes are atomic.
    pub fn read(&self) -> Result<Registry, Error> {
        self.settle();
        match atomic::read(&self.file)? {
            Some((text, _)) => Ok(self.known.parse(&self.file, text)?.with_uses(&self.uses()?)),
            None => Err(Error::NoRegistry {
                path: self.file.clone(),
            }),
        }
    }

    /// Reads the registry; one that is not there is empty.
    pub fn read_or_empty(&self) -> Result<Registry, Error> {
        self.settle();
        let text = atomic::read(&self.file)?.map(|(text, _)| text);
        let registry = self.known.parse(&self.file, text.unwrap_or_default())?;
        Ok(registry.with_uses(&self.uses()?))
    }

    /// As [`Self::read`], when nobody writes any more: whoever replaces an archive renames it into its place a moment
    /// before its entry follows. Waits at most `timeout`; where nothing can be locked, nobody writes.
    pub fn read_at_rest(&self, timeout: Duration) -> Result<Registry, Error> {
        drop(self.lock_registry(timeout));
        self.read()
    }

    /// Edits the registry under its lock, for which it waits at most `timeout`. A registry that is
    /// not there is empty, and made if there is something to write. What `decide` returns beside
    /// its edits is handed on. It is asked again if somebody who takes no lock, like an editor,
    /// wrote in between.
    pub fn update<T, E: From<Error>>(
        &self,
        timeout: Duration,
        mut decide: impl FnMut(&Registry) -> Result<(Vec<Edit>, T), E>,
    ) -> Result<T, E> {
        let _lock = self.lock_registry(timeout)?;
        self.edit_locked(&mut decide, || Ok(()))
    }

    /// [`Self::update`] for a caller that holds the registry's lock. `before` runs when the new text is on disk, and
    /// right before it takes its place: once, and where it fails nothing takes any place.
    pub(crate) fn edit_locked<T, E: From<Error>, B: FnOnce() -> Result<(), Error>>(
        &self,
        mut decide: impl FnMut(&Registry) -> Result<(Vec<Edit>, T), E>,
        before: B,
    ) -> Result<T, E> {
        let mut before = Some(before);
        for _ in 0..ATTEMPTS {
            let (text, stamp) = atomic::read(&self.file)?.unzip();
            let old = self.known.parse(&self.file, text.unwrap_or_default())?;
            let (edits, outcome) = decide(&old)?;
            let new = old.with_edits(&edits)?;
            if new.text() == old.text() {
                before.take().map_or(Ok(()), |before| before())?;
                return Ok(outcome);
            }
            let replace = |before: &mut Option<_>| {
                let before = || before.take().map_or(Ok(()), |before: B| before());
                atomic::replace(&self.file, stamp, new.text(), before)
            };
            let mut replaced = replace(&mut before);
            let no_room = |error: &Error| error.code() == Code::Room;
            // What `before` had begun can't be begun again.
            if replaced.as_ref().is_err_and(no_room) && before.is_some() && self.free_reserve() {
                replaced = replace(&mut before);
            }
            if replaced? {
                self.keep_reserve(new.text().len());
                self.note_replaced(&old, &edits);
                self.known.remember(new);
                return Ok(outcome);
            }
        }
        Err(E::from(Error::Contended {
            path: self.file.clone(),
        }))
    }

    /// Validates a `file:`.
    pub fn path(&self, file: &Utf8Path) -> Result<StorePath, Error> {
        self.path_by(file, &Ways::default())
    }

    pub(crate) fn path_by(&self, file: &Utf8Path, ways: &Ways) -> Result<StorePath, Error> {
        StorePath::new(&self.root, &self.file, file, ways)
    }

    /// A path for people and pipes: it opens from `cwd`, an absolute folder.
    pub fn relative(&self, path: &StorePath, cwd: &Utf8Path) -> Utf8PathBuf {
        self.survey().relative(path, cwd)
    }

    /// The entry whose archive a user's path leads to, by whatever way. The path opens from the
    /// process's working directory; neither the file nor its folders need be there.
    pub fn find<'a>(&self, registry: &'a Registry, path: &Utf8Path) -> Option<&'a Entry> {
        let ways = Ways::default();
        let wanted = resting_place(path, &ways)?;
        let root = real(&self.root).ok()??;
        let entries = registry.entries();
        (entries.iter())
            .find(|entry| root.join(&entry.file) == wanted)
            .or_else(|| {
                (entries.iter()).find(|entry| {
                    resting_place(&root.join(&entry.file), &ways).as_ref() == Some(&wanted)
                })
            })
    }

    /// Waits until nobody else makes this image, and keeps others from it. No `timeout` means to
    /// wait for as long as it takes. To be taken before, never under, [`Self::update`].
    pub fn lock_image(&self, name: &str, timeout: Option<Duration>) -> Result<Lock, Error> {
        let path = work::subfolder(&self.root, "locks")?.join(work::lock_name(name));
        lock::take(&path, name, timeout)
    }

    /// A file to write an archive to, which takes its place when it is committed. Removes what
    /// dead writers left behind.
    pub fn create(&self) -> Result<Unfinished, Error> {
        Unfinished::create(self, None)
    }

    /// The same for an archive with a known place, which may be on another mount than the store.
    pub fn create_for(&self, target: &StorePath) -> Result<Unfinished, Error> {
        Unfinished::create(self, Some(target))
    }
}

/// What a registry that is a link leads to, whether that is there or not.
fn behind_links(mut file: Utf8PathBuf) -> Utf8PathBuf {
    for _ in 0..MAX_LINKS {
        match file.read_link_utf8() {
            Ok(target) => file = parent(&file).join(target),
            Err(_) => break,
        }
    }
    file
}

/// Where a path really leads, also if its last components are not there: a fresh clone has no folders for archives yet.
fn resting_place(path: &Utf8Path, ways: &Ways) -> Option<Utf8PathBuf> {
    if let Some(real) = ways.real(path).ok()? {
        return Some(real);
    }
    let name = path.file_name()?;
    Some(resting_place(path.parent()?, ways)?.join(name))
}
