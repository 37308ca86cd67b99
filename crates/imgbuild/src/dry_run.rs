//! Dry runs: nothing is built, loaded or fetched.

use failure::Failure;
use plan::Plan;
use registry::Registry;

use crate::base::BuildBase;
use crate::builder::met_by;
use crate::destination::Destination;
use crate::pending::{Pending, PendingImage};
use crate::prepared::{Mode, Prepared};
use crate::{Builder, paths};

/// The message if nothing would be built.
const UP_TO_DATE: &str = "up to date";

impl Builder<'_> {
    /// The expected result of a plan after the pending ones, in lines; then it is pending itself.
    pub(crate) fn dry_run(
        &self,
        plan: &Plan,
        registry: &Registry,
        pending: &Pending,
    ) -> Result<Vec<String>, Failure> {
        let mut lines = vec![UP_TO_DATE.to_owned()];
        if let Some(path) = plan.passed() {
            let first = pending.archive(path, self.store, registry)?;
            if first.is_none() {
                let target = paths::archive(self.store, registry, path)?;
                self.check_holds(plan, &target, registry)?;
            }
            self.check_match(plan, registry)?;
            lines.extend(first.as_ref().map(PendingImage::words));
            return Ok(lines);
        }
        let ready = match Prepared::new(plan, &self.sources(registry, Mode::DryRun(pending)))? {
            Prepared::Ready(ready) => ready,
            Prepared::Met { entry, pending } => {
                lines.extend(pending);
                lines.push(met_by(&entry.name));
                return Ok(lines);
            }
        };
        let earlier = ready.earlier.as_ref();
        let first = earlier.and_then(|earlier| earlier.pending.as_ref());
        if ready.reasons.is_empty() {
            let first = first.into_iter().chain(ready.base.pending());
            lines.extend(first.map(PendingImage::words));
        } else {
            self.check_saved(plan, &ready)?;
            let on = Some(&ready.base).filter(|_| ready.recipe.uses_base);
            let on = on.and_then(BuildBase::words).map(|on| format!("on {on}"));
            lines = ready.lines();
            lines.extend(first.map(PendingImage::words).into_iter().chain(on));
            pending.expect(plan, self.store, registry);
        }
        let named = ready.named.iter().filter_map(|it| it.image.pending());
        lines.extend(named.map(|named| format!("with {}", named.words())));
        Ok(lines)
    }

    /// The text of the build file after the pending plans; `None` if the plan needs no build.
    pub(crate) fn print(
        &self,
        plan: &Plan,
        registry: &Registry,
        pending: &Pending,
    ) -> Result<Option<String>, Failure> {
        if plan.passed().is_some() {
            return Ok(None);
        }
        let sources = self.sources(registry, Mode::Print(pending));
        let Prepared::Ready(ready) = Prepared::new(plan, &sources)? else {
            return Ok(None);
        };
        // An existing archive can be inspected, even if it will be replaced.
        let destination = Destination::of(plan, self.store, registry);
        if destination.is_some_and(|it| !it.archive.exists()) {
            pending.expect(plan, self.store, registry);
        }
        Ok(Some(ready.ingredients.text))
    }
}
