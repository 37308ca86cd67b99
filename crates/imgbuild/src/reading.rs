//! Reads plans from files and standard input.

use std::fs::File;
use std::io::{BufReader, Read};

use camino::{Utf8Path, Utf8PathBuf};
use failure::{Code, Failure};
use plan::{Plan, Plans};
use ui::Context;

/// Runs `work` with each plan as soon as it is read, and with the error of each unreadable one.
pub(crate) fn each_plan(
    files: &[Utf8PathBuf],
    context: &mut Context,
    mut work: impl FnMut(&mut Context, Result<Plan, Failure>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if ui::reads_stdin(files, "a file with plans")? {
        let (mut any, mut bytes) = (false, Seen::new(std::io::stdin().lock()));
        let plans = Plans::new(BufReader::new(&mut bytes)).inspect(|_| any = true);
        context.each(plans.map(Ok), |context, plan| {
            work(context, plan.map_err(Failure::from))
        })?;
        return match (any, bytes.any) {
            (true, _) => Ok(()),
            (false, true) => Err(Failure::from(plan::Error::NoPlan).about("standard input")),
            (false, false) => Err(ui::nothing_on_stdin()),
        };
    }
    context.each(files.iter().map(Ok), |context, path| {
        let about = |failure: Failure| failure.about(path.as_str());
        let file = open(path).map_err(about)?;
        let mut any = false;
        let plans = Plans::new(BufReader::new(file)).inspect(|_| any = true);
        context.each(plans.map(Ok), |context, plan| {
            work(context, plan.map_err(|error| about(error.into())))
        })?;
        if any {
            Ok(())
        } else {
            Err(about(plan::Error::NoPlan.into()))
        }
    })
}

fn open(path: &Utf8Path) -> Result<File, Failure> {
    let unreadable = |error| Failure::new(Code::Invalid, format!("can't be read: {error}"));
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(Failure::invalid("is a folder, not a file with plans"));
    }
    Ok(file)
}

/// A reader that notes whether anything except white space was read.
struct Seen<R> {
    inner: R,
    any: bool,
}

impl<R> Seen<R> {
    fn new(inner: R) -> Self {
        Self { inner, any: false }
    }
}

impl<R: Read> Read for Seen<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.any |= !buffer[..read].trim_ascii().is_empty();
        Ok(read)
    }
}
