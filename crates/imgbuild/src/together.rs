//! Several plans at a time.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use cli::{Code, Context, Failure};
use plan::Plan;

use crate::Builder;
use crate::matrix::Matrix;
use crate::reading::each_plan;
use crate::schedule::Schedule;

/// Does `work` with all plans of the input, up to `jobs` at a time, and hands each with what came of it to `print`, in the
/// order of the input. It is done once for each image, and before those that stand on it.
pub(crate) fn do_together<T: Send>(
    builder: &Builder,
    context: &mut Context,
    files: &[Utf8PathBuf],
    jobs: usize,
    work: impl Fn(&Plan) -> Result<T, Failure> + Sync,
    print: impl Fn(&Context, &Plan, &T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (mut plans, mut unreadable) = (Vec::new(), BTreeMap::new());
    // What can't be read is told when all before it was built.
    let read = each_plan(files, context, |context, plan| {
        match plan {
            Ok(plan) => plans.push(plan),
            Err(failure) if context.keeps_going() => {
                let before = plans.len();
                unreadable
                    .entry(before)
                    .or_insert_with(Vec::new)
                    .push(failure);
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    });
    let registry = builder.store.read_or_empty()?;
    let matrix = Matrix::of(&plans, builder.store, &registry)?;
    for (one, other) in &matrix.at_odds {
        let name = plans[*one].subject();
        let [one, other] = [*one, *other].map(|plan| plans[plan].job.as_deref());
        let whom = one
            .zip(other)
            .map(|(one, other)| format!(" (for {one}, and for {other})"));
        builder.reporter.warn(format!(
            "{name}: is asked for twice, in different ways{}; the second is built after the first and takes its place",
            whom.unwrap_or_default()
        ));
    }
    let mut printing = Printing {
        plans: &plans,
        matrix: &matrix,
        outcomes: BTreeMap::new(),
        due: 0,
        told: vec![false; matrix.first.len()],
    };
    let mut ended = Ok(());
    let schedule = Schedule {
        after: &matrix.after,
        jobs,
        keep_going: context.keeps_going(),
    };
    let one = |image: usize, failed: &[usize]| do_one(&matrix, image, failed, &work);
    schedule.run(one, |image, outcome| {
        if outcome.is_err() && !cli::interrupted() {
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

fn do_one<T>(
    matrix: &Matrix,
    image: usize,
    failed: &[usize],
    work: impl Fn(&Plan) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let plan = matrix.plan(image);
    if let Some(base) = failed.first().map(|base| matrix.plan(*base)) {
        let message = format!("is not built, since `{}` was not", base.subject());
        return Err(Failure::new(Code::Engine, message).about(plan.subject()));
    }
    work(plan).map_err(|failure| failure.about(plan.subject()))
}

/// Says for whom a failure matters, where that is more than its message will say.
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

/// Results on their way out.
struct Printing<'a, T> {
    plans: &'a [Plan],
    matrix: &'a Matrix<'a>,
    /// By image.
    outcomes: BTreeMap<usize, Result<T, Failure>>,
    /// The next plan to print.
    due: usize,
    /// For each image, whether its failure was told.
    told: Vec<bool>,
}

impl<T> Printing<'_, T> {
    /// Prints what is due and there. With `--keep-going` failures are told in their turn, each once.
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

    /// The failure that ended it all, where plans before it were not reached any more.
    fn first_failure(&self) -> Option<Failure> {
        let rest = self.matrix.image_of.iter().skip(self.due);
        let mut failures =
            rest.filter_map(|image| self.outcomes.get(image)?.as_ref().err().cloned());
        failures.next()
    }
}
