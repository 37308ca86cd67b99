//! Turns the registry's entries into candidates, with the holds on each.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;

use chrono::{DateTime, Utc};
use failure::Failure;
use glob::Pattern;
use registry::{Entry, Lease, Registry, Store, StorePath};

use crate::engine_uses::EngineUses;
use crate::{Hold, StoredImage};

/// The registry's entries, sorted for pruning.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    /// Images with an archive.
    pub candidates: Vec<StoredImage>,
    /// Names of images without an archive, with the holds on their entries.
    pub missing: Vec<(String, Vec<Hold>)>,
    /// Names of entries that pruning skips, and why.
    pub odd: Vec<(String, String)>,
    /// Entries with a forbidden `file:`.
    pub invalid: Vec<Failure>,
    /// Names whose archive another candidate has too. That candidate counts its bytes.
    pub shared: HashSet<String>,
    /// The file systems of the candidates, each with an archive on it.
    pub disks: BTreeMap<u64, StorePath>,
    /// Names of images with a use or creation time in the future, from a clock that was ahead.
    pub ahead: Vec<String>,
}

/// The sources of holds.
pub(crate) struct Holds<'a> {
    pub keep: &'a [Pattern],
    pub leases: &'a [Lease],
    /// Whether some leases cannot be read.
    pub has_unreadable_leases: bool,
    pub uses: &'a EngineUses,
    /// The images to remove regardless of limits.
    pub named: &'a HashSet<String>,
    pub now: DateTime<Utc>,
}

impl Entries {
    pub(crate) fn look(store: &Store, registry: &Registry, holds: &Holds) -> Result<Self, Failure> {
        let mut leased: HashMap<&str, Vec<&Lease>> = HashMap::new();
        for lease in holds.leases {
            leased.entry(&lease.image).or_default().push(lease);
        }
        let mut found = Self::default();
        let mut owners: HashMap<_, String> = HashMap::new();
        let survey = store.survey();
        // If entries share an archive, the first keeps it. A named entry keeps it only if all are named.
        let mut entries: Vec<_> = registry.entries().iter().collect();
        entries.sort_by_key(|entry| holds.named.contains(&entry.name));
        for entry in entries {
            let path = match survey.path(&entry.file) {
                Ok(path) => path,
                Err(error) => {
                    found.invalid.push(Failure::from(error).about(&entry.name));
                    continue;
                }
            };
            let leases = leased.get(entry.name.as_str());
            let mut held = held(entry, holds, leases.map_or(&[], Vec::as_slice));
            if survey.is_busy(&entry.name, &path)? || holds.uses.is_new(entry) {
                held.push(Hold::Busy);
            }
            match fs::symlink_metadata(path.absolute()) {
                Ok(metadata) if metadata.is_file() => {
                    if !survey.may_delete(&path) {
                        held.push(Hold::ReadOnly);
                    }
                    let modified = metadata.modified().ok().map(DateTime::<Utc>::from);
                    let mut candidate = candidate(entry, metadata.len(), modified, held);
                    candidate.disk = metadata.dev();
                    if candidate.recency() > Some(holds.now) {
                        found.ahead.push(entry.name.clone());
                        candidate.last_used = Some(holds.now);
                    }
                    // Two entries may share a file, for example through a link. Only the first counts its bytes, and is
                    // removed last.
                    let file = survey.real(&path);
                    match owners.get(&file) {
                        Some(owner) => {
                            candidate.size = 0;
                            candidate.base = candidate.base.or_else(|| Some(String::clone(owner)));
                            found.shared.insert(entry.name.clone());
                        }
                        None => drop(owners.insert(file, entry.name.clone())),
                    }
                    found.disks.entry(candidate.disk).or_insert(path);
                    found.candidates.push(candidate);
                }
                Ok(_) => {
                    let why = "its archive is not a regular file";
                    found.odd.push((entry.name.clone(), why.to_owned()));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    found.missing.push((entry.name.clone(), held));
                }
                Err(error) => {
                    let why = format!("cannot read its archive: {error}");
                    found.odd.push((entry.name.clone(), why));
                }
            }
        }
        Ok(found)
    }
}

fn candidate(
    entry: &Entry,
    size: u64,
    modified: Option<DateTime<Utc>>,
    holds: Vec<Hold>,
) -> StoredImage {
    let name = entry.image_name().ok();
    let project = name.as_ref().map(|name| name.project().to_owned());
    StoredImage {
        name: entry.name.clone(),
        project: project.unwrap_or_default(),
        os: entry.os.to_lowercase(),
        size,
        disk: 0,
        last_used: entry.last_used,
        // A hand-written entry may lack the time.
        created: entry.created.or(modified),
        base: entry.base.clone().filter(|_| entry.thin),
        has_remote: entry.remote.is_some(),
        holds,
    }
}

fn held(entry: &Entry, holds: &Holds, leases: &[&Lease]) -> Vec<Hold> {
    let mut held = Vec::new();
    if entry.pinned {
        held.push(Hold::Pinned);
    }
    let kept = holds
        .keep
        .iter()
        .find(|pattern| pattern.matches(&entry.name));
    held.extend(kept.map(|pattern| Hold::Kept {
        pattern: pattern.to_string(),
    }));
    held.extend(leases.iter().map(|lease| Hold::Leased {
        by: lease.holder.to_string(),
    }));
    held.extend(holds.has_unreadable_leases.then_some(Hold::MaybeLeased));
    held.extend(
        holds
            .uses
            .container(entry)
            .map(|id| Hold::Container { id: id.to_owned() }),
    );
    held
}
