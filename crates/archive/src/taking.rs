//! A stream of an engine's `save` on its way to disk.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

use naming::Digest;

use crate::compose::{copy, write_error};
use crate::config::Config;
use crate::decode::{Compression, Magic};
use crate::describe::{Described, Documents, blob_name, describe};
use crate::error::{Blame, Error};
use crate::hash::Hashing;
use crate::header_fields::clean;
use crate::headers::{BLOCK, Headers};
use crate::member::{Kind, Member, Pass};
use crate::members::{MAX_DOCUMENT, MAX_DOCUMENTS, MAX_LINKS, MAX_MEMBERS, beside, may_be_json};
use crate::source::{CHUNK, is_tar};
use crate::writer;

/// What a member of the stream turned out to be.
enum Taken {
    Document(Vec<u8>),
    Layer(Digest),
    Link(String),
    /// Not kept, and why it can't be had when somebody asks for it.
    Passed(&'static str),
}

/// A layer that is on disk.
struct OnDisk {
    diff_id: Digest,
    /// Where its header is.
    start: u64,
    size: u64,
}

/// Sorts a stream's members into layers on disk and documents in memory.
pub(crate) struct Taking<'a> {
    out: BufWriter<&'a mut File>,
    /// Where the next layer goes.
    end: u64,
    layers: Vec<OnDisk>,
    members: HashMap<String, Taken>,
    /// What is left of the room for documents.
    budget: u64,
    blame: Blame,
}

/// What [`Taking::finish`] found to be there.
pub(crate) struct Finished {
    pub image_id: Digest,
    pub config: Config,
    /// The image's layers on disk, by diff_id.
    pub sizes: BTreeMap<Digest, u64>,
    /// Where the layers end.
    pub end: u64,
}

impl<'a> Taking<'a> {
    pub(crate) fn new(blame: Blame, out: &'a mut File) -> Self {
        Self {
            out: BufWriter::with_capacity(CHUNK, out),
            end: 0,
            layers: Vec::new(),
            members: HashMap::new(),
            budget: MAX_DOCUMENTS,
            blame,
        }
    }

