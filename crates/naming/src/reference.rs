//! Image references: `[domain/]path[:tag][@digest]`.
//!
//! The grammar is that of the distribution project (`reference/reference.go`):
//!
//! - The first component is a domain if it contains a dot or a colon, or is `localhost`.
//! - Path components are lower-case letters and digits with single `.`, one or two `_`, or any number of `-` between
//!   them.
//! - A tag has at most 128 characters.
//!
//! Without a domain, a name belongs to `docker.io`; without a folder, to `library`. Without tag and digest, it means
//! `latest`.

mod grammar;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::text::as_text;
use crate::{Digest, NameError};
use grammar::{check_component, check_domain, check_tag, is_domain};

const DEFAULT_DOMAIN: &str = "docker.io";
const DEFAULT_FOLDER: &str = "library/";
const DEFAULT_TAG: &str = "latest";
/// The registry in podman's references of names without one.
const LOCAL_DOMAIN: &str = "localhost";

/// The longest `domain/path` that registries accept, in bytes.
const MAX_REPOSITORY: usize = 255;

/// A validated image reference. Canonical forms are compared, so `x` and `docker.io/library/x:latest` are equal.
#[derive(Clone)]
pub struct Reference {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// `docker.io/library/x:1`: domain, whole path, then tag and digest, if any.
    pub fn canonical(&self) -> String {
        self.suffixed(format!("{}/{}", self.domain, self.path))
    }

    /// Domain and whole path, without tag and digest.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.domain, self.path)
    }

    /// The registry's host, with its port if it has one.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The path without its registry: `library/debian`.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Whether it belongs to Docker Hub.
    pub(crate) fn is_of_hub(&self) -> bool {
        self.domain == DEFAULT_DOMAIN
    }

    /// The tag. `None` only if there is a digest instead.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The pinned digest, if the reference has one.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// The same repository with another tag, without a digest.
    pub fn with_tag(&self, tag: &str) -> Result<Self, NameError> {
        check_tag(tag, tag)?;
        Ok(Self {
            domain: self.domain.clone(),
            path: self.path.clone(),
            tag: Some(tag.to_owned()),
            digest: None,
        })
    }

    /// The same repository and digest without the default tag `latest`. Other tags stay. Without a digest, the
    /// reference is unchanged.
    pub fn without_usual_tag(mut self) -> Self {
        if self.digest.is_some() && self.tag.as_deref() == Some(DEFAULT_TAG) {
            self.tag = None;
        }
        self
    }

    /// The same repository and tag without a digest. The default tag is `latest`.
    pub fn unpinned(&self) -> Self {
        Self {
            domain: self.domain.clone(),
            path: self.path.clone(),
            tag: Some(self.tag().unwrap_or(DEFAULT_TAG).to_owned()),
            digest: None,
        }
    }

    /// The reference to tag an image in an engine with: name and tag, without the digest. `None` if there is no tag.
    pub fn tagged(&self) -> Option<Self> {
        self.tag.as_ref().map(|_| self.unpinned())
    }

    /// The reference to look an image up in an engine: name and tag, or name and digest if there is no tag. An engine
    /// does not know the pinned digest of an image that it loaded.
    pub fn engine_name(&self) -> Self {
        self.tagged().unwrap_or_else(|| self.clone())
    }

    /// The same reference pinned to a digest.
    pub fn with_digest(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// Whether engines read it as an image ID or its beginning: `sha256:…`. Docker sets no such tag.
    pub fn is_read_as_id(&self) -> bool {
        self.is_of_hub() && self.path.strip_prefix(DEFAULT_FOLDER) == Some("sha256")
    }

    /// Whether it is podman's reference for `said`, a name without a registry: `localhost/x:1` for `x:1`.
    pub fn is_local(&self, said: &Self) -> bool {
        let path = said.path.strip_prefix(DEFAULT_FOLDER).unwrap_or(&said.path);
        self.domain == LOCAL_DOMAIN
            && said.domain == DEFAULT_DOMAIN
            && self.path == path
            && (&self.tag, self.digest) == (&said.tag, said.digest)
    }

    /// Whether `said` means this image: the same reference, or podman's for it.
    pub fn is_called(&self, said: &Self) -> bool {
        self == said || self.is_local(said)
    }

    fn suffixed(&self, mut name: String) -> String {
        if let Some(tag) = &self.tag {
            name.push(':');
            name.push_str(tag);
        }
        if let Some(digest) = self.digest {
            name.push('@');
            name.push_str(&digest.to_string());
        }
        name
    }

    fn key(&self) -> (&str, &str, Option<&str>, Option<Digest>) {
        (&self.domain, &self.path, self.tag.as_deref(), self.digest)
    }
}

impl FromStr for Reference {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let refuse = |rule: &str| NameError::new("image reference", text, rule);
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse()?)),
            None => (text, None),
        };
        let (repository, tag) = match rest.rsplit_once(':') {
            // A colon before the last slash belongs to the domain's port.
            Some((repository, tag)) if !tag.contains('/') => {
                check_tag(text, tag)?;
                (repository, Some(tag.to_owned()))
            }
            _ => (rest, None),
        };
        if repository.is_empty() {
            return Err(refuse("has no name"));
        }
        let (domain, path) = match repository.split_once('/') {
            Some((first, path)) if is_domain(first) => (first, path),
            _ => (DEFAULT_DOMAIN, repository),
        };
        check_domain(text, domain)?;
        if path.is_empty() {
            return Err(refuse("has no name after its registry"));
        }
        for component in path.split('/') {
            check_component(text, component)?;
        }
        let domain = if domain == "index.docker.io" {
            DEFAULT_DOMAIN
        } else {
            domain
        };
        let mut path = path.to_owned();
        if domain == DEFAULT_DOMAIN && !path.contains('/') {
            path.insert_str(0, DEFAULT_FOLDER);
        }
        if domain.len() + 1 + path.len() > MAX_REPOSITORY {
            return Err(refuse("is longer than 255 bytes"));
        }
        if domain == DEFAULT_DOMAIN
            && path.len() == DEFAULT_FOLDER.len() + 64
            && Digest::from_hex(&path[DEFAULT_FOLDER.len()..]).is_ok()
        {
            return Err(refuse("looks like an image ID, not a name"));
        }
        let tag = tag.or_else(|| digest.is_none().then(|| DEFAULT_TAG.to_owned()));
        Ok(Self {
            domain: domain.to_owned(),
            path,
            tag,
            digest,
        })
    }
}

impl fmt::Display for Reference {
    /// The usual form: without `docker.io/library/`, always with a tag or a digest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.domain == DEFAULT_DOMAIN {
            let (first, rest) = self.path.split_once('/').unwrap_or((&self.path, ""));
            if first == "library" && !rest.contains('/') {
                rest.to_owned()
            } else if is_domain(first) {
                // `docker.io/localhost/x` without its domain would mean another registry.
                self.repository()
            } else {
                self.path.clone()
            }
        } else {
            self.repository()
        };
        f.write_str(&self.suffixed(name))
    }
}

impl PartialEq for Reference {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Reference {}

impl Hash for Reference {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl PartialOrd for Reference {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Reference {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

as_text!(Reference);

#[cfg(test)]
mod tests;
