//! From requirements to printed plans, whose images stay until they are used.

use camino::Utf8PathBuf;
use cli::{Context, Failure, Leases, Reporter};
use plan::{Plan, Requirement, explain, plan_for, select};
use registry::{Registry, Store};

use crate::entries::Images;
use crate::requirements::Requirements;

/// How often plans are made again because an image was removed before it was held.
const ATTEMPTS: usize = 10;

/// Plans against one registry.
pub(crate) struct Planner<'a> {
    pub store: &'a Store,
    pub here: Utf8PathBuf,
    pub registry: Registry,
    pub leases: Leases<'a>,
    pub explaining: bool,
}

/// A plan, and what was taken for it.
struct Planned {
    plan: Plan,
    chosen: Option<Chosen>,
    explanation: Vec<String>,
}

/// The entry that a plan relies on.
struct Chosen {
    name: String,
    file: Utf8PathBuf,
}

impl Planner<'_> {
    /// Plans for requirements that were read together, and prints the plans.
    pub(crate) fn print_all(
        &self,
        context: &mut Context,
        requirements: &Requirements,
    ) -> Result<(), Failure> {
        let planned = self.plan_all(requirements, &context.reporter)?;
        context.each(planned, |context, planned| self.print(context, &planned))
    }

    /// The plans, whose images are all held.
    fn plan_all(
        &self,
        requirements: &Requirements,
        reporter: &Reporter,
    ) -> Result<Vec<Result<Planned, Failure>>, Failure> {
        let images = Images::look(self.store, &self.registry, &self.here, reporter);
        let mut planned = self.try_all(&images, requirements);
        for _ in 0..ATTEMPTS {
            let chosen = planned
                .iter()
                .flatten()
                .filter_map(|one| one.chosen.as_ref());
            let names: Vec<&str> = chosen.clone().map(|chosen| chosen.name.as_str()).collect();
            if self.leases.term.is_none() || names.is_empty() {
                break;
            }
            let held = self.leases.hold(&names)?;
            let is_there = |chosen: &Chosen| {
                let entry = held.get(&chosen.name);
                entry.is_some_and(|entry| entry.file == chosen.file)
            };
            if chosen.into_iter().all(is_there) {
                break;
            }
            let images = Images::look(self.store, &held, &self.here, reporter);
            planned = self.try_all(&images, requirements);
        }
        Ok(planned)
    }

    fn try_all(
        &self,
        images: &Images,
        requirements: &Requirements,
    ) -> Vec<Result<Planned, Failure>> {
        let requirements = requirements.iter();
        requirements
            .map(|requirement| self.plan(images, requirement.as_ref().map_err(Clone::clone)?))
            .collect()
    }

    fn plan(&self, images: &Images, requirement: &Requirement) -> Result<Planned, Failure> {
        let selection = select(requirement, images.entries());
        let plan = plan_for(requirement, &selection, |entry| images.path_of(entry))?;
        let explanation = match self.explaining {
            true => explain(requirement, &selection),
            false => Vec::new(),
        };
        Ok(Planned {
            plan,
            chosen: selection.chosen().map(|chosen| Chosen {
                name: chosen.entry.name.clone(),
                file: chosen.entry.file.clone(),
            }),
            explanation,
        })
    }

    fn print(&self, context: &Context, planned: &Planned) -> Result<(), Failure> {
        if self.explaining {
            let name = planned.plan.name.as_deref().unwrap_or_default();
            context.reporter.explain(name, &planned.explanation);
        }
        let line = serde_json::to_string(&planned.plan)
            .map_err(|error| Failure::invalid(error.to_string()))?;
        context.out.json_line(&line)
    }
}
