//! The archives that a plan needs, fetched where they are missing and that is wanted.

use failure::Failure;
use plan::Plan;
use registry::{Entry, Registry, find_entry};

use crate::sources::tagged;
use crate::{Builder, named};

impl Builder<'_> {
    /// Fetches what a plan needs and the store lacks: the image that was found, or the base and what the build file
    /// names; and what was built before under this name, which may still be up to date.
    pub(crate) fn fetch_missing(&self, plan: &Plan) -> Result<(), Failure> {
        let Some(fetcher) = &self.fetcher else {
            return Ok(());
        };
        let registry = self.store.read_or_empty()?;
        if let Some(found) = plan.passed() {
            if let Some(entry) = find_entry(self.store, &registry, found.as_str()) {
                fetcher.fetch_missing(entry)?;
            }
            return Ok(());
        }
        let built = plan.name.as_deref().and_then(|name| registry.get(name));
        if let Some(entry) = built.filter(|entry| entry.remote.is_some())
            && let Err(failure) = fetcher.fetch_missing(entry)
        {
            self.reporter.warn(format!(
                "{}: building, because it cannot be fetched: {failure}",
                entry.name
            ));
        }
        if let Some(entry) = self.base_entry(plan, &registry) {
            fetcher.fetch_missing(entry)?;
        }
        for image in named::images(plan, self.store) {
            if let Some(entry) = tagged(&registry, &image) {
                fetcher.fetch_missing(entry)?;
            }
        }
        Ok(())
    }

    fn base_entry<'r>(&self, plan: &Plan, registry: &'r Registry) -> Option<&'r Entry> {
        match (&plan.best_base_image_path, &plan.base_image) {
            (Some(path), _) => find_entry(self.store, registry, path.as_str()),
            (None, Some(tag)) => find_entry(self.store, registry, tag),
            (None, None) => None,
        }
    }
}
