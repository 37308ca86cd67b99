//! Taking an image in: from an engine's `save`, or from an archive made elsewhere, to the one form on
//! disk, in one pass.
//!
//! What `save` writes differs from engine to engine, and a layer's digest is known only when its last
//! byte has passed. So each layer goes to disk behind an empty header, hashed and decompressed on the
//! way, and its header is written when its name and length are known. Documents are small and stay in
//! memory. At the end the documents must describe an image whose every layer was seen: an engine can
//! end with success and leave blobs out.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use camino::Utf8Path;
use naming::{Digest, Reference};

use crate::archive::{Archive, Image, MAX_DOCUMENT, MAX_LINKS};
use crate::compose::{write_error, write_layers};
use crate::config::Config;
use crate::decode::{Compression, Magic};
use crate::describe::{Described, Documents, blob_name, describe};
use crate::error::{Blame, Error};
use crate::form::{Written, write_documents};
use crate::hash::Hashing;
use crate::headers::{BLOCK, Body, Headers, Kind, Member, Pass, TarError, clean};
use crate::source::{CHUNK, Piped, is_tar};
use crate::writer;

/// How many bytes of documents an engine's stream may have altogether.
const MAX_DOCUMENTS: u64 = 32 << 20;

/// An image whose layers are on disk, and whose documents are still to be written.
#[derive(Debug)]
pub struct Draft {
    /// The config's digest.
    pub image_id: Digest,
    /// The config.
    pub config: Config,
    sizes: BTreeMap<Digest, u64>,
    end: u64,
}

impl Draft {
    /// Takes in what an engine saves. `input` is read to its end; `out` is an empty file. `what` names
    /// the stream in errors, like `docker save capy`.
    pub fn from_stream(input: impl Read, out: &mut File, what: &str) -> Result<Self, Error> {
        let blame = Blame::new(Utf8Path::new(what));
        let mut taking = Taking {
            out: BufWriter::with_capacity(CHUNK, out),
            end: 0,
            sizes: BTreeMap::new(),
            layers: HashMap::new(),
            links: HashMap::new(),
            documents: HashMap::new(),
            kept: 0,
            blame,
        };
        let mut headers = Headers::new(Piped(BufReader::with_capacity(CHUNK, input)));
        while let Some(member) = headers
            .next_member()
            .map_err(|error| taking.tar_error(error))?
        {
            match &member.kind {
                Kind::File => taking.file(&member, headers.body(&member))?,
                Kind::HardLink(target) => taking.link(&member.name, clean(target)),
                Kind::SymLink(target) => taking.link(
                    &member.name,
                    crate::archive::beside(&member.name, target).unwrap_or_default(),
                ),
                Kind::Directory | Kind::Other => {}
            }
        }
        // To the end, or the engine is told that nobody reads on.
        io::copy(&mut headers.into_inner(), &mut io::sink())
            .map_err(|error| taking.blame.read(error))?;
        taking.finish()
    }

    /// Takes in an image of an archive.
    pub fn from_archive(archive: &Archive, image: &Image, out: &mut File) -> Result<Self, Error> {
        let mut buffered = BufWriter::with_capacity(CHUNK, out);
        let mut sizes = BTreeMap::new();
        write_layers(archive, image, &mut buffered, &mut sizes)?;
        let end = buffered.stream_position().map_err(write_error)?;
        buffered.flush().map_err(write_error)?;
        Ok(Self {
            image_id: image.image_id,
            config: image.config.clone(),
            sizes,
            end,
        })
    }

    /// Writes the documents, with these tags, and ends the file there. Returns its length. Can be called
    /// again with other tags.
    pub fn seal(&self, out: &mut File, tags: &[Reference]) -> Result<u64, Error> {
        let layers = self.config.diff_ids.iter().map(|diff_id| {
            (
                *diff_id,
                self.sizes.get(diff_id).copied().unwrap_or_default(),
            )
        });
        let written = Written {
            config: &self.config.bytes,
            layers: layers.collect(),
            tags,
        };
        out.seek(SeekFrom::Start(self.end)).map_err(write_error)?;
        write_documents(&mut BufWriter::new(&mut *out), &[written]).map_err(write_error)?;
        let length = out.stream_position().map_err(write_error)?;
        out.set_len(length).map_err(write_error)?;
        Ok(length)
    }
}

/// A stream on its way to disk.
struct Taking<'a> {
    out: BufWriter<&'a mut File>,
    /// Where the next layer goes.
    end: u64,
    /// The layers on disk, by diff_id.
    sizes: BTreeMap<Digest, u64>,
    /// Which layer a member was.
    layers: HashMap<String, Digest>,
    links: HashMap<String, String>,
    documents: HashMap<String, Vec<u8>>,
    kept: u64,
    blame: Blame,
}

