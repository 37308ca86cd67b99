//! No image stands on itself, by one step or by several.

use camino::Utf8Path;
use failure::Failure;
use naming::ImageName;
use plan::Plan;
use registry::{Entry, Registry, Store, find_entry};

use crate::named;
use crate::place::{Place, plain};

/// An image about to be built, and what is registered.
pub(crate) struct Cycle<'a> {
    pub name: &'a ImageName,
    pub place: Place,
    pub store: &'a Store,
    pub registry: &'a Registry,
}

impl Cycle<'_> {
    /// Refuses a plan whose base, or an image that its build file names, is the one that it makes, or stands on it: every
    /// build would stand on the one before. A whole archive counts like a thin one, as it becomes thin with one command.
    pub(crate) fn refuse(&self, plan: &Plan) -> Result<(), Failure> {
        let base = match (&plan.best_base_image_path, &plan.base_image) {
            (Some(path), _) => self.at(path)?,
            (None, Some(tag)) => self.tagged(tag)?,
            (None, None) => None,
        };
        let images = named::images(plan, self.store);
        if let Some(image) = images.iter().find(|image| self.place.is_called(image)) {
            let message = format!("its build file uses the image itself, `{image}`");
            return Err(self.failure(message));
        }
        match base {
            Some(base) => Ok(thin::check_base(
                self.registry,
                self.name.as_str(),
                &base.name,
            )?),
            None => Ok(()),
        }
    }

    fn at(&self, path: &Utf8Path) -> Result<Option<&Entry>, Failure> {
        let absolute = ui::absolute(path)?;
        let base = self.store.find(self.registry, &absolute);
        if plain(&absolute) == self.place.archive || base.is_some_and(|base| self.is_itself(base)) {
            return Err(self.own_base());
        }
        Ok(base)
    }

    fn tagged(&self, tag: &str) -> Result<Option<&Entry>, Failure> {
        let base = find_entry(self.store, self.registry, tag);
        let is_called = tag.parse().is_ok_and(|tag| self.place.is_called(&tag));
        if is_called || base.is_some_and(|base| self.is_itself(base)) {
            return Err(self.own_base());
        }
        Ok(base)
    }

    fn is_itself(&self, entry: &Entry) -> bool {
        entry.name == self.name.as_str() || self.place.is_of(entry, self.store)
    }

    fn own_base(&self) -> Failure {
        self.failure("is its own base".to_owned())
    }

    fn failure(&self, message: String) -> Failure {
        let failure = Failure::invalid(message).about(self.name.as_str());
        failure.with_hint("choose another base, as imgplan does")
    }
}
