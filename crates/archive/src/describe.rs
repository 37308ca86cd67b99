//! Reads the images from the documents of an archive.
//!
//! Two layouts, often both in one tar:
//!
//! - docker-archive: `manifest.json` lists images as `{Config, RepoTags, Layers}`, each a member's
//!   name (moby, image/spec/v1.2.md, "Combined Image JSON + Filesystem Changeset Format").
//! - OCI layout: `index.json` names manifests by digest, a manifest its config and layers; blobs are
//!   the members `blobs/sha256/<digest>` (OCI image specification, image-layout.md). An index may
//!   name another index, one manifest a platform.
//!
//! If both exist, `manifest.json` lists the images, and the index's annotations add tags: engines with a
//! containerd store and podman keep them there.

mod merge;

use std::cell::Cell;

use naming::{Architecture, Digest, Reference};
use serde::de::DeserializeOwned;

use crate::Error;
use crate::archive::Base;
use crate::config::Config;
use crate::elsewhere;
use crate::error::{Blame, shown};
use crate::hash::digest_of;
use crate::manifest::StoredManifest;
use crate::schema::{self, Descriptor, DockerImage, Index, Manifest};
use merge::{complete, merge};

/// The maximum depth of nested indexes. The specification's example has two levels.
const MAX_INDEX_DEPTH: usize = 4;
/// The largest number of images and manifests that an archive may name.
const MAX_IMAGES: usize = 10_000;
/// The largest number of layers of an image: four times Docker's 127, for engines with other storage.
const MAX_LAYERS: usize = 508;
/// The largest number of bytes of documents that are read to describe an archive, and of values in them. One document
/// can be named many times, and a value of two bytes takes fifty in memory. Without limits, a few megabytes could fill
/// the memory. A hundred images with 127 layers each have some megabytes and 40,000 values.
const MAX_READ: usize = 16 << 20;
const MAX_VALUES: usize = 200_000;
/// The largest part of a parser's message in an error.
const MAX_MESSAGE: usize = 200;

/// The documents of an archive, by member name.
pub(crate) trait Documents {
    /// The bytes of a member; `None` if there is none.
    fn document(&self, name: &str) -> Result<Option<Vec<u8>>, Error>;
    /// Whether there is a member with that name.
    fn has(&self, name: &str) -> bool;
    fn blame(&self) -> &Blame;
}

/// An image as the documents describe it.
#[derive(Debug)]
pub(crate) struct Described {
    pub image_id: Digest,
    pub config: Config,
    pub tags: Vec<Reference>,
    /// The digests of the manifests and indexes that lead to it.
    pub manifests: Vec<Digest>,
    /// The index that names the manifest, if one leads to it.
    pub index: Option<Vec<u8>>,
    /// The member of each layer, as the documents name it.
    pub layers: Vec<String>,
    /// The uncompressed length of each layer, if a manifest contains it.
    pub sizes: Vec<Option<u64>>,
    /// The base of a thin archive.
    pub base: Option<Base>,
    /// Its manifest, unless an earlier version recorded the base in it.
    pub manifest: Option<StoredManifest>,
}

/// The images that an archive's documents describe: at least one, without duplicates.
pub(crate) fn describe(documents: &impl Documents) -> Result<Vec<Described>, Error> {
    let reader = Reader {
        documents,
        left: Cell::new(MAX_READ),
        values: Cell::new(MAX_VALUES),
    };
    let indexed = reader.index()?;
    let images = match reader.document("manifest.json")? {
        None => indexed,
        Some(bytes) => {
            elsewhere::check_list(documents, &bytes)?;
            let listed: Vec<DockerImage> = reader.parse("manifest.json", &bytes)?;
            reader.check_count(listed.len())?;
            let images = listed.iter().map(|image| reader.docker_image(image));
            let mut images = merge(images.collect::<Result<_, _>>()?);
            complete(&mut images, indexed);
            images
        }
    };
    if !images.is_empty() {
        return Ok(images);
    }
    let has_one = ["manifest.json", "index.json"].map(|name| documents.has(name));
    Err(if has_one == [false; 2] {
        elsewhere::without_documents(documents)
    } else {
        let what = "holds no image: its manifest.json or index.json lists none";
        documents.blame().damaged(what)
    })
}

struct Reader<'a, D> {
    documents: &'a D,
    /// The rest of [`MAX_READ`].
    left: Cell<usize>,
    /// The rest of [`MAX_VALUES`].
    values: Cell<usize>,
}

