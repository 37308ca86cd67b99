//! Finds the image of an archive that an entry means.

use archive::Image;
use failure::{Code, Failure};
use naming::Reference;
use registry::Entry;

/// The image that an entry means: the one with its `image_id`. If the entry has none, the only image, or the one with
/// the registered tag.
///
/// The failure does not name the archive.
pub fn the_registered(images: &[Image], entry: &Entry) -> Result<usize, Failure> {
    let own = entry.docker_tag.unpinned();
    let is_own = |tag: &Reference| tag.unpinned().is_called(&own);
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
                .with_hint("restore the registered archive, or register this one with imgsave")
            }),
        (None, [_]) => Ok(0),
        (None, several) => several
            .iter()
            .position(|image| image.tags.iter().any(is_own))
            .ok_or_else(|| {
                wrong(format!(
                    "holds {} images, but none is tagged `{}`",
                    several.len(),
                    entry.docker_tag
                ))
            }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
            index: None,
            manifest: None,
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
            // The identity counts, not the tags.
            (vec![image(1, other), image(2, own)], Some(1), Ok(1)),
            (
                vec![image(1, own)],
                Some(2),
                Err("but `a-debian-12-base` is registered as"),
            ),
            // A handwritten entry has no identity.
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
