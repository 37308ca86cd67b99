//! Disk space reserved for the registry, so that images can be removed from a store with a full disk.

use std::fs::{self, Metadata};

use camino::Utf8PathBuf;
use rustix::fs::{FallocateFlags, fallocate};

use crate::{Store, nofollow, work};

/// The file's name.
const NAME: &str = "reserve";

/// The least reserve, in bytes.
const LEAST: u64 = 64 * 1024;

impl Store {
    /// Reserves space for another registry of this `length`, if possible. A store works without it too.
    pub(crate) fn keep_reserve(&self, length: usize) {
        let wanted = LEAST.max(length as u64);
        let path = self.reserve();
        let is_enough = |there: Metadata| there.is_file() && there.len() >= wanted;
        if fs::symlink_metadata(&path).is_ok_and(is_enough) {
            return;
        }
        let taken = nofollow::create(&path)
            .is_ok_and(|file| fallocate(&file, FallocateFlags::empty(), 0, wanted).is_ok());
        if !taken {
            let _ = fs::remove_file(&path);
        }
    }

    /// Frees the reserve; `false` if there is none.
    pub(crate) fn free_reserve(&self) -> bool {
        fs::remove_file(self.reserve()).is_ok()
    }

    fn reserve(&self) -> Utf8PathBuf {
        self.root().join(work::FOLDER).join(NAME)
    }
}
