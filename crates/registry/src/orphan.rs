//! Orphans in a store's folder, and the free space.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};

use crate::removal::Files;
use crate::{Error, Registry, Store, StorePath, nofollow, staging, transfer, unfinished, work};

/// The folder of archives.
const IMAGES: &str = "images";

/// The suffixes of archives.
const ARCHIVES: [&str; 5] = [".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst"];

/// How long a temporary file of another program is left alone: its writer may take no lock.
const FOREIGN_AGE: Duration = Duration::from_secs(60 * 60);

/// The deepest nesting of folders.
const MAX_DEPTH: usize = 32;

/// An orphan file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// Its path, relative to the store.
    pub path: Utf8PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its last modification.
    pub modified: Option<SystemTime>,
    /// Its kind.
    pub kind: OrphanKind,
}

/// Why a file is an orphan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrphanKind {
    /// An archive without an entry.
    Archive,
    /// A temporary file whose writer is dead, or one of another program that is older than an hour.
    Unfinished,
    /// A folder of blobs without a running download or upload.
    Transfer,
}

/// A file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreeSpace {
    /// Its device number.
    pub id: u64,
    /// The bytes that this user may still write to it.
    pub free: u64,
}

impl Store {
    /// The archives below `images/` without an entry, temporary files of dead writers, and abandoned folders of blobs.
    /// Links are not followed.
    pub fn orphans(&self, registry: &Registry) -> Result<Vec<Orphan>, Error> {
        let mut named = Files::of(self, registry.entries());
        let mut orphans = Vec::new();
        // Those of other mounts are beside their archives.
        let own = [work::FOLDER, work::NAME].map(Utf8Path::new);
        let mut stagings = own.map(|own| own.join(staging::FOLDER)).to_vec();
        self.walk(Utf8Path::new(IMAGES), MAX_DEPTH, &mut |path, metadata| {
            if metadata.is_dir() {
                stagings.extend((path != work::FOLDER).then(|| path.join(staging::FOLDER)));
                return;
            }
            let is_archive = ARCHIVES.iter().any(|end| path.as_str().ends_with(end));
            if is_archive && !named.has(path) {
                orphans.push(Orphan {
                    path: path.to_owned(),
                    bytes: metadata.len(),
                    modified: metadata.modified().ok(),
                    kind: OrphanKind::Archive,
                });
            }
        })?;
        orphans.sort_by(|a, b| a.path.cmp(&b.path));
        for folder in stagings {
            self.abandoned(&folder, &mut orphans)?;
        }
        for (path, bytes) in transfer::abandoned(self.root()) {
            orphans.push(Orphan {
                modified: fs::symlink_metadata(&path)
                    .and_then(|it| it.modified())
                    .ok(),
                path: path.strip_prefix(self.root()).unwrap_or(&path).to_owned(),
                bytes,
                kind: OrphanKind::Transfer,
            });
        }
        Ok(orphans)
    }

    /// Adds the files of dead writers in a folder of temporary files.
    fn abandoned(&self, folder: &Utf8Path, orphans: &mut Vec<Orphan>) -> Result<(), Error> {
        let there = work::existing_at(self.root(), folder)?;
        let abandoned = there.map(|folder| unfinished::abandoned(&folder));
        for (path, bytes) in abandoned.unwrap_or_default() {
            let name = path.file_name().unwrap_or_default();
            let modified = fs::symlink_metadata(&path)
                .and_then(|it| it.modified())
                .ok();
            let age = modified.and_then(|modified| modified.elapsed().ok());
            if !unfinished::is_unique_name(name) && age.is_none_or(|age| age < FOREIGN_AGE) {
                continue;
            }
            orphans.push(Orphan {
                modified,
                path: folder.join(name),
                bytes,
                kind: OrphanKind::Unfinished,
            });
        }
        Ok(())
    }

    /// Removes a file of a dead writer.
    pub fn remove_unfinished(&self, orphan: &Orphan) -> Result<(), Error> {
        if orphan.kind == OrphanKind::Transfer {
            return transfer::remove_abandoned(self.root(), &self.root().join(&orphan.path));
        }
        let (Some(folder), Some(name)) = (orphan.path.parent(), orphan.path.file_name()) else {
            return Ok(());
        };
        // Another process may have placed a link in the path since the check.
        match work::existing_at(self.root(), folder)? {
            Some(folder) => nofollow::remove(&folder.join(name)),
            None => Ok(()),
        }
    }

    /// The file system of an archive, existing or not; without a path, that of temporary files. A folder of the store
    /// may be a mount.
    pub fn disk(&self, place: Option<&StorePath>) -> Result<FreeSpace, Error> {
        let path = match place {
            Some(place) => place.absolute(),
            None => self.root().join(work::FOLDER),
        };
        // None of the folders may exist yet.
        let existing = path.ancestors().find(|folder| folder.is_dir());
        let folder = existing.unwrap_or(&path);
        let failed = Error::io("check the free space of", folder);
        let stat = rustix::fs::statvfs(folder.as_std_path());
        let found = fs::metadata(folder).and_then(|folder| Ok((folder.dev(), stat?)));
        let (id, stat) = found.map_err(failed)?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        Ok(FreeSpace { id, free })
    }

    /// Whether a file or folder, relative to the store's folder, is one that imgpipe makes: the registry, archives,
    /// imgpipe's own files, and the folders around them. Their contents are no input of a build.
    pub fn is_own(&self, path: &Utf8Path, is_folder: bool) -> bool {
        let name = self.file().file_name().unwrap_or_default();
        if path == Utf8Path::new(name) || path.as_str() == format!(".{name}.unfinished") {
            return true;
        }
        let is_archive = ARCHIVES.iter().any(|end| path.as_str().ends_with(end));
        work::is_own(path) || (path.starts_with(IMAGES) && (is_folder || is_archive))
    }

    /// Visits the regular files below a folder, and imgpipe's own folders without their contents.
    fn walk(
        &self,
        folder: &Utf8Path,
        depth: usize,
        see: &mut dyn FnMut(&Utf8Path, &fs::Metadata),
    ) -> Result<(), Error> {
        let absolute = self.root().join(folder);
        let failed = |error| Error::io("list", &absolute)(error);
        if depth == 0 || absolute.is_symlink() {
            return Ok(());
        }
        let entries = match fs::read_dir(&absolute) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            // A name that is not UTF-8, or that no entry can have, is foreign.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name.contains(naming::steers) {
                continue;
            }
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            let path = folder.join(name);
            if metadata.is_dir() && path.file_name() == Some(work::NAME) {
                see(&path, &metadata);
            } else if metadata.is_dir() {
                self.walk(&path, depth - 1, see)?;
            } else if metadata.is_file() {
                see(&path, &metadata);
            }
        }
        Ok(())
    }

    /// The path of an orphan archive, if it is safe to delete.
    pub fn orphan_path(&self, orphan: &Orphan) -> Result<StorePath, Error> {
        self.path(&orphan.path)
    }
}

#[cfg(test)]
mod tests;