impl<D: Documents> Reader<'_, D> {
    fn damaged(&self, what: impl Into<String>) -> Error {
        self.documents.blame().damaged(what)
    }

    fn invalid(&self, what: &str, error: &serde_json::Error) -> Error {
        let message = error.to_string();
        let message = message.chars().filter(|c| !c.is_control());
        let message: String = message.take(MAX_MESSAGE).collect();
        self.damaged(format!("its {what} is not valid: {message}"))
    }

    fn parse<T: DeserializeOwned>(&self, what: &str, bytes: &[u8]) -> Result<T, Error> {
        self.count(what, bytes)?;
        serde_json::from_slice(bytes).map_err(|error| self.invalid(what, &error))
    }

    /// Counts the values of a document against the limit, before they take memory.
    fn count(&self, what: &str, bytes: &[u8]) -> Result<(), Error> {
        let left = self.values.get().checked_sub(values(bytes));
        let left = left.ok_or_else(|| {
            self.damaged(format!(
                "its {what} has too many values for an image archive"
            ))
        })?;
        self.values.set(left);
        Ok(())
    }

    fn document(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let bytes = self.documents.document(name)?;
        let length = bytes.as_ref().map_or(0, Vec::len);
        let left = self.left.get().checked_sub(length);
        self.left.set(
            left.ok_or_else(|| self.damaged("lists too many documents for an image archive"))?,
        );
        Ok(bytes)
    }

    fn required(&self, name: &str) -> Result<Vec<u8>, Error> {
        self.document(name)?.ok_or_else(|| {
            let name = shown(name);
            self.damaged(format!("names `{name}`, which is not in it"))
        })
    }

    fn check_count(&self, images: usize) -> Result<(), Error> {
        if images > MAX_IMAGES {
            return Err(self.damaged("lists too many images for an image archive"));
        }
        Ok(())
    }

    /// A document, checked against its digest.
    fn blob(&self, what: &str, digest: Digest) -> Result<Vec<u8>, Error> {
        let bytes = self.required(&blob_name(digest))?;
        self.check(what, digest, digest_of(&bytes))?;
        Ok(bytes)
    }

    fn check(&self, what: &str, expected: Digest, found: Digest) -> Result<(), Error> {
        if expected == found {
            return Ok(());
        }
        let blame = self.documents.blame();
        Err(blame.mismatch(format!("its {what}"), expected, found))
    }

    fn config(&self, bytes: Vec<u8>, layers: usize) -> Result<Config, Error> {
        self.count("config", &bytes)?;
        let config = Config::parse(bytes).map_err(|error| self.invalid("config", &error))?;
        let diff_ids = config.diff_ids.len();
        if diff_ids != layers {
            return Err(self.damaged(format!(
                "names {layers} layers, but its config has {diff_ids} diff_ids"
            )));
        }
        if layers > MAX_LAYERS {
            return Err(self.damaged(format!("names {layers} layers, more than engines support")));
        }
        Ok(config)
    }

    fn docker_image(&self, image: &DockerImage) -> Result<Described, Error> {
        let bytes = self.required(&image.config)?;
        let image_id = digest_of(&bytes);
        // Every engine names a config's member by its digest, so the name is a check.
        let stem = image.config.rsplit('/').next().unwrap_or_default();
        // crane names it `sha256:…`.
        let stem = stem.trim_start_matches("sha256:");
        if let Ok(named) = Digest::from_hex(stem.trim_end_matches(".json")) {
            self.check("config", named, image_id)?;
        }
        let config = self.config(bytes, image.layers.len())?;
        let mut tags = Vec::new();
        for tag in image.tags.iter().filter(|tag| !is_no_name(tag)) {
            let tag = tag.parse();
            tags.push(tag.map_err(|error| self.damaged(format!("has an invalid tag: {error}")))?);
        }
        Ok(Described {
            image_id,
            config,
            tags,
            manifests: Vec::new(),
            index: None,
            layers: image.layers.clone(),
            sizes: vec![None; image.layers.len()],
            base: None,
            manifest: None,
        })
    }

    /// The images of `index.json`.
    fn index(&self) -> Result<Vec<Described>, Error> {
        let Some(bytes) = self.document("index.json")? else {
            return Ok(Vec::new());
        };
        let index: Index = self.parse("index.json", &bytes)?;
        self.check_count(index.manifests.len())?;
        let mut images = Vec::new();
        for descriptor in &index.manifests {
            let Some(mut image) = self.manifest(descriptor, MAX_INDEX_DEPTH)? else {
                continue;
            };
            // An annotation that is no reference is a tool's own name for the image.
            let name = descriptor.name().filter(|name| !is_no_name(name));
            image.tags.extend(name.and_then(|name| name.parse().ok()));
            image.base = schema::base(&descriptor.annotations).or(image.base);
            if let Some(index) = descriptor.came_under() {
                let bytes = self.blob("index", index)?;
                let listed: Index = self.parse("index", &bytes)?;
                if listed.names(descriptor.digest) {
                    image.manifests.push(index);
                    image.index = Some(bytes);
                }
            }
            if let Some(sizes) = descriptor.tar_sizes(image.layers.len()) {
                image.sizes = sizes.into_iter().map(Some).collect();
            }
            images.push(image);
        }
        Ok(merge(images))
    }

    /// The image behind a descriptor; `None` if it is no image (attestations, artifacts).
    fn manifest(&self, descriptor: &Descriptor, depth: usize) -> Result<Option<Described>, Error> {
        if descriptor.is_attestation() {
            return Ok(None);
        }
        if descriptor.is_index() {
            let depth = depth
                .checked_sub(1)
                .ok_or_else(|| self.damaged("its indexes are nested too deeply"))?;
            let bytes = self.blob("index", descriptor.digest)?;
            let nested: Index = self.parse("index", &bytes)?;
            let Some(chosen) = self.platform_choice(&nested) else {
                return Ok(None);
            };
            let mut image = self.manifest(chosen, depth)?;
            if let Some(image) = &mut image {
                image.manifests.push(descriptor.digest);
                image.index.get_or_insert(bytes);
            }
            return Ok(image);
        }
        let document = self.blob("manifest", descriptor.digest)?;
        let manifest: Manifest = self.parse("manifest", &document)?;
        // Signatures and similar artifacts have their own kind of config, or OCI's empty one.
        let kind = &manifest.config.media_type;
        if !kind.is_empty() && !kind.contains("image") {
            return Ok(None);
        }
        elsewhere::check_layers(self.documents, &manifest)?;
        let bytes = self.blob("config", manifest.config.digest)?;
        let layers = manifest.layers.iter();
        let layers: Vec<_> = layers.map(|layer| blob_name(layer.digest)).collect();
        let sizes = manifest.layers.iter().map(Descriptor::tar_size).collect();
        Ok(Some(Described {
            image_id: manifest.config.digest,
            config: self.config(bytes, layers.len())?,
            tags: Vec::new(),
            manifests: vec![descriptor.digest],
            index: None,
            layers,
            sizes,
            base: schema::base(&manifest.annotations),
            manifest: schema::base(&manifest.annotations)
                .is_none()
                .then(|| StoredManifest::new(&manifest, document, &descriptor.media_type)),
        }))
    }

    /// The manifest of an index for several platforms: the only one in the archive, or the host's.
    fn platform_choice<'b>(&self, index: &'b Index) -> Option<&'b Descriptor> {
        let is_host = |descriptor: &&Descriptor| {
            descriptor.platform.as_ref().is_some_and(|platform| {
                platform.os == "linux"
                    && Architecture::from_oci(&platform.architecture, platform.variant.as_deref())
                        == Ok(Architecture::host())
            })
        };
        let present = index.manifests.iter().filter(|descriptor| {
            !descriptor.is_attestation() && self.documents.has(&blob_name(descriptor.digest))
        });
        let present: Vec<_> = present.collect();
        let host = present.iter().copied().find(is_host);
        host.or_else(|| present.first().copied())
    }
}

/// The placeholder of engines for a missing name.
fn is_no_name(tag: &str) -> bool {
    tag.is_empty() || tag.contains("<none>")
}

/// The number of values and keys in a JSON document, or more. The parser refuses invalid JSON later.
fn values(document: &[u8]) -> usize {
    let (mut count, mut in_string, mut escaped) = (1, false, false);
    for byte in document {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b',' | b':' | b'[' | b'{' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}

/// The folder of an OCI layout's blobs.
pub(crate) const BLOBS: &str = "blobs/sha256/";

/// The name of a blob in an OCI layout.
pub(crate) fn blob_name(digest: Digest) -> String {
    format!("{BLOBS}{}", digest.hex())
}
