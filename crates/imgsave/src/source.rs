//! Where an image to save is: in the engine, or in an archive made elsewhere.

use archive::{Archive, Gathered, Stack};
use camino::Utf8Path;
use cli::{Code, Failure};
use engine::{Engine, ImageInfo};
use naming::{Digest, Reference};

use crate::Naming;
use crate::naming_choice::NAMES;
use crate::saver::only_image;

/// An image that can be put into the store.
#[derive(Debug)]
pub enum Source {
    /// Held by the engine under a reference.
    Engine {
        /// What `save` is told.
        reference: Reference,
        /// What the engine says of it.
        info: Box<ImageInfo>,
    },
    /// The only image of an archive file.
    Archive(Stack),
    /// An image whose layers are gathered from several places.
    Gathered(Box<Gathered>),
}

impl Source {
    /// Finds what an operand names: an existing file is an archive, anything else a reference.
    pub fn find(engine: &Engine, operand: &str) -> Result<Self, Failure> {
        let path = Utf8Path::new(operand);
        if path.is_file() || operand.ends_with(".tar") || operand.starts_with(['/', '.']) {
            return Self::archive(path);
        }
        let reference: Reference = operand.parse()?;
        Self::engine(engine, reference)
    }

    /// The image that the engine holds under a reference.
    pub fn engine(engine: &Engine, reference: Reference) -> Result<Self, Failure> {
        let info = engine.inspect(&[&reference.to_string()])?.pop().flatten();
        match info {
            Some(info) => Ok(Self::Engine {
                reference,
                info: Box::new(info),
            }),
            None => Err(Failure::new(Code::Engine, "the engine holds no such image")
                .about(reference.to_string())
                .with_hint("nothing is pulled: import, build or load the image first")),
        }
    }

    /// What identifies the image, as far as it is known before it is read: an engine may know it by
    /// another digest than its config's.
    pub(crate) fn image_id(&self) -> Option<Digest> {
        match self {
            Self::Engine { info, .. } => Some(info.id),
            Self::Archive(stack) => Some(stack.image().image_id),
            Self::Gathered(gathered) => Some(gathered.image_id),
        }
    }

    /// The only image of an archive file.
    pub fn archive(path: &Utf8Path) -> Result<Self, Failure> {
        let archive = Archive::open(path)?;
        match archive.images() {
            [_] => Ok(Self::Archive(only_image(archive)?)),
            images => {
                let tags: Vec<_> = images
                    .iter()
                    .flat_map(|image| &image.tags)
                    .map(Reference::to_string)
                    .collect();
                Err(Failure::new(
                    Code::Invalid,
                    format!("holds {} images ({})", images.len(), tags.join(", ")),
                )
                .about(path.as_str())
                .with_hint("load it with imgload and save each image by its reference"))
            }
        }
    }

    /// The name that the source itself suggests: the repository of its reference.
    pub(crate) fn naming(&self, normalize: bool) -> Result<Naming, Failure> {
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
