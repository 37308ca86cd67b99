//! Loading: only what the engine lacks, and only what passed every check.
//!
//! The steps: open the archives, look at what the engine holds, decide what to send, send it without names, confirm
//! that it is there, tag it. The engine's word is not taken for success. The identity that counts is the config's digest; engines with a
//! containerd store know an image by its manifest's digest instead, so the manifest that we compose is accepted too.

use std::sync::Arc;
use std::time::Duration;

use archive::Archive;
use camino::Utf8PathBuf;
use cli::Reporter;
use engine::Engine;
use failure::{Code, Failure};
use naming::{Digest, Reference};
use registry::{Store, Target};

use crate::load::choice::{Choice, choose, refuse_shared};
use crate::load::item::{EngineState, Item, look_by_tags};
use crate::load::pin::Pin;
use crate::load::presence::Presence;
use crate::load::record;
use crate::load::sender::Sender;
use crate::load::unit::{LoadUnit, confirm, refuse_taken};

/// How many archives are open at a time: systems give a process a thousand files.
const MAX_BATCH: usize = 400;

/// Brings archives into an engine.
pub struct Loader<'a> {
    /// The store that registered archives belong to.
    pub store: &'a Store,
    /// The engine to load into.
    pub engine: &'a Engine,
    /// Where progress and warnings go.
    pub reporter: &'a Reporter,
    /// How long to wait for the registry's lock when counting the use.
    pub lock_timeout: Duration,
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
        self.load_all(std::slice::from_ref(target))
            .pop()
            .unwrap_or_else(|| Ok(Vec::new()))
    }

    /// Loads archives, in order; layers that they share are sent once. Without `keep_going`, the first
    /// failure is the last outcome.
    ///
    /// An archive that is not what its entry says is looked at once more when the registry is at rest: it may
    /// just be replaced.
    pub fn load_all(&self, targets: &[Target]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        while outcomes.len() < targets.len() {
            let batch = &targets[outcomes.len()..];
            for (target, mut outcome) in batch.iter().zip(self.load_batch(batch)) {
                if outcome
                    .as_ref()
                    .is_err_and(|failure| matches!(failure.code(), Code::Archive | Code::Engine))
                    && let Some(newer) = self.newer(target)
                {
                    let again = self.load_batch(std::slice::from_ref(&newer)).pop();
                    outcome = again.unwrap_or(outcome);
                }
                let failed = outcome.is_err();
                outcomes.push(outcome);
                if failed && !self.keep_going {
                    return outcomes;
                }
            }
        }
        outcomes
    }

    /// The target as the registry has it now, if that is another image than before.
    fn newer(&self, target: &Target) -> Option<Target> {
        let old = target.entry.as_ref()?;
        let registry = self.store.read_at_rest(self.lock_timeout).ok()?;
        let entry = registry.get(&old.name)?;
        let moved = entry.image_id != old.image_id || entry.file != old.file;
        Target::registered(self.store, entry).ok().filter(|_| moved)
    }

    /// Loads the first of these archives together, as many as can be: at least one.
    fn load_batch(&self, targets: &[Target]) -> Vec<Outcome> {
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
        let outcomes = self.load_opened(targets, &batch);
        match outcomes {
            Ok(outcomes) => self.count(targets, outcomes),
            // The engine itself failed: that is true of every archive.
            Err(failure) => targets.iter().map(|_| Err(failure.clone())).collect(),
        }
    }

    fn conflicts(&self, batch: &[Result<Vec<Item>, Failure>], items: &[Item]) -> bool {
        let mut before = batch.iter().flatten().flatten();
        before.any(|other| items.iter().any(|item| item.conflicts(other)))
    }

    /// Opens an archive, and chooses images and tags.
    fn open(&self, target: &Target) -> Result<Vec<Item>, Failure> {
        let archive = Arc::new(Archive::open(&target.path)?);
        let mut choices = choose(&archive, target.entry.as_ref(), self.reporter)?;
        if let Some(also) = &self.also {
            let [choice] = &mut choices[..] else {
                return Err(Failure::usage(format!(
                    "`--tag` names one image, and {} holds {}",
                    target.path,
                    choices.len()
                )));
            };
            let pin = Pin {
                entry: target.entry.as_ref(),
                path: &target.path,
            };
            pin.give(choice, &archive.images()[choice.image], [also])?;
        }
        if let (Some(only), [choice]) = (&self.only, &mut choices[..]) {
            *choice = Choice::new(choice.image);
            choice.give(only, target.entry.is_none());
        }
        refuse_shared(&choices, &archive, self.engine)?;
        if self.force {
            choices.iter_mut().for_each(|choice| choice.guarded.clear());
        }
        let items = choices
            .into_iter()
            .filter_map(|choice| Item::new(&archive, choice));
        Ok(items.collect())
    }

    /// Makes the engine hold what was opened. The outcomes end at the first failure, unless `keep_going`.
    fn load_opened(
        &self,
        targets: &[Target],
        batch: &[Result<Vec<Item>, Failure>],
    ) -> Result<Vec<Outcome>, Failure> {
        let items: Vec<&Item> = batch.iter().flatten().flatten().collect();
        let mut states = look_by_tags(self.engine, &items)?;
        let complete = states.iter().all(|state| state.complete);
        let presence = if complete {
            Presence::default()
        } else {
            Presence::of(self.engine)?
        };
        for (item, state) in items.iter().zip(&mut states) {
            state.id = state.id.or_else(|| item.held_as(&presence));
        }
        let mut states = states.iter();
        let mut units = Vec::new();
        let mut outcomes: Vec<Option<Outcome>> = Vec::new();
        for (number, (target, opened)) in targets.iter().zip(batch).enumerate() {
            let items = match opened {
                Ok(items) => items,
                Err(failure) => {
                    outcomes.push(Some(Err(failure.clone())));
                    continue;
                }
            };
            let states: Vec<_> = states.by_ref().take(items.len()).collect();
            let unit = self.unit(number, target, items, &states);
            let unit = unit.and_then(|unit| self.tag_present(&unit).map(|()| unit));
            outcomes.push(match unit {
                Err(failure) => Some(Err(failure)),
                Ok(unit) if unit.items.is_empty() => Some(Ok(described(target, items, &[]))),
                Ok(unit) => {
                    units.push(unit);
                    None
                }
            });
            if !self.keep_going && matches!(outcomes.last(), Some(Some(Err(_)))) {
                break;
            }
        }
        if !units.is_empty() {
            self.send(targets, batch, &units, &presence, &mut outcomes)?;
        }
        // What was not reached comes after a failure, and so may what was sent at the same time as it failed.
        let outcomes = outcomes.into_iter().map_while(|outcome| outcome);
        let mut failed = false;
        let reached = outcomes.take_while(|outcome| {
            let is_reached = !failed || self.keep_going;
            failed |= outcome.is_err();
            is_reached
        });
        Ok(reached.collect())
    }

    /// Sends what the engine lacks, and fills in what became of it.
    fn send(
        &self,
        targets: &[Target],
        batch: &[Result<Vec<Item>, Failure>],
        units: &[LoadUnit],
        presence: &Presence,
        outcomes: &mut [Option<Outcome>],
    ) -> Result<(), Failure> {
        let registry = self.store.read_or_empty()?;
        let sender = Sender {
            store: self.store,
            registry: &registry,
            engine: self.engine,
            reporter: self.reporter,
            lock_timeout: self.lock_timeout,
            jobs: self.jobs,
            keep_going: self.keep_going,
        };
        for (number, sent) in sender.send(units, presence) {
            let unit = units.iter().find(|unit| unit.number == number);
            if let (Some(unit), Ok(items)) = (unit, &batch[number]) {
                let loaded = sent.map(|()| described(&targets[number], items, &unit.items));
                outcomes[number] = Some(loaded);
            }
        }
        Ok(())
    }

    /// Decides what each image of an archive lacks: nothing if the engine has it under its tags, tags if it has it under others,
    /// else all.
    fn unit<'i>(
        &self,
        number: usize,
        target: &'i Target,
        items: &'i [Item],
        states: &[&EngineState],
    ) -> Result<LoadUnit<'i>, Failure> {
        let mut unit = LoadUnit {
            number,
            entry: target.entry.as_ref(),
            items: Vec::new(),
            held: Vec::new(),
        };
        for (item, state) in items.iter().zip(states) {
            refuse_taken(item, state)?;
            match state.id {
                _ if state.complete => self
                    .reporter
                    .detail(format!("{}: already in the engine", target.path)),
                Some(_) => unit.held.push(item),
                None => unit.items.push(item),
            }
        }
        Ok(unit)
    }

    /// Checks the archive's images that the engine has under other tags: nothing is sent, but a tag is a promise all the same.
    /// They get their tags, unless others of the archive are to be sent before.
    fn tag_present(&self, unit: &LoadUnit) -> Result<(), Failure> {
        for item in &unit.held {
            item.stack.archive().verify(item.image())?;
        }
        match unit.items.is_empty() {
            true => Ok(confirm(self.engine, &[unit])?),
            false => Ok(()),
        }
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
        match record::count_use(self.store, &names, self.lock_timeout, self.reporter) {
            Ok(()) => outcomes,
            Err(failure) => outcomes
                .into_iter()
                .map(|outcome| outcome.and(Err(failure.clone())))
                .collect(),
        }
    }
}

fn described(target: &Target, items: &[Item], sent: &[&Item]) -> Vec<Loaded> {
    let described = items.iter().map(|item| Loaded {
        reference: item
            .tags
            .first()
            .map_or_else(|| item.image().image_id.to_string(), Reference::to_string),
        path: target.path.clone(),
        name: target.entry.as_ref().map(|entry| entry.name.clone()),
        image_id: item.image().image_id,
        loaded: sent.iter().any(|sent| std::ptr::eq(*sent, item)),
    });
    described.collect()
}
