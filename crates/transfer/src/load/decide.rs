//! Decides how to bring a requested image into the engine: a pure function of the image and the engine's state.
//!
//! An engine with a graph driver, and podman, find a layer by its chain: its own diff_id and those of all layers below.
//! So leading layers can be left out if some image in the engine has the same ones.
//!
//! A containerd store finds a layer by the digest of its blob, compressed as it came. Equal diff_ids prove no equal
//! blobs there. A wrong guess would create an image that runs but cannot be saved. Proof is an image whose manifest
//! names the same blobs.

use engine::StoreKind;
use failure::{Code, Failure};
use naming::{Digest, Reference};

use crate::load::engine_state::{EngineState, chain_ids};

/// A requested image.
#[derive(Debug, Default)]
pub(crate) struct Request<'a> {
    /// The digests by which engines identify it.
    pub ids: &'a [Digest],
    pub diff_ids: &'a [Digest],
    /// The digests of its lowest layers as stored, as far as they are known.
    pub blobs: Vec<Digest>,
    /// The tags to give it.
    pub tags: &'a [Reference],
    /// The tags that must not be taken from another image.
    pub guarded: &'a [Reference],
    /// Its possible base images. Only a containerd store needs them.
    pub bases: &'a [BaseImage],
}

/// A possible base image.
#[derive(Debug)]
pub(crate) struct BaseImage {
    /// The digest of its manifest, if known. The manifest names these blobs.
    pub manifest: Option<Digest>,
    pub diff_ids: Vec<Digest>,
    /// The digests of its lowest layers as stored, as far as they are known.
    pub blobs: Vec<Digest>,
}

/// The image that a tag names in the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagState {
    /// The requested image.
    Set,
    /// No image.
    Free,
    /// Another image, possibly under another of the engine's names for the tag.
    OnAnother,
}

/// The images under a requested image's names in the engine.
#[derive(Debug)]
pub(crate) struct NameState {
    /// The state of each tag of the image.
    pub tags: Vec<TagState>,
    /// The engine's ID of the image, if one of its names found it.
    pub id: Option<Digest>,
}

impl NameState {
    /// Whether the engine has the image under all its tags.
    pub(crate) fn is_complete(&self) -> bool {
        self.id.is_some() && self.tags.iter().all(|state| *state == TagState::Set)
    }
}

/// The action to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// None: the engine has the image under all its tags.
    Present,
    /// The engine has the image, but not under all tags.
    Tag,
    /// The engine lacks the image.
    Send {
        /// The number of its lowest layers to leave out.
        present: usize,
    },
}

/// Decides. Refuses if another image has a guarded tag.
pub(crate) fn decide(
    request: &Request,
    names: &NameState,
    engine: &EngineState,
) -> Result<Action, Failure> {
    refuse_taken(request.tags, request.guarded, names)?;
    Ok(match names.id.is_some() || engine.has(request) {
        _ if names.is_complete() => Action::Present,
        true => Action::Tag,
        false => Action::Send {
            present: present_layers(request, engine),
        },
    })
}

/// An error if another image has a guarded tag.
pub(crate) fn refuse_taken(
    tags: &[Reference],
    guarded: &[Reference],
    names: &NameState,
) -> Result<(), Failure> {
    let mut states = tags.iter().zip(&names.tags);
    let taken = states.find(|(tag, state)| **state == TagState::OnAnother && guarded.contains(tag));
    let Some((tag, _)) = taken else {
        return Ok(());
    };
    let message = format!("the engine has another image tagged `{tag}`");
    Err(Failure::new(Code::Other, message)
        .with_hint("use `imgload --force` to move the tag to this archive's image"))
}

