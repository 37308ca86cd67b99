//! What a build begins with.

use archive::{Archive, RootFs, Stack};
use camino::Utf8Path;
use cli::{Code, Failure};
use engine::{Engine, ImageInfo};
use imgload::{Loader, Target};
use inventory::{Inventory, Manager};
use naming::{Digest, Os, Reference};
use plan::Plan;
use registry::{Entry, Registry, Store};

use crate::buildfile::SCRATCH;
use crate::foreseen::{Coming, Foreseen};
use crate::paths;
use crate::recipe::Recipe;

/// What a plan builds on.
#[derive(Debug)]
pub(crate) enum Base {
    /// An archive of the store, which is brought into the engine when something is built.
    Archive {
        target: Box<Target>,
        image_id: Digest,
    },
    /// An image in the engine that no archive holds.
    Engine {
        reference: Reference,
        info: Box<ImageInfo>,
    },
    /// An image that the engine may pull.
    Remote { reference: Reference },
    /// An image that will be there by then; for runs that only look.
    ToCome(Coming),
    /// Nothing, under the name that build files have for it.
    Scratch,
    /// The build file says what it starts from.
    Unsaid,
}

/// An image that a build file itself names.
#[derive(Debug)]
pub(crate) struct Named {
    pub reference: Reference,
    pub image: Base,
}

/// Where images are looked for.
pub(crate) struct Sources<'a> {
    pub store: &'a Store,
    pub registry: &'a Registry,
    /// Without one, whether it has an image is left open.
    pub engine: Option<&'a Engine>,
    /// Whether it may pull what it lacks.
    pub pull: bool,
    /// What will be there by then, for a run that only looks.
    pub foreseen: Option<&'a Foreseen<'a>>,
}

impl Sources<'_> {
    /// The images that a build file names besides its base. The engine would pull those that it lacks, unasked.
    pub(crate) fn named(&self, recipe: &Recipe) -> Result<Vec<Named>, Failure> {
        let find = |reference: &Reference| {
            Ok(Named {
                reference: reference.clone(),
                image: Base::named(reference.clone(), self)?,
            })
        };
        recipe.images.iter().map(find).collect()
    }

    fn at(&self, path: &Utf8Path) -> Result<Base, Failure> {
        let (store, registry) = (self.store, self.registry);
        let coming = self.foreseen.map(|it| it.archive(path, store, registry));
        match coming.transpose()?.flatten() {
            Some(coming) => Ok(Base::ToCome(coming)),
            None => Base::archive(paths::archive(store, registry, path)?),
        }
    }
}

impl Base {
    /// Finds the base that a plan names: its archive, a registered image of that tag, an image in the
    /// engine. Nothing is loaded yet, and the engine is asked only where no archive is.
    pub(crate) fn find(plan: &Plan, sources: &Sources) -> Result<Self, Failure> {
        if let Some(path) = &plan.best_base_image_path {
            return sources.at(path);
        }
        let Some(tag) = &plan.base_image else {
            return Ok(Self::Unsaid);
        };
        if tag == SCRATCH {
            return Ok(Self::Scratch);
        }
        let reference: Reference = tag.parse()?;
        if let Some(foreseen) = sources.foreseen
            && foreseen.tagged(&reference).is_none()
            && let Some(entry) = cli::find_entry(sources.store, sources.registry, tag)?
            && let Some(coming) = foreseen.fetched(entry)?
        {
            return Ok(Self::ToCome(coming));
        }
        Self::named(reference, sources)
    }

    /// Finds an image by its reference, as [`Base::find`] does.
    fn named(reference: Reference, sources: &Sources) -> Result<Self, Failure> {
        if let Some(coming) = sources.foreseen.and_then(|it| it.tagged(&reference)) {
            return Ok(Self::ToCome(coming));
        }
        let entry = tagged(sources.registry, &reference);
        if let (Some(foreseen), Some(entry)) = (sources.foreseen, entry)
            && let Some(coming) = foreseen.fetched(entry)?
        {
            return Ok(Self::ToCome(coming));
        }
        let target = entry
            .map(|entry| imgload::target::registered(sources.store, entry))
            .transpose()?;
        if let Some(target) = &target
            && target.path.is_file()
        {
            return Self::archive(target.clone());
        }
        let Some(engine) = sources.engine else {
            return Ok(Self::Remote { reference });
        };
        let info = engine.inspect(&[reference.to_string()])?.pop().flatten();
        match (info, target) {
            (Some(info), target) if is_registered(&info, target.as_ref()) => Ok(Self::Engine {
                reference,
                info: Box::new(info),
            }),
            // The archive is gone, and the engine does not have the image: what is wrong is the archive.
            (_, Some(target)) => Self::archive(target),
            _ if sources.pull => Ok(Self::Remote { reference }),
            _ => Err(not_there(&reference)),
        }
    }

    fn archive(target: Target) -> Result<Self, Failure> {
        let registered = target.entry.as_ref().and_then(|entry| entry.image_id);
        let image_id = match registered {
            Some(id) if target.path.is_file() => id,
            _ => {
                let archive = Archive::open(&target.path)?;
                archive
                    .images()
                    .first()
                    .map(|image| image.image_id)
                    .ok_or_else(|| {
                        Failure::new(Code::Archive, "holds no image").about(target.path.as_str())
                    })?
            }
        };
        Ok(Self::Archive {
            target: Box::new(target),
            image_id,
        })
    }

