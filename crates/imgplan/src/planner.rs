//! From requirements to printed plans, whose images stay until they are used.

use camino::Utf8PathBuf;
use cli::{Context, Failure, Leases, Reporter};
use plan::{Plan, explain, plan_for};
use registry::{Registry, Store};

use crate::act::{Mapping, Runners};
use crate::entries::Images;
use crate::view::Choice;
use crate::wanted::{AllWanted, Job, Wanted};

/// How often plans are made again because an image was removed before it was held.
const ATTEMPTS: usize = 10;

/// Plans against one registry.
pub(crate) struct Planner<'a> {
    pub store: &'a Store,
    pub here: Utf8PathBuf,
    pub registry: Registry,
    pub leases: Leases<'a>,
    pub choice: Choice<'a>,
    pub explaining: bool,
    /// Whether what act takes is printed instead of plans.
    pub act: bool,
}

/// A plan, and what was taken for it.
struct Planned {
    plan: Plan,
    job: Option<Job>,
    chosen: Option<Chosen>,
    explanation: Vec<String>,
}

/// The entry that a plan relies on.
struct Chosen {
    name: String,
    file: Utf8PathBuf,
    tag: String,
}

impl Planner<'_> {
    /// Plans for what was read together, and prints the plans.
    pub(crate) fn print_all(
        &self,
        context: &mut Context,
        wanted: &AllWanted,
    ) -> Result<(), Failure> {
        let planned = self.plan_all(wanted, &context.reporter)?;
        let mut runners = Runners::default();
        context.each(planned, |context, planned| {
            self.explain(context, &planned);
            match self.act {
                true => runners.print(context, &planned.mapping()),
                false => print(context, &planned),
            }
        })
    }

    /// The plans, whose images are all held.
    fn plan_all(
        &self,
        wanted: &AllWanted,
        reporter: &Reporter,
    ) -> Result<Vec<Result<Planned, Failure>>, Failure> {
        let images = Images::look(
            self.store,
            &self.registry,
            &self.here,
            &self.choice,
            reporter,
        )?;
        let mut planned = self.try_all(&images, wanted);
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
            let images = Images::look(self.store, &held, &self.here, &self.choice, reporter)?;
            planned = self.try_all(&images, wanted);
        }
        Ok(planned)
    }

    fn try_all(&self, images: &Images, wanted: &AllWanted) -> Vec<Result<Planned, Failure>> {
        let wanted = wanted.iter();
        wanted
            .map(|one| self.plan(images, one.as_ref().map_err(Clone::clone)?))
            .collect()
    }

    fn plan(&self, images: &Images, wanted: &Wanted) -> Result<Planned, Failure> {
        let requirement = &wanted.requirement;
        let selection = images.select(requirement);
        let mut plan = plan_for(requirement, &selection, |entry| images.path_of(entry))?;
        plan.job = wanted.job.as_ref().map(|job| job.name.clone());
        let explanation = match self.explaining {
            true => explain(requirement, &selection),
            false => Vec::new(),
        };
        Ok(Planned {
            plan,
            job: wanted.job.clone(),
            chosen: selection.chosen().map(|chosen| Chosen {
                name: chosen.entry.name.clone(),
                file: chosen.entry.file.clone(),
                tag: chosen.entry.docker_tag.to_string(),
            }),
            explanation,
        })
    }

    fn explain(&self, context: &Context, planned: &Planned) {
        if self.explaining {
            let name = planned.plan.name.as_deref().unwrap_or_default();
            let heading = match &planned.job {
                Some(job) => format!("{name}, for `{}`", job.name),
                None => name.to_owned(),
            };
            context.reporter.explain(&heading, &planned.explanation);
        }
    }
}

impl Planned {
    /// Which image the entry's runner is to be.
    fn mapping(&self) -> Mapping<'_> {
        let chosen = self.chosen.as_ref().filter(|_| !self.plan.needs_build());
        let name = self.plan.name.as_deref().unwrap_or_default();
        Mapping {
            job: self.plan.job.as_deref(),
            runner: self.job.as_ref().and_then(|job| job.runner.as_deref()),
            image: chosen.map_or_else(|| format!("{name}:latest"), |chosen| chosen.tag.clone()),
        }
    }
}

fn print(context: &Context, planned: &Planned) -> Result<(), Failure> {
    let line = serde_json::to_string(&planned.plan)
        .map_err(|error| Failure::invalid(error.to_string()))?;
    context.out.json_line(&line)
}
