//! Chooses an image of an archive with several.

use std::fmt;
use std::str::FromStr;

use archive::Image;
use failure::{Code, Failure};
use naming::{Digest, NameError, Reference};
use registry::Entry;

/// An image as `--image` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSelector {
    /// By a tag in the archive.
    Tag(Reference),
    /// By its `image_id`.
    Id(Digest),
}

impl FromStr for ImageSelector {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.starts_with("sha256:") {
            text.parse().map(Self::Id)
        } else {
            text.parse().map(Self::Tag)
        }
    }
}

impl fmt::Display for ImageSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

impl ImageSelector {
    fn is(&self, image: &Image) -> bool {
        match self {
            Self::Tag(tag) => image.tags.iter().any(|own| own.is_called(tag)),
            Self::Id(id) => image.image_id == *id,
        }
    }
}

/// The index of the image: the wanted one, else the registered one, else the only one. A registered archive must
/// contain the registered image in any case.
pub(crate) fn choose(
    images: &[Image],
    entry: Option<&Entry>,
    wanted: Option<&ImageSelector>,
) -> Result<usize, Failure> {
    let registered = entry.map(|entry| thin::the_registered(images, entry));
    let is_known = entry.is_some_and(|entry| entry.image_id.is_some());
    match (registered, wanted, images) {
        (Some(Err(failure)), _, _) if is_known => Err(failure),
        (_, Some(wanted), images) => {
            let found = images.iter().position(|image| wanted.is(image));
            found.ok_or_else(|| {
                let message = format!("holds no image `{wanted}`, but {}", named(images));
                Failure::new(Code::Other, message)
            })
        }
        (Some(registered), None, _) => {
            registered.map_err(|failure| failure.with_hint("choose one with --image"))
        }
        (None, None, [_]) => Ok(0),
        (None, None, images) => {
            let count = images.len();
            let message = format!("holds {count} images: {}", named(images));
            Err(Failure::new(Code::Other, message).with_hint("choose one with --image"))
        }
    }
}

/// The images as text, each with its ID and tags.
fn named(images: &[Image]) -> String {
    let named = images.iter().map(|image| {
        let tags: Vec<_> = image.tags.iter().map(Reference::to_string).collect();
        match tags.as_slice() {
            [] => image.image_id.to_string(),
            tags => format!("{} ({})", image.image_id, tags.join(", ")),
        }
    });
    named.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
        let tag = "one:latest".parse().expect("a tag");
        let mut entry = Entry::new("one", "a.tar", tag, "debian:12", "x86_64");
        entry.image_id = id.map(|number| Digest::from_bytes([number; 32]));
        entry
    }

    #[test]
    fn the_image_is_the_wanted_else_the_registered_else_the_only_one() {
        let two = [image(1, "one"), image(2, "two:2")];
        let id = |number| ImageSelector::Id(Digest::from_bytes([number; 32]));
        let tag = |text: &str| text.parse::<ImageSelector>().expect("a tag");
        let other = Code::Other;
        for (images, entry, wanted, expected) in [
            (&two[..1], None, None, Ok(0)),
            (&two, None, None, Err((other, "holds 2 images: sha256:01"))),
            (&two, None, Some(id(2)), Ok(1)),
            (&two, None, Some(tag("docker.io/library/two:2")), Ok(1)),
            (&two, None, Some(tag("one")), Ok(0)),
            (
                &two,
                None,
                Some(tag("two")),
                Err((other, "no image `two:latest`")),
            ),
            (&two, None, Some(id(3)), Err((other, "no image `sha256:03"))),
            (&two, Some(entry(Some(2))), None, Ok(1)),
            (&two, Some(entry(Some(2))), Some(id(1)), Ok(0)),
            (&two, Some(entry(None)), None, Ok(0)),
            // An archive that is not the registered one is not read at all.
            (
                &two,
                Some(entry(Some(3))),
                Some(id(1)),
                Err((Code::Archive, "is registered as")),
            ),
            (
                &two[1..],
                Some(entry(Some(1))),
                None,
                Err((Code::Archive, "is registered as")),
            ),
        ] {
            match (choose(images, entry.as_ref(), wanted.as_ref()), expected) {
                (Ok(found), Ok(index)) => assert_eq!(found, index, "{wanted:?}"),
                (Err(failure), Err((code, text))) => {
                    assert_eq!(failure.code(), code, "{failure}");
                    assert!(failure.to_string().contains(text), "{failure}");
                }
                (found, expected) => panic!("{found:?}, not {expected:?}"),
            }
        }
        assert!("sha256:12".parse::<ImageSelector>().is_err());
        assert!("Not A Tag".parse::<ImageSelector>().is_err());
    }
}
