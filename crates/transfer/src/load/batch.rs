//! Loads opened archives: inspect the engine, decide, send, confirm.

use failure::Failure;
use naming::Reference;
use registry::{Registry, Target};

use crate::load::decide::{Action, NameState, decide, present_layers};
use crate::load::engine_state::EngineState;
use crate::load::item::{Item, bases, look_around, look_by_tags};
use crate::load::loader::{Loaded, Loader, Outcome};
use crate::load::relatives::relatives;
use crate::load::sender::Sender;
use crate::load::unit::{LoadUnit, ToSend, confirm};

/// The largest number of images that are inspected by all their names at once.
const MAX_ASKED_AT_ONCE: usize = 16;
/// The stored size in bytes that justifies a list of all images. It takes half a second to send at a gigabit a second.
const MANY_BYTES: u64 = 64 << 20;

impl Loader<'_> {
    /// Makes the engine hold the opened images. The outcomes end at the first failure, unless `keep_going` is set.
    pub(crate) fn load_opened(
        &self,
        registry: &Registry,
        targets: &[Target],
        batch: &[Result<Vec<Item>, Failure>],
    ) -> Result<Vec<Outcome>, Failure> {
        let items: Vec<&Item> = batch.iter().flatten().flatten().collect();
        let (names, state) = self.look(registry, targets, &items)?;
        let mut names = names.iter();
        let mut units = Vec::new();
        let mut outcomes: Vec<Option<Outcome>> = Vec::new();
        for (number, (target, opened)) in targets.iter().zip(batch).enumerate() {
            let unit = opened.as_ref().map_err(Clone::clone).and_then(|items| {
                let bases = |names: &NameState| match &target.entry {
                    Some(entry) if names.id.is_none() => {
                        bases(self.session.store, registry, entry, &state)
                    }
                    _ => Vec::new(),
                };
                let mut unit = LoadUnit::new(number);
                // Also after a refusal, so that later items get their own names.
                let names: Vec<_> = names.by_ref().take(items.len()).collect();
                for (item, names) in items.iter().zip(names) {
                    match decide(&item.request(&bases(names)), names, &state)? {
                        Action::Present => self
                            .session
                            .reporter
                            .detail(format!("{}: already in the engine", target.path)),
                        Action::Tag => unit.to_tag.push(item),
                        Action::Send { present } => unit.to_send.push(ToSend { item, present }),
                    }
                }
                self.tag_present(&unit)?;
                Ok((unit, items))
            });
            outcomes.push(match unit {
                Err(failure) => Some(Err(failure)),
                Ok((unit, items)) if unit.to_send.is_empty() => {
                    Some(Ok(described(target, items, &unit)))
                }
                Ok(unit) => {
                    units.push(unit.0);
                    None
                }
            });
            if !self.keep_going && matches!(outcomes.last(), Some(Some(Err(_)))) {
                break;
            }
        }
        let sender = Sender {
            session: self.session,
            registry,
            jobs: self.jobs,
            keep_going: self.keep_going,
        };
        for (number, sent) in sender.send(&units) {
            let unit = units.iter().find(|unit| unit.number == number);
            if let (Some(unit), Ok(items)) = (unit, &batch[number]) {
                outcomes[number] = Some(sent.map(|()| described(&targets[number], items, unit)));
            }
        }
        // After a failure, there may be units that were not reached, and others that were sent at the same time.
        let outcomes = outcomes.into_iter().map_while(|outcome| outcome);
        let mut failed = false;
        let reached = outcomes.take_while(|outcome| {
            let is_reached = !failed || self.keep_going;
            failed |= outcome.is_err();
            is_reached
        });
        Ok(reached.collect())
    }

    /// Inspects these images in the engine, in one call if they are few. The tags alone show if all are present.
    fn look(
        &self,
        registry: &Registry,
        targets: &[Target],
        items: &[&Item],
    ) -> Result<(Vec<NameState>, EngineState), Failure> {
        let engine = self.session.engine;
        if items.len() > MAX_ASKED_AT_ONCE {
            let names = look_by_tags(engine, items)?;
            if names.iter().all(NameState::is_complete) {
                return Ok((names, EngineState::default()));
            }
        }
        let relatives = relatives(registry, targets);
        let (names, shown) = look_around(engine, items, &relatives)?;
        let mut lacking = items
            .iter()
            .zip(&names)
            .filter(|(_, names)| names.id.is_none());
        let state = EngineState::shown_by(engine, shown)?;
        // A large image may stand on an image that was not inspected.
        let is_worth_it = lacking.any(|(item, _)| {
            let bytes = item.image().stored_size();
            bytes > MANY_BYTES && present_layers(&item.request(&[]), &state) == 0
        });
        match is_worth_it {
            true => Ok((names, EngineState::of(engine)?)),
            false => Ok((names, state)),
        }
    }

    /// Tags the archive's images that the engine has under other tags, unless other images of the archive must be sent before.
    /// The engine knows them by their digests, so the archive is not read.
    fn tag_present(&self, unit: &LoadUnit) -> Result<(), Failure> {
        match unit.to_send.is_empty() {
            true => Ok(confirm(self.session.engine, &[unit])?),
            false => Ok(()),
        }
    }
}

fn described(target: &Target, items: &[Item], unit: &LoadUnit) -> Vec<Loaded> {
    let is_sent = |item| {
        let mut sent = unit.to_send.iter();
        sent.any(|sent| std::ptr::eq(sent.item, item))
    };
    let described = items.iter().map(|item| Loaded {
        reference: item
            .tags
            .first()
            .map_or_else(|| item.image().image_id.to_string(), Reference::to_string),
        path: target.path.clone(),
        name: target.entry.as_ref().map(|entry| entry.name.clone()),
        image_id: item.image().image_id,
        loaded: is_sent(item),
    });
    described.collect()
}
