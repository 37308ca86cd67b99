//! Tags, and the removal of images: always by exact name, never by force.

use naming::{Digest, Reference};

use crate::flavor::Flavor;
use crate::image::Name;
use crate::{Engine, Error};

impl Engine {
    /// Gives the image `name` (a reference, or an ID as `sha256:…`) the tag of `target`, which
    /// leaves the image that had it.
    pub fn tag(&self, name: &str, target: &Reference) -> Result<(), Error> {
        let source = Name::parse(name)?;
        let target = tagged(target)?;
        let source = self.exact(&source)?;
        self.call("tag")
            .arg("--")
            .arg(source)
            .arg(target.to_string())
            .answer()?;
        Ok(())
    }

    /// Takes a tag away; the image goes with its last one, unless a container uses it. Other tags
    /// stay. Goes through after an interruption.
    pub fn untag(&self, reference: &Reference) -> Result<(), Error> {
        let engine = self.clean_up();
        let name = Name::Reference(tagged(reference)?);
        let name = engine.exact(&name)?;
        engine.call("rmi").arg("--").arg(name).answer()?;
        Ok(())
    }

    /// Removes the image `id` (`sha256:…`) with its tag, if it has but one. The engine refuses if it
    /// has several, or a container uses it. Goes through after an interruption.
    pub fn remove(&self, id: Digest) -> Result<(), Error> {
        self.clean_up()
            .call("rmi")
            .arg("--")
            .arg(id.to_string())
            .answer()?;
        Ok(())
    }

    /// The name under which the engine holds an image, exactly: podman would take `x:1` for any name
    /// that ends so.
    pub(crate) fn exact(&self, name: &Name) -> Result<String, Error> {
        if self.flavor()? == Flavor::Docker {
            return Ok(name.as_docker());
        }
        let version = self.probe()?;
        let mut spellings = name.spellings(&version);
        if spellings.len() > 1 {
            for spelling in &spellings {
                if self
                    .inspect_chunk(&[(name, spelling)], &version)?
                    .iter()
                    .any(Option::is_some)
                {
                    return Ok(spelling.clone());
                }
            }
        }
        Ok(spellings.swap_remove(0))
    }
}

/// The tag of a reference alone: an engine that is given a digest as well would go by that.
fn tagged(reference: &Reference) -> Result<Reference, Error> {
    match reference.tag() {
        Some(tag) => Ok(reference.with_tag(tag)?),
        None => Err(Error::NoTag {
            reference: reference.clone(),
        }),
    }
}
