//! Fetches the missing archives that a plan needs, if allowed.

use failure::Failure;
use plan::Plan;
use registry::{Entry, Registry, find_entry};

use crate::sources::tagged;
use crate::{Builder, recipe};

impl Builder<'_> {
    /// Fetches the archives that a plan needs and the store lacks: the found image, or the base and the images of the
    /// build file. Also the earlier image of this name, which may be up to date. Returns the registry afterwards.
    pub(crate) fn fetch_missing(
        &self,
        plan: &Plan,
        registry: Registry,
    ) -> Result<Registry, Failure> {
        let Some(fetcher) = &self.fetcher else {
            return Ok(registry);
        };
        let mut any = false;
        let mut fetch = |entry: Option<&Entry>| {
            let fetched = entry.map_or(Ok(false), |entry| fetcher.fetch_missing(entry));
            // A failure may follow a success of several images.
            any |= !matches!(fetched, Ok(false));
            fetched.map(|_| ())
        };
        if let Some(found) = plan.passed() {
            fetch(find_entry(self.store, &registry, found.as_str()))?;
        } else {
            let built = plan.name.as_deref().and_then(|name| registry.get(name));
            let built = built.filter(|entry| entry.remote.is_some());
            if let Err(failure) = fetch(built) {
                self.reporter.warn(format!(
                    "{}: building, because it cannot be fetched: {failure}",
                    plan.subject()
                ));
            }
            let path = plan.best_base_image_path.as_ref();
            let base = path
                .map(|path| path.as_str())
                .or(plan.base_image.as_deref());
            fetch(base.and_then(|base| find_entry(self.store, &registry, base)))?;
            for image in recipe::named_images(plan, self.store) {
                fetch(tagged(&registry, &image))?;
            }
        }
        match any {
            true => Ok(self.store.read_or_empty()?),
            false => Ok(registry),
        }
    }
}
