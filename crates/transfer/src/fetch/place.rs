//! The place of a published image, regardless of its version.
//!
//! An entry's `remote` is a repository and a digest, with a tag between them unless it is `latest`. So an image that was
//! fetched as `nginx:1.27` is found under that name again, without a request to the registry.

use naming::{Architecture, Reference};
use registry::{Entry, Registry};

/// A repository with a tag, and a digest if given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(Reference);

impl Place {
    /// The place of a reference.
    pub fn new(reference: &Reference) -> Self {
        Self(reference.clone())
    }

    /// Whether a registered `remote` is at this place.
    pub fn holds(&self, remote: &Reference) -> bool {
        let same_repository = self.0.repository() == remote.repository();
        same_repository
            && match self.0.digest() {
                Some(digest) => remote.digest() == Some(digest),
                None => self.0 == remote.unpinned(),
            }
    }

    /// The entry of the image that was fetched from this place for this architecture. It may be published in another
    /// place now.
    pub fn entry<'a>(
        &self,
        registry: &'a Registry,
        architecture: Architecture,
    ) -> Option<&'a Entry> {
        let is_for = |entry: &&Entry| entry.architecture.parse() == Ok(architecture);
        let is_here = |entry: &&Entry| {
            let remote = entry.remote.as_ref();
            remote.is_some_and(|remote| self.holds(remote))
        };
        let entries = registry.entries().iter().filter(is_for);
        let mut by_alias = entries.clone().filter(|it| it.aliases.contains(&self.0));
        entries.clone().find(is_here).or_else(|| by_alias.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_repository_and_a_tag() {
        let digest = |letter: &str| format!("@sha256:{}", letter.repeat(64));
        let (a, b) = (digest("a"), digest("b"));
        for (place, remote, expected) in [
            ("nginx:1.27".to_owned(), format!("nginx:1.27{a}"), true),
            (
                "docker.io/library/nginx:1.27".into(),
                format!("nginx:1.27{a}"),
                true,
            ),
            ("nginx".into(), format!("nginx{a}"), true),
            ("nginx:latest".into(), format!("nginx{a}"), true),
            ("nginx:1.26".into(), format!("nginx:1.27{a}"), false),
            ("nginx".into(), format!("nginx:1.27{a}"), false),
            (format!("nginx{a}"), format!("nginx:1.27{a}"), true),
            (format!("nginx{b}"), format!("nginx:1.27{a}"), false),
            (
                "r.example/nginx:1.27".into(),
                format!("nginx:1.27{a}"),
                false,
            ),
        ] {
            let place = Place::new(&place.parse().expect("a reference"));
            let remote = remote.parse().expect("a reference");
            assert_eq!(place.holds(&remote), expected, "{place:?} {remote}");
        }
    }
}
