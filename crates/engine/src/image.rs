//! An engine's information about an image, and the names to ask for it.

use naming::{Digest, NameError, Reference};
use serde::Deserialize;
use serde_json::Value;

use crate::flavor::{Flavor, StoreKind};

/// An image in the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageInfo {
    /// The engine's ID: the config's digest, on containerd stores the manifest's (see
    /// [`Engine::store`](crate::Engine::store)).
    pub id: Digest,
    /// Its tags in short form: podman's `localhost/x:1` is `x:1` here.
    pub tags: Vec<Reference>,
    /// The digests of its uncompressed layers, lowest first; `None` if the image is incomplete in the engine.
    pub diff_ids: Option<Vec<Digest>>,
    /// The OCI name (`amd64`); empty if the image has none.
    pub architecture: String,
    /// The architecture's variant (`v8`), if the image has one.
    pub variant: Option<String>,
    /// The OCI name (`linux`); empty if the image has none.
    pub os: String,
    /// Its size in bytes, as the engine computes it. Engines count differently.
    pub size: u64,
    /// RFC 3339, as the engine prints it.
    pub created: Option<String>,
    /// The settings for containers, as the engine prints them: the `config` of the image's config.
    pub settings: Option<Value>,
    /// Whether it has a name, even one that is no reference.
    named: bool,
    /// Further manifest digests by which the engine finds it.
    digests: Vec<Digest>,
    /// podman's own names for it, with the host.
    names: Vec<String>,
    /// Whether a graph driver stores its layers, rather than containerd's store.
    has_driver: bool,
}

impl ImageInfo {
    /// Whether a graph driver stores its layers.
    pub(crate) fn has_driver(&self) -> bool {
        self.has_driver
    }

    /// The engine's image store, if the image shows it. A containerd store identifies the image by the digest of its
    /// manifest.
    pub(crate) fn store(&self) -> Option<StoreKind> {
        if !self.names.is_empty() {
            Some(StoreKind::Podman)
        } else if self.has_driver {
            Some(StoreKind::GraphDriver)
        } else {
            let is_manifest = self.digests.contains(&self.id);
            is_manifest.then_some(StoreKind::Containerd)
        }
    }

    /// Whether it is dangling: it has neither a tag nor another name, and is found only by its ID.
    pub fn is_dangling(&self) -> bool {
        !self.named
    }
}

/// A validated name of an image. The engine cannot parse it as an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Id(Digest),
    Reference(Reference),
}

impl Name {
    pub(crate) fn parse(text: &str) -> Result<Self, NameError> {
        match text.parse() {
            Ok(id) => Ok(Self::Id(id)),
            Err(_) => Ok(Self::Reference(text.parse()?)),
        }
    }

    /// The engine's possible names for it, most likely first, the full name last.
    pub(crate) fn spellings(&self, flavor: Flavor) -> Vec<String> {
        match self {
            Self::Id(id) => vec![id.to_string()],
            Self::Reference(reference) => flavor.spellings(reference),
        }
    }

    /// Whether the engine found `image` by this spelling of the name. podman is asked by two spellings, and shows the one
    /// that the image has. For Docker, `localhost/x:1` and `x:1` are two names.
    pub(crate) fn finds(&self, spelling: &str, image: &ImageInfo) -> bool {
        let has = |digest: Digest| image.id == digest || image.digests.contains(&digest);
        match self {
            Self::Id(id) => has(*id),
            Self::Reference(reference) => match reference.digest() {
                Some(digest) => has(digest),
                None if image.names.is_empty() => image.tags.contains(reference),
                None => image.names.iter().any(|name| name == spelling),
            },
        }
    }
}

/// The used part of the engines' JSON. Every field may be missing or `null` in some engine.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RawImage {
    id: String,
    repo_tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
    #[serde(rename = "RootFS")]
    root_fs: Option<RawRootFs>,
    architecture: Option<String>,
    variant: Option<String>,
    os: Option<String>,
    size: Option<u64>,
    created: Option<String>,
    config: Option<Value>,
    graph_driver: Option<RawGraphDriver>,
}

/// The layers' paths in a graph driver. A containerd store prints only the name of its snapshotter.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawGraphDriver {
    data: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RawRootFs {
    r#type: Option<String>,
    layers: Option<Vec<Digest>>,
}

impl RawImage {
    /// The flavor that shows it in this form, if only one does.
    pub(crate) fn shown_by(&self) -> Option<Flavor> {
        Flavor::shown_by(&self.id, self.repo_tags.as_deref().unwrap_or_default())
    }

