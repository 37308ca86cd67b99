//! The store: locks, paths, and recovery after a crash.

#![expect(clippy::unwrap_used, reason = "a test may end where it fails")]

mod find;
mod paths;
mod together;
mod unfinished;
mod write;

use std::fs;
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use failure::{Code, Reported as _};
use registry::{Edit, Entry, Error, Store};

const PATIENCE: Duration = Duration::from_secs(60);

const NONE: Duration = Duration::ZERO;

struct Folder {
    _dir: tempfile::TempDir,
    path: Utf8PathBuf,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(dir.path())
            .unwrap()
            .canonicalize_utf8()
            .unwrap();
        Self { _dir: dir, path }
    }

    fn store(&self) -> Store {
        Store::locate(&self.path, None)
    }

    fn unfinished(&self) -> usize {
        fs::read_dir(self.path.join("images/.imgpipe/unfinished")).map_or(0, Iterator::count)
    }
}

fn entry(name: &str) -> Entry {
    let file = format!("images/{name}.tar");
    Entry::new(name, file, name.parse().unwrap(), "debian:12", "x86_64")
}

fn put(store: &Store, name: &str) -> Result<(), Error> {
    store.update(PATIENCE, |_| Ok((vec![Edit::Put(entry(name))], ())))
}
