//! Refuses images that stand on themselves, directly or indirectly.

use failure::Failure;
use naming::ImageName;
use plan::Plan;
use registry::{Entry, Registry, Store, find_entry};

use crate::destination::{Destination, plain};
use crate::recipe;

/// Refuses a plan if its base, or an image that its build file names, is its own image or stands on it: every build
/// would stand on the one before. A whole archive counts like a thin one, because it can become thin later.
pub(crate) fn refuse(
    plan: &Plan,
    name: &ImageName,
    store: &Store,
    registry: &Registry,
) -> Result<(), Failure> {
    let Some(destination) = Destination::of(plan, store, registry) else {
        return Ok(());
    };
    let refuse = |message: String| {
        let failure = Failure::invalid(message).about(name.as_str());
        Err(failure.with_hint("choose another base, as imgplan does"))
    };
    let (base, is_itself) = match (&plan.best_base_image_path, &plan.base_image) {
        (Some(path), _) => {
            let path = ui::absolute(path)?;
            let base = store.find(registry, &path);
            (base, plain(&path) == destination.archive)
        }
        (None, Some(tag)) => {
            let base = find_entry(store, registry, tag);
            (
                base,
                tag.parse().is_ok_and(|tag| destination.is_called(&tag)),
            )
        }
        (None, None) => (None, false),
    };
    let is_own = |base: &Entry| base.name == name.as_str() || destination.is_of(base, store);
    if is_itself || base.is_some_and(is_own) {
        return refuse("is its own base".to_owned());
    }
    let mut images = recipe::named_images(plan, store).into_iter();
    if let Some(image) = images.find(|image| destination.is_called(image)) {
        return refuse(format!("its build file uses the image itself, `{image}`"));
    }
    if let Some(base) = base {
        thin::check_base(registry, name.as_str(), &base.name)?;
    }
    Ok(())
}
