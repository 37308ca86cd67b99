//! Writes the stream of an engine's `save` to disk.

use std::collections::HashMap;
use std::io::{self, Read};

use naming::Digest;

use crate::decode::{Compression, Magic};
use crate::describe::{BLOBS, Described, Documents, describe};
use crate::draft::Came;
use crate::error::{Blame, Error, shown};
use crate::growth::Allowance;
use crate::header_fields::clean;
use crate::headers::{BLOCK, Headers};
use crate::layer_file::LayerFile;
use crate::member::{Kind, Member, Pass};
use crate::members::{
    MAX_DOCUMENT, MAX_DOCUMENTS, MAX_LINKS, MAX_MEMBERS, MAX_NAMES, beside, may_be_json,
};
use crate::passing::{Decoding, StoredLayer};
use crate::source::is_tar;

/// The result for a member of the stream.
enum Taken {
    Document(Vec<u8>),
    Layer(Digest),
    Link(String),
    /// Not kept, with the reason for an error if a document names it.
    Passed(&'static str),
}

/// Sorts a stream's members into layers on disk and documents in memory.
pub(crate) struct Taking<'a> {
    out: LayerFile<'a>,
    members: HashMap<String, Taken>,
    /// The remaining room for documents, in bytes.
    budget: u64,
    /// The bytes of all names so far.
    names: usize,
    allowance: Allowance,
    blame: Blame,
}

impl<'a> Taking<'a> {
    pub(crate) fn new(blame: Blame, out: LayerFile<'a>) -> Self {
        Self {
            out,
            members: HashMap::new(),
            budget: MAX_DOCUMENTS,
            names: 0,
            allowance: Allowance::default(),
            blame,
        }
    }

    /// Processes the last member of `headers`.
    pub(crate) fn take<R: Pass>(
        &mut self,
        headers: &mut Headers<R>,
        member: &Member,
    ) -> Result<(), Error> {
        let taken = match &member.kind {
            Kind::Directory => return Ok(()),
            Kind::File => self.file(headers, member)?,
            Kind::HardLink(target) => Taken::Link(clean(target)),
            Kind::SymLink(target) => match beside(&member.name, target) {
                Some(target) => Taken::Link(target),
                None => Taken::Passed("is a link that leads outside the archive"),
            },
            Kind::Special(_) => Taken::Passed("is not a regular file"),
        };
        let twice = self.members.contains_key(&member.name);
        let taken = if twice {
            Taken::Passed("occurs more than once")
        } else {
            taken
        };
        self.names += member.name.len() + member.kind.target().map_or(0, str::len);
        self.members.insert(member.name.clone(), taken);
        if self.members.len() > MAX_MEMBERS || self.names > MAX_NAMES {
            return Err(self
                .blame
                .damaged("has too many members for an image archive"));
        }
        Ok(())
    }

    /// Keeps a document, writes a layer, skips any other member.
    fn file<R: Pass>(&mut self, headers: &mut Headers<R>, member: &Member) -> Result<Taken, Error> {
        let start = headers.start(member, BLOCK);
        let mut start = start.map_err(|error| self.blame.tar(error))?;
        let compression = match Compression::sniff(&start) {
            Magic::Known(Compression::None) if start.len() as u64 == BLOCK && is_tar(&start) => {
                Compression::None
            }
            Magic::Known(compression @ (Compression::Gzip | Compression::Zstd)) => compression,
            Magic::Unsupported(_) => {
                return Ok(Taken::Passed("has a compression that engines cannot load"));
            }
            _ if start.is_empty() => return Ok(Taken::Passed("is empty")),
            _ if !may_be_json(&start) => {
                return Ok(Taken::Passed("is neither a layer nor a document"));
            }
            // Provenance and similar documents can be large, and are not needed.
            _ if member.size > MAX_DOCUMENT.min(self.budget) => {
                return Ok(Taken::Passed("is too large for a manifest or config"));
            }
            _ => {
                self.budget -= member.size;
                let rest = headers.start(member, MAX_DOCUMENT);
                start.extend(rest.map_err(|error| self.blame.tar(error))?);
                return Ok(Taken::Document(start));
            }
        };
        let stored = io::Cursor::new(start).chain(headers.body(member));
        self.layer(member, compression, stored).map(Taken::Layer)
    }

