//! What is known of one registered image.

use std::borrow::Cow;

use camino::Utf8Path;
use registry::Entry;

use crate::finding::{Finding, State};
use crate::sight::Sight;

/// A registered image, and what was found of it.
#[derive(Debug, Clone)]
pub struct Listed<'a> {
    /// What the registry says.
    pub entry: Cow<'a, Entry>,
    /// Bytes of its layers, as they are stored, that other registered archives have as well, with those that
    /// a thin archive leaves to its base. `None` where the archive does not hold the image.
    pub shared: Option<u64>,
    /// Whether the engine has the image under its registered tag; `None` where nobody knows.
    pub loaded: Option<bool>,
    /// Who holds it for a run.
    pub leased: Vec<String>,
    /// For each layer, who else has it; empty where nobody asked.
    pub also_in: Vec<AlsoIn>,
    pub(crate) sight: Sight,
}

/// The other registered images that have a layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlsoIn {
    /// The first few of their names, in the registry's order.
    pub names: Vec<String>,
    /// How many more there are.
    pub more: usize,
}

impl Listed<'_> {
    /// The archive, as it opens from the working directory.
    pub fn path(&self) -> &Utf8Path {
        &self.sight.path
    }

    /// The archive's length in bytes; `None` where there is none.
    pub fn size(&self) -> Option<u64> {
        self.sight.size
    }

    /// How many layers the image has; `None` where the archive does not hold it.
    pub fn layers(&self) -> Option<usize> {
        self.sight.image.as_ref().map(|image| image.layers.len())
    }

    /// How it is, in a word.
    pub fn state(&self) -> State {
        self.sight.state()
    }

    /// All that is wrong with it.
    pub fn findings(&self) -> &[Finding] {
        &self.sight.findings
    }
}
