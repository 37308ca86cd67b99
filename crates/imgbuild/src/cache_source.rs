//! Loads the image to be replaced, so that its layers serve as a cache for unchanged steps.
//!
//! An engine that did not build an image has none of its steps: it is new, or its cache was pruned. But the store has
//! the archive. After a load, Docker's legacy builder finds steps in the image's history. BuildKit finds them in the
//! cache data in the image's config, which [`engine`] requests. podman's builder considers only images that it built
//! step by step, so nothing is loaded there.

use engine::{Flavor, StoreKind, TemporaryTag};
use failure::Failure;
use naming::ImageName;
use registry::Target;
use transfer::load::Loader;

use crate::base::BuildBase;
use crate::earlier::Earlier;
use crate::{Builder, temporary};

impl Builder<'_> {
    /// Loads an earlier image into the engine if its steps may be useful and are not there. It gets a tag of this
    /// process. If that fails, the steps run again.
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
        // Steps are found by their parent, so another base has none of them.
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
