//! The source of an image to save: the engine, or an archive from elsewhere.

use std::sync::Arc;

use archive::compose::{manifest_digest, plain_manifest_digest};
use archive::{Archive, Gathered, Image, Stack};
use camino::Utf8Path;
use engine::{Engine, ImageInfo};
use failure::{Code, Failure};
use naming::{Digest, Reference};
use registry::{Entry, Store};

use crate::save::naming_choice::NAMES;
use crate::save::{Naming, Saver};

/// An image that can be saved to the store.
#[derive(Debug)]
pub enum Source {
    /// An image in the engine.
    Engine {
        /// The argument for `save`.
        reference: Reference,
        /// The engine's information about it.
        info: Box<ImageInfo>,
    },
    /// An image of an archive file.
    Archive(Stack),
    /// An image whose layers come from several places.
    Gathered(Box<Gathered>),
}

impl Source {
    /// Finds the images of an operand. An existing file is an archive, which may hold several images. Otherwise it is a
    /// reference, or the name or tag of a registered image that the engine lacks. `image` selects one image of an archive.
    pub fn find(saver: &Saver, operand: &str, image: Option<&str>) -> Result<Vec<Self>, Failure> {
        let path = Utf8Path::new(operand);
        if path.is_file() || operand.ends_with(".tar") || operand.starts_with(['/', '.']) {
            return Self::archive(path, image);
        }
        let reference = operand.parse::<Reference>();
        if let Ok(reference) = &reference
            && let Some(source) = Self::held(saver.session.engine, reference)?
        {
            return Ok(vec![source]);
        }
        if let Some(source) = Self::by_id(saver.session.engine, operand)? {
            return Ok(vec![source]);
        }
        let reference = reference?;
        let registry = saver.session.store.read_or_empty()?;
        match registry::find_stored(saver.session.store, &registry, operand) {
            Some(entry) => {
                let path = saver.session.store.path(&entry.file)?.absolute();
                Ok(vec![Self::registered(&path, entry)?])
            }
            None => Err(not_held(&reference)),
        }
    }

    /// The engine's image under a reference.
    fn held(engine: &Engine, reference: &Reference) -> Result<Option<Self>, Failure> {
        let info = engine.inspect(&[&reference.to_string()])?.pop().flatten();
        Ok(info.map(|info| Self::Engine {
            reference: reference.clone(),
            info: Box::new(info),
        }))
    }

    /// The image whose ID begins with these digits, as `docker images -q` prints it.
    fn by_id(engine: &Engine, id: &str) -> Result<Option<Self>, Failure> {
        let Some(info) = engine.inspect_id(id)? else {
            return Ok(None);
        };
        let reference = match info.tags.first() {
            Some(tag) => tag.clone(),
            None => info.id.to_string().parse()?,
        };
        let info = Box::new(info);
        Ok(Some(Self::Engine { reference, info }))
    }

    /// The entry of the image, if it comes from a registered archive.
    pub fn entry(&self, store: &Store) -> Result<Option<Entry>, Failure> {
        let Self::Archive(stack) = self else {
            return Ok(None);
        };
        let registry = store.read_or_empty()?;
        let entry = store.find(&registry, stack.archive().path());
        let is_only = stack.archive().images().len() == 1;
        let is_meant = |entry: &&Entry| is_only || entry.image_id == Some(stack.image().image_id);
        Ok(entry.filter(is_meant).cloned())
    }

    /// Whether it may be the image of this config, as far as this is known before it is read. An engine may identify it
    /// by another digest.
    pub(crate) fn may_be(&self, image_id: Digest) -> bool {
        match self {
            Self::Engine { .. } => true,
            Self::Archive(stack) => stack.image().image_id == image_id,
            Self::Gathered(gathered) => gathered.image_id == image_id,
        }
    }

