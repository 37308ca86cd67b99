//! A registry and the folder around it.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use failure::{Code, Reported as _};

use crate::atomic::{self, parent};
use crate::parse_cache::ParseCache;
use crate::path::real;
use crate::ways::Ways;
use crate::{Edit, Entry, Error, Lock, Registry, StorePath, Unfinished, Usage, lock, work};

/// The file name of a registry.
const FILE_NAME: &str = "image-registry.yml";

/// The longest chain of links to a registry, as in Linux.
const MAX_LINKS: usize = 40;

/// How often an edit is repeated because a program without a lock wrote in between.
const ATTEMPTS: usize = 10;

/// The folder around a registry. The registry may not exist yet.
#[derive(Debug, Clone)]
pub struct Store {
    cwd: Utf8PathBuf,
    file: Utf8PathBuf,
    root: Utf8PathBuf,
    pub(crate) usage: Usage,
    known: ParseCache,
}

impl Store {
    /// The store of the registry `named`, or else of the nearest one upward from `cwd`, or else of a new one in `cwd`.
    /// `cwd` is absolute; `named` may be relative to it.
    pub fn locate(cwd: &Utf8Path, named: Option<&Utf8Path>) -> Self {
        let file = match named {
            Some(named) => cwd.join(named),
            None => cwd
                .ancestors()
                .map(|folder| folder.join(FILE_NAME))
                .find(|file| file.is_file())
                .unwrap_or_else(|| cwd.join(FILE_NAME)),
        };
        // Archives and locks are beside the registry itself, not beside a link to it: two paths to one registry are one
        // store.
        let file = behind_links(file);
        let root = parent(&file).to_owned();
        Self {
            cwd: cwd.to_owned(),
            file,
            root,
            usage: Usage::default(),
            known: ParseCache::default(),
        }
    }

    /// The folder that relative paths start from.
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

    /// Whether any command has written here.
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

    /// Reads the registry; a missing one is empty.
    pub fn read_or_empty(&self) -> Result<Registry, Error> {
        self.settle();
        let text = atomic::read(&self.file)?.map(|(text, _)| text);
        let registry = self.known.parse(&self.file, text.unwrap_or_default())?;
        Ok(registry.with_uses(&self.uses()?))
    }

    /// As [`Self::read`], but when no process is writing: an archive is renamed into its place a moment before its
    /// entry is written. Waits at most `timeout`. If nothing can be locked, nothing can be written either.
    pub fn read_at_rest(&self, timeout: Duration) -> Result<Registry, Error> {
        drop(self.lock_registry(timeout));
        self.read()
    }

    /// Edits the registry under its lock, for which it waits at most `timeout`. A missing registry is empty, and is
    /// created if there is something to write. Returns the other result of `decide`. `decide` is called again if a
    /// program without a lock, such as an editor, wrote in between.
    pub fn update<T, E: From<Error>>(
        &self,
        timeout: Duration,
        mut decide: impl FnMut(&Registry) -> Result<(Vec<Edit>, T), E>,
    ) -> Result<T, E> {
        let _lock = self.lock_registry(timeout)?;
        self.edit_locked(&mut decide, || Ok(()))
    }

    /// [`Self::update`] for a caller with the registry's lock. `before` runs once, when the new text is on disk and
    /// right before it is renamed. If it fails, nothing is renamed.
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
            // `before` must not run twice.
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

    /// A path for people and pipes, relative to `cwd`, an absolute folder.
    pub fn relative(&self, path: &StorePath, cwd: &Utf8Path) -> Utf8PathBuf {
        self.survey().relative(path, cwd)
    }

    /// The entry of the archive at a user's path, also through links. The path is relative to the working directory;
    /// the file and its folders may be missing.
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

    /// Locks an image while it is made. Without `timeout`, it waits without limit. Call it before [`Self::update`],
    /// never inside.
    pub fn lock_image(&self, name: &str, timeout: Option<Duration>) -> Result<Lock, Error> {
        let path = work::subfolder(&self.root, "locks")?.join(work::lock_name(name));
        lock::take(&path, name, timeout)
    }

    /// A temporary file for an archive; a commit renames it to its final path. Removes files of dead writers.
    pub fn create(&self) -> Result<Unfinished, Error> {
        Unfinished::create(self, None)
    }

    /// The same for an archive with a known path, which may be on another mount than the store.
    pub fn create_for(&self, target: &StorePath) -> Result<Unfinished, Error> {
        Unfinished::create(self, Some(target))
    }
}

/// The target of a registry that is a link, even if it does not exist.
fn behind_links(mut file: Utf8PathBuf) -> Utf8PathBuf {
    for _ in 0..MAX_LINKS {
        match file.read_link_utf8() {
            Ok(target) => file = parent(&file).join(target),
            Err(_) => break,
        }
    }
    file
}

/// The real path, even if the last components do not exist: a fresh clone has no folders for archives yet.
fn resting_place(path: &Utf8Path, ways: &Ways) -> Option<Utf8PathBuf> {
    if let Some(real) = ways.real(path).ok()? {
        return Some(real);
    }
    let name = path.file_name()?;
    Some(resting_place(path.parent()?, ways)?.join(name))
}