    /// Takes the member that `headers` listed last.
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
                None => Taken::Passed("is a link that leads out of the archive"),
            },
            Kind::Other => Taken::Passed("is no regular file"),
        };
        let twice = self.members.contains_key(&member.name);
        let taken = if twice {
            Taken::Passed("is there more than once")
        } else {
            taken
        };
        self.members.insert(member.name.clone(), taken);
        if self.members.len() > MAX_MEMBERS {
            return Err(self
                .blame
                .damaged("has more members than any image archive"));
        }
        Ok(())
    }

    /// Keeps a document, writes a layer, passes over anything else.
    fn file<R: Pass>(&mut self, headers: &mut Headers<R>, member: &Member) -> Result<Taken, Error> {
        let start = headers.start(member, BLOCK);
        let mut start = start.map_err(|error| self.blame.tar(error))?;
        let compression = match Compression::sniff(&start) {
            Magic::Known(Compression::None) if start.len() as u64 == BLOCK && is_tar(&start) => {
                Compression::None
            }
            Magic::Known(compression @ (Compression::Gzip | Compression::Zstd)) => compression,
            Magic::Unsupported(_) => {
                return Ok(Taken::Passed("is compressed in a way that no engine loads"));
            }
            _ if start.is_empty() => return Ok(Taken::Passed("is empty")),
            _ if !may_be_json(&start) => {
                return Ok(Taken::Passed("is neither a layer nor a document"));
            }
            // Provenance and the like can be large, and nobody asks for it.
            _ if member.size > MAX_DOCUMENT.min(self.budget) => {
                return Ok(Taken::Passed("is larger than any manifest or config"));
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
        let start = self.end;
        let body = SeekFrom::Start(start + BLOCK);
        self.out.seek(body).map_err(write_error)?;
        let decoded = compression
            .decode(BufReader::with_capacity(CHUNK, stored))
            .map_err(|error| self.blame.read(error))?;
        let mut hashing = Hashing::new(decoded);
        copy(&mut hashing, &mut self.out, &self.blame)
            .map_err(|error| error.inside(&format!("`{}`", member.name.escape_debug())))?;
        let (diff_id, size) = hashing.finish();
        if self.layers.iter().any(|layer| layer.diff_id == diff_id) {
            // A layer that was there before: what comes next goes over it.
            return Ok(diff_id);
        }
        writer::pad(&mut self.out, size).map_err(write_error)?;
        self.end = self.out.stream_position().map_err(write_error)?;
        self.out.seek(SeekFrom::Start(start)).map_err(write_error)?;
        let header = writer::file_header(&blob_name(diff_id), size).map_err(write_error)?;
        self.out.write_all(header.as_bytes()).map_err(write_error)?;
        self.layers.push(OnDisk {
            diff_id,
            start,
            size,
        });
        Ok(diff_id)
    }

    /// Checks that the documents describe one image whose every layer is there.
    pub(crate) fn finish(mut self) -> Result<Finished, Error> {
        if self.members.is_empty() {
            return Err(self.blame.damaged("wrote no image"));
        }
        self.out.flush().map_err(write_error)?;
        let mut images = describe(&self)?;
        let (Some(image), true) = (images.pop(), images.is_empty()) else {
            return Err(self
                .blame
                .damaged("wrote several images, and one was asked for"));
        };
        self.check(&image)?;
        self.drop_others(&image.config.diff_ids)?;
        Ok(Finished {
            image_id: image.image_id,
            config: image.config,
            sizes: self
                .layers
                .iter()
                .map(|layer| (layer.diff_id, layer.size))
                .collect(),
            end: self.end,
        })
    }

    /// Every layer that the config names was seen, and was what the config says.
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
                Some(Taken::Document(_) | Taken::Link(_)) => "is no layer",
                None => "was left out",
            };
            let name = name.escape_debug();
            return Err(self
                .blame
                .damaged(format!("{place} is missing: `{name}` {why}")));
        }
        Ok(())
    }

    /// The member of a name, through links inside the stream.
    fn find(&self, name: &str) -> Result<Option<&Taken>, Error> {
        let mut name = clean(name);
        for _ in 0..=MAX_LINKS {
            match self.members.get(&name) {
                Some(Taken::Link(target)) => name.clone_from(target),
                other => return Ok(other),
            }
        }
        let name = name.escape_debug();
        Err(self
            .blame
            .damaged(format!("its `{name}` is a link that leads to itself")))
    }

    /// Closes the gaps of layers that are none of the image's: those of another platform.
    fn drop_others(&mut self, diff_ids: &[Digest]) -> Result<(), Error> {
        self.layers
            .retain(|layer| diff_ids.contains(&layer.diff_id));
        let mut end = 0;
        for layer in &mut self.layers {
            let length = BLOCK + layer.size.next_multiple_of(BLOCK);
            move_down(self.out.get_ref(), layer.start, end, length).map_err(write_error)?;
            layer.start = end;
            end += length;
        }
        self.end = end;
        Ok(())
    }
}

/// Moves bytes inside a file towards its start.
fn move_down(file: &File, from: u64, to: u64, length: u64) -> io::Result<()> {
    if from == to {
        return Ok(());
    }
    let mut buffer = vec![0; CHUNK];
    let mut moved = 0;
    while moved < length {
        let most = usize::try_from(length - moved).unwrap_or(usize::MAX);
        let chunk = most.min(CHUNK);
        file.read_exact_at(&mut buffer[..chunk], from + moved)?;
        file.write_all_at(&buffer[..chunk], to + moved)?;
        moved += chunk as u64;
    }
    Ok(())
}

impl Documents for Taking<'_> {
    fn document(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let why = match self.find(name)? {
            Some(Taken::Document(bytes)) => return Ok(Some(bytes.clone())),
            Some(Taken::Passed(why)) => why,
            Some(Taken::Layer(_) | Taken::Link(_)) => "is no document",
            None => return Ok(None),
        };
        let name = name.escape_debug();
        Err(self.blame.damaged(format!("its `{name}` {why}")))
    }

    fn has(&self, name: &str) -> bool {
        self.members.contains_key(&clean(name))
    }

    fn blame(&self) -> &Blame {
        &self.blame
    }
}