/// The number of an image's lowest layers to leave out.
pub(crate) fn present_layers(request: &Request, engine: &EngineState) -> usize {
    let known = || {
        let chains = chain_ids(request.diff_ids);
        chains.take_while(|chain| engine.has_chain(chain)).count()
    };
    match engine.kind {
        None => 0,
        Some(StoreKind::GraphDriver) => known(),
        // podman reads the manifest, which contains digests and lengths.
        Some(StoreKind::Podman) => known().min(request.blobs.len()),
        Some(StoreKind::Containerd) => {
            let proven = request.bases.iter().filter(|base| {
                request.diff_ids.starts_with(&base.diff_ids)
                    && base.blobs.len() == base.diff_ids.len()
                    && request.blobs.starts_with(&base.blobs)
                    && base.manifest.and_then(|id| engine.image(id)) == Some(&base.diff_ids[..])
            });
            let lengths = proven.map(|base| base.diff_ids.len());
            lengths.max().unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::Held;

    use super::*;

    fn digest(number: u8) -> Digest {
        Digest::from_bytes([number; 32])
    }

    fn digests(numbers: &[u8]) -> Vec<Digest> {
        numbers.iter().copied().map(digest).collect()
    }

    fn engine(kind: StoreKind, images: &[(u8, &[u8])]) -> EngineState {
        let held = images.iter().map(|(id, layers)| Held {
            id: digest(*id),
            diff_ids: digests(layers),
        });
        EngineState::new(kind, held.collect())
    }

    /// Image 100 of the layers 1, 2 and 3, under the tags `x:1` and `y:1`.
    #[test]
    fn nothing_a_tag_or_the_missing_layers() {
        use TagState::{Free, OnAnother, Set};
        let tags: Vec<Reference> = ["x:1", "y:1"].map(|tag| tag.parse().expect(tag)).into();
        let diff_ids = digests(&[1, 2, 3]);
        let send = |present| Some(Action::Send { present });
        let whole = (100, &[1, 2, 3][..]);
        for (states, by_name, held, guarded, expected) in [
            ([Set, Set], true, &[][..], &tags[..], Some(Action::Present)),
            ([Set, Free], true, &[], &tags, Some(Action::Tag)),
            ([Free, Free], false, &[whole], &tags, Some(Action::Tag)),
            // An image with this ID but other layers is another image.
            ([Free, Free], false, &[(100, &[1, 2])], &tags, send(2)),
            ([Free, Free], false, &[(101, &[1, 2, 3])], &tags, send(3)),
            ([Free, Free], false, &[], &tags, send(0)),
            // A tag moves only if it is not guarded.
            ([OnAnother, Free], false, &[(101, &[9])], &tags, None),
            ([Set, OnAnother], true, &[whole], &tags[1..], None),
            (
                [Set, OnAnother],
                true,
                &[whole],
                &tags[..1],
                Some(Action::Tag),
            ),
            ([OnAnother, Free], false, &[(101, &[1])], &[], send(1)),
        ] {
            let request = Request {
                ids: &[digest(100)],
                diff_ids: &diff_ids,
                blobs: diff_ids.clone(),
                tags: &tags,
                guarded,
                bases: &[],
            };
            let names = NameState {
                tags: states.into(),
                id: by_name.then(|| digest(100)),
            };
            let engine = engine(StoreKind::GraphDriver, held);
            let action = decide(&request, &names, &engine);
            assert_eq!(action.ok(), expected, "{states:?} {by_name} {held:?}");
        }
    }

    #[test]
    fn only_a_leading_run_of_layers_is_present() {
        use StoreKind::{Containerd, GraphDriver, Podman};
        // Blob 11 is layer 1 compressed.
        let base = |manifest, layers: &[u8], blobs: &[u8]| BaseImage {
            manifest: Some(digest(manifest)),
            diff_ids: digests(layers),
            blobs: digests(blobs),
        };
        let bases = [
            base(50, &[1], &[11]),
            base(51, &[1, 2], &[11, 12]),
            base(52, &[9], &[19]),
            base(53, &[1, 2], &[1, 2]),
            base(54, &[1, 2], &[11]),
        ];
        let packed = &[11, 12, 13][..];
        for (kind, held, image, blobs, expected) in [
            (GraphDriver, (60, &[1, 2][..]), &[1, 2, 3][..], &[][..], 2),
            (GraphDriver, (60, &[1, 2, 3]), &[1, 2], &[], 2),
            (GraphDriver, (60, &[1, 2]), &[1, 2], &[], 2),
            (GraphDriver, (60, &[2, 1]), &[1, 2], &[], 0),
            (GraphDriver, (60, &[2, 3]), &[1, 2, 3], &[], 0),
            (GraphDriver, (60, &[1, 3]), &[1, 2, 3], &[], 1),
            (GraphDriver, (60, &[]), &[1], &[], 0),
            (GraphDriver, (60, &[1]), &[], &[], 0),
            (Podman, (60, &[1, 2]), &[1, 2, 3], packed, 2),
            (Podman, (60, &[1, 2]), &[1, 2, 3], &[11], 1),
            // Equal layers prove no equal blobs. The manifest of a base does, if it names the same blobs.
            (Containerd, (60, &[1, 2]), &[1, 2, 3], packed, 0),
            (Containerd, (51, &[1, 2]), &[1, 2, 3], packed, 2),
            (Containerd, (51, &[1, 2]), &[1, 2, 3], &[11], 0),
            (Containerd, (51, &[1]), &[1, 2, 3], packed, 0),
            (Containerd, (50, &[1]), &[1, 2, 3], packed, 1),
            (Containerd, (52, &[9]), &[1, 2, 3], packed, 0),
            (Containerd, (53, &[1, 2]), &[1, 2, 3], packed, 0),
            (Containerd, (53, &[1, 2]), &[1, 2, 3], &[1, 2, 13], 2),
            (Containerd, (54, &[1, 2]), &[1, 2, 3], packed, 0),
        ] {
            let request = Request {
                diff_ids: &digests(image),
                blobs: digests(blobs),
                bases: &bases,
                ..Request::default()
            };
            let present = present_layers(&request, &engine(kind, &[held]));
            assert_eq!(present, expected, "{kind:?} {held:?} {image:?} {blobs:?}");
        }
    }
}
