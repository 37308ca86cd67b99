//! Tags images and removes them: always by exact name, never by force.

use std::slice;

use naming::{Digest, Reference};
use process::Cleaning;

use crate::flavor::Flavor;
use crate::image::Name;
use crate::{Engine, Error, ImageInfo, several};

/// The repository of the temporary names that images get before their removal.
const REMOVED: &str = "imgpipe-removed";

impl Engine {
    /// Gives the image `name` (a reference, or an ID as `sha256:…`) the tag of `target`. Any other image loses the tag.
    ///
    /// podman gets the full name, which scripts and other engines use. If it has the tag as `localhost/…` too, that one moves as
    /// well, because it would hide the other.
    pub fn tag(&self, name: &str, target: &Reference) -> Result<(), Error> {
        let source = Name::parse(name)?;
        let target = tagged(target)?;
        let source = self.exact(&source)?;
        let names = match self.flavor()? {
            Flavor::Docker => vec![target.to_string()],
            Flavor::Podman => {
                let full = target.canonical();
                let held = self.held_names(&Name::Reference(target))?;
                let held = held.into_iter().map(|(name, _)| name);
                let other = held.filter(|name| *name != full);
                other.chain([full.clone()]).collect()
            }
        };
        let call = self.call("tag").arg("--").arg(source).args(names);
        let output = several::output(&call)?;
        call.check(output.status, &output.stderr.text())?;
        Ok(())
    }

    /// The short form of a tag in this engine: podman's `localhost/x:1` is `x:1`.
    pub fn said(&self, tag: &Reference) -> Result<Reference, Error> {
        if tag.domain() != "localhost" {
            return Ok(tag.clone());
        }
        let said = self.flavor()?.reference(&tag.canonical());
        Ok(said.unwrap_or_else(|| tag.clone()))
    }

    /// Removes a tag. The image is removed with its last tag, unless a container uses it. Other tags stay. Also runs
    /// after an interruption.
    pub fn untag(&self, reference: &Reference) -> Result<(), Error> {
        let engine = self.clean_up();
        let name = Name::Reference(tagged(reference)?);
        let mut names = match engine.flavor()? {
            Flavor::Docker => Vec::new(),
            // If one image has both of podman's names for the tag, both are removed.
            Flavor::Podman => engine.held_names(&name)?,
        };
        let first = names.first().map(|(_, id)| *id);
        names.retain(|(_, id)| Some(*id) == first);
        let mut names: Vec<_> = names.into_iter().map(|(name, _)| name).collect();
        if names.is_empty() {
            names.push(engine.exact(&name)?);
        }
        engine.call("rmi").arg("--").args(names).answer()?;
        Ok(())
    }

    /// Removes the image `id` (`sha256:…`) with its tag, if it has only one. The engine refuses if it has several, or a
    /// container uses it. Also runs after an interruption.
    pub fn remove(&self, id: Digest) -> Result<(), Error> {
        self.clean_up()
            .call("rmi")
            .arg("--")
            .arg(id.to_string())
            .answer()?;
        Ok(())
    }

    /// Removes the dangling ones of these images, and returns their IDs. Also runs after an interruption.
    ///
    /// An image that gets a name meanwhile stays: the image gets a temporary name, and is removed with its last name. Unneeded
    /// untagged images below it are removed too.
    pub fn remove_dangling(&self, ids: &[Digest]) -> Result<Vec<Digest>, Error> {
        let _cleaning = Cleaning::start();
        let engine = self.clean_up();
        let ids: Vec<_> = ids.iter().map(Digest::to_string).collect();
        let mut removed = Vec::new();
        for image in engine.inspect(&ids)?.into_iter().flatten() {
            if let Some(name) = engine.name_to_remove(&image)? {
                engine.untag(&name)?;
                removed.push(image.id);
            }
        }
        Ok(removed)
    }

    /// Gives a dangling image a name, to remove it by that name. `None` if it has a name.
    pub(crate) fn name_to_remove(&self, image: &ImageInfo) -> Result<Option<Reference>, Error> {
        let own: Reference = format!("{REMOVED}:{}", image.id.hex()).parse()?;
        if !image.is_dangling() && image.tags != slice::from_ref(&own) {
            return Ok(None);
        }
        self.tag(&image.id.to_string(), &own)?;
        Ok(Some(own))
    }

    /// The engine's exact name for an image. podman matches `x:1` with any name that ends so.
    pub(crate) fn exact(&self, name: &Name) -> Result<String, Error> {
        let mut spellings = name.spellings(self.flavor()?);
        if spellings.len() > 1
            && let Some((held, _)) = self.held_names(name)?.into_iter().next()
        {
            return Ok(held);
        }
        Ok(spellings.swap_remove(0))
    }

    /// podman's names for a short name, each with the image's ID. The first one takes precedence.
    fn held_names(&self, name: &Name) -> Result<Vec<(String, Digest)>, Error> {
        let flavor = self.flavor()?;
        let spellings = name.spellings(flavor);
        let asked: Vec<_> = spellings.iter().map(|one| (name, one.as_str())).collect();
        let found = self.inspect_chunk(&asked, flavor)?;
        let held = spellings.into_iter().zip(found);
        Ok(held
            .filter_map(|(spelling, image)| Some((spelling, image?.id)))
            .collect())
    }
}

/// The tag of a reference without its digest. An engine would use only the digest.
fn tagged(reference: &Reference) -> Result<Reference, Error> {
    match reference.tag() {
        Some(tag) => Ok(reference.with_tag(tag)?),
        None => Err(Error::NoTag {
            reference: reference.clone(),
        }),
    }
}
