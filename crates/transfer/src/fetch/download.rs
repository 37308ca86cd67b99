//! The layers of a remote image: from archives of the store that hold them, else from the registry.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use archive::{Archive, Gathered, Stack};
use camino::Utf8Path;
use failure::Failure;
use naming::Digest;
use registry::{Entry, Registry, Store};
use remote::{Remote, RemoteImage, blob_path, blobs};
use ui::Reporter;

/// Takes layers from archives of the store. Archives of the same base come first, then those of any image for the same
/// architecture.
pub(crate) fn gather(
    store: &Store,
    registry: &Registry,
    near: Option<&Entry>,
    gathered: &mut Gathered,
    left_out: &[Digest],
) {
    for base in near
        .iter()
        .flat_map(|entry| thin::ancestors(store, registry, entry))
    {
        gathered.add_archives(&base);
    }
    for entry in registry.entries() {
        if has_all(gathered, left_out) {
            return;
        }
        // A file that is compressed as a whole must be decompressed to be listed.
        if entry.file.extension() == Some("tar") && is_for(gathered, entry) {
            for stack in images(store, entry) {
                gathered.add_archives(&stack);
            }
        }
    }
}

fn has_all(gathered: &Gathered, left_out: &[Digest]) -> bool {
    let mut diff_ids = gathered.config.diff_ids.iter();
    diff_ids.all(|diff_id| gathered.has(*diff_id) || left_out.contains(diff_id))
}

fn is_for(gathered: &Gathered, entry: &Entry) -> bool {
    let config = &gathered.config;
    let wanted = naming::Architecture::from_oci(&config.architecture, config.variant.as_deref());
    wanted.is_ok_and(|wanted| entry.architecture.parse() == Ok(wanted))
}

/// The images of an entry's archive; none if it cannot be read.
fn images(store: &Store, entry: &Entry) -> Vec<Stack> {
    let path = store.path(&entry.file).ok();
    let archive = path.and_then(|path| Archive::open(&path.absolute()).ok());
    let Some(archive) = archive.map(Arc::new) else {
        return Vec::new();
    };
    let count = archive.images().len();
    let images = (0..count).filter_map(|image| Stack::new(archive.clone(), image));
    images.collect()
}

/// Downloads the missing layers into a folder, and adds them. Layers that are left out are not downloaded.
pub(crate) fn download(
    remote: &Remote,
    image: &RemoteImage,
    folder: &Utf8Path,
    reporter: &Reporter,
    gathered: &mut Gathered,
    left_out: &[Digest],
) -> Result<(), Failure> {
    let path = |digest: Digest| blob_path(folder, digest);
    fs::create_dir_all(blobs(folder)).map_err(|error| {
        Failure::new(
            failure::Code::Other,
            format!("{folder}: cannot create: {error}"),
        )
    })?;
    let diff_ids = gathered.config.diff_ids.clone();
    let is_missing =
        |gathered: &Gathered, id: &Digest| !gathered.has(*id) && !left_out.contains(id);
    // One blob may be several layers, and one layer several blobs.
    let mut needed = BTreeMap::new();
    for (diff_id, layer) in diff_ids.iter().zip(&image.manifest.layers) {
        if is_missing(gathered, diff_id) {
            needed.entry(layer.digest).or_insert(layer.size);
        }
    }
    for layer in &image.manifest.layers {
        let file = path(layer.digest);
        let length = fs::symlink_metadata(&file).map(|it| it.len()).ok();
        if needed.contains_key(&layer.digest) {
            // A file of another length is the placeholder of a blob that was not needed before.
            if length.is_some_and(|length| length != layer.size) {
                let _ = fs::remove_file(&file);
            }
        } else if length.is_none() {
            fs::write(&file, b"").map_err(|error| {
                Failure::new(
                    failure::Code::Other,
                    format!("{file}: cannot write: {error}"),
                )
            })?;
        }
    }
    if !needed.is_empty() {
        let total = needed
            .values()
            .fold(0, |sum: u64, size| sum.saturating_add(*size));
        let what = format!("fetching {}", image.reference.unpinned());
        let progress = reporter.progress_from(what, Some(total), size(folder));
        progress.watch(|| size(folder), || remote.download(image, folder))?;
    }
    for (diff_id, layer) in diff_ids.iter().zip(&image.manifest.layers) {
        if is_missing(gathered, diff_id) {
            gathered.add_file(*diff_id, path(layer.digest), layer.tar_size());
        }
    }
    Ok(())
}

/// The bytes of all files below a folder.
fn size(folder: &Utf8Path) -> u64 {
    let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
