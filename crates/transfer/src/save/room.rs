//! Room for an archive, asked for before the first byte is written.

use archive::{Archive, Compress, Image, Layer, Stack};
use failure::{Code, Failure};
use prune::Pruner;
use registry::StorePath;
use ui::size;

use crate::save::{Saver, Source};

/// What an archive has beside its layers, in bytes: documents, headers, the registry.
const DOCUMENTS: u64 = 128 << 10;

/// How much smaller layers are at least once they are compressed, as a divisor. What does not compress may still run
/// out of room later, which loses nothing.
const COMPRESSED: u64 = 2;

impl Saver<'_> {
    /// Makes sure that there is room for a source's archive, or refuses it.
    pub(crate) fn ensure_room(&self, source: &Source, place: &StorePath) -> Result<(), Failure> {
        self.ensure_free(self.need(source), place)
    }

    /// Makes sure that so many bytes are free where an archive's place is, or refuses.
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

    /// The bytes that an archive is going to take, about.
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

/// The bytes of an archive with so many bytes of layers, about.
pub(crate) fn need(layers: u64, compress: Option<Compress>) -> u64 {
    let layers = match compress {
        None | Some(Compress::None) => layers,
        Some(_) => layers / COMPRESSED,
    };
    layers.saturating_add(DOCUMENTS)
}

/// The bytes of all layers of an image as they are stored, wherever that is.
pub(crate) fn stack_bytes(stack: &Stack) -> u64 {
    let layers = 0..stack.diff_ids().len();
    layers.map(|layer| stack.stored_size(layer)).sum()
}

/// The bytes of an image's layers, uncompressed where that is known.
fn bytes(image: &Image) -> u64 {
    let layer = |layer: &Layer| layer.tar_size().unwrap_or(layer.stored_size);
    image.layers.iter().map(layer).sum()
}

fn no_room(need: u64, free: u64) -> Failure {
    let (need, free) = (size(need), size(free));
    let message = format!("needs {need}, but the store has only {free} free");
    Failure::new(Code::Room, message)
}
