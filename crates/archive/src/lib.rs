//! Image tars: index, read files, verify, compose a stream, take one in. This crate depends on no engine.
//!
//! [`Archive::open`] makes one index over docker-archives and OCI layouts, plain, gzip or zstd, with one
//! image or several. The output always has one form ([`compose`], [`Draft`]): an OCI layout with a
//! `manifest.json`, its blobs named by digest.
//!
//! No part of an archive is trusted. The `image_id` is the config's digest, and the config has the digest of each
//! uncompressed layer (diff_id). All bytes are compared with these digests. Memory does not grow with the size of
//! an image.
//!
//! ```
//! use archive::Archive;
//! use camino::Utf8Path;
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("image.tar");
//! # let path = Utf8Path::from_path(&path).expect("UTF-8");
//! # std::fs::write(path, samples::sample().classic())?;
//! let archive = Archive::open(path)?;
//! let image = &archive.images()[0];
//! assert_eq!(image.tags[0].to_string(), "x:1");
//! assert_eq!(image.layers.len(), 3);
//! // Reads every byte, and compares it with the digests that the config names.
//! archive.verify(image)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod archive;
mod attributes;
pub mod compose;
mod compress;
mod config;
mod decode;
mod describe;
mod draft;
mod elsewhere;
mod error;
mod export;
mod form;
mod gathered;
mod growth;
mod hash;
mod header_fields;
mod headers;
mod layer_file;
mod layers;
mod layout;
mod manifest;
mod member;
mod members;
mod octets;
mod overlap;
mod overlay;
mod passing;
mod rootfs;
mod schema;
mod sent;
mod source;
mod stack;
mod taking;
mod tar_entry;
#[cfg(test)]
mod testing;
mod tree;
mod visit;
mod writer;

pub use archive::{Archive, Base, Image, Layer};
pub use attributes::{Attributes, Device, FileKind, Special, Time};
pub use compress::{Compress, NoCompression};
pub use config::Config;
pub use decode::Compression;
pub use draft::{Draft, Options, ThinBase};
pub use error::Error;
pub use gathered::Gathered;
pub use hash::{digest_of, digest_reader};
pub use layer_file::Keep;
pub use layout::{Layout, Packing, Stored};
pub use manifest::StoredManifest;
pub use octets::{name_bytes, name_text};
pub use overlap::Sink;
pub use rootfs::{ImageFile, RootFs};
pub use schema::{Descriptor, Index, Manifest, Platform};
pub use source::refuse_pointer;
pub use stack::Stack;
pub use tree::NotFound;
