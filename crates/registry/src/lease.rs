//! Leases: images that a run will use, and that no command may remove.
//!
//! A lease is a small file in `leases/`, one for each image and holder. It is written under the registry's lock, under
//! which images are removed too. So an image that is leased and then still registered stays. It needs no fsync: after a
//! crash its holder is dead too.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::holder::{Holder, Life};
use crate::unfinished::TemporaryPath;
use crate::writing::Writing;
use crate::{Error, Registry, Store, lock, nofollow, work};

/// The folder of leases.
const FOLDER: &str = "leases";

/// The name of a lease while it is written.
const UNFINISHED: &str = ".unfinished";
/// The longest lease, in bytes: a name and the ID of a run, both with limits.
const MAX_LEASE: u64 = 64 * 1024;

/// How long a lease lasts if its holder cannot be checked: a run with an ID, or a process elsewhere.
pub const LEASE_TERM: Duration = Duration::from_secs(6 * 60 * 60);

/// A lease on an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The image's name, registered or not yet.
    pub image: String,
    /// The holder.
    pub holder: Holder,
    /// Its start.
    pub since: DateTime<Utc>,
    /// Its duration in seconds, if the holder cannot be checked.
    term: u64,
    /// Whether it expires even if its holder is alive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    brief: bool,
}

type LeaseFiles = Vec<(Utf8PathBuf, Lease)>;

/// The leases of a store.
#[derive(Debug, Default)]
pub struct LeaseList {
    /// All readable leases, live or not, in the order of their images.
    pub leases: Vec<Lease>,
    /// The errors of unreadable leases, one a file. Each may be on any image.
    pub unreadable: Vec<Error>,
}

/// The holder and duration of new leases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseTerm {
    /// The holder.
    pub holder: Holder,
    /// The duration, if the holder cannot be checked.
    pub lasts: Duration,
    /// Whether they expire even if the holder is alive: a planned image may never be used.
    pub brief: bool,
}

impl Lease {
    /// Whether it is in force. `longest` may shorten its duration.
    pub fn is_live(&self, now: DateTime<Utc>, longest: Option<Duration>) -> bool {
        let term = Duration::from_secs(self.term);
        let term = longest.map_or(term, |longest| longest.min(term));
        // If a clock was set back, leases do not expire early.
        let in_time = || TimeDelta::from_std(term).is_ok_and(|term| now - self.since < term);
        match self.holder.life() {
            Life::Ended => false,
            Life::Alive if !self.brief => true,
            Life::Alive | Life::Unseen => in_time(),
        }
    }
}

impl Store {
    /// Leases the images that `images` chooses from the registry, and returns the registry as it was under the lock.
    /// `lock_timeout` is for the registry's lock.
    pub fn lease(
        &self,
        term: &LeaseTerm,
        images: impl FnOnce(&Registry) -> Vec<String>,
        lock_timeout: Duration,
    ) -> Result<Registry, Error> {
        let folder = work::subfolder(self.root(), FOLDER)?;
        let _lock = self.lock_registry(lock_timeout)?;
        let registry = self.read_or_empty()?;
        let now = Utc::now();
        // Remove expired leases: without imgprune they would accumulate.
        for (path, _) in self
            .lease_files()?
            .0
            .iter()
            .filter(|(_, lease)| !lease.is_live(now, None))
        {
            nofollow::remove(path)?;
        }
        for image in images(&registry) {
            let lease = Lease {
                image,
                holder: term.holder.clone(),
                since: now,
                term: term.lasts.as_secs(),
                brief: term.brief,
            };
            write(&folder, &lease)?;
        }
        Ok(registry)
    }

    /// All leases.
    pub fn leases(&self) -> Result<LeaseList, Error> {
        let (files, unreadable) = self.lease_files()?;
        let mut leases: Vec<_> = files.into_iter().map(|file| file.1).collect();
        leases.sort_by(|a, b| (&a.image, a.since).cmp(&(&b.image, b.since)));
        Ok(LeaseList { leases, unreadable })
    }

    /// Ends the leases that match, and returns them. Unreadable leases stay.
    pub fn end_leases(
        &self,
        lock_timeout: Duration,
        mut ended: impl FnMut(&Lease) -> bool,
    ) -> Result<Vec<Lease>, Error> {
        if work::existing(self.root(), FOLDER)?.is_none() {
            return Ok(Vec::new());
        }
        let _lock = self.lock_registry(lock_timeout)?;
        let mut gone = Vec::new();
        for (path, lease) in self.lease_files()?.0 {
            if ended(&lease) {
                nofollow::remove(&path)?;
                gone.push(lease);
            }
        }
        Ok(gone)
    }

    /// The leases with their files, and the errors of unreadable ones.
    fn lease_files(&self) -> Result<(LeaseFiles, Vec<Error>), Error> {
        let (mut leases, mut unreadable) = (Vec::new(), Vec::new());
        let Some(folder) = work::existing(self.root(), FOLDER)? else {
            return Ok((leases, unreadable));
        };
        let files = folder.read_dir_utf8().map_err(Error::io("list", &folder))?;
        for file in files {
            let path = file.map_err(Error::io("list", &folder))?.into_path();
            if path.file_name() == Some(UNFINISHED) {
                continue;
            }
            match read(&path) {
                Ok(Some(lease)) => leases.push((path, lease)),
                Ok(None) => {}
                Err(reason) => unreadable.push(Error::NoLease { path, reason }),
            }
        }
        Ok((leases, unreadable))
    }

    pub(crate) fn lock_registry(&self, timeout: Duration) -> Result<Writing, Error> {
        let path = work::folder(self.root())?.join("registry.lock");
        let lock = lock::take(&path, self.file().as_str(), Some(timeout))?;
        let writing = Writing::start(lock)?;
        self.finish_install()?;
        Ok(writing)
    }
}

/// Reads a lease; `None` if there is none, or the reason why it cannot be read.
fn read(path: &Utf8Path) -> Result<Option<Lease>, String> {
    let bytes = match nofollow::read(path, MAX_LEASE) {
        Ok(bytes) => bytes.unwrap_or_default(),
        Err(Error::Foreign { rule, .. }) => return Err(rule.to_owned()),
        Err(Error::Io { source, .. }) => return Err(source.to_string()),
        Err(error) => return Err(error.to_string()),
    };
    // A power cut leaves an empty file, and ended the holder too.
    if bytes.is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
}

/// Writes a lease. A lease of the same holder and image is renewed, and never shortened.
fn write(folder: &Utf8Path, lease: &Lease) -> Result<(), Error> {
    let path = folder.join(file_name(lease));
    let old = nofollow::read(&path, MAX_LEASE)?;
    let old = old.and_then(|bytes| serde_json::from_slice::<Lease>(&bytes).ok());
    let brief = lease.brief && old.is_none_or(|old| old.brief);
    let lease = Lease {
        brief,
        ..lease.clone()
    };
    TemporaryPath::new(folder.join(UNFINISHED)).write_json(&path, &lease)
}

/// A file name for an image and a holder, bounded for any length of both.
fn file_name(lease: &Lease) -> String {
    let holder = serde_json::to_string(&lease.holder).unwrap_or_default();
    let digest = Sha256::digest(format!("{holder}\n{}", lease.image));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.json")
}

#[cfg(test)]
mod tests;
