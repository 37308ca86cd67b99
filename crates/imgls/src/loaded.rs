//! Finds the images that the engine has.
//!
//! An image is loaded if the engine has the registered one under the registered tag. An engine with a graph driver
//! identifies an image by its config's digest. A containerd store identifies it by its manifest's digest. imgload's
//! manifest is known; another image is the same if its layers and settings are equal.

use std::cell::OnceCell;

use archive::Archive;
use engine::{Engine, Error, ImageInfo, StoreKind};

use crate::listed::Listed;

/// Asks for all images at once. The answers are in the order of the images; `None` means unknown.
pub(crate) fn loaded(engine: &Engine, listed: &[Listed<'_>]) -> Result<Vec<Option<bool>>, Error> {
    let tags: Vec<_> = listed
        .iter()
        .map(|image| image.entry.docker_tag.engine_name().to_string())
        .collect();
    let found = engine.inspect(&tags)?;
    // Asked only if it makes a difference.
    let kind = OnceCell::new();
    let is_containerd = || {
        *kind.get_or_init(|| {
            engine
                .store()
                .is_ok_and(|kind| kind == StoreKind::Containerd)
        })
    };
    let answers = listed.iter().zip(&found).map(|(image, info)| match info {
        None => Some(false),
        Some(info) => is_it(image, info, &is_containerd),
    });
    Ok(answers.collect())
}

/// Whether the engine's image under the tag is the registered one.
fn is_it(image: &Listed<'_>, info: &ImageInfo, is_containerd: &dyn Fn() -> bool) -> Option<bool> {
    let seen = image.sight.image.as_ref();
    let id = image.entry.image_id.or(seen.map(|seen| seen.id))?;
    // An incomplete image on a containerd store has none.
    let Some(diff_ids) = &info.diff_ids else {
        return Some(false);
    };
    if info.id == id {
        return Some(true);
    }
    let Some(seen) = seen else {
        // Without the archive, manifests and layers cannot be compared.
        return if is_containerd() { None } else { Some(false) };
    };
    let is_alike = || is_containerd() && is_alike(image, info);
    Some(seen.has_layers(diff_ids) && (seen.manifest == Some(info.id) || is_alike()))
}

/// Whether the engine's image has the archive's settings. The archive is read again: few images need this comparison,
/// and the settings of all images would take much memory.
fn is_alike(image: &Listed<'_>, info: &ImageInfo) -> bool {
    let path = image.sight.absolute.as_ref();
    let archive = path.and_then(|path| Archive::open(path).ok());
    let own = image.sight.image.as_ref().map(|seen| seen.id);
    let image = archive.as_ref().and_then(|archive| archive.image(own));
    image.is_some_and(|image| prune::is_alike(image, info))
}
