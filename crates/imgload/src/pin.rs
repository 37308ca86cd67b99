//! References with a tag and a digest: `x:1@sha256:…`.
//!
//! An engine gives an image names and tags, never digests. So the tag is what the engine is told, and the digest is checked
//! here: it must be that of the image's config, or of a manifest or index that leads to the image, as far as the archive and
//! the registry tell those. An archive without any manifest (`docker save` of a Docker before 25, podman's docker-archive) can't show that
//! a digest is wrong: then a warning says that it was not checked. A digest without a tag is checked and gives no tag.

use archive::Image;
use archive::compose::manifest_digest;
use camino::Utf8Path;
use cli::{Code, Failure, Reporter};
use naming::{Digest, Reference};
use registry::Entry;

/// What digests are checked against, beside the image itself.
pub(crate) struct Pin<'a> {
    pub entry: Option<&'a Entry>,
    pub path: &'a Utf8Path,
    pub reporter: &'a Reporter,
}

impl Pin<'_> {
    /// The tags of these references, each once.
    pub(crate) fn tags<'r>(
        &self,
        references: impl IntoIterator<Item = &'r Reference>,
        image: &Image,
    ) -> Result<Vec<Reference>, Failure> {
        let mut tags = Vec::new();
        for reference in references {
            let tag = self.tag(reference, image)?;
            tags.extend(tag.filter(|tag| !tags.contains(tag)));
        }
        Ok(tags)
    }

    /// The tag of a reference, if it has one.
    pub(crate) fn tag(
        &self,
        reference: &Reference,
        image: &Image,
    ) -> Result<Option<Reference>, Failure> {
        if let Some(digest) = reference.digest() {
            self.check(reference, digest, image)?;
        }
        Ok(reference.tagged())
    }

    fn check(&self, reference: &Reference, digest: Digest, image: &Image) -> Result<(), Failure> {
        let remote = self.entry.and_then(|entry| entry.remote.as_ref()?.digest());
        let mut manifests = image.manifests.iter().copied().chain(remote).peekable();
        let is_checkable = manifests.peek().is_some();
        let mut known = manifests
            .chain([image.image_id])
            .chain(manifest_digest(image));
        if known.any(|known| known == digest) {
            return Ok(());
        }
        if !is_checkable {
            self.reporter.warn(format!(
                "{}: the digest of `{reference}` was not checked: the archive holds no manifest",
                self.path
            ));
            return Ok(());
        }
        let message = format!("holds image {}, not `{reference}`", image.image_id);
        Err(Failure::new(Code::Archive, message)
            .about(self.path.as_str())
            .with_hint(
                "the digest of a reference is that of the image's config, manifest or index",
            ))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use cli::Style;

    use super::*;

    fn digest(number: u8) -> Digest {
        Digest::from_bytes([number; 32])
    }

    /// An image of config 1.
    fn image(manifests: &[u8]) -> Image {
        Image {
            image_id: digest(1),
            config: archive::Config {
                bytes: Vec::new(),
                architecture: "amd64".into(),
                variant: None,
                os: "linux".into(),
                diff_ids: Vec::new(),
                labels: BTreeMap::new(),
                env: Vec::new(),
            },
            tags: Vec::new(),
            manifests: manifests.iter().copied().map(digest).collect(),
            layers: Vec::new(),
            base: None,
        }
    }

    #[test]
    fn a_digest_is_checked_where_it_can_be() {
        let pinned = |number: u8| format!("x:1@{}", digest(number));
        let bare = format!("x@{}", digest(1));
        let mut entry = Entry::new("x", "x.tar", "x:1".parse().expect("a tag"), "x", "x");
        entry.remote = Some(
            format!("r.example/x@{}", digest(4))
                .parse()
                .expect("a reference"),
        );
        for (reference, manifests, registered, expected) in [
            ("x:1".to_owned(), &[][..], false, Some("x:1")),
            // By the config, the manifest, the index, the manifest that is published.
            (pinned(1), &[], false, Some("x:1")),
            (pinned(2), &[2, 3], false, Some("x:1")),
            (pinned(3), &[2, 3], false, Some("x:1")),
            (pinned(4), &[2], true, Some("x:1")),
            // Not known.
            (pinned(9), &[], false, Some("x:1")),
            // Another one's.
            (pinned(9), &[2], false, None),
            (pinned(4), &[2], false, None),
            (pinned(9), &[], true, None),
            (bare, &[], false, Some("")),
        ] {
            let pin = Pin {
                entry: registered.then_some(&entry),
                path: "x.tar".into(),
                reporter: &Reporter::new("imgload", true, false, Style::None),
            };
            let parsed: Reference = reference.parse().expect("a reference");
            let tags = pin.tags([&parsed, &parsed], &image(manifests));
            match (tags, expected) {
                (Ok(tags), Some(expected)) => {
                    let tags: Vec<_> = tags.iter().map(ToString::to_string).collect();
                    assert_eq!(tags.join(" "), expected, "{reference}");
                }
                (Err(failure), None) => assert_eq!(failure.code(), Code::Archive, "{reference}"),
                (found, _) => panic!("{reference}: {found:?}"),
            }
        }
    }
}
