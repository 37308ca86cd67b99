//! The images of one archive, which are loaded all or none.
//!
//! Images are sent without names. The engine must first hold them all, complete and under the IDs that were computed before.
//! Then each gets its tags, one call a tag. So a failed load moves no tag.

use engine::Engine;
use failure::{Code, Failure};

use crate::load::decide::refuse_taken;
use crate::load::item::{Item, look};

/// The images of one archive that the engine lacks, or that lack a tag.
#[derive(Debug)]
pub(crate) struct LoadUnit<'a> {
    /// The number of the archive among the requested ones.
    pub number: usize,
    /// Images that the engine lacks.
    pub to_send: Vec<ToSend<'a>>,
    /// Images that lack a tag in the engine.
    pub to_tag: Vec<&'a Item>,
}

/// An image that the engine lacks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToSend<'a> {
    pub item: &'a Item,
    /// The number of its lowest layers to leave out.
    pub present: usize,
}

impl LoadUnit<'_> {
    pub(crate) fn new(number: usize) -> Self {
        Self {
            number,
            to_send: Vec::new(),
            to_tag: Vec::new(),
        }
    }

    /// The subject of failures.
    pub(crate) fn subject(&self) -> String {
        let archive = self.all().next().map(|item| item.stack.archive().path());
        archive.map_or_else(String::new, ToString::to_string)
    }

    fn all(&self) -> impl Iterator<Item = &Item> {
        let sent = self.to_send.iter().map(|sent| sent.item);
        sent.chain(self.to_tag.iter().copied())
    }

    fn not_held(&self, item: &Item) -> Failure {
        let id = item.image().image_id;
        let message = format!("the engine reported success, but has no image {id}");
        Failure::new(Code::Engine, message)
            .about(self.subject())
            .with_hint("check the engine's log and its free disk space")
    }
}

/// Why images were not loaded.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The engine refused this stream, or accepted it and lacks the images. It may accept another stream.
    Engine(Failure),
    /// An image was removed between its check and its tag.
    Lost(Failure),
    /// An archive is invalid, or the engine is unreachable.
    Final(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Final(failure)
    }
}

impl From<engine::Error> for Refusal {
    fn from(error: engine::Error) -> Self {
        match error {
            engine::Error::Failed { .. } => Self::Engine(error.into()),
            _ => Self::Final(error.into()),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Engine(failure) | Refusal::Lost(failure) | Refusal::Final(failure) => failure,
        }
    }
}

/// Checks that the engine holds every image, and tags them. The engine's own report of a load is not trusted.
pub(crate) fn confirm(engine: &Engine, units: &[&LoadUnit]) -> Result<(), Refusal> {
    // For a guarded tag, only one engine call passes between its check and its change.
    let takes_all = |unit: &&LoadUnit| unit.all().all(|item| item.guarded.is_empty());
    let (free, guarded): (Vec<_>, Vec<_>) = units.iter().partition(|unit| takes_all(unit));
    let guarded = guarded.chunks(1);
    let mut parts = [&free[..]].into_iter().chain(guarded);
    parts.try_for_each(|units| confirm_together(engine, units))
}

fn confirm_together(engine: &Engine, units: &[&LoadUnit]) -> Result<(), Refusal> {
    let items: Vec<_> = units.iter().flat_map(|unit| unit.all()).collect();
    let states = look(engine, &items)?;
    let owners = units.iter().flat_map(|unit| unit.all().map(move |_| *unit));
    let owners: Vec<_> = owners.collect();
    let mut to_tag = Vec::new();
    for ((unit, item), state) in owners.iter().zip(&items).zip(&states) {
        let Some(id) = state.id else {
            return Err(Refusal::Engine(unit.not_held(item)));
        };
        let refused = |failure: Failure| Refusal::Final(failure.about(unit.subject()));
        refuse_taken(&item.tags, &item.guarded, state).map_err(refused)?;
        to_tag.extend(item.missing_tags(state).map(|tag| (id, tag)));
    }
    for (id, tag) in to_tag {
        let tagged = engine.tag(&id.to_string(), tag);
        tagged.map_err(|error| match error.is_missing() {
            true => Refusal::Lost(error.into()),
            false => Refusal::Final(error.into()),
        })?;
    }
    Ok(())
}
