//! An archive's index: which members there are, which images they make up.
//!
//! A plain tar is indexed by reading headers and seeking over everything else. A compressed one has
//! to be decompressed once from start to end; its small documents are kept on the way, and later reads
//! go through the stream again.

use std::collections::HashMap;
use std::io::{self, Read};

use camino::Utf8Path;
use naming::{Digest, Reference};

use crate::Error;
use crate::config::Config;
use crate::decode::{Compression, MAGIC_LEN, Magic};
use crate::describe::{Documents, describe};
use crate::error::Blame;
use crate::headers::{Headers, Kind, Pass, TarError, clean};
use crate::source::{Piped, Slice, Source};

/// The largest document (manifest, config, index) that is read, in bytes. Configs with long
/// histories have some hundred kilobytes; containerd's limit is 8 MiB too.
pub(crate) const MAX_DOCUMENT: u64 = 8 << 20;
/// How many bytes of documents are kept of a compressed archive.
const MAX_KEPT: u64 = 24 << 20;
/// How many links in a row a member's name may go through.
pub(crate) const MAX_LINKS: usize = 8;

/// An opened archive: its images, and the way to their bytes.
#[derive(Debug)]
pub struct Archive {
    path: camino::Utf8PathBuf,
    pub(crate) source: Source,
    images: Vec<Image>,
}

/// An image in an archive.
#[derive(Debug, Clone)]
pub struct Image {
    /// The digest of the config, which is the image's identity.
    pub image_id: Digest,
    /// The config itself.
    pub config: Config,
    /// The tags that the archive gives it.
    pub tags: Vec<Reference>,
    /// The layers, lowest first, one for each of the config's `diff_ids`.
    pub layers: Vec<Layer>,
}

impl Image {
    /// The bytes of its layers as they are stored.
    pub fn stored_size(&self) -> u64 {
        self.layers.iter().map(|layer| layer.stored_size).sum()
    }
}

/// A layer as it is stored in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The digest of the uncompressed layer.
    pub diff_id: Digest,
    /// How the layer itself is compressed.
    pub compression: Compression,
    /// Its length as stored, in bytes.
    pub stored_size: u64,
    /// Where it begins in the (decompressed) tar.
    pub(crate) offset: u64,
}

impl Layer {
    /// Its uncompressed length, where that is known without reading it.
    pub fn tar_size(&self) -> Option<u64> {
        (self.compression == Compression::None).then_some(self.stored_size)
    }
}

#[derive(Debug)]
struct Stored {
    kind: Kind,
    size: u64,
    offset: u64,
    magic: [u8; MAGIC_LEN],
    /// How often the name occurs.
    times: u32,
}

struct Members<'a> {
    source: &'a Source,
    by_name: HashMap<String, Stored>,
    /// Documents of a compressed archive.
    kept: HashMap<String, Vec<u8>>,
    has_end_marker: bool,
}

impl Archive {
    /// Opens a file and reads its index. Checks that every member is complete, that every document and
    /// layer that is named is there, and that configs and manifests match their digests; layers are
    /// not read ([`Archive::verify`] and composing do that).
    pub fn open(path: &Utf8Path) -> Result<Self, Error> {
        let source = Source::open(path)?;
        let members = match source.compression {
            Compression::None => {
                Members::read(&source, Slice::new(&source.file, 0, source.size), false)?
            }
            _ => Members::read(&source, Piped(source.stream()?), true)?,
        };
        let images = members.images()?;
        Ok(Self {
            path: path.to_owned(),
            images,
            source,
        })
    }

    /// The path that it was opened by.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The length of the file, in bytes.
    pub fn size(&self) -> u64 {
        self.source.size
    }

    /// The images, in the order of the manifest. At least one.
    pub fn images(&self) -> &[Image] {
        &self.images
    }
}

