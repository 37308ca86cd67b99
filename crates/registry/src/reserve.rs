//! A little room that is kept for the registry, so that images can be removed from a store whose disk is full.

use std::fs::{self, Metadata};

use camino::Utf8PathBuf;
use rustix::fs::{FallocateFlags, fallocate};

use crate::{Store, own, work};

/// What the file is called.
const NAME: &str = "reserve";

/// The least that is kept, in bytes.
const LEAST: u64 = 64 * 1024;

impl Store {
    /// Takes room for another registry as long as `length`, where there is some. A store does without as well.
    pub(crate) fn keep_reserve(&self, length: usize) {
        let wanted = LEAST.max(length as u64);
        let path = self.reserve();
        let is_enough = |there: Metadata| there.is_file() && there.len() >= wanted;
        if fs::symlink_metadata(&path).is_ok_and(is_enough) {
            return;
        }
        let taken = own::create(&path)
            .is_ok_and(|file| fallocate(&file, FallocateFlags::empty(), 0, wanted).is_ok());
        if !taken {
            let _ = fs::remove_file(&path);
        }
    }

    /// Gives the room back; `false` where there is none.
    pub(crate) fn free_reserve(&self) -> bool {
        fs::remove_file(self.reserve()).is_ok()
    }

    fn reserve(&self) -> Utf8PathBuf {
        self.root().join(work::FOLDER).join(NAME)
    }
}
