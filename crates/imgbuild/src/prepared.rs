//! One preparation of a plan: everything that is known before the engine works. It serves printing the build file, a
//! dry run, and a build.

use failure::{Code, Failure};
use naming::ImageName;
use plan::Plan;
use registry::Entry;

use crate::asked::{Purpose, asked};
use crate::base::BuildBase;
use crate::contradiction;
use crate::cycle;
use crate::earlier::{Earlier, reasons};
use crate::ingredients::Ingredients;
use crate::inside::Inside;
use crate::pending::{Pending, PendingImage};
use crate::recipe::Recipe;
use crate::sources::{Named, Sources};

/// The purpose of the preparation.
#[derive(Clone, Copy)]
pub(crate) enum Mode<'a> {
    /// To print the build file. Only a build needs to know whether the engine has the images.
    Print(&'a Pending<'a>),
    /// To report the expected result.
    DryRun(&'a Pending<'a>),
    /// To check whether the engine can build for an architecture. A missing base does not matter.
    Check(&'a Pending<'a>),
    Build,
}

/// The result of the preparation.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// An image meets the requirement, because it has more contents than the registry listed.
    Met {
        /// Its entry, with all its contents.
        entry: Box<Entry>,
        /// The expected download under the plan's name, as text.
        pending: Option<String>,
    },
    /// Everything for a build is known.
    Ready(Box<Ready>),
}

/// An image that could be built now.
#[derive(Debug)]
pub(crate) struct Ready {
    pub name: ImageName,
    pub purpose: Purpose,
    pub base: BuildBase,
    pub recipe: Recipe,
    /// The images that the build file names besides its base.
    pub named: Vec<Named>,
    /// The registered image of the name.
    pub earlier: Option<Earlier>,
    pub ingredients: Ingredients,
    /// Why it must be built; empty if it is up to date.
    pub reasons: Vec<String>,
    /// The base's completed entry, if the registry listed less and that matters.
    pub completed: Option<Entry>,
}

impl<'a> Mode<'a> {
    /// The images that count as present because they will exist by then.
    pub(crate) fn pending(self) -> Option<&'a Pending<'a>> {
        match self {
            Self::Print(pending) | Self::DryRun(pending) | Self::Check(pending) => Some(pending),
            Self::Build => None,
        }
    }
}

impl Prepared {
    /// Finds out how a plan's image is built, and whether it must be. Archives are inspected only if it must be.
    pub(crate) fn new(plan: &Plan, sources: &Sources) -> Result<Self, Failure> {
        let name = sources.builder.name(plan)?;
        let earlier = Earlier::find(&name, sources)?;
        match Self::on_base(plan, &name, earlier.as_ref(), sources) {
            // A missing base does not matter if nothing is built.
            Err(failure)
                if failure.code() == Code::Archive && !matches!(sources.mode, Mode::Print(_)) =>
            {
                let builder = sources.builder;
                let met = builder.meets_inside(plan, earlier.as_ref(), sources.registry);
                met.map_or(Err(failure), |entry| Ok(Self::met(entry, earlier.as_ref())))
            }
            prepared => prepared,
        }
    }

    fn met(entry: Entry, earlier: Option<&Earlier>) -> Self {
        let pending = earlier.and_then(|earlier| earlier.pending.as_ref());
        let pending = pending.map(PendingImage::words);
        let entry = Box::new(entry);
        Self::Met { entry, pending }
    }

    fn on_base(
        plan: &Plan,
        name: &ImageName,
        earlier: Option<&Earlier>,
        sources: &Sources,
    ) -> Result<Self, Failure> {
        let builder = sources.builder;
        sources.refuse_contradiction(plan, name)?;
        let mut ready = Ready::new(plan, name, earlier, sources, None)?;
        if !ready.reasons.is_empty() {
            match builder.look_inside(plan, &ready, sources.registry) {
                Some(Inside::Meets(_)) if matches!(sources.mode, Mode::Print(_)) => {
                    return Ok(Self::Ready(Box::new(ready)));
                }
                Some(Inside::Meets(entry)) => return Ok(Self::met(entry, earlier)),
                Some(Inside::Base(entry)) => {
                    ready = Ready::new(plan, name, earlier, sources, Some(entry))?;
                }
                None => {}
            }
            builder.refuse_loss(plan, name, earlier)?;
        }
        if let (Mode::Build, Some(earlier)) = (sources.mode, earlier)
            && earlier.entry.fingerprint == Some(ready.ingredients.fingerprint)
        {
            // An archive that was not pulled must not be replaced.
            archive::refuse_pointer(&earlier.path)?;
        }
        Ok(Self::Ready(Box::new(ready)))
    }
}

impl Ready {
    /// With `completed`, the base's entry lists that.
    fn new(
        plan: &Plan,
        name: &ImageName,
        earlier: Option<&Earlier>,
        sources: &Sources,
        completed: Option<Entry>,
    ) -> Result<Self, Failure> {
        let (builder, registry) = (sources.builder, sources.registry);
        let base = BuildBase::find(plan, sources)?;
        // The base's registered entry, whether its archive exists or will be fetched.
        let pending = base.pending().and_then(|base| registry.get(&base.name));
        let listed = completed.as_ref().or(base.entry()).or(pending);
        let purpose = Purpose::of(plan, registry.get(name.as_str()), listed)?;
        let recipe = Recipe::of(&purpose.plan, name, sources, &base)?;
        let before = earlier.map(Earlier::inputs).unwrap_or_default();
        let named = sources.named(&recipe)?;
        let ingredients = builder.gather(&recipe, &base, &named, &before)?;
        let asked = asked(&purpose.plan);
        let reasons = reasons(earlier, &ingredients, &builder.options, &asked);
        Ok(Self {
            name: name.clone(),
            purpose,
            base,
            recipe,
            named,
            earlier: earlier.cloned(),
            ingredients,
            reasons,
            completed,
        })
    }

    /// The registered images that a build needs, and its own.
    pub(crate) fn leased(&self) -> Vec<&str> {
        let named = self.named.iter().map(|named| &named.image);
        let below = named.chain([&self.base]);
        let below = below.filter_map(|base| Some(base.entry()?.name.as_str()));
        below.chain([self.name.as_str()]).collect()
    }

    /// Why it is built, and its additional contents, as text.
    pub(crate) fn lines(&self) -> Vec<String> {
        let earlier = crate::asked::words(&self.purpose.earlier);
        let earlier = earlier
            .filter(|_| !self.reasons.is_empty())
            .map(|names| format!("with {names} for earlier requirements"));
        self.reasons.iter().cloned().chain(earlier).collect()
    }
}

impl Sources<'_> {
    /// Refuses a plan whose image would stand on itself, or would contradict its name.
    pub(crate) fn refuse_contradiction(
        &self,
        plan: &Plan,
        name: &ImageName,
    ) -> Result<(), Failure> {
        if !self.builder.options.builds_anyway() {
            contradiction::check_variants(plan, name, self.registry.get(name.as_str()))?;
        }
        cycle::refuse(plan, name, self.builder.store, self.registry)
    }
}
