//! The state of an engine: its images, and its layers by their chains.

use std::collections::{HashMap, HashSet};
use std::thread;

use archive::digest_of;
use engine::{Engine, Held, ImageInfo, StoreKind};
use failure::Failure;
use naming::Digest;
use registry::Entry;

use crate::load::decide::Request;

/// The state of an engine at one time; empty by default.
#[derive(Debug, Default)]
pub struct EngineState {
    /// `None` if the engine was not asked.
    pub(crate) kind: Option<StoreKind>,
    chains: HashSet<Digest>,
    images: HashMap<Digest, Vec<Digest>>,
}

impl EngineState {
    /// Asks the engine.
    pub fn of(engine: &Engine) -> Result<Self, Failure> {
        let (kind, held) = thread::scope(|scope| {
            let kind = scope.spawn(|| engine.store());
            let held = engine.held();
            (kind.join(), held)
        });
        let kind = kind.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok(Self::new(kind?, held?))
    }

    /// The state that some of its images show.
    pub(crate) fn shown_by(engine: &Engine, images: Vec<ImageInfo>) -> Result<Self, Failure> {
        if images.is_empty() {
            return Ok(Self::default());
        }
        let kind = engine.store_of(&images)?;
        let held = images.into_iter().filter_map(|image| {
            Some(Held {
                id: image.id,
                diff_ids: image.diff_ids?,
            })
        });
        Ok(Self::new(kind, held.collect()))
    }

    pub(crate) fn new(kind: StoreKind, held: Vec<Held>) -> Self {
        let mut chains = HashSet::new();
        let mut images = HashMap::new();
        for image in held {
            if kind != StoreKind::Containerd {
                chains.extend(chain_ids(&image.diff_ids));
            }
            images.insert(image.id, image.diff_ids);
        }
        Self {
            kind: Some(kind),
            chains,
            images,
        }
    }

    /// Whether the engine has the image of an entry, as far as this can be decided without its archive. Compares
    /// identities, which an engine with a containerd store does not know.
    pub fn has_image_of(&self, entry: &Entry) -> bool {
        entry.image_id.is_some_and(|id| self.image(id).is_some())
    }

    /// The diff_ids of an image that the engine has.
    pub(crate) fn image(&self, id: Digest) -> Option<&[Digest]> {
        self.images.get(&id).map(Vec::as_slice)
    }

    /// Whether the engine has an image, tagged or not.
    pub(crate) fn has(&self, request: &Request) -> bool {
        let is_it = |id: &Digest| self.image(*id) == Some(request.diff_ids);
        request.ids.iter().any(is_it)
    }

    pub(crate) fn has_chain(&self, chain: &Digest) -> bool {
        self.chains.contains(chain)
    }

    pub(crate) fn is_containerd(&self) -> bool {
        self.kind == Some(StoreKind::Containerd)
    }
}

/// The chain ID of each layer (OCI image specification, config.md, "Layer ChainID").
pub(crate) fn chain_ids(diff_ids: &[Digest]) -> impl Iterator<Item = Digest> {
    diff_ids
        .iter()
        .scan(None, |below: &mut Option<Digest>, diff_id| {
            let chain = match below {
                None => *diff_id,
                Some(below) => digest_of(format!("{below} {diff_id}").as_bytes()),
            };
            *below = Some(chain);
            Some(chain)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_as_the_specification_says() {
        let [one, two] = [1, 2].map(|number| Digest::from_bytes([number; 32]));
        let chains: Vec<_> = chain_ids(&[one, two]).collect();
        let expected = digest_of(format!("{one} {two}").as_bytes());
        assert_eq!(chains, [one, expected]);
    }
}
