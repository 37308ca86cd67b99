//! Which layers of an image the engine has, so that they need not be sent.
//!
//! An engine with a graph driver, and podman, look a layer up by its chain: its own diff_id and those of all
//! layers below. So what can be left out is a leading run of layers that some image in the engine has as
//! well. A containerd store goes by the digest of the very blob, as it was compressed when it came:
//! equal diff_ids prove nothing there, and a wrong guess would make an image that runs and can't be
//! saved. What does prove it is an image that only this program's own stream makes: one whose manifest
//! is the one that is composed here.

use std::collections::{HashMap, HashSet};
use std::thread;

use archive::compose::manifest_digest;
use archive::{Stack, digest_of};
use engine::{Engine, Held, StoreKind};
use naming::Digest;

/// What an engine holds; by default nothing.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    /// `None` where the engine was not asked.
    kind: Option<StoreKind>,
    chains: HashSet<Digest>,
    images: HashMap<Digest, Vec<Digest>>,
}

impl Presence {
    /// Asks the engine.
    pub(crate) fn of(engine: &Engine) -> Result<Self, engine::Error> {
        let (kind, held) = thread::scope(|scope| {
            let kind = scope.spawn(|| engine.store());
            let held = engine.held();
            (kind.join(), held)
        });
        let kind = kind.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok(Self::new(kind?, held?))
    }

    fn new(kind: StoreKind, held: Vec<Held>) -> Self {
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

    /// How many of an image's lowest layers need not be sent. `bases` are images that it may stand on.
    pub(crate) fn layers(&self, stack: &Stack, bases: &[Stack]) -> usize {
        let run = |has: &dyn Fn(usize, &Digest) -> bool| {
            let chains = chain_ids(stack.diff_ids());
            let run = chains
                .enumerate()
                .take_while(|(layer, chain)| has(*layer, chain));
            run.count()
        };
        let Some(kind) = self.kind else {
            return 0;
        };
        match kind {
            StoreKind::GraphDriver => run(&|_, chain| self.chains.contains(chain)),
            // podman reads the manifest, which tells lengths.
            StoreKind::Podman => {
                run(&|layer, chain| self.chains.contains(chain) && stack.tar_size(layer).is_some())
            }
            StoreKind::Containerd => {
                let proven = bases.iter().filter(|base| {
                    let diff_ids = base.diff_ids();
                    stack.diff_ids().starts_with(diff_ids)
                        && manifest_digest(base.image())
                            .and_then(|id| self.images.get(&id))
                            .is_some_and(|held| held == diff_ids)
                        && (0..diff_ids.len()).all(|layer| stack.tar_size(layer).is_some())
                });
                let lengths = proven.map(|base| base.diff_ids().len());
                lengths.max().unwrap_or_default()
            }
        }
    }

    /// The diff_ids of an image that the engine holds.
    pub(crate) fn image(&self, id: Digest) -> Option<&[Digest]> {
        self.images.get(&id).map(Vec::as_slice)
    }

    /// Whether a layer may become the beginning of an earlier stream that broke off in it, and the rest of this one. containerd
    /// keeps what it has of a member by the member's name, and goes on behind that when the name comes again (28). Where
    /// the earlier bytes were damaged the image is not there afterwards, though the engine says so; but they are gone, too.
    pub(crate) fn continues_streams(&self) -> bool {
        self.kind == Some(StoreKind::Containerd)
    }

    /// Whether images that one may stand on matter here.
    pub(crate) fn needs_bases(&self) -> bool {
        self.kind == Some(StoreKind::Containerd)
    }
}

/// The chain ID of each layer (OCI image specification, config.md, "Layer ChainID").
fn chain_ids(diff_ids: &[Digest]) -> impl Iterator<Item = Digest> {
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

    fn digest(number: u8) -> Digest {
        Digest::from_bytes([number; 32])
    }

    #[test]
    fn chains_are_as_the_specification_says() {
        let chains: Vec<_> = chain_ids(&[digest(1), digest(2)]).collect();
        let text = format!("{} {}", digest(1), digest(2));
        let expected = digest_of(text.as_bytes());
        assert_eq!(chains, [digest(1), expected]);
    }

    #[test]
    fn only_a_leading_run_of_layers_is_present() {
        let held = |diff_ids: &[u8]| Held {
            id: digest(100),
            diff_ids: diff_ids.iter().copied().map(digest).collect(),
        };
        for (engine, image, expected) in [
            (&[1, 2][..], &[1, 2, 3][..], 2),
            (&[1, 2, 3], &[1, 2], 2),
            (&[1, 2], &[1, 2], 2),
            (&[2, 1], &[1, 2], 0),
            (&[2, 3], &[1, 2, 3], 0),
            (&[1, 3], &[1, 2, 3], 1),
            (&[], &[1], 0),
            (&[1], &[], 0),
        ] {
            let presence = Presence::new(StoreKind::GraphDriver, vec![held(engine)]);
            let image: Vec<_> = image.iter().copied().map(digest).collect();
            let run = chain_ids(&image).take_while(|chain| presence.chains.contains(chain));
            assert_eq!(run.count(), expected, "{engine:?} {image:?}");
        }
    }
}