    pub(crate) fn validate(self, flavor: Flavor) -> Result<ImageInfo, NameError> {
        let hex = self.id.strip_prefix("sha256:").unwrap_or(&self.id);
        let digests = self.repo_digests.unwrap_or_default();
        let names = self.repo_tags.unwrap_or_default();
        let is_name = |name: &&String| !name.contains("<none>");
        let named = names.iter().chain(&digests).any(|name| is_name(&name));
        Ok(ImageInfo {
            id: Digest::from_hex(hex)?,
            has_driver: self
                .graph_driver
                .is_some_and(|driver| driver.data.is_some()),
            tags: names
                .iter()
                .filter_map(|tag| flavor.reference(tag))
                .collect(),
            diff_ids: self.root_fs.and_then(RawRootFs::diff_ids),
            architecture: self.architecture.unwrap_or_default(),
            variant: self.variant.filter(|variant| !variant.is_empty()),
            os: self.os.unwrap_or_default(),
            size: self.size.unwrap_or_default(),
            created: self.created.filter(|created| !created.is_empty()),
            settings: self.config,
            named,
            digests: digests
                .iter()
                .filter_map(|name| name.rsplit_once('@')?.1.parse().ok())
                .collect(),
            names: match flavor {
                Flavor::Docker => Vec::new(),
                Flavor::Podman => names,
            },
        })
    }
}

impl RawRootFs {
    /// An image without layers has a type and no list; an incomplete one has neither.
    pub(crate) fn diff_ids(self) -> Option<Vec<Digest>> {
        self.r#type.filter(|kind| !kind.is_empty())?;
        Some(self.layers.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1111111111111111111111111111111111111111111111111111111111111111";

    fn read(json: &str) -> ImageInfo {
        serde_json::from_str::<RawImage>(json)
            .unwrap()
            .validate(Flavor::Podman)
            .unwrap()
    }

    #[test]
    fn ids_come_with_and_without_algorithm() {
        let plain = read(&format!(r#"{{"Id":"{ID}"}}"#));
        assert_eq!(
            plain,
            read(&format!(
                r#"{{"Id":"sha256:{ID}","RepoTags":null,"RootFS":null,"Variant":""}}"#
            ))
        );
        assert_eq!(plain.id.hex(), ID);
    }

    #[test]
    fn incomplete_images_have_no_layers_and_scratch_has_none_either() {
        for (root_fs, diff_ids) in [
            ("null", None),
            ("{}", None),
            (r#"{"Type":"","Layers":null}"#, None),
            (r#"{"Type":"layers"}"#, Some(0)),
            (r#"{"Type":"layers","Layers":[]}"#, Some(0)),
            (
                &format!(r#"{{"Type":"layers","Layers":["sha256:{ID}"]}}"#),
                Some(1),
            ),
        ] {
            let image = read(&format!(r#"{{"Id":"{ID}","RootFS":{root_fs}}}"#));
            assert_eq!(image.diff_ids.map(|ids| ids.len()), diff_ids, "{root_fs}");
        }
    }

    #[test]
    fn names_are_not_options_and_find_their_images() {
        for bad in ["--force", "-f", "", "a b", "x:1 y:2", "$(id)"] {
            assert!(Name::parse(bad).is_err(), "{bad}");
        }
        let image = read(&format!(
            r#"{{"Id":"{ID}","RepoTags":["localhost/x:1","<none>:<none>"],"RepoDigests":["localhost/x@sha256:{}"]}}"#,
            "2".repeat(64)
        ));
        assert_eq!(image.tags.len(), 1);
        for (names, is_dangling) in [
            (r#""RepoTags":null,"RepoDigests":[]"#, true),
            (
                r#""RepoTags":["<none>:<none>"],"RepoDigests":["<none>@<none>"]"#,
                true,
            ),
            (r#""RepoTags":["x:1"]"#, false),
            (r#""RepoTags":["UPPER:1"]"#, false),
            (r#""RepoDigests":["x@sha256:1"]"#, false),
        ] {
            let image = read(&format!(r#"{{"Id":"{ID}",{names}}}"#));
            assert_eq!(image.is_dangling(), is_dangling, "{names}");
        }
        for (name, is) in [
            (format!("sha256:{ID}"), true),
            (format!("sha256:{}", "2".repeat(64)), true),
            (format!("sha256:{}", "3".repeat(64)), false),
            ("localhost/x:1".into(), true),
            ("docker.io/library/x:1".into(), false),
            ("localhost/x:latest".into(), false),
            (format!("x@sha256:{}", "2".repeat(64)), true),
        ] {
            let found = Name::parse(&name).unwrap().finds(&name, &image);
            assert_eq!(found, is, "{name}");
        }
    }
}
