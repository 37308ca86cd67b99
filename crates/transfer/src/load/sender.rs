//! Sending what the engine lacks, as one stream where possible.
//!
//! All archives go together, so that what they share is sent once. What the engine has is left out. When it
//! refuses that, everything is sent; when it refuses that too, one archive at a time, so that those
//! that are good arrive and the failure is about the one that is not.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use archive::compose::{Choice as Composed, compose, compose_by_trailers, length};
use archive::{Stack, digest_of};
use cli::{Reporter, in_order};
use engine::{Engine, LoadError};
use failure::Failure;
use naming::Digest;
use registry::{Registry, Store};

use crate::load::item::Item;
use crate::load::presence::Presence;
use crate::load::unit::{LoadUnit, Refusal, confirm};

/// Sends images to an engine.
pub(crate) struct Sender<'a> {
    pub store: &'a Store,
    pub registry: &'a Registry,
    pub engine: &'a Engine,
    pub reporter: &'a Reporter,
    /// How long to wait for the registry's lock.
    pub lock_timeout: Duration,
    /// How many streams there are at a time.
    pub jobs: usize,
    pub keep_going: bool,
}

/// What became of a unit, by its number.
type Outcomes = Vec<(usize, Result<(), Failure>)>;

impl Sender<'_> {
    /// Sends all. Without `keep_going` it ends at the first failure, and what would have come after it has no
    /// outcome.
    pub(crate) fn send(&self, units: &[LoadUnit], presence: &Presence) -> Outcomes {
        let groups = self.groups(units, presence);
        let jobs = self.jobs.min(groups.len());
        if jobs <= 1 {
            let all: Vec<_> = units.iter().collect();
            return self.send_group(&all, presence);
        }
        let failed = AtomicBool::new(false);
        let mut outcomes = Outcomes::new();
        let send = |number: usize| {
            if failed.load(Ordering::Relaxed) && !self.keep_going {
                return Outcomes::new();
            }
            let done = self.send_group(&groups[number], presence);
            if done.iter().any(|(_, outcome)| outcome.is_err()) {
                failed.store(true, Ordering::Relaxed);
            }
            done
        };
        let Ok(()) = in_order(groups.len(), jobs, send, |done| {
            outcomes.extend(done);
            Ok::<_, Infallible>(())
        });
        outcomes
    }

    fn send_group(&self, units: &[&LoadUnit], presence: &Presence) -> Outcomes {
        let sent = self.stream(units, presence);
        match (sent, units) {
            (Ok(()), _) => units.iter().map(|unit| (unit.number, Ok(()))).collect(),
            (Err(refusal), [only]) => vec![(only.number, Err(refusal.into()))],
            (Err(_), several) => {
                let mut outcomes = Outcomes::new();
                for unit in several {
                    let outcome = self.stream(&[unit], presence).map_err(Failure::from);
                    let stop = outcome.is_err() && !self.keep_going;
                    outcomes.push((unit.number, outcome));
                    if stop {
                        break;
                    }
                }
                outcomes
            }
        }
    }

    /// One stream with all of these, without what the engine has; if that is refused, with everything.
    fn stream(&self, units: &[&LoadUnit], presence: &Presence) -> Result<(), Refusal> {
        let mut present = Vec::new();
        let mut stacks = Vec::new();
        for unit in units {
            for item in &unit.items {
                let held = presence.layers(&item.stack, &self.bases(unit, presence));
                present.push(held);
                // The base's archive is opened only where something of it is to be sent.
                let layers = &item.image().layers;
                stacks.push(if layers[held..].iter().any(|layer| layer.left_out) {
                    self.complete(&item.stack)?
                } else {
                    item.stack.clone()
                });
            }
        }
        if present.iter().any(|present| *present > 0) {
            match self.try_stream(units, presence, &stacks, &present) {
                Err(Refusal::Engine(failure) | Refusal::Lost(failure)) => {
                    self.reporter.detail(format!(
                        "the engine does not take the new layers alone ({}); sending all",
                        first_line(&failure)
                    ));
                }
                done => return done,
            }
            for stack in &mut stacks {
                if stack.lacks().is_some() {
                    *stack = self.complete(stack)?;
                }
            }
        }
        let all = || self.try_stream(units, presence, &stacks, &vec![0; stacks.len()]);
        match all() {
            Err(Refusal::Lost(failure)) => {
                self.reporter.detail(format!(
                    "an image was removed before it had its tag ({}); sending all again",
                    first_line(&failure)
                ));
                all()
            }
            Err(Refusal::Engine(failure)) if presence.continues_streams() => {
                self.reporter.detail(format!(
                    "the engine may have gone on where an earlier stream broke off ({}); sending all again",
                    first_line(&failure)
                ));
                all()
            }
            done => done,
        }
    }

    /// Units that lack the same layer go together, because it is to be sent once; others can go at the same
    /// time.
    fn groups<'b>(
        &self,
        units: &'b [LoadUnit<'b>],
        presence: &Presence,
    ) -> Vec<Vec<&'b LoadUnit<'b>>> {
        let mut groups: Vec<Vec<&LoadUnit>> = Vec::new();
        let mut owner: HashMap<Digest, usize> = HashMap::new();
        for unit in units {
            let missing = unit.items.iter().flat_map(|item| {
                let present = presence.layers(&item.stack, &self.bases(unit, presence));
                item.stack.diff_ids()[present..].iter()
            });
            let missing: Vec<_> = missing.filter(|diff_id| !is_empty_layer(diff_id)).collect();
            let mut shared: Vec<_> = missing
                .iter()
                .filter_map(|id| owner.get(id).copied())
                .collect();
            shared.sort_unstable();
            shared.dedup();
            let home = shared.first().copied().unwrap_or(groups.len());
            if home == groups.len() {
                groups.push(Vec::new());
            }
            groups[home].push(unit);
            for merged in shared.into_iter().skip(1) {
                let moved = std::mem::take(&mut groups[merged]);
                groups[home].extend(moved);
                owner
                    .values_mut()
                    .filter(|group| **group == merged)
                    .for_each(|group| *group = home);
            }
            owner.extend(missing.into_iter().map(|diff_id| (*diff_id, home)));
        }
        groups.retain(|group| !group.is_empty());
        groups
    }

    /// The images that a unit may stand on, where they matter.
    fn bases(&self, unit: &LoadUnit, presence: &Presence) -> Vec<Stack> {
        match unit.entry.filter(|_| presence.needs_bases()) {
            Some(entry) => thin::ancestors(self.store, self.registry, entry),
            None => Vec::new(),
        }
    }

    fn complete(&self, stack: &Stack) -> Result<Stack, Failure> {
        Ok(thin::complete(self.store, self.registry, stack.clone())?)
    }

    fn try_stream(
        &self,
        units: &[&LoadUnit],
        presence: &Presence,
        stacks: &[Stack],
        present: &[usize],
    ) -> Result<(), Refusal> {
        let items: Vec<&Item> = units
            .iter()
            .flat_map(|unit| unit.items.iter().copied())
            .collect();
        let layers = stacks.iter().zip(present);
        let choices = layers.map(|(stack, present)| Composed {
            stack,
            tags: &[],
            present: *present,
        });
        let choices: Vec<_> = choices.collect();
        let length = length(&choices);
        let what = match units {
            [only] => only.subject(),
            several => format!("{} archives", several.len()),
        };
        self.reporter
            .info(format!("loading {what} ({})", cli::size(length)));
        self.note(&items)?;
        let feed = |by_trailers: bool| {
            let progress = self
                .reporter
                .progress(format!("loading {what}"), Some(length));
            self.engine.load(|stream| {
                let out = &mut progress.counting(stream);
                let manifests = match by_trailers {
                    true => compose_by_trailers(&choices, out)?,
                    false => compose(&choices, out)?,
                };
                // The engine accepts nothing before the end of its input.
                let is_known = items.iter().all(|item| item.knows_manifest());
                for (item, manifest) in items.iter().zip(manifests) {
                    item.was_composed(manifest);
                }
                if !is_known && let Err(failure) = self.note(&items) {
                    self.reporter
                        .detail(format!("cannot note the image that is loaded: {failure}"));
                }
                Ok(())
            })
        };
        // containerd keeps a member that breaks off, and takes it again only with the same length.
        let fed = match feed(!presence.continues_streams()) {
            Err(LoadError::Feed(error @ archive::Error::UnexpectedLength { .. })) => {
                self.reporter.detail(format!("{error}; sending all again"));
                feed(false)
            }
            fed => fed,
        };
        let refused = match fed {
            Ok(()) => match confirm(self.engine, units) {
                Ok(()) => return Ok(()),
                Err(refusal) => refusal,
            },
            Err(LoadError::Engine(error @ engine::Error::Failed { .. })) => {
                Refusal::Engine(error.into())
            }
            Err(error) => Refusal::Final(error.into()),
        };
        self.remove(&items);
        Err(refused)
    }

    /// Notes which images may stay without a name if this process dies. An image that has no tags is to have none.
    fn note(&self, items: &[&Item]) -> Result<(), Failure> {
        let tagged = items.iter().filter(|item| !item.tags.is_empty());
        let ids: Vec<_> = tagged.flat_map(|item| item.ids()).collect();
        match self.store.note_leftovers(&ids, self.lock_timeout) {
            Err(error) if error.is_read_only() => {
                self.reporter
                    .detail(format!("cannot note the image that is loaded: {error}"));
                Ok(())
            }
            noted => Ok(noted?),
        }
    }

    /// Removes what a failed load has left without a name: the engine had none of it before.
    fn remove(&self, items: &[&Item]) {
        let ids: Vec<_> = items.iter().flat_map(|item| item.ids()).collect();
        if let Err(error) = self.engine.remove_dangling(&ids) {
            self.reporter.warn(format!(
                "the image that was not loaded may be left without a name: {error}"
            ));
        }
    }
}

fn first_line(failure: &Failure) -> String {
    let text = failure.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}

/// Whether a layer is the tar without members, which builders put into unrelated images.
fn is_empty_layer(diff_id: &Digest) -> bool {
    digest_of(&[0; 1024]) == *diff_id
}
