//! Which image of an archive to load, and under which tags.
//!
//! A registered archive yields the one image that the registry names, under the registry's tags
//! alone: an archive that claims another image's name does not get it. An unregistered archive
//! yields all that it holds, under its own tags. The tags of a choice have no digests: see the module `pin`.
//!
//! The registry's tags move from other images. Those of an unregistered archive don't, and no tag does that comes with a digest.

use std::collections::BTreeMap;

use archive::{Archive, Image};
use cli::Reporter;
use engine::Engine;
use failure::{Code, Failure};
use naming::Reference;
use registry::Entry;

use crate::pin::Pin;

/// An image of an archive, by its index, and the tags that it gets.
#[derive(Debug)]
pub(crate) struct Choice {
    pub image: usize,
    pub tags: Vec<Reference>,
    /// The tags that it may not take from another image.
    pub guarded: Vec<Reference>,
}

impl Choice {
    /// The image without tags.
    pub(crate) fn new(image: usize) -> Self {
        Self {
            image,
            tags: Vec::new(),
            guarded: Vec::new(),
        }
    }

    /// Adds a tag. One that is given twice is guarded if it is so both times.
    pub(crate) fn give(&mut self, tag: &Reference, guarded: bool) {
        let is_new = !self.tags.contains(tag);
        if is_new {
            self.tags.push(tag.clone());
        }
        if !guarded {
            self.guarded.retain(|own| own != tag);
        } else if is_new {
            self.guarded.push(tag.clone());
        }
    }
}

pub(crate) fn choose(
    archive: &Archive,
    entry: Option<&Entry>,
    reporter: &Reporter,
) -> Result<Vec<Choice>, Failure> {
    let pin = Pin {
        entry,
        path: archive.path(),
    };
    let Some(entry) = entry else {
        let own = archive.images().iter().enumerate();
        let own = own.map(|(index, image)| {
            let mut choice = Choice::new(index);
            pin.give(&mut choice, image, &image.tags)?;
            Ok(choice)
        });
        return own.collect();
    };
    if let Err(refused) = entry.image_name() {
        reporter.warn(refused);
    }
    let index = the_registered(archive.images(), entry)
        .map_err(|failure| failure.about(archive.path().as_str()))?;
    let image = &archive.images()[index];
    for tag in image
        .tags
        .iter()
        .filter(|tag| !entry.tags().any(|own| is_same(tag, own)))
    {
        reporter.warn(format!(
            "{}: the archive's own tag `{tag}` is not applied; the registry says `{}`",
            archive.path(),
            entry.docker_tag
        ));
    }
    let mut choice = Choice::new(index);
    pin.give(&mut choice, image, entry.tags())?;
    Ok(vec![choice])
}

/// An error if two images of the archive claim a tag that is one in this engine.
pub(crate) fn refuse_shared(
    choices: &[Choice],
    archive: &Archive,
    engine: &Engine,
) -> Result<(), Failure> {
    let mut owners = BTreeMap::new();
    for choice in choices {
        for tag in &choice.tags {
            let owner = *owners.entry(engine.said(tag)?).or_insert(choice.image);
            if owner == choice.image {
                continue;
            }
            let message = format!("two images of the archive claim the tag `{tag}`");
            let id = |image: usize| archive.images()[image].image_id;
            let hint = format!(
                "imgsave --image ID --name NAME saves one of them: {} or {}",
                id(owner),
                id(choice.image)
            );
            return Err(Failure::new(Code::Archive, message)
                .about(archive.path().as_str())
                .with_hint(hint));
        }
    }
    Ok(())
}

/// Whether two references name one tag. Their digests do not count.
fn is_same(tag: &Reference, other: &Reference) -> bool {
    tag.unpinned().is_called(&other.unpinned())
}

/// The image that an entry means: the one with its `image_id`; in an entry without one, the only
/// image, or the one that bears the registered tag.
///
/// The failure does not say which archive it is about.
pub fn the_registered(images: &[Image], entry: &Entry) -> Result<usize, Failure> {
    let wrong = |message: String| Failure::new(Code::Archive, message);
    match (entry.image_id, images) {
        (Some(id), images) => images
            .iter()
            .position(|image| image.image_id == id)
            .ok_or_else(|| {
                let held: Vec<_> = images
                    .iter()
                    .map(|image| image.image_id.to_string())
                    .collect();
                wrong(format!(
                    "holds image {}, but `{}` is registered as {id}",
                    held.join(", "),
                    entry.name
                ))
                .with_hint(
                    "restore the archive that was registered, or register this one with imgsave",
                )
            }),
        (None, [_]) => Ok(0),
        (None, several) => several
            .iter()
            .position(|image| image.tags.iter().any(|tag| is_same(tag, &entry.docker_tag)))
            .ok_or_else(|| {
                wrong(format!(
                    "holds {} images, and none is tagged `{}`",
                    several.len(),
                    entry.docker_tag
                ))
            }),
    }
}

#[cfg(test)]
mod tests {
    use naming::Digest;

    use super::*;

    fn image(number: u8, tag: &str) -> Image {
        Image {
            image_id: Digest::from_bytes([number; 32]),
            config: archive::Config {
                bytes: Vec::new(),
                architecture: "amd64".into(),
                variant: None,
                os: "linux".into(),
                diff_ids: Vec::new(),
                labels: BTreeMap::new(),
                env: Vec::new(),
            },
            tags: vec![tag.parse().expect("a tag")],
            manifests: Vec::new(),
            layers: Vec::new(),
            base: None,
        }
    }

    fn entry(id: Option<u8>) -> Entry {
        let tag = "a-debian-12-base:latest".parse().expect("a tag");
        let mut entry = Entry::new("a-debian-12-base", "a.tar", tag, "debian:12", "x86_64");
        entry.image_id = id.map(|number| Digest::from_bytes([number; 32]));
        entry
    }

    #[test]
    fn the_registered_image_goes_by_its_identity_then_by_its_tag() {
        let (own, other) = ("a-debian-12-base:latest", "b:1");
        for (images, id, expected) in [
            // Whatever the tags say, the identity counts.
            (vec![image(1, other), image(2, own)], Some(1), Ok(1)),
            (
                vec![image(1, own)],
                Some(2),
                Err("but `a-debian-12-base` is registered as"),
            ),
            // An entry that a person wrote knows no identity.
            (vec![image(1, other)], None, Ok(1)),
            (vec![image(1, other), image(2, own)], None, Ok(2)),
            (
                vec![image(1, other), image(2, other)],
                None,
                Err("none is tagged"),
            ),
            (vec![], None, Err("holds 0 images")),
        ] {
            match (the_registered(&images, &entry(id)), expected) {
                (Ok(image), Ok(number)) => {
                    assert_eq!(images[image].image_id, Digest::from_bytes([number; 32]));
                }
                (Err(failure), Err(text)) => {
                    assert_eq!(failure.code(), Code::Archive);
                    assert!(failure.to_string().contains(text), "{failure}");
                }
                (found, expected) => panic!("{found:?}, not {expected:?}"),
            }
        }
    }
}
