//! Finds the base of a build, and the images that its build file names.

use archive::Archive;
use camino::Utf8Path;
use engine::ImageInfo;
use failure::{Code, Failure};
use naming::Reference;
use plan::Plan;
use registry::{Entry, Registry, Target};

use crate::base::BuildBase;
use crate::buildfile::SCRATCH;
use crate::prepared::Mode;
use crate::recipe::Recipe;
use crate::{Builder, paths};

/// An image that a build file itself names.
#[derive(Debug)]
pub(crate) struct Named {
    pub reference: Reference,
    pub image: BuildBase,
}

/// The sources of images.
pub(crate) struct Sources<'a> {
    pub builder: &'a Builder<'a>,
    pub registry: &'a Registry,
    pub mode: Mode<'a>,
}

impl Sources<'_> {
    /// The images that a build file names besides its base. The engine would pull missing ones without asking.
    pub(crate) fn named(&self, recipe: &Recipe) -> Result<Vec<Named>, Failure> {
        let find = |reference: &Reference| {
            Ok(Named {
                reference: reference.clone(),
                image: BuildBase::named(reference.clone(), self)?,
            })
        };
        recipe.images.iter().map(find).collect()
    }

    fn at(&self, path: &Utf8Path) -> Result<BuildBase, Failure> {
        let (store, registry) = (self.builder.store, self.registry);
        let pending = self.mode.pending();
        let pending = pending.map(|it| it.archive(path, store, registry));
        match pending.transpose()?.flatten() {
            Some(pending) => Ok(BuildBase::Pending(pending)),
            None => BuildBase::archive(paths::archive(store, registry, path)?),
        }
    }
}

impl BuildBase {
    /// Finds the base of a plan: its archive, a registered image with that tag, an image in the engine. Nothing is
    /// loaded yet, and the engine is asked only if there is no archive.
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
        if let Some(pending) = sources.mode.pending()
            && pending.tagged(&reference).is_none()
            && let Some(entry) = registry::find_entry(sources.builder.store, sources.registry, tag)
            && let Some(pending) = pending.fetched(entry)?
        {
            return Ok(Self::Pending(pending));
        }
        Self::named(reference, sources).map_err(|failure| match own_saved(plan, sources.registry) {
            Some(name) if failure.code() == Code::Archive => {
                let hint = format!(
                    "{name} already has the name of the new image: give the requirement a variant, or use `imgplan --distinct`"
                );
                failure.with_hint(hint)
            }
            _ => failure,
        })
    }

    /// Finds an image by its reference, like [`BuildBase::find`].
    fn named(reference: Reference, sources: &Sources) -> Result<Self, Failure> {
        let builder = sources.builder;
        let pending = sources.mode.pending();
        if let Some(pending) = pending.and_then(|it| it.tagged(&reference)) {
            return Ok(Self::Pending(pending));
        }
        let entry = tagged(sources.registry, &reference);
        if let (Some(pending), Some(entry)) = (pending, entry)
            && let Some(pending) = pending.fetched(entry)?
        {
            return Ok(Self::Pending(pending));
        }
        let target = entry
            .map(|entry| Target::registered(builder.store, entry))
            .transpose()?;
        if let Some(target) = &target
            && target.path.is_file()
            && paths::refuse_faulty(target).is_ok()
        {
            return Self::archive(target.clone());
        }
        if matches!(sources.mode, Mode::Print(_)) {
            return Ok(Self::Remote { reference });
        }
        let info = builder
            .engine
            .inspect(&[reference.to_string()])?
            .pop()
            .flatten();
        match (info, target) {
            (Some(info), target) if is_registered(&info, target.as_ref()) => Ok(Self::Engine {
                reference,
                info: Box::new(info),
            }),
            // The archive is missing, and the engine does not have the image: report the archive.
            (_, Some(target)) => Self::archive(target),
            _ if builder.options.pull || matches!(sources.mode, Mode::Check(_)) => {
                Ok(Self::Remote { reference })
            }
            _ => Err(not_there(&reference)),
        }
    }

    fn archive(target: Target) -> Result<Self, Failure> {
        paths::refuse_faulty(&target)?;
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
}

/// The name of a plan, if a saved image has it. That cannot be its own base.
fn own_saved<'r>(plan: &Plan, registry: &'r Registry) -> Option<&'r str> {
    let own = registry.get(plan.name.as_deref()?)?;
    own.fingerprint.is_none().then_some(own.name.as_str())
}

pub(crate) fn tagged<'r>(registry: &'r Registry, reference: &Reference) -> Option<&'r Entry> {
    let mut entries = registry.entries().iter();
    entries.find(|entry| entry.tags().any(|tag| tag == reference))
}

/// Whether the engine's image under an entry's tag is the entry's image. Without an entry, or without `image_id`, any
/// image is accepted.
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
        "download it with `imgfetch {reference}`, or let the engine pull it with --pull"
    ))
}
