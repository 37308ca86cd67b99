//! Layers of the image that is to be replaced, for the steps that did not change.
//!
//! An engine that did not build an image knows none of its steps: it is a new one, or its cache was cleaned up. But the
//! archive is in the store; loaded, it gives the builder what it needs. Docker's legacy builder finds steps in an
//! image's history; BuildKit in what [`engine`] has it write into the image's config. podman's builder looks only at
//! images that it has built step by step, so there nothing is loaded.

use engine::{Flavor, StoreKind, TemporaryTag};
use failure::Failure;
use naming::ImageName;
use registry::Target;
use transfer::load::Loader;

use crate::base::BuildBase;
use crate::earlier::Earlier;
use crate::{Builder, temporary};

impl Builder<'_> {
    /// Brings an earlier image into the engine, under a tag of this process alone, if its steps may be of use and the engine
    /// does not know them. What can't be had is no failure: the steps are done again.
    pub(crate) fn cache_source(
        &self,
        earlier: Option<&Earlier>,
        name: &ImageName,
        base: &BuildBase,
    ) -> Option<TemporaryTag> {
        let earlier = earlier.filter(|_| !self.options.no_cache)?;
        match self.try_source(earlier, name, base) {
            Ok(source) => source,
            Err(failure) => {
                let path = &earlier.path;
                self.reporter
                    .detail(format!("{path}: not used as a cache: {failure}"));
                None
            }
        }
    }

    fn try_source(
        &self,
        earlier: &Earlier,
        name: &ImageName,
        base: &BuildBase,
    ) -> Result<Option<TemporaryTag>, Failure> {
        let Some(stack) = &earlier.stack else {
            return Ok(None);
        };
        // Steps are found by what they are done on: with another base, none.
        let on_base = stack.diff_ids().starts_with(&base.layers()?);
        let version = self.engine.probe()?;
        if !on_base || version.server_flavor != Flavor::Docker {
            return Ok(None);
        }
        if self.engine.store()? != StoreKind::GraphDriver {
            return Ok(None);
        }
        if self.engine.knows_steps(stack.image().image_id)? {
            return Ok(None);
        }
        let tag = temporary::tag(self.engine, name)?;
        let loader = Loader {
            only: Some(tag.reference().clone()),
            ..self.loader()
        };
        loader.load(&Target {
            path: earlier.path.clone(),
            entry: Some(earlier.entry.clone()),
        })?;
        self.reporter
            .detail(format!("{}: used as a cache", earlier.path));
        Ok(Some(tag))
    }
}
