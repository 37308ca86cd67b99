//! A registered image with its state.

use std::borrow::Cow;

use camino::Utf8Path;
use registry::Entry;

use crate::finding::{Finding, State};
use crate::sight::Sight;

/// A registered image with its state.
#[derive(Debug, Clone)]
pub struct Listed<'a> {
    /// The entry.
    pub entry: Cow<'a, Entry>,
    /// Stored bytes of its layers that other registered archives have too, including the layers that a thin archive
    /// omits. `None` if the archive does not contain the image.
    pub shared: Option<u64>,
    /// Whether the engine has the image under its registered tag; `None` if unknown.
    pub loaded: Option<bool>,
    /// The holders of its leases.
    pub leased: Vec<String>,
    /// For each layer, the other images that have it; empty if not requested.
    pub also_in: Vec<AlsoIn>,
    pub(crate) sight: Sight,
}

/// The other registered images with a layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlsoIn {
    /// The first few names, in the order of the registry.
    pub names: Vec<String>,
    /// The number of the others.
    pub more: usize,
}

impl Listed<'_> {
    /// The archive's path, from the working directory.
    pub fn path(&self) -> &Utf8Path {
        &self.sight.path
    }

    /// The archive's length in bytes; `None` without an archive.
    pub fn size(&self) -> Option<u64> {
        self.sight.size
    }

    /// The number of layers; `None` if the archive does not contain the image.
    pub fn layers(&self) -> Option<usize> {
        self.sight.image.as_ref().map(|image| image.layers.len())
    }

    /// Its state.
    pub fn state(&self) -> State {
        self.sight.state()
    }

    /// All its faults.
    pub fn findings(&self) -> &[Finding] {
        &self.sight.findings
    }
}
