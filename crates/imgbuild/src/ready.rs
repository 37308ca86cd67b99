//! A plan with everything that is found out before the engine has to do anything.

use failure::Failure;
use naming::ImageName;
use plan::Plan;
use registry::{Entry, Registry};

use crate::asked::{Purpose, asked};
use crate::base::Base;
use crate::cycle::Cycle;
use crate::earlier::{Earlier, reasons};
use crate::ingredients::Ingredients;
use crate::inside::Inside;
use crate::place::Place;
use crate::recipe::Recipe;
use crate::sources::{Named, Sources};
use crate::{Builder, contradiction};

/// An image that could be built now.
#[derive(Debug)]
pub(crate) struct Ready {
    pub purpose: Purpose,
    pub base: Base,
    pub recipe: Recipe,
    /// The images that the build file names besides its base.
    pub named: Vec<Named>,
    /// What is registered under the name.
    pub earlier: Option<Earlier>,
    pub ingredients: Ingredients,
    /// Why it has to be built; empty if it is up to date.
    pub reasons: Vec<String>,
    /// What an archive holds that the registry does not list, if that makes a difference.
    pub inside: Option<Inside>,
}

impl Builder<'_> {
    /// Finds out how a plan's image is built, and whether it has to be. Only if it has to be, archives are looked into.
    pub(crate) fn ready(
        &self,
        plan: &Plan,
        name: &ImageName,
        sources: &Sources,
        earlier: Option<Earlier>,
    ) -> Result<Ready, Failure> {
        self.refuse_contradiction(plan, name, sources.registry)?;
        let ready = self.ready_on(plan, name, sources, earlier.clone(), None)?;
        if ready.reasons.is_empty() {
            return Ok(ready);
        }
        let inside = self.look_inside(plan, &ready, sources.registry);
        let ready = match &inside {
            Some(Inside::Base(entry)) => {
                self.ready_on(plan, name, sources, earlier, Some(entry))?
            }
            _ => ready,
        };
        if !matches!(inside, Some(Inside::Meets(_))) {
            self.refuse_loss(plan, name, ready.earlier.as_ref())?;
        }
        Ok(Ready { inside, ..ready })
    }

    /// With `completed`, that is what the base's entry lists.
    fn ready_on(
        &self,
        plan: &Plan,
        name: &ImageName,
        sources: &Sources,
        earlier: Option<Earlier>,
        completed: Option<&Entry>,
    ) -> Result<Ready, Failure> {
        let base = Base::find(plan, sources)?;
        let own = sources.registry.get(name.as_str());
        let listed = completed.or_else(|| base_entry(&base, sources.registry));
        let purpose = Purpose::of(plan, own, listed)?;
        let recipe = Recipe::of(&purpose.plan, name, self.store, &base)?;
        let before = earlier.as_ref().map(Earlier::inputs).unwrap_or_default();
        let named = sources.named(&recipe)?;
        let ingredients = self.kitchen().gather(&recipe, &base, &named, &before)?;
        let asked = asked(&purpose.plan);
        let reasons = reasons(earlier.as_ref(), &ingredients, &self.options, &asked);
        Ok(Ready {
            purpose,
            base,
            recipe,
            named,
            earlier,
            ingredients,
            reasons,
            inside: None,
        })
    }

    /// Refuses a plan whose image would stand on itself, or would be another one than its name stands for.
    pub(crate) fn refuse_contradiction(
        &self,
        plan: &Plan,
        name: &ImageName,
        registry: &Registry,
    ) -> Result<(), Failure> {
        if !self.options.builds_anyway() {
            contradiction::check_variants(plan, name, registry.get(name.as_str()))?;
        }
        let Some(place) = Place::of(plan, self.store, registry) else {
            return Ok(());
        };
        let cycle = Cycle {
            name,
            place,
            store: self.store,
            registry,
        };
        cycle.refuse(plan)
    }
}

impl Ready {
    /// Whether there is anything to build.
    pub(crate) fn is_built(&self) -> bool {
        !self.reasons.is_empty() && !matches!(self.inside, Some(Inside::Meets(_)))
    }

    /// Why it is built, and what it holds for others, in words.
    pub(crate) fn lines(&self) -> Vec<String> {
        let earlier = crate::asked::words(&self.purpose.earlier);
        let earlier = earlier
            .filter(|_| !self.reasons.is_empty())
            .map(|names| format!("with {names} for earlier requirements"));
        self.reasons.iter().cloned().chain(earlier).collect()
    }
}

/// What is registered of a base, whether its archive is here or will be fetched.
fn base_entry<'a>(base: &'a Base, registry: &'a Registry) -> Option<&'a Entry> {
    let coming = base.coming().and_then(|coming| registry.get(&coming.name));
    base.entry().or(coming)
}
