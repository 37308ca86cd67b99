//! What an operand asks for.

use config::Published;
use failure::{Code, Failure};
use naming::{Architecture, ImageName, Reference};
use registry::{Entry, Registry, Store, find_entry};

use crate::fetch::place::Place;
use crate::save::Naming;

/// An image to fetch.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What is registered of it.
    pub entry: Option<Entry>,
    /// Where it is; a digest here is the one that it must have.
    pub reference: Reference,
    /// The digest that it must have is registered, and was not asked for.
    pub is_pinned: bool,
    /// What it is going to be called.
    pub naming: Naming,
    /// A person gave it that name.
    pub is_named: bool,
    /// What others ask the engine for: the reference, where nobody said what the image is to be called.
    pub alias: Option<Reference>,
}

/// What new images are to be called.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// This.
    pub name: Option<ImageName>,
    /// In this project.
    pub project: Option<String>,
    /// And of this variant, which is only given with a project.
    pub variant: Option<String>,
}

/// What operands mean: the words around them.
#[derive(Debug)]
pub struct Words<'a> {
    /// Where images are registered.
    pub store: &'a Store,
    /// What is registered.
    pub registry: &'a Registry,
    /// Where this project's images are published.
    pub published: Option<&'a Published>,
    /// The processor that an image is for.
    pub architecture: Architecture,
    /// What new images are called.
    pub names: &'a Names,
    /// Whether a tag is followed to where it points now.
    pub update: bool,
}

impl Words<'_> {
    /// What an operand asks for: a registered name (or its tag, or the path of its archive), the name of an image that is
    /// published where this project's images are, or else a reference.
    pub fn find(&self, operand: &str) -> Result<Wanted, Failure> {
        if self.names.name.is_none() {
            let entry = find_entry(self.store, self.registry, operand);
            // A reference asks for what it stands for, and not only for what was fetched by it.
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

    /// Whether what was fetched by a reference is published in another place since, and is taken from there.
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

    /// The entry of the image that was fetched from this place before, under a name like the one that is asked for.
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
    /// What is registered, from where it says, or else from where this project's images are.
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
