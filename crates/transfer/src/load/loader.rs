//! Loading: only what the engine lacks, and only what passed every check.
//!
//! The steps: open the archives, look at what the engine holds, decide what to send, send it without names, confirm
//! that it is there, tag it. The engine's word is not taken for success. The identity that counts is the config's digest; engines with a
//! containerd store know an image by its manifest's digest instead, so the manifest that we compose is accepted too.

use camino::Utf8PathBuf;
use failure::{Code, Failure};
use naming::{Digest, Reference};
use registry::{Registry, Target};

use crate::Session;
use crate::load::item::Item;
use crate::load::record;

/// How many archives are open at a time: systems give a process a thousand files.
const MAX_BATCH: usize = 400;

/// Brings archives into an engine.
pub struct Loader<'a> {
    /// What it works with.
    pub session: Session<'a>,
    /// Whether to count the use in the registry.
    pub record: bool,
    /// Whether an unregistered archive, and a reference with tag and digest, may take another image's tag.
    pub force: bool,
    /// One more tag for the image.
    pub also: Option<Reference>,
    /// The only tag for the image, whatever archive and registry say.
    pub only: Option<Reference>,
    /// How many streams to send at a time, where archives share no layers.
    pub jobs: usize,
    /// Whether a failure of one archive lets the others go on.
    pub keep_going: bool,
}

/// An image that is in the engine now.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What `docker run` takes: `name:tag`, or the image's ID where it has no tag.
    pub reference: String,
    /// The archive it came from, as it opens from the working directory.
    pub path: Utf8PathBuf,
    /// The registered name.
    pub name: Option<String>,
    /// The config's digest.
    pub image_id: Digest,
    /// Whether bytes were sent; `false` where the engine had the image.
    pub loaded: bool,
}

/// What became of an archive.
pub type Outcome = Result<Vec<Loaded>, Failure>;

impl Loader<'_> {
    /// Loads the images of one archive: the registered one, or all of an unregistered archive.
    pub fn load(&self, target: &Target) -> Outcome {
        let registry = self.session.store.read_or_empty()?;
        self.load_all(&registry, std::slice::from_ref(target))
            .pop()
            .unwrap_or_else(|| Ok(Vec::new()))
    }

    /// Loads archives, in order, with the layers that a thin one leaves to others of the registry; layers that they share are sent once. Without `keep_going`, the first
    /// failure is the last outcome.
    ///
    /// An archive that is not what its entry says is looked at once more when the registry is at rest: it may
    /// just be replaced.
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

    /// The target as the registry has it now, if that is another image than before.
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

    /// Loads the first of these archives together, as many as can be: at least one.
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
            // The engine itself failed: that is true of every archive.
            Err(failure) => targets.iter().map(|_| Err(failure.clone())).collect(),
        }
    }

    fn conflicts(&self, batch: &[Result<Vec<Item>, Failure>], items: &[Item]) -> bool {
        let mut before = batch.iter().flatten().flatten();
        before.any(|other| items.iter().any(|item| item.conflicts(other)))
    }

    /// Counts the use of all that was loaded, in one write.
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
