//! Taking an image in: from an engine's `save`, or from an archive made elsewhere, to the one form on
//! disk, in one pass.
//!
//! What `save` writes differs from engine to engine, and a layer's digest is known only when its last
//! byte has passed. So each layer goes to disk behind an empty header, hashed and decompressed on the
//! way, and its header is written when its name and length are known. Documents are small and stay in
//! memory. At the end the documents must describe an image whose every layer was seen: an engine can
//! end with success and leave blobs out.
//!
//! Two saves of one image by one engine give the same bytes. Between engines the order of the layers
//! differs, because they stay in the order in which they came; identities do not.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use camino::Utf8Path;
use naming::{Digest, Reference};

use crate::archive::{Archive, Image};
use crate::compose::{write_error, write_layers};
use crate::config::Config;
use crate::error::{Blame, Error};
use crate::form::{Written, write_documents};
use crate::headers::Headers;
use crate::source::{CHUNK, Piped};
use crate::taking::Taking;

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
        let mut taking = Taking::new(blame.clone(), out);
        let mut headers = Headers::new(Piped(BufReader::with_capacity(CHUNK, input)));
        while let Some(member) = headers.next_member().map_err(|error| blame.tar(error))? {
            taking.take(&mut headers, &member)?;
        }
        // To the end, or the engine is told that nobody reads on.
        io::copy(&mut headers.into_inner(), &mut io::sink()).map_err(|error| blame.read(error))?;
        let taken = taking.finish()?;
        Ok(Self {
            image_id: taken.image_id,
            config: taken.config,
            sizes: taken.sizes,
            end: taken.end,
        })
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

#[cfg(test)]
mod tests;
