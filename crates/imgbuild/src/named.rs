//! The images that a plan's build file names, as far as they are known before its base.

use std::collections::BTreeSet;

use failure::Failure;
use naming::{Architecture, ImageName, Reference};
use plan::Plan;
use registry::Store;

use crate::buildfile::{SCRATCH, scan};
use crate::recipe::{self, BASE_IMAGE};

/// All of them except the base. The build reports an invalid file; until then it names nothing.
pub(crate) fn images(plan: &Plan, store: &Store) -> BTreeSet<Reference> {
    told(plan, store).unwrap_or_default()
}

fn told(plan: &Plan, store: &Store) -> Result<BTreeSet<Reference>, Failure> {
    let name: ImageName = plan.name.as_deref().unwrap_or_default().parse()?;
    let Some(file) = recipe::build_file(plan, &name, store)? else {
        return Ok(BTreeSet::new());
    };
    let mut args = plan.build.args.clone();
    // The base is not an image that the file names.
    args.insert(BASE_IMAGE.to_owned(), SCRATCH.to_owned());
    let text = recipe::read(&file)?;
    let architecture = recipe::wanted_architecture(plan).unwrap_or_else(Architecture::host);
    let target = plan.build.target.as_deref();
    Ok(scan(&text, &args, architecture, target)?.images)
}