impl Taking<'_> {
    /// Keeps a document, writes a layer, passes over anything else.
    fn file<R: Pass>(&mut self, member: &Member, mut body: Body<'_, R>) -> Result<(), Error> {
        let mut start = Vec::new();
        (&mut body)
            .take(BLOCK)
            .read_to_end(&mut start)
            .map_err(|error| self.read_error(&member.name, error))?;
        let is_document = start.trim_ascii_start().starts_with(b"{")
            || start.trim_ascii_start().starts_with(b"[");
        let compression = match Compression::sniff(&start) {
            Magic::Known(Compression::None) if start.len() as u64 == BLOCK && is_tar(&start) => {
                Compression::None
            }
            Magic::Known(compression @ (Compression::Gzip | Compression::Zstd)) => compression,
            _ if is_document => return self.document(member, start, body),
            // The version file of a classic archive, and whatever else no image is made of.
            _ => return Ok(()),
        };
        self.layer(member, compression, io::Cursor::new(start).chain(body))
    }

    fn document<R: Pass>(
        &mut self,
        member: &Member,
        mut bytes: Vec<u8>,
        mut body: Body<'_, R>,
    ) -> Result<(), Error> {
        self.kept += member.size;
        if member.size > MAX_DOCUMENT || self.kept > MAX_DOCUMENTS {
            return Err(self.blame.damaged(format!(
                "its `{}` is larger than any manifest or config",
                member.name.escape_debug()
            )));
        }
        body.read_to_end(&mut bytes)
            .map_err(|error| self.read_error(&member.name, error))?;
        self.documents.insert(member.name.clone(), bytes);
        Ok(())
    }

    fn layer(
        &mut self,
        member: &Member,
        compression: Compression,
        stored: impl Read,
    ) -> Result<(), Error> {
        let start = self.end;
        self.out
            .seek(SeekFrom::Start(start + BLOCK))
            .map_err(write_error)?;
        let decoded = compression
            .decode(BufReader::with_capacity(CHUNK, stored))
            .map_err(|error| self.blame.read(error))?;
        let mut hashing = Hashing::new(decoded);
        let mut buffer = vec![0; CHUNK];
        loop {
            match hashing.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => self.out.write_all(&buffer[..read]).map_err(write_error)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.read_error(&member.name, error)),
            }
        }
        let (diff_id, size) = hashing.finish();
        self.layers.insert(member.name.clone(), diff_id);
        if self.sizes.insert(diff_id, size).is_some() {
            // A layer that was there before: what comes next goes over it.
            return Ok(());
        }
        writer::pad(&mut self.out, size).map_err(write_error)?;
        self.end = self.out.stream_position().map_err(write_error)?;
        self.out.seek(SeekFrom::Start(start)).map_err(write_error)?;
        let header = writer::file_header(&blob_name(diff_id), size).map_err(write_error)?;
        self.out.write_all(header.as_bytes()).map_err(write_error)
    }

    fn link(&mut self, name: &str, target: String) {
        self.links.insert(name.to_owned(), target);
    }

    fn finish(mut self) -> Result<Draft, Error> {
        self.out.flush().map_err(write_error)?;
        let mut images = describe(&self)?;
        let (Some(image), true) = (images.pop(), images.is_empty()) else {
            return Err(self
                .blame
                .damaged("the engine saved several images, and one was asked for"));
        };
        self.check(&image)?;
        let Described {
            image_id, config, ..
        } = image;
        let needed: BTreeMap<_, _> = config
            .diff_ids
            .iter()
            .filter_map(|id| Some((*id, *self.sizes.get(id)?)))
            .collect();
        Ok(Draft {
            image_id,
            config,
            sizes: needed,
            end: self.end,
        })
    }

    /// Every layer that the config names was seen, and was what the config says.
    fn check(&self, image: &Described) -> Result<(), Error> {
        let count = image.layers.len();
        for (index, (name, expected)) in image.layers.iter().zip(&image.config.diff_ids).enumerate()
        {
            let mut name = clean(name);
            // No link of an engine's leads to another one; a few steps end every circle.
            for _ in 0..MAX_LINKS {
                let Some(target) = self.links.get(&name) else {
                    break;
                };
                name.clone_from(target);
            }
            match self.layers.get(&name) {
                Some(found) if found == expected => {}
                Some(found) => {
                    return Err(self.blame.mismatch(
                        format!("layer {} of {count}", index + 1),
                        *expected,
                        *found,
                    ));
                }
                None => {
                    return Err(self.blame.damaged(format!(
                        "layer {} of {count} is missing: the engine left out `{}`",
                        index + 1,
                        name.escape_debug()
                    )));
                }
            }
        }
        Ok(())
    }

    fn tar_error(&self, error: TarError) -> Error {
        match error {
            TarError::Read(error) => self.blame.read(error),
            TarError::Truncated { name, missing } => self.blame.truncated(format!(
                "{missing} bytes are missing in or behind `{}`",
                name.escape_debug()
            )),
            TarError::Malformed { offset, why } => self
                .blame
                .damaged(format!("the tar header at byte {offset} is damaged: {why}")),
        }
    }

    fn read_error(&self, name: &str, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self
                .blame
                .truncated(format!("it ends inside `{}`", name.escape_debug())),
            _ => self.blame.read(error),
        }
    }
}

impl Documents for Taking<'_> {
    fn document(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.documents.get(&clean(name)).cloned())
    }

    fn blame(&self) -> &Blame {
        &self.blame
    }
}