impl<'a> Members<'a> {
    fn read(source: &'a Source, reader: impl Pass, keep: bool) -> Result<Self, Error> {
        let blame = |error: TarError| source.tar_error(error);
        let mut headers = Headers::new(reader);
        let mut by_name: HashMap<String, Stored> = HashMap::new();
        let mut kept = HashMap::new();
        let mut kept_bytes = 0;
        while let Some(member) = headers.next_member().map_err(blame)? {
            let mut magic = [0; MAGIC_LEN];
            if member.kind == Kind::File {
                let mut body = headers.body(&member);
                let wanted = usize::try_from(member.size)
                    .unwrap_or(MAGIC_LEN)
                    .min(MAGIC_LEN);
                body.read_exact(&mut magic[..wanted])
                    .map_err(|error| source.member_error(&member.name, error))?;
                let is_document = member.size <= MAX_DOCUMENT
                    && matches!(magic[0], b'{' | b'[')
                    && kept_bytes + member.size <= MAX_KEPT;
                if keep && is_document {
                    let mut bytes = magic[..wanted].to_vec();
                    body.read_to_end(&mut bytes)
                        .map_err(|error| source.member_error(&member.name, error))?;
                    kept_bytes += member.size;
                    kept.insert(member.name.clone(), bytes);
                }
            }
            if member.kind != Kind::Directory {
                let times = by_name
                    .get(&member.name)
                    .map_or(1, |stored| stored.times + 1);
                by_name.insert(
                    member.name,
                    Stored {
                        kind: member.kind,
                        size: member.size,
                        offset: member.offset,
                        magic,
                        times,
                    },
                );
            }
        }
        let has_end_marker = headers.has_end_marker();
        // A compressed stream is complete when its own end was reached and its checksum fits.
        io::copy(&mut headers.into_inner(), &mut io::sink())
            .map_err(|error| source.blame.read(error))?;
        Ok(Self {
            source,
            by_name,
            kept,
            has_end_marker,
        })
    }

    fn images(&self) -> Result<Vec<Image>, Error> {
        let has_documents = ["manifest.json", "index.json"]
            .iter()
            .any(|name| self.by_name.contains_key(*name));
        if !has_documents && !self.has_end_marker {
            return Err(self
                .source
                .blame
                .truncated("it ends without its manifest.json and without a tar's end marker"));
        }
        let described = describe(self)?;
        let image = |image: crate::describe::Described| {
            let layers = image.config.diff_ids.iter().zip(&image.layers);
            let layers = layers
                .map(|(diff_id, name)| self.layer(*diff_id, name))
                .collect::<Result<_, _>>()?;
            Ok(Image {
                image_id: image.image_id,
                config: image.config,
                tags: image.tags,
                layers,
            })
        };
        described.into_iter().map(image).collect()
    }

    fn layer(&self, diff_id: Digest, name: &str) -> Result<Layer, Error> {
        let (_, stored) = self.find(name)?.ok_or_else(|| {
            self.source.blame.damaged(format!(
                "names the layer `{}`, which is not in it",
                name.escape_debug()
            ))
        })?;
        match Compression::sniff(&stored.magic) {
            Magic::Known(compression) => Ok(Layer {
                diff_id,
                compression,
                stored_size: stored.size,
                offset: stored.offset,
            }),
            Magic::Unsupported(format) => Err(self.source.blame.damaged(format!(
                "its layer `{}` is compressed with {format}, which no engine loads",
                name.escape_debug()
            ))),
        }
    }

    /// The regular member of a name, through links inside the archive. A name that occurs twice is
    /// ambiguous: engines differ in which of the two they take.
    fn find(&self, name: &str) -> Result<Option<(String, &Stored)>, Error> {
        let mut name = clean(name);
        for _ in 0..=MAX_LINKS {
            let Some(stored) = self.by_name.get(&name) else {
                return Ok(None);
            };
            if stored.times > 1 {
                return Err(self
                    .source
                    .blame
                    .damaged(format!("holds `{}` more than once", name.escape_debug())));
            }
            name = match &stored.kind {
                Kind::File => return Ok(Some((name, stored))),
                Kind::HardLink(target) => clean(target),
                Kind::SymLink(target) => match beside(&name, target) {
                    Some(target) => target,
                    None => {
                        return Err(self.source.blame.damaged(format!(
                            "its link `{}` leads out of it",
                            name.escape_debug()
                        )));
                    }
                },
                Kind::Directory | Kind::Other => {
                    return Err(self
                        .source
                        .blame
                        .damaged(format!("its `{}` is no regular file", name.escape_debug())));
                }
            };
        }
        Err(self.source.blame.damaged("its links lead in a circle"))
    }
}

/// Where a symbolic link of a member leads, as a member's name. `None` where that is outside.
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

impl Documents for Members<'_> {
    fn document(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some((name, stored)) = self.find(name)? else {
            return Ok(None);
        };
        if stored.size > MAX_DOCUMENT {
            return Err(self.source.blame.damaged(format!(
                "its `{}` is larger than any manifest or config",
                name.escape_debug()
            )));
        }
        if self.source.compression != Compression::None {
            let kept = self.kept.get(&name).cloned();
            return kept.map(Some).ok_or_else(|| {
                self.source
                    .blame
                    .damaged(format!("its `{}` is no JSON document", name.escape_debug()))
            });
        }
        let mut bytes = Vec::new();
        Slice::new(&self.source.file, stored.offset, stored.size)
            .read_to_end(&mut bytes)
            .map_err(|error| self.source.blame.read(error))?;
        Ok(Some(bytes))
    }

    fn blame(&self) -> &Blame {
        &self.source.blame
    }
}
