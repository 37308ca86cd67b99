//! The index of an archive: its members, and the contents of its documents.
//!
//! For an uncompressed tar, only headers are read, and all else is skipped by seeking. A compressed one is decompressed
//! once from start to end. Its documents are kept then, because later reads decompress the stream again.
//!
//! A document names a member by a path. The path is looked up only among the tar's own members, through the tar's own
//! links. So no name leads to the file system.

use std::collections::HashMap;
use std::io::{self, BufReader, Read};

use naming::Digest;

use crate::Error;
use crate::archive::{Image, Layer};
use crate::decode::{Compression, MAGIC_LEN, Magic};
use crate::describe::{Described, Documents, describe};
use crate::error::{Blame, shown};
use crate::header_fields::clean;
use crate::headers::Headers;
use crate::manifest::StoredManifest;
use crate::member::{Kind, Member, Pass};
use crate::source::{HEADERS, Piped, Slice, Source};

/// The largest document (manifest, config, index), in bytes. Configs with long histories have some hundred kilobytes;
/// registries accept manifests of 4 MiB (OCI distribution specification).
pub(crate) const MAX_DOCUMENT: u64 = 4 << 20;
/// The largest number of bytes of documents that are kept for a stream. A hundred images have some megabytes.
pub(crate) const MAX_DOCUMENTS: u64 = 12 << 20;
/// The largest number of links in a row for a member's name.
pub(crate) const MAX_LINKS: usize = 8;
/// The largest number of members of an archive: each layer has a few, and engines allow at most 127 layers an image.
pub(crate) const MAX_MEMBERS: usize = 50_000;
/// The largest number of bytes of all names and link targets in an archive. A blob's name has 77.
pub(crate) const MAX_NAMES: usize = 6 << 20;

/// A member in the index.
#[derive(Debug)]
struct Stored {
    kind: Kind,
    size: u64,
    offset: u64,
    start: [u8; MAGIC_LEN],
    /// The bytes of a compressed archive's document.
    document: Option<Vec<u8>>,
    /// Whether the name occurs again: engines differ in which of the two they use.
    twice: bool,
}

pub(crate) struct Members<'a> {
    source: &'a Source,
    by_name: HashMap<String, Stored>,
    /// The bytes of all names so far.
    names: usize,
    has_end_marker: bool,
}

impl<'a> Members<'a> {
    /// Reads the index, and checks that every member is complete.
    pub(crate) fn read(source: &'a Source) -> Result<Self, Error> {
        let mut members = Self {
            source,
            by_name: HashMap::new(),
            names: 0,
            has_end_marker: false,
        };
        if source.compression == Compression::None {
            let whole = Slice::new(&source.file, 0, source.size);
            members.scan(BufReader::with_capacity(HEADERS, whole))?;
        } else {
            // A compressed stream is complete if its own end was read, with its checksum.
            let mut rest = members.scan(Piped(source.stream()?))?;
            io::copy(&mut rest, &mut io::sink()).map_err(|error| source.blame.read(error))?;
        }
        Ok(members)
    }

    /// Lists the members. Returns the rest of the stream.
    fn scan<R: Pass>(&mut self, reader: R) -> Result<R, Error> {
        let source = self.source;
        let keeps = source.compression != Compression::None;
        let mut headers = Headers::new(reader);
        let mut budget = MAX_DOCUMENTS;
        while let Some(member) = headers
            .next_member()
            .map_err(|error| source.blame.tar(error))?
        {
            let (mut start, mut document) = ([0; MAGIC_LEN], None);
            if member.kind == Kind::File {
                let mut bytes = headers
                    .start(&member, MAGIC_LEN as u64)
                    .map_err(|error| source.blame.tar(error))?;
                start[..bytes.len()].copy_from_slice(&bytes);
                let limit = budget.min(MAX_DOCUMENT);
                if keeps && member.size <= limit && may_be_json(&bytes) {
                    let rest = headers.start(&member, limit);
                    bytes.extend(rest.map_err(|error| source.blame.tar(error))?);
                    budget -= member.size;
                    document = Some(bytes);
                }
            }
            self.insert(member, start, document)?;
        }
        self.has_end_marker = headers.has_end_marker();
        Ok(headers.into_inner())
    }

    fn insert(
        &mut self,
        member: Member,
        start: [u8; MAGIC_LEN],
        document: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        if member.kind == Kind::Directory {
            return Ok(());
        }
        self.names += member.name.len() + member.kind.target().map_or(0, str::len);
        let stored = Stored {
            kind: member.kind,
            size: member.size,
            offset: member.offset,
            start,
            document,
            twice: self.by_name.contains_key(&member.name),
        };
        self.by_name.insert(member.name, stored);
        if self.by_name.len() > MAX_MEMBERS || self.names > MAX_NAMES {
            let blame = &self.source.blame;
            return Err(blame.damaged("has too many members for an image archive"));
        }
        Ok(())
    }

    /// The images in the members.
    pub(crate) fn images(&self) -> Result<Vec<Image>, Error> {
        let has_documents = ["manifest.json", "index.json"]
            .iter()
            .any(|name| self.by_name.contains_key(*name));
        if !has_documents && !self.has_end_marker {
            return Err(self
                .source
                .blame
                .truncated("the manifest.json and the end marker of the tar are missing"));
        }
        let images = describe(self)?;
        images.into_iter().map(|image| self.image(image)).collect()
    }

