//! From the documents of an archive to its images.
//!
//! Two layouts, often both in one tar:
//!
//! - docker-archive: `manifest.json` lists images as `{Config, RepoTags, Layers}`, each a member's
//!   name (moby, image/spec/v1.2.md, "Combined Image JSON + Filesystem Changeset Format").
//! - OCI layout: `index.json` names manifests by digest, a manifest its config and layers; blobs are
//!   the members `blobs/sha256/<digest>` (OCI image specification, image-layout.md). An index may
//!   name another index, one manifest a platform.
//!
//! Where both are there, `manifest.json` says what images there are, and the index's annotations add
//! tags: engines with a containerd store and podman keep them there.

use std::collections::BTreeMap;

use naming::{Architecture, Digest, Reference};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::config::Config;
use crate::error::Blame;
use crate::hash::digest_of;

/// How deep an index may name an index. The specification's example has two levels.
const MAX_INDEX_DEPTH: usize = 4;
/// How many manifests an archive may have.
const MAX_MANIFESTS: usize = 10_000;
/// The longest piece of a parser's message that is shown.
const MAX_MESSAGE: usize = 200;

/// The documents of an archive, by member name.
pub(crate) trait Documents {
    /// The bytes of a member; `None` where there is none.
    fn document(&self, name: &str) -> Result<Option<Vec<u8>>, Error>;
    fn blame(&self) -> &Blame;
}

/// An image as the documents describe it.
#[derive(Debug)]
pub(crate) struct Described {
    pub image_id: Digest,
    pub config: Config,
    pub tags: Vec<Reference>,
    /// The member of each layer, as the documents name it.
    pub layers: Vec<String>,
}

#[derive(Deserialize)]
struct DockerImage {
    #[serde(rename = "Config")]
    config: String,
    #[serde(rename = "RepoTags")]
    tags: Option<Vec<String>>,
    #[serde(rename = "Layers")]
    layers: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize, Clone)]
struct Descriptor {
    #[serde(rename = "mediaType", default)]
    media_type: String,
    digest: Digest,
    platform: Option<Platform>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize, Clone)]
struct Platform {
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
    #[serde(default)]
    os: String,
}

#[derive(Deserialize)]
struct Manifest {
    config: Descriptor,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

/// The images that an archive's documents describe: at least one.
pub(crate) fn describe(documents: &impl Documents) -> Result<Vec<Described>, Error> {
    let reader = Reader { documents };
    let from_index = reader.index()?;
    let Some(bytes) = documents.document("manifest.json")? else {
        return from_index.filter(|images| !images.is_empty()).ok_or_else(|| {
            documents.blame().damaged("holds no manifest.json and no index.json that names an image; it is not an image archive")
        });
    };
    let listed: Vec<DockerImage> = reader.parse("manifest.json", &bytes)?;
    if listed.is_empty() {
        return Err(documents
            .blame()
            .damaged("its manifest.json lists no image"));
    }
    let mut images = Vec::new();
    for image in listed {
        images.push(reader.docker_image(image, from_index.as_deref().unwrap_or_default())?);
    }
    Ok(images)
}

struct Reader<'a, D> {
    documents: &'a D,
}

