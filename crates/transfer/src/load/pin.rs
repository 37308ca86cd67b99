//! References with a tag and a digest: `x:1@sha256:…`.
//!
//! An engine gives an image names and tags, never digests. So the engine gets the tag, and the digest is checked here. It must be
//! the digest of the image's config, or of a manifest or index that leads to the image. These come from the archive and the
//! registry.
//!
//! An archive without any manifest (`docker save` of a Docker before 25, podman's docker-archive) shows only the config's digest. A
//! digest without a tag is checked, and gives no tag.

use archive::Image;
use archive::compose::manifest_digest;
use camino::Utf8Path;
use failure::{Code, Failure};
use naming::{Digest, Reference};
use registry::Entry;

use crate::load::choice::Choice;

/// The digests to compare, besides those of the image itself.
pub(crate) struct Pin<'a> {
    pub entry: Option<&'a Entry>,
    pub path: &'a Utf8Path,
}

impl Pin<'_> {
    /// Gives an image the tags of these references.
    pub(crate) fn give<'r>(
        &self,
        choice: &mut Choice,
        image: &Image,
        references: impl IntoIterator<Item = &'r Reference>,
    ) -> Result<(), Failure> {
        for reference in references {
            if reference.is_read_as_id() {
                return Err(self.no_tag(reference));
            }
            if let Some(digest) = reference.digest() {
                self.check(reference, digest, image)?;
            }
            if let Some(tag) = reference.tagged() {
                choice.give(&tag, self.entry.is_none() || reference.digest().is_some());
            }
        }
        Ok(())
    }

    fn no_tag(&self, reference: &Reference) -> Failure {
        let (code, about) = match self.entry {
            Some(entry) => (Code::Invalid, entry.name.as_str()),
            None => (Code::Archive, self.path.as_str()),
        };
        let message = format!("has the tag `{reference}`, which engines read as an image ID");
        Failure::new(code, message).about(about)
    }

    fn check(&self, reference: &Reference, digest: Digest, image: &Image) -> Result<(), Failure> {
        let remote = self.entry.and_then(|entry| entry.remote.as_ref()?.digest());
        let manifests = image.manifests.iter().copied().chain(remote);
        let mut known = manifests
            .chain([image.image_id])
            .chain(manifest_digest(image));
        if known.any(|known| known == digest) {
            return Ok(());
        }
        let message = format!("holds image {}, not `{reference}`", image.image_id);
        let hint = match image.manifests.is_empty() {
            true => {
                "the archive holds no manifest: only the digest of the image's config can be checked"
            }
            false => "the digest of a reference is that of the image's config, manifest or index",
        };
        Err(Failure::new(Code::Archive, message)
            .about(self.path.as_str())
            .with_hint(hint))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
            index: None,
            manifest: None,
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
            // The digests of the config, the manifest, the index and the published manifest.
            (pinned(1), &[], false, Some("x:1")),
            (pinned(2), &[2, 3], false, Some("x:1")),
            (pinned(3), &[2, 3], false, Some("x:1")),
            (pinned(4), &[2], true, Some("x:1")),
            // The digest of another image, also if the archive has no manifest.
            (pinned(9), &[], false, None),
            (pinned(9), &[2], false, None),
            (pinned(4), &[2], false, None),
            (pinned(9), &[], true, None),
            (bare, &[], false, Some("")),
        ] {
            let pin = Pin {
                entry: registered.then_some(&entry),
                path: "x.tar".into(),
            };
            let parsed: Reference = reference.parse().expect("a reference");
            let mut choice = Choice::new(0);
            let given = pin.give(&mut choice, &image(manifests), [&parsed, &parsed]);
            match (given, expected) {
                (Ok(()), Some(expected)) => {
                    let tags: Vec<_> = choice.tags.iter().map(ToString::to_string).collect();
                    assert_eq!(tags.join(" "), expected, "{reference}");
                }
                (Err(failure), None) => assert_eq!(failure.code(), Code::Archive, "{reference}"),
                (found, _) => panic!("{reference}: {found:?}"),
            }
        }
    }

    #[test]
    fn tags_with_digests_and_those_of_archives_are_guarded() {
        let pinned = format!("x:1@{}", digest(1));
        let entry = Entry::new("x", "x.tar", "x:1".parse().expect("a tag"), "x", "x");
        for (references, registered, expected) in [
            (&["x:1", "y:1"][..], true, &[][..]),
            (&["y:1", &pinned], true, &["x:1"]),
            // The registry also gives the tag without a digest.
            (&["x:1", &pinned], true, &[]),
            (&[&pinned, "x:1"], true, &[]),
            (&["x:1", &pinned, "y:1"], false, &["x:1", "y:1"]),
        ] {
            let pin = Pin {
                entry: registered.then_some(&entry),
                path: "x.tar".into(),
            };
            let parsed = references.iter().map(|text| text.parse().expect(text));
            let parsed: Vec<Reference> = parsed.collect();
            let mut choice = Choice::new(0);
            pin.give(&mut choice, &image(&[]), &parsed)
                .expect("its digest");
            let guarded: Vec<_> = choice.guarded.iter().map(ToString::to_string).collect();
            assert_eq!(guarded, expected, "{references:?}");
        }
    }

    #[test]
    fn what_engines_read_as_an_id_is_no_tag() {
        let entry = Entry::new("x", "x.tar", "x:1".parse().expect("a tag"), "x", "x");
        for (registered, code) in [(true, Code::Invalid), (false, Code::Archive)] {
            let pin = Pin {
                entry: registered.then_some(&entry),
                path: "x.tar".into(),
            };
            let tag: Reference = "sha256:1".parse().expect("a reference");
            let refused = pin.give(&mut Choice::new(0), &image(&[]), [&tag]);
            assert_eq!(refused.map_err(|failure| failure.code()), Err(code));
        }
    }
}