    /// Makes sure that the engine holds the base. Returns the reference that the build file gets.
    pub(crate) fn bring(&self, loader: &Loader) -> Result<Option<Reference>, Failure> {
        match self {
            Self::Archive { target, .. } => {
                let loaded = loader.load(target)?;
                let reference = loaded
                    .first()
                    .map(|image| image.reference.parse())
                    .transpose()?;
                Ok(reference)
            }
            Self::Engine { reference, .. } | Self::Remote { reference } => {
                Ok(Some(reference.clone()))
            }
            Self::ToCome(coming) => Ok(Some(coming.reference.clone())),
            Self::Scratch | Self::Unsaid => Ok(None),
        }
    }

    /// What the build file calls the base where it is only printed.
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
            Self::ToCome(coming) => Some(coming.reference.clone()),
            Self::Scratch | Self::Unsaid => None,
        }
    }

    /// What would be built on, for people; `None` for nothing.
    pub(crate) fn words(&self) -> Option<String> {
        match self {
            Self::Archive { target, .. } => Some(match &target.entry {
                Some(entry) => entry.name.clone(),
                None => target.path.to_string(),
            }),
            Self::Engine { reference, .. } => Some(reference.to_string()),
            Self::Remote { reference } => Some(format!("{reference}, which would be pulled")),
            Self::ToCome(coming) => Some(coming.words()),
            Self::Scratch => Some(SCRATCH.to_owned()),
            Self::Unsaid => None,
        }
    }

    /// What it will be there as, where it is not there yet.
    pub(crate) fn coming(&self) -> Option<&Coming> {
        match self {
            Self::ToCome(coming) => Some(coming),
            _ => None,
        }
    }

    /// The image's digest, where it is known before the build.
    pub(crate) fn digest(&self) -> Option<Digest> {
        match self {
            Self::Archive { image_id, .. } => Some(*image_id),
            Self::Engine { info, .. } => Some(info.id),
            Self::ToCome(coming) => coming.image_id,
            Self::Remote { .. } | Self::Scratch | Self::Unsaid => None,
        }
    }

    /// What tells it from other bases.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Archive { target, .. } => target.path.to_string(),
            Self::Engine { reference, .. } | Self::Remote { reference } => reference.canonical(),
            Self::ToCome(coming) => coming.name.clone(),
            Self::Scratch | Self::Unsaid => String::new(),
        }
    }

    /// The digests of the base's layers; none where they are not known before the build.
    pub(crate) fn layers(&self) -> Result<Vec<Digest>, Failure> {
        Ok(match self {
            Self::Archive { target, .. } => {
                let stack = Stack::of(Archive::open(&target.path)?);
                let diff_ids = stack.map(|stack| stack.diff_ids().to_vec());
                diff_ids.unwrap_or_default()
            }
            Self::Engine { info, .. } => info.diff_ids.clone().unwrap_or_default(),
            Self::Scratch | Self::Remote { .. } | Self::ToCome(_) | Self::Unsaid => Vec::new(),
        })
    }

    /// The base's entry, where it is registered.
    pub(crate) fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Archive { target, .. } => target.entry.as_ref(),
            _ => None,
        }
    }

    /// The package manager that is found in the base itself; only an archive can be looked into.
    pub(crate) fn manager(&self, store: &Store) -> Result<Option<&'static Manager>, Failure> {
        let Self::Archive { target, .. } = self else {
            return Ok(None);
        };
        let archive = Archive::open(&target.path)?;
        let registry = store.read_or_empty()?;
        let Some(stack) = Stack::of(archive) else {
            return Ok(None);
        };
        let stack = thin::complete(store, &registry, stack)?;
        let files = RootFs::keeping(stack, &Inventory::wants)?;
        Ok(Inventory::read(&files)?.manager)
    }

    /// The operating system that the base's name or entry says.
    pub(crate) fn os(&self) -> Option<Os> {
        match self {
            Self::Archive { target, .. } => target.entry.as_ref()?.os.parse().ok(),
            Self::Engine { reference, .. } | Self::Remote { reference } => {
                reference.to_string().parse().ok()
            }
            Self::ToCome(coming) => coming.os.clone(),
            Self::Scratch | Self::Unsaid => None,
        }
    }
}

/// The entry of a tag.
pub(crate) fn tagged<'r>(registry: &'r Registry, reference: &Reference) -> Option<&'r Entry> {
    let mut entries = registry.entries().iter();
    entries.find(|entry| entry.tags().any(|tag| tag == reference))
}

/// Whether what the engine has under an entry's tag is the entry's image. Without an entry, or where it says nothing,
/// there is nothing that it could not be.
fn is_registered(info: &ImageInfo, target: Option<&Target>) -> bool {
    let registered = target.and_then(|target| target.entry.as_ref()?.image_id);
    registered.is_none_or(|id| id == info.id)
}

/// A base that is neither registered nor in the engine.
fn not_there(reference: &Reference) -> Failure {
    Failure::new(
        Code::Archive,
        format!("the base `{reference}` is neither registered nor in the engine"),
    )
    .with_hint(format!(
        "`imgfetch {reference}` downloads it into the store; --pull lets the engine pull it"
    ))
}
