//! Images that imgbuild did not build, under the name of one that it is to build. It can't build them again.

use failure::Failure;
use plan::{BuildSpec, Plan};

use crate::earlier::Earlier;
use crate::prepared::Ready;
use crate::{Builder, recipe};

impl Builder<'_> {
    /// Warns before a saved image is replaced, or refuses to replace it if nobody asked for that.
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

/// Whether the name says no more than `base`: a requirement without compilers and variants gets it, and so do bases that people
/// save.
fn has_plain_name(ready: &Ready) -> bool {
    let wanted = ready.purpose.plan.requirements.as_ref();
    wanted.is_some_and(|wanted| wanted.compilers.is_empty() && wanted.variants.is_empty())
}

/// Whether neither a remote registry nor the new image has what the saved image holds.
fn is_lost(saved: &Earlier, ready: &Ready) -> Result<bool, Failure> {
    let Some(stack) = &saved.stack else {
        return Ok(false);
    };
    // Of a base that is not there yet, nobody knows the layers.
    if saved.entry.remote.is_some() || ready.base.pending().is_some() {
        return Ok(false);
    }
    Ok(!ready.base.layers()?.starts_with(stack.diff_ids()))
}
