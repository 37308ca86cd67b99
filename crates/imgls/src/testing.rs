//! Images for tests, without files.

use std::borrow::Cow;

use archive::Compression;
use naming::Digest;
use registry::Entry;

use crate::listed::Listed;
use crate::sight::{ArchivedLayer, Seen, Sight};

pub(crate) fn layer(number: u8, stored: u64) -> ArchivedLayer {
    ArchivedLayer {
        diff_id: Digest::from_bytes([number; 32]),
        stored,
        size: Some(stored),
        compression: Compression::None,
        left_out: false,
    }
}

/// An image in a file of this name.
pub(crate) fn sight(file: &str, layers: Vec<ArchivedLayer>) -> Sight {
    let held = layers.iter().filter(|layer| !layer.left_out);
    Sight {
        path: file.into(),
        absolute: Some(format!("/store/{file}").into()),
        size: Some(1_534_000_000),
        holds: held.map(|layer| (layer.diff_id, layer.stored)).collect(),
        image: Some(Seen {
            id: Digest::from_bytes([0xee; 32]),
            manifest: None,
            layers,
        }),
        findings: Vec::new(),
    }
}

/// A registered image without faults.
pub(crate) fn listed(name: &str) -> Listed<'static> {
    let tag = "a-debian-12-base:latest".parse().expect("a tag");
    let entry = Entry::new(name, "a.tar", tag, "debian:12", "x86_64");
    Listed {
        entry: Cow::Owned(entry),
        sight: sight("a.tar", vec![layer(1, 100)]),
        shared: Some(100),
        loaded: Some(true),
        leased: Vec::new(),
        also_in: Vec::new(),
    }
}
