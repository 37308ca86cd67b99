//! Images that imgpipe left in the engine without a name: replaced ones, and those of interrupted loads.

use cli::Failure;

use crate::uses::Uses;
use crate::{Pruner, Report};

impl Pruner<'_> {
    /// Removes the noted images that have no name and no container, or counts them. The engine keeps those that others stand
    /// on.
    pub(crate) fn remove_leftovers(&self, uses: &Uses, report: &mut Report) -> Result<(), Failure> {
        let (Some(engine), noted) = (self.engine, self.store.leftovers()?) else {
            return Ok(());
        };
        let names: Vec<_> = noted.iter().map(ToString::to_string).collect();
        let mut gone = Vec::new();
        for image in engine.inspect(&names)?.into_iter().flatten() {
            let id = image.id;
            if !image.is_dangling() || uses.has_container(id) {
                continue;
            }
            if !report.dry_run {
                if let Err(error) = engine.remove(id) {
                    self.reporter.detail(format!(
                        "{id}: the engine keeps this dangling image: {error}"
                    ));
                    continue;
                }
                gone.push(id);
            }
            report.dangling += 1;
            self.reporter.detail(format!(
                "{id}: dangling image of the engine, {}",
                cli::size(image.size)
            ));
        }
        self.store.forget_leftovers(&gone, self.lock_timeout)?;
        Ok(())
    }
}