    /// Whether it is an archived image. An engine identifies it by its config or its manifest, as it came or as earlier
    /// versions sent it.
    pub fn is(&self, image: &Image) -> bool {
        match self {
            Self::Engine { info, .. } => {
                let is_manifest = image.manifests.contains(&info.id)
                    || manifest_digest(image) == Some(info.id)
                    || plain_manifest_digest(image) == Some(info.id);
                info.id == image.image_id
                    || (is_manifest && info.diff_ids.as_ref() == Some(&image.config.diff_ids))
            }
            _ => self.may_be(image.image_id),
        }
    }

    /// The digest of its manifest as it came, if an archive has one.
    pub(crate) fn manifest(&self) -> Option<Digest> {
        match self {
            Self::Archive(stack) => Some(stack.image().manifest.as_ref()?.digest),
            Self::Gathered(_) | Self::Engine { .. } => None,
        }
    }

    /// Its diff_ids, lowest first, as far as they are known before it is read.
    pub fn diff_ids(&self) -> Option<&[Digest]> {
        match self {
            Self::Engine { info, .. } => info.diff_ids.as_deref(),
            Self::Archive(stack) => Some(stack.diff_ids()),
            Self::Gathered(gathered) => Some(&gathered.config.diff_ids),
        }
    }

    /// The images of an archive file. `image` may select one by its tag or its ID.
    pub fn archive(path: &Utf8Path, image: Option<&str>) -> Result<Vec<Self>, Failure> {
        let archive = Arc::new(Archive::open(path)?);
        let chosen = |found: &Image| {
            image.is_none_or(|image| {
                let is_tag =
                    |tag: &Reference| image.parse().is_ok_and(|image| tag.is_called(&image));
                found.image_id.to_string() == image || found.tags.iter().any(is_tag)
            })
        };
        let images = archive.images().iter().enumerate();
        let indexes = images.filter(|(_, image)| chosen(image));
        let stacks = indexes.filter_map(|(index, _)| Stack::new(archive.clone(), index));
        let sources: Vec<_> = stacks.map(Self::Archive).collect();
        match (sources.is_empty(), image) {
            (true, Some(image)) => Err(Failure::invalid(format!("holds no image `{image}`"))
                .about(path.as_str())
                .with_hint(format!("it holds {}", names(archive.images())))),
            _ => Ok(sources),
        }
    }

    /// The image that an entry means in an archive file.
    pub fn registered(path: &Utf8Path, entry: &Entry) -> Result<Self, Failure> {
        let id = entry.image_id.map(|id| id.to_string());
        let mut sources = Self::archive(path, id.as_deref())?;
        match (sources.pop(), sources.is_empty()) {
            (Some(source), true) => Ok(source),
            _ => Err(Failure::new(
                Code::Archive,
                "holds several images, and its entry does not say which one to use",
            )
            .about(path.as_str())),
        }
    }

    /// The names of all images in its archive, including itself.
    pub fn beside(&self) -> String {
        match self {
            Self::Archive(stack) => names(stack.archive().images()),
            Self::Engine { .. } | Self::Gathered(_) => String::new(),
        }
    }

    /// The name that the source suggests: the repository of its reference.
    pub fn naming(&self, normalize: bool) -> Result<Naming, Failure> {
        let reference = match self {
            Self::Engine { reference, .. } => Some(reference),
            Self::Archive(stack) => stack.image().tags.first(),
            Self::Gathered(_) => None,
        };
        match reference {
            Some(reference) => Naming::from_reference(reference, normalize),
            None => Err(
                Failure::usage("the archive's image has no tag to take a name from")
                    .with_hint(NAMES),
            ),
        }
    }
}

fn not_held(reference: &Reference) -> Failure {
    Failure::new(Code::Engine, "the engine holds no such image")
        .about(reference.to_string())
        .with_hint("imgsave does not pull: import, build or load the image first")
}

/// The names of the images of an archive, for messages.
fn names(images: &[Image]) -> String {
    let name = |image: &Image| match image.tags.first() {
        Some(tag) => tag.to_string(),
        None => image.image_id.to_string(),
    };
    let names: Vec<_> = images.iter().map(name).collect();
    names.join(", ")
}
