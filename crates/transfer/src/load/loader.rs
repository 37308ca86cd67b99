//! Loading: sends only missing layers, and accepts only images that pass every check.
//!
//! The steps: open the archives, inspect the engine, decide what to send, send it without names, confirm it, tag it. A
//! success status of the engine is not trusted. The identity is the config's digest. Engines with a containerd store
//! identify an image by its manifest's digest instead, so the digest of the composed manifest is accepted too.

use camino::Utf8PathBuf;
use failure::{Code, Failure};
use naming::{Digest, Reference};
use registry::{Registry, Target};

use crate::Session;
use crate::load::item::Item;
use crate::load::record;

/// The largest number of archives that are open at the same time. The usual limit of a process is a thousand files.
const MAX_BATCH: usize = 400;

/// Loads archives into an engine.
pub struct Loader<'a> {
    /// The store, the engine and the reporter.
    pub session: Session<'a>,
    /// Whether to count the use in the registry.
    pub record: bool,
    /// Whether an unregistered archive, and a reference with tag and digest, may take another image's tag.
    pub force: bool,
    /// A further tag for the image.
    pub also: Option<Reference>,
    /// The only tag for the image, instead of those of the archive and the registry.
    pub only: Option<Reference>,
    /// The number of streams to send at the same time, if archives share no layers.
    pub jobs: usize,
    /// Whether to continue with other archives after a failure.
    pub keep_going: bool,
}

/// An image that is in the engine now.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The argument for `docker run`: `name:tag`, or the image's ID if it has no tag.
    pub reference: String,
    /// The path of its archive, relative to the working directory.
    pub path: Utf8PathBuf,
    /// The registered name.
    pub name: Option<String>,
    /// The config's digest.
    pub image_id: Digest,
    /// Whether bytes were sent; `false` if the engine had the image.
    pub loaded: bool,
}

/// The result for an archive.
pub type Outcome = Result<Vec<Loaded>, Failure>;

impl Loader<'_> {
    /// Loads the images of one archive: the registered one, or all of an unregistered archive.
    pub fn load(&self, target: &Target) -> Outcome {
        let registry = self.session.store.read_or_empty()?;
        self.load_all(&registry, std::slice::from_ref(target))
            .pop()
            .unwrap_or_else(|| Ok(Vec::new()))
    }

    /// Loads archives in order. Layers that a thin archive leaves out come from other archives of the registry. Shared
    /// layers are sent once. Without `keep_going`, the first failure is the last outcome.
    ///
    /// An archive that does not match its entry is checked again when no process changes the registry: it may be about
    /// to be replaced.
    pub fn load_all(&self, registry: &Registry, targets: &[Target]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        while outcomes.len() < targets.len() {
            let batch = &targets[outcomes.len()..];
            for (target, mut outcome) in batch.iter().zip(self.load_batch(registry, batch)) {
                if outcome
                    .as_ref()
                    .is_err_and(|failure| matches!(failure.code(), Code::Archive | Code::Engine))
                    && let Some((registry, newer)) = self.newer(target)
                {
                    let again = self.load_batch(&registry, &[newer]).pop();
                    outcome = again.unwrap_or(outcome);
                }
                let failed = outcome.is_err();
                outcomes.push(outcome);
                if failed && !self.keep_going {
                    return self.count(targets, outcomes);
                }
            }
        }
        self.count(targets, outcomes)
    }

    /// The target as currently registered, if it is another image than before.
    fn newer(&self, target: &Target) -> Option<(Registry, Target)> {
        let old = target.entry.as_ref()?;
        let registry = self
            .session
            .store
            .read_at_rest(self.session.lock_timeout)
            .ok()?;
        let entry = registry.get(&old.name)?;
        let moved = entry.image_id != old.image_id || entry.file != old.file;
        let newer = Target::registered(self.session.store, entry)
            .ok()
            .filter(|_| moved)?;
        Some((registry, newer))
    }

    /// Loads as many of the first archives together as possible: at least one.
    fn load_batch(&self, registry: &Registry, targets: &[Target]) -> Vec<Outcome> {
        let mut batch = Vec::new();
        for target in targets {
            let opened = self.open(target);
            if let Ok(items) = &opened
                && self.conflicts(&batch, items)
            {
                break;
            }
            let failed = opened.is_err();
            batch.push(opened);
            if (failed && !self.keep_going) || batch.len() == MAX_BATCH {
                break;
            }
        }
        let targets = &targets[..batch.len()];
        let outcomes = self.load_opened(registry, targets, &batch);
        match outcomes {
            Ok(outcomes) => outcomes,
            // An engine failure affects every archive.
            Err(failure) => targets.iter().map(|_| Err(failure.clone())).collect(),
        }
    }

    fn conflicts(&self, batch: &[Result<Vec<Item>, Failure>], items: &[Item]) -> bool {
        let mut before = batch.iter().flatten().flatten();
        before.any(|other| items.iter().any(|item| item.conflicts(other)))
    }

    /// Counts the use of all loaded images, in one write.
    fn count(&self, targets: &[Target], outcomes: Vec<Outcome>) -> Vec<Outcome> {
        if !self.record {
            return outcomes;
        }
        let done = targets.iter().zip(&outcomes);
        let names: Vec<_> = done
            .filter(|(_, outcome)| outcome.is_ok())
            .filter_map(|(target, _)| target.entry.as_ref())
            .map(|entry| entry.name.as_str())
            .collect();
        if names.is_empty() {
            return outcomes;
        }
        match record::count_use(
            self.session.store,
            &names,
            self.session.lock_timeout,
            self.session.reporter,
        ) {
            Ok(()) => outcomes,
            Err(failure) => outcomes
                .into_iter()
                .map(|outcome| outcome.and(Err(failure.clone())))
                .collect(),
        }
    }
}
