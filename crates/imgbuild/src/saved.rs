//! Saved images with the name of a new build. imgbuild cannot build them again.

use failure::Failure;
use plan::{BuildSpec, Plan};

use crate::earlier::Earlier;
use crate::prepared::Ready;
use crate::{Builder, recipe};

impl Builder<'_> {
    /// Warns before a saved image is replaced, or refuses if the user may not want that.
    pub(crate) fn check_saved(&self, plan: &Plan, ready: &Ready) -> Result<(), Failure> {
        let name = &ready.name;
        let Some(saved) = ready.earlier.as_ref().filter(|it| it.is_saved()) else {
            return Ok(());
        };
        let is_asked_for = self.options.builds_anyway()
            || plan.build != BuildSpec::default()
            || recipe::build_file(plan, name, self.store)?.is_some();
        if !is_asked_for && has_plain_name(ready) && is_lost(saved, ready)? {
            let message = "would replace the saved image, which the new one does not stand on";
            return Err(Failure::invalid(message).about(name.as_str()).with_hint(
                "give the requirement a variant, or use `imgplan --distinct`; --rebuild replaces the saved image",
            ));
        }
        self.reporter.warn(format!(
            "{name}: replaces the saved image, which imgbuild did not build"
        ));
        Ok(())
    }
}

/// Whether the name ends with `base`: requirements without compilers and variants get it, and so do saved bases.
fn has_plain_name(ready: &Ready) -> bool {
    let wanted = ready.purpose.plan.requirements.as_ref();
    wanted.is_some_and(|wanted| wanted.compilers.is_empty() && wanted.variants.is_empty())
}

/// Whether neither a remote registry nor the new image has the saved image's layers.
fn is_lost(saved: &Earlier, ready: &Ready) -> Result<bool, Failure> {
    let Some(stack) = &saved.stack else {
        return Ok(false);
    };
    // The layers of a base that does not exist yet are unknown.
    if saved.entry.remote.is_some() || ready.base.pending().is_some() {
        return Ok(false);
    }
    Ok(!ready.base.layers()?.starts_with(stack.diff_ids()))
}
