//! An entry's archive without its layers' contents: its file, its index, and the places of its layers.

use std::sync::Arc;

use archive::compose::manifest_digest;
use archive::{Archive, Compression, Stack};
use camino::{Utf8Path, Utf8PathBuf};
use naming::Digest;
use registry::{Entry, Registry, Store, Survey};

use crate::finding::{Finding, State};

/// The facts about an archive. Holds no open file.
#[derive(Debug, Clone)]
pub(crate) struct Sight {
    /// The archive's path, from the working directory; as registered if the path is forbidden.
    pub path: Utf8PathBuf,
    /// The absolute path. `None` if the path is forbidden.
    pub absolute: Option<Utf8PathBuf>,
    /// The file's length in bytes.
    pub size: Option<u64>,
    /// The registered image, if the archive contains it.
    pub image: Option<Seen>,
    /// Every layer in the archive, of any image.
    pub holds: Vec<(Digest, u64)>,
    pub findings: Vec<Finding>,
}

/// The registered image, as its archive describes it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub id: Digest,
    /// Its ID in an engine with a containerd store after imgload.
    pub manifest: Option<Digest>,
    pub layers: Vec<ArchivedLayer>,
}

/// A layer, as its archive describes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ArchivedLayer {
    pub diff_id: Digest,
    /// Its stored bytes.
    pub stored: u64,
    /// Its uncompressed length, if known without reading it.
    pub size: Option<u64>,
    pub compression: Compression,
    /// Whether the archive omits it.
    pub left_out: bool,
}

impl From<&archive::Layer> for ArchivedLayer {
    fn from(layer: &archive::Layer) -> Self {
        Self {
            diff_id: layer.diff_id,
            stored: layer.stored_size,
            size: layer.tar_size(),
            compression: layer.compression,
            left_out: layer.left_out,
        }
    }
}

impl Seen {
    pub(crate) fn has_layers(&self, diff_ids: &[Digest]) -> bool {
        let own = self.layers.iter().map(|layer| &layer.diff_id);
        own.eq(diff_ids)
    }
}

impl Sight {
    fn new(entry: &Entry) -> Self {
        let mut sight = Self {
            path: entry.file.clone(),
            absolute: None,
            size: None,
            image: None,
            holds: Vec::new(),
            findings: Vec::new(),
        };
        if let Err(error) = entry.image_name() {
            sight.findings.push(Finding::new(State::BadName, error));
        }
        sight
    }

    /// The worst fault; of those that make an image unusable, the first.
    pub(crate) fn state(&self) -> State {
        let mut states = self.findings.iter().map(|finding| finding.state);
        let worst = states.clone().find(|state| !state.is_sound());
        worst.or_else(|| states.next()).unwrap_or(State::Ok)
    }

    fn found(
        mut self,
        state: State,
        failure: impl Into<failure::Failure>,
    ) -> (Self, Option<Stack>) {
        self.findings.push(Finding::new(state, failure));
        (self, None)
    }
}

/// The store and the working directory of a look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Looker<'a> {
    pub store: &'a Store,
    pub survey: &'a Survey<'a>,
    pub registry: &'a Registry,
    /// The working directory.
    pub here: &'a Utf8Path,
    /// Whether messages are those of a look at the index only.
    pub glances: bool,
}

impl Looker<'_> {
    /// Looks at an entry's archive. Layers are not read. If nothing is wrong, it also returns the image with all
    /// archives of its layers; these keep files open.
    pub(crate) fn look(&self, entry: &Entry) -> (Sight, Option<Stack>) {
        let mut sight = Sight::new(entry);
        let file = match self.survey.path(&entry.file) {
            Ok(file) => file,
            Err(error) => return sight.found(State::Unreadable, error),
        };
        sight.path = self.survey.relative(&file, self.here);
        sight.absolute = Some(file.absolute());
        let archive = match Archive::open(&sight.path) {
            Ok(archive) => Arc::new(archive),
            Err(error) => {
                let metadata = sight.path.metadata().ok();
                let length = metadata.filter(|metadata| metadata.is_file());
                sight.size = length.map(|metadata| metadata.len());
                return sight.found(State::of(&error, self.glances), error);
            }
        };
        sight.size = Some(archive.size());
        let layers = archive.images().iter().flat_map(|image| &image.layers);
        let held = layers.filter(|layer| !layer.left_out);
        sight.holds = held
            .map(|layer| (layer.diff_id, layer.stored_size))
            .collect();
        let index = match thin::the_registered(archive.images(), entry) {
            Ok(index) => index,
            Err(failure) => return sight.found(State::Replaced, failure),
        };
        let Some(stack) = Stack::new(archive, index) else {
            return (sight, None);
        };
        let image = stack.image();
        sight.image = Some(Seen {
            id: image.image_id,
            manifest: manifest_digest(image),
            layers: image.layers.iter().map(ArchivedLayer::from).collect(),
        });
        if !image.is_thin() {
            return (sight, Some(stack));
        }
        match thin::complete(self.store, self.registry, stack) {
            Ok(stack) => (sight, Some(stack)),
            Err(error) => {
                sight.findings.push(Finding::no_base(error));
                (sight, None)
            }
        }
    }
}
