//! The base of a build.

use archive::{Archive, RootFs, Stack};
use engine::ImageInfo;
use failure::Failure;
use inventory::{Manager, Offered};
use naming::{Architecture, Digest, Os, Reference};
use registry::{Entry, Registry, Store, Target};
use transfer::load::Loader;

use crate::buildfile::SCRATCH;
use crate::inside::{inventory, stack};
use crate::pending::PendingImage;

#[derive(Debug)]
pub(crate) enum BuildBase {
    /// An archive of the store, to be loaded before a build.
    Archive {
        target: Box<Target>,
        image_id: Digest,
    },
    /// An image that is only in the engine.
    Engine {
        reference: Reference,
        info: Box<ImageInfo>,
    },
    /// An image that the engine may pull.
    Remote { reference: Reference },
    /// An image that will exist by then; for dry runs.
    Pending(PendingImage),
    /// Nothing, with the name of build files for it.
    Scratch,
    /// The build file names its own base.
    Unsaid,
}

impl BuildBase {
    /// Loads the base into the engine if necessary. Returns its reference for the build file.
    pub(crate) fn bring(&self, loader: &Loader) -> Result<Option<Reference>, Failure> {
        let Self::Archive { target, .. } = self else {
            return Ok(self.reference());
        };
        let loaded = loader.load(target)?;
        let loaded = loaded.first().map(|image| image.reference.parse());
        Ok(loaded.transpose()?)
    }

    /// The base's reference in a printed build file.
    pub(crate) fn reference(&self) -> Option<Reference> {
        match self {
            Self::Archive { target, .. } => match &target.entry {
                Some(entry) => Some(entry.docker_tag.clone()),
                None => Archive::open(&target.path)
                    .ok()?
                    .images()
                    .first()?
                    .tags
                    .first()
                    .cloned(),
            },
            Self::Engine { reference, .. } | Self::Remote { reference } => Some(reference.clone()),
            Self::Pending(pending) => Some(pending.reference.clone()),
            Self::Scratch | Self::Unsaid => None,
        }
    }

    /// The base, for messages; `None` without one.
    pub(crate) fn words(&self) -> Option<String> {
        match self {
            Self::Archive { target, .. } => Some(match &target.entry {
                Some(entry) => entry.name.clone(),
                None => target.path.to_string(),
            }),
            Self::Engine { reference, .. } => Some(reference.to_string()),
            Self::Remote { reference } => Some(format!("{reference}, which would be pulled")),
            Self::Pending(pending) => Some(pending.words()),
            Self::Scratch => Some(SCRATCH.to_owned()),
            Self::Unsaid => None,
        }
    }

    /// The expected image, if it does not exist yet.
    pub(crate) fn pending(&self) -> Option<&PendingImage> {
        match self {
            Self::Pending(pending) => Some(pending),
            _ => None,
        }
    }

    /// The image's digest, if known before the build.
    pub(crate) fn digest(&self) -> Option<Digest> {
        match self {
            Self::Archive { image_id, .. } => Some(*image_id),
            Self::Engine { info, .. } => Some(info.id),
            Self::Pending(pending) => pending.image_id,
            Self::Remote { .. } | Self::Scratch | Self::Unsaid => None,
        }
    }

    /// Its architecture, if known before the build.
    pub(crate) fn architecture(&self) -> Option<Architecture> {
        let (architecture, variant) = match self {
            Self::Archive { target, .. } => match &target.entry {
                Some(entry) => return entry.architecture.parse().ok(),
                None => {
                    let archive = Archive::open(&target.path).ok()?;
                    let config = &archive.images().first()?.config;
                    (config.architecture.clone(), config.variant.clone())
                }
            },
            Self::Engine { info, .. } => (info.architecture.clone(), info.variant.clone()),
            Self::Remote { .. } | Self::Pending(_) | Self::Scratch | Self::Unsaid => return None,
        };
        Architecture::from_oci(&architecture, variant.as_deref()).ok()
    }

    /// Identifies the base.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Archive { target, .. } => target.path.to_string(),
            Self::Engine { reference, .. } | Self::Remote { reference } => reference.canonical(),
            Self::Pending(pending) => pending.name.clone(),
            Self::Scratch | Self::Unsaid => String::new(),
        }
    }

    /// The digests of the base's layers; empty if unknown before the build.
    pub(crate) fn layers(&self) -> Result<Vec<Digest>, Failure> {
        Ok(match self {
            Self::Archive { target, .. } => {
                let stack = Stack::of(Archive::open(&target.path)?);
                let diff_ids = stack.map(|stack| stack.diff_ids().to_vec());
                diff_ids.unwrap_or_default()
            }
            Self::Engine { info, .. } => info.diff_ids.clone().unwrap_or_default(),
            Self::Scratch | Self::Remote { .. } | Self::Pending(_) | Self::Unsaid => Vec::new(),
        })
    }

    /// The base's entry, if registered.
    pub(crate) fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Archive { target, .. } => target.entry.as_ref(),
            _ => None,
        }
    }

    /// The package manager found in the base itself; only archives can be inspected.
    pub(crate) fn manager(
        &self,
        store: &Store,
        registry: &Registry,
    ) -> Result<Option<&'static Manager>, Failure> {
        let Self::Archive { target, .. } = self else {
            return Ok(None);
        };
        let inventory = inventory(store, registry, &target.path, None)?;
        Ok(inventory.and_then(|inventory| inventory.manager))
    }

    /// The packages of its own package lists, if any; only archives can be inspected.
    pub(crate) fn offered(
        &self,
        store: &Store,
        registry: &Registry,
    ) -> Result<Option<Offered>, Failure> {
        let Self::Archive { target, image_id } = self else {
            return Ok(None);
        };
        let Some(stack) = stack(store, registry, &target.path, Some(*image_id))? else {
            return Ok(None);
        };
        Ok(Offered::read(&RootFs::open(stack)?)?)
    }

    /// The operating system by the base's name or entry.
    pub(crate) fn os(&self) -> Option<Os> {
        match self {
            Self::Archive { target, .. } => target.entry.as_ref()?.os.parse().ok(),
            Self::Engine { reference, .. } | Self::Remote { reference } => {
                reference.to_string().parse().ok()
            }
            Self::Pending(pending) => pending.os.clone(),
            Self::Scratch | Self::Unsaid => None,
        }
    }
}
