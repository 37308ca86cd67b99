//! The image that an operand requests.

use config::Published;
use failure::{Code, Failure};
use naming::{Architecture, ImageName, Reference};
use registry::{Entry, Registry, Store, find_entry};

use crate::fetch::place::Place;
use crate::save::Naming;

/// An image to fetch.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its entry, if registered.
    pub entry: Option<Entry>,
    /// Its reference. A digest here is the required one.
    pub reference: Reference,
    /// Whether the required digest comes from the entry, not from the operand.
    pub is_pinned: bool,
    /// How to find its name.
    pub naming: Naming,
    /// Whether a person gave it that name.
    pub is_named: bool,
    /// Its further tag in the engine: the reference, unless the user named the image.
    pub alias: Option<Reference>,
}

/// The names of new images.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The whole name.
    pub name: Option<ImageName>,
    /// The project.
    pub project: Option<String>,
    /// The variant, only with a project.
    pub variant: Option<String>,
}

/// The context in which operands are resolved.
#[derive(Debug)]
pub struct Words<'a> {
    /// The store of the images.
    pub store: &'a Store,
    /// The registered images.
    pub registry: &'a Registry,
    /// The place of this project's published images.
    pub published: Option<&'a Published>,
    /// The architecture of the requested images.
    pub architecture: Architecture,
    /// The names of new images.
    pub names: &'a Names,
    /// Whether to follow tags to their current images.
    pub update: bool,
}

impl Words<'_> {
    /// The image that an operand requests. The operand may be a registered name, its tag or the path of its archive. Or
    /// it names a published image of this project. Otherwise it is a reference.
    pub fn find(&self, operand: &str) -> Result<Wanted, Failure> {
        if self.names.name.is_none() {
            let entry = find_entry(self.store, self.registry, operand);
            // An alias requests its image, even if that was fetched under another reference.
            let is_alias = |entry: &Entry| entry.aliases.iter().any(|it| it.to_string() == operand);
            if let Some(entry) =
                entry.filter(|entry| !is_alias(entry) || self.was_published(entry, operand))
            {
                return Wanted::registered(entry, self.published, self.update);
            }
            if let Some((published, name)) = self.published.zip(operand.parse().ok()) {
                return Ok(Wanted {
                    entry: None,
                    reference: published.reference(&name, "latest")?,
                    is_pinned: false,
                    naming: Naming::Given(name),
                    is_named: false,
                    alias: None,
                });
            }
        }
        let reference: Reference = operand.parse().map_err(|refused| {
            Failure::from(refused)
                .with_hint("give a registered name, or a reference like nginx:1.27")
        })?;
        self.reference(reference)
    }

    /// Whether an image that was fetched by a reference is published in another place now, and is fetched from there.
    fn was_published(&self, entry: &Entry, operand: &str) -> bool {
        let remote = entry.remote.as_ref().zip(operand.parse().ok());
        !self.update
            && entry.architecture.parse() == Ok(self.architecture)
            && remote.is_some_and(|(remote, asked)| !Place::new(&asked).holds(remote))
    }

    fn reference(&self, reference: Reference) -> Result<Wanted, Failure> {
        let entry = self.fetched_from(&Place::new(&reference));
        let naming = match entry.and_then(|entry| entry.image_name().ok()) {
            Some(name) => Naming::Given(name),
            None => self.naming(&reference)?,
        };
        let registered = entry.and_then(|entry| entry.remote.as_ref()?.digest());
        let is_called = self.names.name.is_some() || self.names.variant.is_some();
        Ok(Wanted {
            alias: (!is_called && reference.digest().is_none()).then(|| reference.clone()),
            is_pinned: reference.digest().is_none() && registered.is_some() && !self.update,
            entry: entry.cloned(),
            reference,
            naming,
            is_named: self.names.name.is_some(),
        })
    }

    /// The entry of the image that was fetched from this place before, under a name like the requested one.
    fn fetched_from(&self, place: &Place) -> Option<&Entry> {
        if let Some(name) = &self.names.name {
            let entry = self.registry.get(name.as_str())?;
            return Some(entry).filter(|entry| {
                let remote = entry.remote.as_ref();
                remote.is_some_and(|remote| place.holds(remote))
            });
        }
        let entry = place.entry(self.registry, self.architecture)?;
        let fits = |part: &Option<String>, found: fn(&ImageName) -> &str| {
            let name = entry.image_name().ok();
            part.as_ref()
                .is_none_or(|part| name.as_ref().map(found) == Some(part.as_str()))
        };
        let fits = fits(&self.names.project, ImageName::project)
            && fits(&self.names.variant, ImageName::variant);
        Some(entry).filter(|_| fits)
    }

    fn naming(&self, reference: &Reference) -> Result<Naming, Failure> {
        let repository = reference.repository();
        let last = repository.rsplit('/').next().unwrap_or_default();
        Ok(match self.names {
            Names {
                name: Some(name), ..
            } => Naming::Given(name.clone()),
            Names {
                project: Some(project),
                variant: Some(variant),
                ..
            } => Naming::from_image(project, variant, false)?,
            Names { project, .. } => match last.parse() {
                Ok(name) if project.is_none() => Naming::Given(name),
                _ => Naming::FromRemote {
                    project: project.clone(),
                    reference: reference.clone(),
                },
            },
        })
    }
}

impl Wanted {
    /// A registered image, from its `remote`, or else from the place of this project's published images.
    pub fn registered(
        entry: &Entry,
        published: Option<&Published>,
        update: bool,
    ) -> Result<Self, Failure> {
        let name = entry.image_name();
        let reference = match (&entry.remote, published) {
            (Some(remote), _) if update => remote.unpinned(),
            (Some(remote), _) => remote.clone(),
            (None, Some(published)) => {
                let tag = entry.docker_tag.tag().unwrap_or("latest");
                published.reference(&name.clone()?, tag)?
            }
            (None, None) => {
                return Err(Failure::new(
                    Code::Archive,
                    "is not in the store and has no `remote` in the registry",
                )
                .about(&entry.name)
                .with_hint(
                    "publish the image with imgpush, or set `images.remote` in the config",
                ));
            }
        };
        Ok(Self {
            is_pinned: false,
            is_named: false,
            alias: None,
            reference,
            naming: Naming::Given(
                name.map_err(|refused| Failure::from(refused).about(&entry.name))?,
            ),
            entry: Some(entry.clone()),
        })
    }
}
