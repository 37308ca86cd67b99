//! A look at what would be done. Nothing is built, loaded or fetched.

use failure::{Code, Failure};
use naming::ImageName;
use plan::Plan;
use registry::Registry;

use crate::base::Base;
use crate::builder::met_by;
use crate::earlier::Earlier;
use crate::foreseen::{Coming, Foreseen};
use crate::inside::Inside;
use crate::place::Place;
use crate::ready::Ready;
use crate::sources::Sources;
use crate::{Builder, paths};

/// What would become of a plan.
#[derive(Debug, Clone, Default)]
pub(crate) struct Look {
    /// Why it would be built; empty where it would not.
    pub reasons: Vec<String>,
    /// On what, and what would come before.
    pub notes: Vec<String>,
}

impl Look {
    fn at_coming(coming: Option<&Coming>) -> Self {
        Self {
            reasons: Vec::new(),
            notes: coming.map(Coming::words).into_iter().collect(),
        }
    }

    /// In words.
    pub(crate) fn lines(&self) -> Vec<String> {
        let up_to_date = self.reasons.is_empty().then(|| "up to date".to_owned());
        let reasons = self.reasons.iter().cloned();
        up_to_date
            .into_iter()
            .chain(reasons)
            .chain(self.notes.iter().cloned())
            .collect()
    }
}

impl Builder<'_> {
    /// What would become of a plan after those that are foreseen; it is foreseen itself afterwards.
    pub(crate) fn look(&self, plan: &Plan, foreseen: &Foreseen) -> Result<Look, Failure> {
        let registry = self.store.read_or_empty()?;
        if let Some(path) = plan.passed() {
            let coming = foreseen.archive(path, self.store, &registry)?;
            if coming.is_none() {
                let target = paths::archive(self.store, &registry, path)?;
                self.check_holds(plan, &target, &registry)?;
            }
            self.check_match(plan, &registry)?;
            return Ok(Look::at_coming(coming.as_ref()));
        }
        let name = self.name(plan)?;
        let sources = Sources {
            foreseen: Some(foreseen),
            ..self.sources(&registry)
        };
        let (earlier, coming) = self.earlier_foreseen(&registry, &name, foreseen)?;
        let mut notes: Vec<_> = coming.iter().map(Coming::words).collect();
        let ready = match self.ready(plan, &name, &sources, earlier.clone()) {
            Ok(ready) => ready,
            Err(failure) => {
                let met = self.meets_inside(plan, earlier.as_ref(), &registry);
                let entry = met.filter(|_| failure.code() == Code::Archive);
                notes.push(met_by(&entry.ok_or(failure)?.name));
                return Ok(Look {
                    reasons: Vec::new(),
                    notes,
                });
            }
        };
        let Ready { base, recipe, .. } = &ready;
        if let Some(Inside::Meets(entry)) = &ready.inside {
            notes.push(met_by(&entry.name));
            return Ok(Look {
                reasons: Vec::new(),
                notes,
            });
        }
        if ready.reasons.is_empty() {
            let coming = base.coming().map(Coming::words);
            notes.extend(coming);
        } else {
            self.check_saved(plan, &name, &ready)?;
            let on = Some(base).filter(|_| recipe.uses_base);
            let on = on.and_then(Base::words).map(|on| format!("on {on}"));
            notes.extend(on);
            foreseen.expect(plan, self.store, &registry);
        }
        let coming = ready.named.iter().filter_map(|named| named.image.coming());
        notes.extend(coming.map(|coming| format!("with {}", coming.words())));
        Ok(Look {
            reasons: ready.lines(),
            notes,
        })
    }

    /// What is registered under a name, and what would be fetched for it.
    pub(crate) fn earlier_foreseen(
        &self,
        registry: &Registry,
        name: &ImageName,
        foreseen: &Foreseen,
    ) -> Result<(Option<Earlier>, Option<Coming>), Failure> {
        let mut earlier = self.earlier(registry, name)?;
        if let Some(earlier) = &mut earlier
            && earlier.entry.remote.is_some()
            && let Ok(Some(coming)) = foreseen.fetched(&earlier.entry)
        {
            earlier.is_coming = true;
            return Ok((Some(earlier.clone()), Some(coming)));
        }
        Ok((earlier, None))
    }

    /// The text of the build file that would be used, after those of plans that are foreseen.
    pub(crate) fn print(&self, plan: &Plan, foreseen: &Foreseen) -> Result<String, Failure> {
        let registry = self.store.read_or_empty()?;
        let name = self.name(plan)?;
        let sources = Sources {
            // Whether the engine has the base matters only to a build.
            engine: None,
            pull: true,
            foreseen: Some(foreseen),
            ..self.sources(&registry)
        };
        let earlier = self.earlier(&registry, &name)?;
        let ready = self.ready(plan, &name, &sources, earlier)?;
        // One that is there can be looked into, whether it stays or not.
        if Place::of(plan, self.store, &registry).is_some_and(|place| !place.archive.exists()) {
            foreseen.expect(plan, self.store, &registry);
        }
        Ok(ready.ingredients.text)
    }
}
