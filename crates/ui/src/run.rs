//! Runs a command: from the command line to the exit code.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use failure::{Code, Failure};

use crate::progress::ProgressMode;
use crate::{Common, Hooks, RecordWriter, Reporter, command, complete, log, panics, signals};

/// A command's flags.
pub trait Flags: Parser {
    /// The program's name, which errors begin with.
    const PROGRAM: &'static str;

    /// The common flags.
    fn common(&self) -> &Common;
}

/// Implements [`Flags`] for flags with the shared ones in `common`. The program is called like the package.
#[macro_export]
macro_rules! flags {
    ($flags:ty) => {
        impl $crate::Flags for $flags {
            const PROGRAM: &'static str = env!("CARGO_PKG_NAME");

            fn common(&self) -> &$crate::Common {
                &self.common
            }
        }
    };
}

/// The context of a command besides its own flags.
pub struct Context {
    /// Standard output, results only.
    pub out: RecordWriter,
    /// Standard error, for people.
    pub reporter: Reporter,
    keep_going: bool,
    first_failure: Option<Code>,
}

impl Context {
    /// Runs `work` for each record. Stops at the first failure. With `--keep-going`, it reports each failure and
    /// returns the first one's code.
    pub fn each<T>(
        &mut self,
        records: impl IntoIterator<Item = Result<T, Failure>>,
        mut work: impl FnMut(&mut Self, T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for record in records {
            if let Err(failure) = record.and_then(|record| work(self, record)) {
                self.tolerate(failure)?;
            }
        }
        Ok(())
    }

    /// Whether `--keep-going` was given.
    pub fn keeps_going(&self) -> bool {
        self.keep_going
    }

    /// With `--keep-going`, reports a failure and remembers its code; otherwise returns it.
    pub fn tolerate(&mut self, failure: Failure) -> Result<(), Failure> {
        if !self.keep_going || failure.is_quiet() || signals::received().is_some() {
            return Err(failure);
        }
        self.reporter.failure(&failure);
        self.first_failure.get_or_insert(failure.code());
        Ok(())
    }
}

/// Reads the command line, does the work, reports a failure, and returns the exit code.
pub fn run<F: Flags>(
    hooks: Hooks,
    work: impl FnOnce(F, &mut Context) -> Result<(), Failure>,
) -> ExitCode {
    match complete::asked::<F>(hooks.names) {
        Ok(false) => {}
        Ok(true) => return Code::Done.into(),
        Err(failure) => {
            Reporter::new(F::PROGRAM, false, false, ProgressMode::None).failure(&failure);
            return failure.code().into();
        }
    }
    let flags: F = match parse(hooks) {
        Ok(flags) => flags,
        Err(error) => return parse_failed(F::PROGRAM, &error).into(),
    };
    let common = flags.common();
    let mut context = Context {
        out: RecordWriter::new(common.json, common.null),
        reporter: Reporter::new(
            F::PROGRAM,
            common.quiet,
            common.verbose > 0,
            common.progress,
        ),
        keep_going: common.keep_going,
        first_failure: None,
    };
    if let Err(failure) = log::start(common.verbose, &context.reporter) {
        context.reporter.failure(&failure);
        return failure.code().into();
    }
    for warning in (hooks.warnings)(common) {
        context.reporter.warn(warning);
    }
    panics::watch(&context.reporter, hooks);
    let result = signals::watch(&context.reporter, hooks)
        .and_then(|()| panics::caught(|| work(flags, &mut context)));
    let code = match (signals::received(), result) {
        (Some(code), _) => {
            signals::say(code, &context.reporter);
            code
        }
        (None, Err(failure)) => {
            if !failure.is_quiet() {
                context.reporter.failure(&failure);
            }
            context.first_failure.unwrap_or(failure.code())
        }
        (None, Ok(())) => context.first_failure.unwrap_or(Code::Done),
    };
    code.into()
}

/// The flags of this process.
fn parse<F: Flags>(hooks: Hooks) -> Result<F, clap::Error> {
    let mut command = command::<F>(hooks.names);
    let mut matches = command.try_get_matches_from_mut(std::env::args_os())?;
    F::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// Help and version go to standard output; a usage error is one line and a hint.
fn parse_failed(program: &'static str, error: &clap::Error) -> Code {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        // An error means that the reader is gone.
        let _ = error.print();
        return Code::Done;
    }
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n");
    let message = paragraphs
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ");
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let tip = paragraphs
        .find_map(|paragraph| paragraph.trim_start().strip_prefix("tip: "))
        // A mistyped flag is not meant as a value.
        .filter(|tip| !tip.starts_with("to pass "));
    let hint = tip
        .and_then(|tip| tip.lines().next())
        .map_or_else(|| format!("see {program} --help"), str::to_owned);
    let failure = Failure::usage(message).with_hint(hint);
    Reporter::new(program, false, false, ProgressMode::None).failure(&failure);
    failure.code()
}
