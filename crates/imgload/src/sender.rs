//! Sending what the engine lacks, as one stream where possible.
//!
//! All archives go together, so that what they share is sent once. What the engine has is left out. When it
//! refuses that, everything is sent; when it refuses that too, one archive at a time, so that those
//! that are good arrive and the failure is about the one that is not.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};

use archive::compose::{Choice as Composed, compose, length};
use archive::{Stack, digest_of};
use cli::{Code, Failure, Reporter, in_order};
use engine::{Engine, LoadError};
use naming::Digest;
use registry::{Registry, Store};

use crate::parcel::Parcel;
use crate::presence::Presence;

/// Sends parcels to an engine.
pub(crate) struct Sender<'a> {
    pub store: &'a Store,
    pub registry: &'a Registry,
    pub engine: &'a Engine,
    pub reporter: &'a Reporter,
    /// How many streams there are at a time.
    pub jobs: usize,
    pub keep_going: bool,
}

/// Why a stream did not make it.
enum Refusal {
    /// The engine refused this very stream: another may do.
    Engine(Failure),
    /// An archive is not what it should be, or the engine is gone.
    Final(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Final(failure)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Engine(failure) | Refusal::Final(failure) => failure,
        }
    }
}

/// What became of a parcel, by its number.
type Outcomes = Vec<(usize, Result<(), Failure>)>;

impl Sender<'_> {
    /// Sends all. Without `keep_going` it ends at the first failure, and what would have come after it has no
    /// outcome.
    pub(crate) fn send(&self, parcels: &[Parcel], presence: &Presence) -> Outcomes {
        let groups = self.groups(parcels, presence);
        let jobs = self.jobs.min(groups.len());
        if jobs <= 1 {
            let all: Vec<_> = parcels.iter().collect();
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

    fn send_group(&self, parcels: &[&Parcel], presence: &Presence) -> Outcomes {
        let sent = self.stream(parcels, presence);
        match (sent, parcels) {
            (Ok(()), _) => parcels
                .iter()
                .map(|parcel| (parcel.number, Ok(())))
                .collect(),
            (Err(refusal), [only]) => vec![(only.number, Err(refusal.into()))],
            (Err(_), several) => {
                let mut outcomes = Outcomes::new();
                for parcel in several {
                    let outcome = self.stream(&[parcel], presence).map_err(Failure::from);
                    let stop = outcome.is_err() && !self.keep_going;
                    outcomes.push((parcel.number, outcome));
                    if stop {
                        break;
                    }
                }
                outcomes
            }
        }
    }

    /// One stream with all of these, without what the engine has; if that is refused, with everything.
    fn stream(&self, parcels: &[&Parcel], presence: &Presence) -> Result<(), Refusal> {
        let mut present = Vec::new();
        let mut stacks = Vec::new();
        for parcel in parcels {
            for item in &parcel.items {
                let held = presence.layers(&item.stack, &self.bases(parcel, presence));
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
            match self.try_stream(parcels, &stacks, &present) {
                Err(Refusal::Engine(failure)) => self.reporter.detail(format!(
                    "the engine does not take the new layers alone ({}); sending all",
                    first_line(&failure)
                )),
                done => return done,
            }
            for stack in &mut stacks {
                if stack.lacks().is_some() {
                    *stack = self.complete(stack)?;
                }
            }
        }
        let all = || self.try_stream(parcels, &stacks, &vec![0; stacks.len()]);
        match all() {
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

    /// Parcels that lack the same layer go together, because it is to be sent once; others can go at the same
    /// time.
    fn groups<'b>(
        &self,
        parcels: &'b [Parcel<'b>],
        presence: &Presence,
    ) -> Vec<Vec<&'b Parcel<'b>>> {
        let mut groups: Vec<Vec<&Parcel>> = Vec::new();
        let mut owner: HashMap<Digest, usize> = HashMap::new();
        for parcel in parcels {
            let missing = parcel.items.iter().flat_map(|item| {
                let present = presence.layers(&item.stack, &self.bases(parcel, presence));
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
            groups[home].push(parcel);
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

    /// The images that a parcel may stand on, where they matter.
    fn bases(&self, parcel: &Parcel, presence: &Presence) -> Vec<Stack> {
        match parcel.entry.filter(|_| presence.needs_bases()) {
            Some(entry) => thin::ancestors(self.store, self.registry, entry),
            None => Vec::new(),
        }
    }

    fn complete(&self, stack: &Stack) -> Result<Stack, Failure> {
        Ok(thin::complete(self.store, self.registry, stack.clone())?)
    }

    fn try_stream(
        &self,
        parcels: &[&Parcel],
        stacks: &[Stack],
        present: &[usize],
    ) -> Result<(), Refusal> {
        let items = parcels.iter().flat_map(|parcel| &parcel.items);
        let choices: Vec<_> = items
            .zip(stacks.iter().zip(present))
            .map(|(item, (stack, present))| Composed {
                stack,
                tags: &item.tags,
                present: *present,
            })
            .collect();
        let length = length(&choices);
        let what = match parcels {
            [only] => only.subject(),
            several => format!("{} archives", several.len()),
        };
        self.reporter
            .info(format!("loading {what} ({})", cli::size(length)));
        let progress = self
            .reporter
            .progress(format!("loading {what}"), Some(length));
        let fed = self
            .engine
            .load(|stream| compose(&choices, &mut progress.counting(stream)));
        drop(progress);
        let refused = match fed {
            Ok(manifests) => {
                let items = parcels.iter().flat_map(|parcel| &parcel.items);
                for (item, manifest) in items.zip(manifests) {
                    item.was_composed(manifest);
                }
                let checked = parcels
                    .iter()
                    .try_for_each(|parcel| parcel.check(self.engine));
                match checked {
                    Ok(()) => return Ok(()),
                    Err(failure) => Refusal::Engine(failure),
                }
            }
            Err(LoadError::Engine(error @ engine::Error::Failed { .. })) => {
                Refusal::Engine(error.into())
            }
            Err(error) => Refusal::Final(error.into()),
        };
        for parcel in parcels {
            parcel.restore(self.engine, self.reporter);
        }
        Err(match refused {
            Refusal::Engine(failure) if failure.code() != Code::Engine => Refusal::Final(failure),
            refused => refused,
        })
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
