//! The earlier image of a name, and why it is outdated.

use archive::{Archive, Stack};
use camino::Utf8PathBuf;
use failure::Failure;
use naming::ImageName;
use plan::Missing;
use registry::Entry;
use thin::Fault;

use crate::asked::words;
use crate::ingredients::{BUILD_FILE_CHANGED, Ingredients};
use crate::inputs::Before;
use crate::pending::PendingImage;
use crate::sources::Sources;
use crate::{BuildOptions, Built, below};

/// The registered image of a name.
#[derive(Debug, Clone)]
pub(crate) struct Earlier {
    pub entry: Entry,
    /// Its archive's path, from the working directory.
    pub path: Utf8PathBuf,
    /// The image with all its layers, if the archive is the registered one.
    pub stack: Option<Stack>,
    /// Why its archive counts as absent, if so.
    pub fault: Option<Fault>,
    /// Why a complete thin archive cannot be read.
    pub base_fault: Option<String>,
    /// Whether a custom build file or steps made the image.
    pub is_handmade: bool,
    /// The fetched image to come, if its archive is missing.
    pub pending: Option<PendingImage>,
}

impl Earlier {
    /// The registered image of a name.
    pub(crate) fn find(name: &ImageName, sources: &Sources) -> Result<Option<Self>, Failure> {
        let (store, registry) = (sources.builder.store, sources.registry);
        let Some(entry) = registry.get(name.as_str()) else {
            return Ok(None);
        };
        let file = store.path(&entry.file)?;
        let path = store.relative(&file, store.cwd());
        let own = Archive::open(&path)
            .ok()
            .and_then(Stack::of)
            .filter(|stack| {
                let id = stack.image().image_id;
                entry.image_id.is_none_or(|registered| registered == id)
            });
        // Damaged, missing or without its base: built again, as if it had never existed.
        let stack = own.clone();
        let stack = stack.and_then(|stack| thin::complete(store, registry, stack).ok());
        let without_base = own.filter(|_| stack.is_none());
        let base_fault = without_base.as_ref();
        let base_fault = base_fault.and_then(|own| below::fault(store, registry, own));
        let has_steps = || entry.inputs.iter().any(|input| input.starts_with("step "));
        let pending = sources.mode.pending().filter(|_| entry.remote.is_some());
        let pending = pending.and_then(|pending| pending.fetched(entry).ok());
        Ok(Some(Self {
            entry: entry.clone(),
            fault: match stack {
                Some(_) => None,
                None => thin::fault(&path, entry),
            },
            path,
            stack,
            base_fault,
            is_handmade: without_base
                .is_some_and(|own| has_steps() || below::is_handmade(&own, name.as_str())),
            pending: pending.flatten(),
        }))
    }

    /// Whether its archive has an image that imgbuild did not build.
    pub(crate) fn is_saved(&self) -> bool {
        self.entry.fingerprint.is_none() && self.stack.is_some()
    }

    /// The inputs of its build. Without its archive they do not count; a Git LFS pointer counts as the archive.
    pub(crate) fn inputs(&self) -> Before {
        if self.stack.is_some()
            || self.pending.is_some()
            || archive::refuse_pointer(&self.path).is_err()
        {
            Before::of(&self.entry.inputs)
        } else {
            Before::default()
        }
    }
}

/// Why a build is needed; empty if the earlier image is up to date and lists all that is `asked`.
pub(crate) fn reasons(
    earlier: Option<&Earlier>,
    ingredients: &Ingredients,
    options: &BuildOptions,
    asked: &Missing,
) -> Vec<String> {
    let Some(earlier) = earlier else {
        return vec!["new".to_owned()];
    };
    if earlier.fault == Some(Fault::Stale) && earlier.pending.is_none() {
        return vec!["its archive is stale".to_owned()];
    }
    if earlier.stack.is_none() && earlier.pending.is_none() {
        let fault = earlier.base_fault.clone();
        return vec![fault.unwrap_or_else(|| "its archive is missing or damaged".to_owned())];
    }
    let lacks =
        words(&asked.clone().unlisted(&earlier.entry)).map(|names| format!("lacks {names}"));
    if earlier.entry.fingerprint == Some(ingredients.fingerprint) {
        return match options {
            BuildOptions { no_cache: true, .. } => vec!["--no-cache".to_owned()],
            BuildOptions { rebuild: true, .. } => vec!["--rebuild".to_owned()],
            _ => lacks.into_iter().collect(),
        };
    }
    let before = earlier.inputs();
    let changes = ingredients.inputs.changes(&before);
    let changes = match lacks {
        // The generated build file installs the missing contents now.
        Some(lacks) => {
            let others = changes.into_iter().filter(|_| !before.is_empty());
            let others = others.filter(|change| change != BUILD_FILE_CHANGED);
            [lacks].into_iter().chain(others).collect()
        }
        None if before.is_empty() => vec!["no build record".to_owned()],
        None => changes,
    };
    if changes.is_empty() {
        return vec!["its inputs changed".to_owned()];
    }
    changes
}

impl From<Earlier> for Built {
    fn from(earlier: Earlier) -> Self {
        Self {
            name: Some(earlier.entry.name),
            path: earlier.path,
            image_id: earlier.entry.image_id,
            built: false,
        }
    }
}
