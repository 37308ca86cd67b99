//! Turns requirements into printed plans, and leases their images.

use std::collections::HashMap;

use camino::Utf8PathBuf;
use failure::Failure;
use plan::{Pick, Plan, Requirement, Rules, Selection, explain, plan_for};
use registry::{Registry, Store};
use setup::Leases;
use ui::{Context, Reporter};

use crate::act::{Mapping, Runners};
use crate::entries::Images;
use crate::request::{Job, PlanRequests};
use crate::view::Availability;

/// How often to plan again because an image was removed before it was leased.
const ATTEMPTS: usize = 10;

/// Plans against one registry.
pub(crate) struct Planner<'a> {
    pub store: &'a Store,
    pub here: Utf8PathBuf,
    pub registry: Registry,
    pub leases: Leases<'a>,
    pub choice: Availability<'a>,
    pub rules: Rules,
    pub explaining: bool,
    /// Whether to print act's arguments instead of plans.
    pub act: bool,
}

/// A plan, and the choice for it.
#[derive(Clone)]
struct Planned {
    plan: Plan,
    job: Option<Job>,
    chosen: Option<Chosen>,
    explanation: Vec<String>,
    /// The warning to print with it.
    warning: Option<String>,
}

/// The entry that a plan relies on.
#[derive(Clone)]
struct Chosen {
    name: String,
    file: Utf8PathBuf,
    tag: String,
}

impl Planner<'_> {
    /// Plans requirements that were read together, and prints the plans.
    pub(crate) fn print_all(
        &self,
        context: &mut Context,
        wanted: &PlanRequests,
    ) -> Result<(), Failure> {
        let planned = self.plan_all(wanted, &context.reporter)?;
        let mut runners = Runners::default();
        context.each(planned, |context, planned| {
            self.explain(context, &planned);
            if let Some(warning) = &planned.warning {
                context.reporter.warn(planned.about(warning));
            }
            match self.act {
                true => runners.print(context, &planned.mapping()),
                false => print(context, &planned),
            }
        })
    }

    /// The plans, with all images leased.
    fn plan_all(
        &self,
        wanted: &PlanRequests,
        reporter: &Reporter,
    ) -> Result<Vec<Result<Planned, Failure>>, Failure> {
        let images = Images::look(
            self.store,
            &self.registry,
            &self.here,
            &self.choice,
            reporter,
        )?;
        let mut planned = self.try_all(&images, wanted, reporter);
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
            planned = self.try_all(&images, wanted, reporter);
        }
        Ok(planned)
    }

    fn try_all(
        &self,
        images: &Images,
        wanted: &PlanRequests,
        reporter: &Reporter,
    ) -> Vec<Result<Planned, Failure>> {
        let mut rules = self.rules.clone();
        // Requirements of one name were merged before, so they are planned once.
        let mut known: HashMap<String, Planned> = HashMap::new();
        let mut all = Vec::new();
        for one in wanted {
            let planned = one.as_ref().map_err(Clone::clone).and_then(|wanted| {
                let requirement = &wanted.requirement;
                let name = requirement.image_name()?.to_string();
                let again = known.get(&name);
                let again = again.filter(|it| it.plan.requirements.as_ref() == Some(requirement));
                let mut planned = match again {
                    Some(again) => again.clone(),
                    None => self.plan(images, requirement, &mut rules, reporter)?,
                };
                planned.plan.job = wanted.job.as_ref().map(|job| job.name.clone());
                planned.job.clone_from(&wanted.job);
                known.insert(name, planned.clone());
                Ok(planned)
            });
            all.push(planned);
        }
        images.say_rest(reporter);
        all
    }

    fn plan(
        &self,
        images: &Images,
        requirement: &Requirement,
        rules: &mut Rules,
        reporter: &Reporter,
    ) -> Result<Planned, Failure> {
        let name = requirement.image_name()?.to_string();
        let mut whole = requirement.clone();
        let mut selection = images.select(requirement, rules, reporter);
        if !selection.is_met()
            && !rules.exact
            && let Some(requested) = images
                .registered(&name)
                .and_then(|own| own.requested.as_ref())
        {
            let added = requirement.with_requested(requested);
            whole = added.map_err(|error| {
                let hint = "to ignore earlier requirements, use --exact";
                Failure::from(error).about(&name).with_hint(hint)
            })?;
            selection = images.select(&whole, rules, reporter);
        }
        let mut plan = plan_for(requirement, &whole, &selection, |entry| {
            images.path_of(entry)
        })?;
        plan.exact = rules.exact;
        if plan.needs_build() {
            let base = selection.chosen().map(|chosen| chosen.entry.name.clone());
            rules.planned.insert(name, base);
        }
        let explanation = match self.explaining {
            true => explain(requirement, &whole, rules, &selection),
            false => Vec::new(),
        };
        Ok(Planned {
            warning: self.warning(&plan, &selection),
            plan,
            job: None,
            chosen: selection.chosen().map(|chosen| Chosen {
                name: chosen.entry.name.clone(),
                file: chosen.entry.file.clone(),
                tag: chosen.entry.docker_tag.to_string(),
            }),
            explanation,
        })
    }

    /// The warning for a plan whose image lacks something, or does not exist yet for act.
    fn warning(&self, plan: &Plan, selection: &Selection) -> Option<String> {
        if plan.needs_build() {
            let not_yet = "is not built yet; build and load it with imgbuild and imgload";
            return self.act.then(|| not_yet.to_owned());
        }
        let Pick::Image(image) = &selection.pick else {
            return None;
        };
        let lacks: Vec<_> = image.missing.names().collect();
        let name = &image.entry.name;
        let says = || match plan.name.as_ref() == Some(name) {
            true => format!("lacks {} (accepted)", lacks.join(", ")),
            false => format!("{name} lacks {} (accepted)", lacks.join(", ")),
        };
        (!lacks.is_empty()).then(says)
    }

    fn explain(&self, context: &Context, planned: &Planned) {
        if self.explaining {
            let heading = planned.heading();
            context.reporter.explain(&heading, &planned.explanation);
        }
    }
}

impl Planned {
    /// The image's name, and its purpose.
    fn heading(&self) -> String {
        let name = self.plan.name.as_deref().unwrap_or_default();
        match &self.job {
            Some(job) => format!("{name}, for `{}`", job.name),
            None => name.to_owned(),
        }
    }

    /// A line about the plan.
    fn about(&self, what: &str) -> String {
        format!("{}: {what}", self.heading())
    }

    /// The image of the entry's runner.
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
