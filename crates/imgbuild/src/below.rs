//! Thin archives that are complete themselves, but lack their base.

use archive::Stack;
use failure::{Code, Failure};
use naming::ImageName;
use plan::Plan;
use registry::{Registry, Store};
use thin::Fault;

use crate::earlier::Earlier;
use crate::{Builder, recipe};

/// The label with the image's name in generated build files.
const TITLE: &str = "org.opencontainers.image.title";

/// How many bases to check: the most layers of an image.
const MAX_BASES: usize = 127;

/// Why the omitted layers of an image cannot be read.
pub(crate) fn fault(store: &Store, registry: &Registry, stack: &Stack) -> Option<String> {
    let mut below = stack.image().base.clone();
    let mut last = below.as_ref()?.name.clone();
    for _ in 0..MAX_BASES {
        let Some(base) = below else { break };
        last = base.name;
        let says = |what: &str| Some(format!("its base `{last}` is {what}"));
        let Some(entry) = registry.get(&last) else {
            return says("not registered");
        };
        let path = store.path(&entry.file).ok()?.absolute();
        if !path.exists() {
            return says("missing");
        }
        if thin::fault(&path, entry) == Some(Fault::Stale) {
            return says("stale");
        }
        match thin::open(store, entry) {
            Ok(stack) => below = stack.image().base.clone(),
            Err(_) => return says("damaged"),
        }
    }
    Some(format!("its base `{last}` no longer has its layers"))
}

/// Whether an image was made by steps or a custom build file, by its archive: a generated build file writes the image's
/// name into a label.
pub(crate) fn is_handmade(stack: &Stack, name: &str) -> bool {
    let labels = &stack.image().config.labels;
    labels.get(TITLE).is_none_or(|title| title != name)
}

impl Builder<'_> {
    /// Refuses to replace a thin archive that only lacks its base by a build without its custom build file or steps.
    pub(crate) fn refuse_loss(
        &self,
        plan: &Plan,
        name: &ImageName,
        earlier: Option<&Earlier>,
    ) -> Result<(), Failure> {
        let Some(earlier) = earlier.filter(|it| it.is_handmade && it.pending.is_none()) else {
            return Ok(());
        };
        let Some(fault) = &earlier.base_fault else {
            return Ok(());
        };
        let makes_its_own =
            !plan.build.steps.is_empty() || recipe::build_file(plan, name, self.store)?.is_some();
        if makes_its_own || self.options.builds_anyway() {
            return Ok(());
        }
        let failure = Failure::new(
            Code::Archive,
            format!("{fault}; this plan would replace an image that another plan built"),
        );
        Err(failure.about(earlier.path.as_str()).with_hint(
            "restore the base, or download it with imgfetch; to replace the archive, use --rebuild",
        ))
    }
}
