//! Images that imgpipe left in the engine without a name: replaced images, and images of interrupted loads.

use failure::Failure;

use crate::engine_uses::EngineUses;
use crate::{Pruner, Report};

impl Pruner<'_> {
    /// Removes the noted images without a name and a container, or counts them. The engine keeps the parents of other
    /// images.
    pub(crate) fn remove_leftovers(
        &self,
        uses: &EngineUses,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let Some(engine) = self.engine else {
            return Ok(());
        };
        for error in self.store.damaged_leftovers()? {
            self.reporter.warn_of(&error.into());
        }
        let noted = self.store.leftovers()?;
        let found = engine.inspect(&names(&noted))?.into_iter().flatten();
        let unused: Vec<_> = found
            .filter(|image| !uses.has_container(image.id))
            .collect();
        if report.dry_run {
            report.dangling = unused.iter().filter(|image| image.is_dangling()).count();
            report.dangling += self.remove_interrupted(true)?;
            return Ok(());
        }
        let unused: Vec<_> = unused.iter().map(|image| image.id).collect();
        let tried = engine.remove_dangling(&unused).unwrap_or_else(|error| {
            // A failure here must not stop the rest.
            let message = format!("cannot remove dangling images from the engine: {error}");
            self.reporter.warn(message);
            Vec::new()
        });
        let left = engine.inspect(&names(&tried))?;
        let gone = tried.into_iter().zip(left);
        let gone: Vec<_> = gone
            .filter_map(|(id, left)| left.is_none().then_some(id))
            .collect();
        for id in &gone {
            let message = format!("{id}: dangling image removed from the engine");
            self.reporter.detail(message);
        }
        report.dangling = gone.len() + self.remove_interrupted(false)?;
        self.store.forget_leftovers(&gone, self.lock_timeout)?;
        Ok(())
    }
}

fn names(images: &[naming::Digest]) -> Vec<String> {
    images.iter().map(ToString::to_string).collect()
}