    fn image(&self, image: Described) -> Result<Image, Error> {
        let mut layers: Vec<Layer> = Vec::new();
        let manifest = image.manifest.filter(|it| it.names(&image.layers));
        let described = image.layers.iter().zip(&image.sizes);
        for (diff_id, (name, said)) in image.config.diff_ids.iter().zip(described) {
            let may_miss = image.base.is_some() && layers.iter().all(|layer| layer.left_out);
            layers.push(match self.find(name)? {
                None if may_miss => Layer {
                    diff_id: *diff_id,
                    blob: None,
                    compression: Compression::None,
                    stored_size: 0,
                    left_out: true,
                    offset: 0,
                    said: *said,
                },
                found => self.layer(*diff_id, name, found, *said)?,
            });
        }
        let config = image.config.bytes.len() as u64;
        let manifest = manifest.filter(|it| it.config.size == config && named_by(it, &mut layers));
        Ok(Image {
            image_id: image.image_id,
            config: image.config,
            tags: image.tags,
            manifests: image.manifests,
            index: image.index,
            manifest,
            layers,
            base: image.base,
        })
    }

    fn layer(
        &self,
        diff_id: Digest,
        name: &str,
        stored: Option<&Stored>,
        said: Option<u64>,
    ) -> Result<Layer, Error> {
        let blame = &self.source.blame;
        let stored = stored.ok_or_else(|| {
            let name = shown(name);
            blame.damaged(format!("names the layer `{name}`, which is not in it"))
        })?;
        match Compression::sniff(&stored.start) {
            Magic::Known(compression) => Ok(Layer {
                diff_id,
                blob: (compression == Compression::None).then_some(diff_id),
                compression,
                stored_size: stored.size,
                left_out: false,
                offset: stored.offset,
                said,
            }),
            Magic::Unsupported(format) => Err(blame.damaged(format!(
                "its layer `{}` is compressed with {format}, which engines cannot load",
                shown(name)
            ))),
        }
    }

    /// The regular member with this name, through links inside the archive.
    fn find(&self, name: &str) -> Result<Option<&Stored>, Error> {
        let wrong = |name: &str, what: &str| {
            let name = shown(name);
            Err(self.source.blame.damaged(format!("its `{name}` {what}")))
        };
        let mut name = clean(name);
        for _ in 0..=MAX_LINKS {
            let Some(stored) = self.by_name.get(&name) else {
                return Ok(None);
            };
            if stored.twice {
                return wrong(&name, "occurs more than once");
            }
            name = match &stored.kind {
                Kind::File => return Ok(Some(stored)),
                Kind::HardLink(target) => clean(target),
                Kind::SymLink(target) => match beside(&name, target) {
                    Some(target) => target,
                    None => return wrong(&name, "is a link that leads outside the archive"),
                },
                Kind::Directory | Kind::Special(_) => return wrong(&name, "is not a regular file"),
            };
        }
        wrong(&name, "is a link that leads to itself")
    }
}

impl Documents for Members<'_> {
    fn document(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(stored) = self.find(name)? else {
            return Ok(None);
        };
        let blame = &self.source.blame;
        let wrong = |what: &str| {
            let name = shown(name);
            Err(blame.damaged(format!("its `{name}` {what}")))
        };
        if stored.size > MAX_DOCUMENT {
            return wrong("is too large for a manifest or config");
        }
        if self.source.compression == Compression::None {
            let mut bytes = Vec::with_capacity(usize::try_from(stored.size).unwrap_or(0));
            return Slice::new(&self.source.file, stored.offset, stored.size)
                .read_to_end(&mut bytes)
                .map(|_| Some(bytes))
                .map_err(|error| blame.read(error));
        }
        match &stored.document {
            Some(bytes) => Ok(Some(bytes.clone())),
            None if may_be_json(&stored.start) => wrong("comes after too many other documents"),
            None => wrong("is not a JSON document"),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(&clean(name))
    }

    fn blame(&self) -> &Blame {
        &self.source.blame
    }
}

/// Whether a manifest matches each stored layer. If so, the layers get the digests of their blobs.
fn named_by(manifest: &StoredManifest, layers: &mut [Layer]) -> bool {
    let mut both = layers.iter().zip(&manifest.layers);
    let is_right = both.all(|(layer, named)| {
        let plain = layer.compression == Compression::None && !layer.left_out;
        (layer.left_out || layer.stored_size == named.size)
            && (!plain || layer.diff_id == named.digest)
    });
    if is_right {
        for (layer, named) in layers.iter_mut().zip(&manifest.layers) {
            layer.blob = Some(named.digest);
        }
    }
    is_right
}

/// Whether a member with this start may be a document.
pub(crate) fn may_be_json(start: &[u8]) -> bool {
    matches!(start.trim_ascii_start().first(), None | Some(b'{' | b'['))
}

/// The target of a member's symbolic link, as a member's name; `None` if it is outside.
pub(crate) fn beside(name: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = name.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