impl<D: Documents> Reader<'_, D> {
    fn parse<T: DeserializeOwned>(&self, name: &str, bytes: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(bytes).map_err(|error| {
            let message: String = error
                .to_string()
                .chars()
                .filter(|c| !c.is_control())
                .take(MAX_MESSAGE)
                .collect();
            self.documents.blame().damaged(format!(
                "its `{}` is not valid: {message}",
                name.escape_debug()
            ))
        })
    }

    fn required(&self, name: &str) -> Result<Vec<u8>, Error> {
        self.documents.document(name)?.ok_or_else(|| {
            self.documents.blame().damaged(format!(
                "names `{}`, which is not in it",
                name.escape_debug()
            ))
        })
    }

    /// A document named by digest, checked against it.
    fn blob(&self, what: &str, digest: Digest) -> Result<Vec<u8>, Error> {
        let bytes = self.required(&blob_name(digest))?;
        let found = digest_of(&bytes);
        if found == digest {
            Ok(bytes)
        } else {
            Err(self
                .documents
                .blame()
                .mismatch(format!("its {what}"), digest, found))
        }
    }

    fn config(&self, name: &str, bytes: Vec<u8>, layers: usize) -> Result<Config, Error> {
        let config = Config::parse(bytes).map_err(|error| {
            let message: String = error
                .to_string()
                .chars()
                .filter(|c| !c.is_control())
                .take(MAX_MESSAGE)
                .collect();
            self.documents.blame().damaged(format!(
                "its config `{}` is not valid: {message}",
                name.escape_debug()
            ))
        })?;
        if config.diff_ids.len() == layers {
            Ok(config)
        } else {
            Err(self.documents.blame().damaged(format!(
                "names {layers} layers, but its config has {} diff_ids",
                config.diff_ids.len()
            )))
        }
    }

    fn docker_image(&self, image: DockerImage, indexed: &[Described]) -> Result<Described, Error> {
        let layers = image.layers.unwrap_or_default();
        let bytes = self.required(&image.config)?;
        let image_id = digest_of(&bytes);
        // Every engine names a config's member by its digest, so the name is a check.
        let stem = image
            .config
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .trim_end_matches(".json");
        if let Ok(named) = Digest::from_hex(stem)
            && named != image_id
        {
            return Err(self
                .documents
                .blame()
                .mismatch("its config", named, image_id));
        }
        let config = self.config(&image.config, bytes, layers.len())?;
        let mut tags = Vec::new();
        for tag in image.tags.unwrap_or_default() {
            tags.extend(self.tag(&tag)?);
        }
        let also = indexed
            .iter()
            .filter(|other| other.image_id == image_id)
            .flat_map(|other| &other.tags);
        tags.extend(also.cloned());
        dedup(&mut tags);
        Ok(Described {
            image_id,
            config,
            tags,
            layers,
        })
    }

    fn tag(&self, text: &str) -> Result<Option<Reference>, Error> {
        // What an engine calls an image without a name.
        if text.is_empty() || text.contains("<none>") {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|error| {
            self.documents
                .blame()
                .damaged(format!("has an invalid tag: {error}"))
        })
    }

    /// The images of `index.json`; `None` where there is none.
    fn index(&self) -> Result<Option<Vec<Described>>, Error> {
        let Some(bytes) = self.documents.document("index.json")? else {
            return Ok(None);
        };
        let index: Index = self.parse("index.json", &bytes)?;
        let mut images: Vec<Described> = Vec::new();
        let mut budget = MAX_MANIFESTS;
        for descriptor in &index.manifests {
            let tags = self.annotated_tag(descriptor)?;
            let Some(mut image) = self.manifest(descriptor, MAX_INDEX_DEPTH, &mut budget)? else {
                continue;
            };
            image.tags = tags.into_iter().collect();
            // The same image under two tags is two descriptors.
            match images
                .iter_mut()
                .find(|other| other.image_id == image.image_id)
            {
                Some(other) => other.tags.append(&mut image.tags),
                None => images.push(image),
            }
        }
        images.iter_mut().for_each(|image| dedup(&mut image.tags));
        Ok(Some(images))
    }

    fn annotated_tag(&self, descriptor: &Descriptor) -> Result<Option<Reference>, Error> {
        let named = descriptor.annotations.get("io.containerd.image.name");
        match named.or_else(|| {
            descriptor
                .annotations
                .get("org.opencontainers.image.ref.name")
                .filter(|name| name.contains([':', '/']))
        }) {
            Some(name) => self.tag(name),
            None => Ok(None),
        }
    }

    /// The image behind a descriptor; `None` for what is none (attestations, artifacts).
    fn manifest(
        &self,
        descriptor: &Descriptor,
        depth: usize,
        budget: &mut usize,
    ) -> Result<Option<Described>, Error> {
        *budget = budget.checked_sub(1).ok_or_else(|| {
            self.documents
                .blame()
                .damaged("names more manifests than any image")
        })?;
        if is_attestation(descriptor) {
            return Ok(None);
        }
        if descriptor.media_type.ends_with("image.index.v1+json")
            || descriptor.media_type.ends_with("manifest.list.v2+json")
        {
            let depth = depth.checked_sub(1).ok_or_else(|| {
                self.documents
                    .blame()
                    .damaged("its indexes name each other too deeply")
            })?;
            let nested: Index = self.parse("index", &self.blob("index", descriptor.digest)?)?;
            return match self.platform_choice(&nested)? {
                Some(chosen) => self.manifest(chosen, depth, budget),
                None => Ok(None),
            };
        }
        let manifest: Manifest =
            self.parse("manifest", &self.blob("manifest", descriptor.digest)?)?;
        if !manifest.config.media_type.is_empty() && !manifest.config.media_type.contains("image") {
            return Ok(None);
        }
        let bytes = self.blob("config", manifest.config.digest)?;
        let config = self.config(
            &blob_name(manifest.config.digest),
            bytes,
            manifest.layers.len(),
        )?;
        let layers = manifest
            .layers
            .iter()
            .map(|layer| blob_name(layer.digest))
            .collect();
        Ok(Some(Described {
            image_id: manifest.config.digest,
            config,
            tags: Vec::new(),
            layers,
        }))
    }

    /// Of an index with a manifest a platform: the only one that is in the archive, or the host's.
    fn platform_choice<'b>(&self, index: &'b Index) -> Result<Option<&'b Descriptor>, Error> {
        let mut present = Vec::new();
        for descriptor in index
            .manifests
            .iter()
            .filter(|descriptor| !is_attestation(descriptor))
        {
            if self
                .documents
                .document(&blob_name(descriptor.digest))?
                .is_some()
            {
                present.push(descriptor);
            }
        }
        let is_host = |descriptor: &&&Descriptor| {
            descriptor.platform.as_ref().is_some_and(|platform| {
                platform.os == "linux"
                    && Architecture::from_oci(&platform.architecture, platform.variant.as_deref())
                        == Ok(Architecture::host())
            })
        };
        Ok(match &present[..] {
            [] => None,
            [only] => Some(only),
            several => Some(several.iter().find(is_host).copied().unwrap_or(several[0])),
        })
    }
}

/// BuildKit's provenance comes as manifests of the platform `unknown/unknown`.
fn is_attestation(descriptor: &Descriptor) -> bool {
    descriptor
        .annotations
        .contains_key("vnd.docker.reference.type")
        || descriptor
            .platform
            .as_ref()
            .is_some_and(|platform| platform.os == "unknown")
}

fn dedup(tags: &mut Vec<Reference>) {
    let mut seen = std::collections::BTreeSet::new();
    tags.retain(|tag| seen.insert(tag.clone()));
}

/// Where an OCI layout keeps a blob.
pub(crate) fn blob_name(digest: Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}
