//! Checks the room for an archive before the first byte is written.

use archive::{Archive, Compress, Image, Layer, Stack};
use failure::{Code, Failure};
use prune::Pruner;
use registry::StorePath;
use ui::size;

use crate::save::{Saver, Source};

/// The bytes of an archive besides its layers: documents, headers, the registry.
const DOCUMENTS: u64 = 128 << 10;

/// The smallest compression ratio that is assumed for layers, as a divisor. Incompressible layers may still fill the
/// disk later, which loses no data.
const COMPRESSED: u64 = 2;

impl Saver<'_> {
    /// Makes room for a source's archive, or refuses it.
    pub(crate) fn ensure_room(&self, source: &Source, place: &StorePath) -> Result<(), Failure> {
        self.ensure_free(self.need(source), place)
    }

    /// Makes this many bytes free on the disk of an archive, or refuses.
    pub(crate) fn ensure_free(&self, need: u64, place: &StorePath) -> Result<(), Failure> {
        let free = || self.session.store.disk(Some(place)).map(|disk| disk.free);
        let found = free()?;
        if found >= need {
            return Ok(());
        }
        let Some(in_force) = &self.make_room else {
            return Err(no_room(need, found).with_hint(format!(
                "use --make-room to remove the least recently used images, like `imgprune --min-free {need}B`"
            )));
        };
        let pruner = Pruner {
            store: self.session.store,
            engine: Some(self.session.engine),
            reporter: self.session.reporter,
            lock_timeout: self.session.lock_timeout,
        };
        let report = pruner.make_room(need, place, in_force)?;
        let found = free()?;
        if found >= need {
            return Ok(());
        }
        match report.verdict() {
            Err(failure) => Err(failure),
            Ok(()) => Err(no_room(need, found)),
        }
    }

    /// The estimated bytes of an archive.
    fn need(&self, source: &Source) -> u64 {
        let whole = match source {
            Source::Engine { info, .. } => info.size,
            Source::Archive(stack) if self.form.compress.is_none() => stack_bytes(stack),
            Source::Archive(stack) => bytes(stack.image()),
            Source::Gathered(gathered) => gathered.stored_size(),
        };
        let left_out = self.form.base.as_ref().map_or(0, |thin| {
            let registry = self.session.store.read_or_empty().ok();
            let entry = registry
                .as_ref()
                .and_then(|registry| registry.get(&thin.base.name));
            let path = entry.and_then(|entry| self.session.store.path(&entry.file).ok());
            let archive = path.and_then(|path| Archive::open(&path.absolute()).ok());
            let images = archive.as_ref().map_or(&[][..], Archive::images);
            images.first().map_or(0, bytes)
        });
        let layers = whole.saturating_sub(left_out);
        need(layers, self.form.compress)
    }
}

/// The estimated bytes of an archive whose layers have this many bytes.
pub(crate) fn need(layers: u64, compress: Option<Compress>) -> u64 {
    let layers = match compress {
        None | Some(Compress::None) => layers,
        Some(_) => layers / COMPRESSED,
    };
    layers.saturating_add(DOCUMENTS)
}

/// The stored bytes of all layers of an image, in any archive.
pub(crate) fn stack_bytes(stack: &Stack) -> u64 {
    let layers = 0..stack.diff_ids().len();
    layers.map(|layer| stack.stored_size(layer)).sum()
}

/// The bytes of an image's layers, uncompressed if known.
fn bytes(image: &Image) -> u64 {
    let layer = |layer: &Layer| layer.tar_size().unwrap_or(layer.stored_size);
    image.layers.iter().map(layer).sum()
}

fn no_room(need: u64, free: u64) -> Failure {
    let (need, free) = (size(need), size(free));
    let message = format!("needs {need}, but the store has only {free} free");
    Failure::new(Code::Room, message)
}
