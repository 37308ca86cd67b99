//! The plans of one call, several at a time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use camino::Utf8PathBuf;
use failure::{Code, Failure};
use plan::Plan;
use registry::Registry;
use ui::Context;

use crate::Builder;
use crate::matrix::Matrix;
use crate::pending::Pending;
use crate::prepared::Mode;
use crate::reading::each_plan;
use crate::schedule::Schedule;

/// The plans of one call.
pub(crate) struct Batch<'a> {
    pub builder: &'a Builder<'a>,
    /// Files with plans; empty for standard input.
    pub files: &'a [Utf8PathBuf],
    /// How many images to build at a time.
    pub jobs: usize,
    /// Whether images are built, so that the engine must be able to.
    pub builds: bool,
}

impl Batch<'_> {
    /// Runs `work` with all plans and the registry, and passes each result to `print`, in the order of the input. It
    /// runs once for each image, with the contents of all its plans, and bases first. Impossible plans are refused
    /// before anything is built.
    pub(crate) fn each<T: Send>(
        &self,
        context: &mut Context,
        work: impl Fn(&Plan, Registry) -> Result<T, Failure> + Sync,
        print: impl Fn(&Context, &Plan, &T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Read {
            mut plans,
            mut unreadable,
            ended: read,
        } = self.read(context);
        let builder = self.builder;
        let registry = builder.store.read_or_empty()?;
        builder.rebuild_outdated(&mut plans, &registry)?;
        let matrix = self.sorted(&plans, &registry)?;
        let mut refused = matrix
            .images
            .iter()
            .filter_map(|image| image.refused.as_ref());
        if let Some(failure) = refused.next().filter(|_| !context.keeps_going()) {
            return Err(failure.clone());
        }
        let mut printing = Printing {
            plans: &plans,
            matrix: &matrix,
            outcomes: BTreeMap::new(),
            due: 0,
            told: vec![false; matrix.images.len()],
        };
        let mut ended = Ok(());
        let schedule = Schedule {
            after: &matrix.after,
            jobs: self.jobs,
            keep_going: context.keeps_going(),
        };
        // The registry that was read for all is current for the first build. Later builds may need the results of
        // earlier ones.
        let read_now = Mutex::new(Some(registry.clone()));
        let registry = || {
            if !self.builds {
                return Ok(registry.clone());
            }
            let mut read_now = read_now.lock().unwrap_or_else(PoisonError::into_inner);
            read_now
                .take()
                .map_or_else(|| builder.store.read_or_empty(), Ok)
        };
        let work = |plan: &Plan| work(plan, registry()?);
        let one = |image: usize, failed: &[usize]| do_one(&matrix, image, failed, work);
        schedule.run(one, |image, outcome| {
            if outcome.is_err() && !ui::interrupted() {
                tell_affected(builder, &matrix, image);
            }
            printing.outcomes.insert(image, outcome);
            if ended.is_ok() {
                ended = printing.go_on(context, &mut unreadable, &print);
            }
            ended.is_ok()
        });
        ended?;
        match printing.first_failure() {
            Some(failure) => Err(failure),
            None => read,
        }
    }

    fn read(&self, context: &mut Context) -> Read {
        let (mut plans, mut unreadable) = (Vec::new(), BTreeMap::<_, Vec<_>>::new());
        let ended = each_plan(self.files, context, |context, plan| {
            match plan {
                Ok(mut plan) => {
                    // An invalid name is reported by its build.
                    let name = self.builder.name(&plan).map(|name| name.to_string());
                    plan.name = name.ok().or(plan.name);
                    plans.push(plan);
                }
                Err(failure) if context.keeps_going() => {
                    unreadable.entry(plans.len()).or_default().push(failure);
                }
                Err(failure) => return Err(failure),
            }
            Ok(())
        });
        Read {
            plans,
            unreadable,
            ended,
        }
    }

    /// The images of all plans, with the reasons why some cannot be built.
    fn sorted<'p>(&self, plans: &'p [Plan], registry: &Registry) -> Result<Matrix<'p>, Failure> {
        let builder = self.builder;
        let mut matrix = Matrix::of(plans, builder.store, registry)?;
        let pending = Pending::new(builder.fetcher.as_ref());
        for image in &mut matrix.images {
            let name = builder.name(&image.plan).ok();
            let name = name.filter(|_| image.plan.needs_build() && image.refused.is_none());
            let checked = name.map(|name| {
                let sources = builder.sources(registry, Mode::Check(&pending));
                sources.refuse_contradiction(&image.plan, &name)?;
                match self.builds {
                    true => builder.refuse_foreign(&image.plan, &sources),
                    false => Ok(()),
                }
            });
            image.refused = image.refused.take().or(checked.and_then(Result::err));
        }
        Ok(matrix)
    }
}

/// The contents of the input.
struct Read {
    plans: Vec<Plan>,
    /// The failures of unreadable plans, by the number of plans before them. They are reported after those plans.
    unreadable: BTreeMap<usize, Vec<Failure>>,
    /// The error that ended it early.
    ended: Result<(), Failure>,
}

fn do_one<T>(
    matrix: &Matrix,
    image: usize,
    failed: &[usize],
    work: impl Fn(&Plan) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let plan = matrix.plan(image);
    if let Some(failure) = &matrix.images[image].refused {
        return Err(failure.clone());
    }
    let failed = failed.first().filter(|_| plan.needs_build());
    if let Some(base) = failed.map(|base| matrix.plan(*base)) {
        let message = format!("not built, because `{}` was not built", base.subject());
        return Err(Failure::new(Code::Engine, message).about(plan.subject()));
    }
    work(plan).map_err(|failure| failure.about(plan.subject()))
}

/// Reports the plans that a failure affects, if its message does not name them.
fn tell_affected(builder: &Builder, matrix: &Matrix, image: usize) {
    let subject = matrix.plan(image).subject();
    let affected = matrix.affected(image);
    if affected != [subject] {
        let affected = affected.join("; ");
        builder
            .reporter
            .warn(format!("{subject}: failed; affected: {affected}"));
    }
}

/// Prints results in order.
struct Printing<'a, T> {
    plans: &'a [Plan],
    matrix: &'a Matrix<'a>,
    /// By image.
    outcomes: BTreeMap<usize, Result<T, Failure>>,
    /// The next plan to print.
    due: usize,
    /// For each image, whether its failure was reported.
    told: Vec<bool>,
}

impl<T> Printing<'_, T> {
    /// Prints the available results that are due. With `--keep-going`, failures are reported in order, each once.
    fn go_on(
        &mut self,
        context: &mut Context,
        unreadable: &mut BTreeMap<usize, Vec<Failure>>,
        print: &impl Fn(&Context, &Plan, &T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        loop {
            for failure in unreadable.remove(&self.due).into_iter().flatten() {
                context.tolerate(failure)?;
            }
            let Some(image) = self.matrix.image_of.get(self.due) else {
                return Ok(());
            };
            match self.outcomes.get(image) {
                Some(Ok(done)) => print(context, &self.plans[self.due], done)?,
                Some(Err(failure)) if !self.told[*image] => {
                    self.told[*image] = true;
                    context.tolerate(failure.clone())?;
                }
                Some(Err(_)) => {}
                None => return Ok(()),
            }
            self.due += 1;
        }
    }

    /// The failure that stopped everything, if earlier plans were not reached.
    fn first_failure(&self) -> Option<Failure> {
        let rest = self.matrix.image_of.iter().skip(self.due);
        let mut failures =
            rest.filter_map(|image| self.outcomes.get(image)?.as_ref().err().cloned());
        failures.next()
    }
}