    fn layer(
        &mut self,
        member: &Member,
        compression: Compression,
        stored: impl Read,
    ) -> Result<Digest, Error> {
        // An engine that stores an image compressed has unpacked it before, so it is no bomb. The
        // documents with its uncompressed length come later.
        let layer = StoredLayer {
            bytes: stored,
            decoding: Decoding {
                compression,
                most: self.allowance.most(member.size, Some(u64::MAX)),
                said: None,
            },
        };
        let place = format!("`{}`", shown(&member.name));
        let found = self.out.add(layer, &self.blame, &place)?;
        if compression != Compression::None {
            self.allowance.charge(member.size, found.blob.tar_size);
        }
        match digest_in(&member.name) {
            Some(named) if named != found.blob.digest => {
                Err(self.blame.mismatch(place, named, found.blob.digest))
            }
            _ => Ok(found.diff_id),
        }
    }

    /// Checks that the documents describe one image with all its layers present.
    pub(crate) fn finish(self) -> Result<Came, Error> {
        if self.members.is_empty() {
            return Err(self.blame.damaged("contains no image"));
        }
        let mut images = describe(&self)?;
        let (Some(image), true) = (images.pop(), images.is_empty()) else {
            return Err(self.blame.damaged("contains several images instead of one"));
        };
        self.check(&image)?;
        Ok(Came {
            layers: self.out.finish(&image.config.diff_ids)?,
            image_id: image.image_id,
            manifest: image.manifest,
            index: image.index,
            config: image.config,
        })
    }

    /// Checks that every layer in the config came, with the right digest.
    fn check(&self, image: &Described) -> Result<(), Error> {
        let count = image.layers.len();
        let expected = image.config.diff_ids.iter();
        for (index, (name, expected)) in image.layers.iter().zip(expected).enumerate() {
            let place = format!("layer {} of {count}", index + 1);
            let why = match self.find(name)? {
                Some(Taken::Layer(found)) if found == expected => continue,
                Some(Taken::Layer(found)) => {
                    return Err(self.blame.mismatch(place, *expected, *found));
                }
                Some(Taken::Passed(why)) => why,
                Some(Taken::Document(_) | Taken::Link(_)) => "is not a layer",
                None => "is not in the stream",
            };
            let name = shown(name);
            return Err(self
                .blame
                .damaged(format!("{place} is missing: `{name}` {why}")));
        }
        Ok(())
    }

    /// The member with this name, through links inside the stream.
    fn find(&self, name: &str) -> Result<Option<&Taken>, Error> {
        let mut name = clean(name);
        for _ in 0..=MAX_LINKS {
            match self.members.get(&name) {
                Some(Taken::Link(target)) => name.clone_from(target),
                other => return Ok(other),
            }
        }
        let name = shown(&name);
        Err(self
            .blame
            .damaged(format!("its `{name}` is a link that leads to itself")))
    }
}

/// The digest in a blob's name.
fn digest_in(name: &str) -> Option<Digest> {
    Digest::from_hex(name.strip_prefix(BLOBS)?).ok()
}

impl Documents for Taking<'_> {
    fn document(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let why = match self.find(name)? {
            Some(Taken::Document(bytes)) => return Ok(Some(bytes.clone())),
            Some(Taken::Passed(why)) => why,
            Some(Taken::Layer(_) | Taken::Link(_)) => "is not a document",
            None => return Ok(None),
        };
        let name = shown(name);
        Err(self.blame.damaged(format!("its `{name}` {why}")))
    }

    fn has(&self, name: &str) -> bool {
        self.members.contains_key(&clean(name))
    }

    fn blame(&self) -> &Blame {
        &self.blame
    }
}
