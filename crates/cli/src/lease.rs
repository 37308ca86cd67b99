//! Which run a command belongs to: the holder of the images that it uses.

use std::time::Duration;

use clap::Args;
use registry::{Holder, Registry, Store, Term};

use crate::{Failure, Reporter, duration};

/// What CI systems call a run, the first that is set.
const RUN_VARIABLES: [&str; 4] = ["IMG_RUN", "GITHUB_RUN_ID", "CI_JOB_ID", "BUILD_TAG"];

/// The longest ID of a run, in bytes.
const MAX_ID: usize = 1024;

/// Who holds what a command uses, so that imgprune leaves it alone.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Leases")]
pub struct LeaseFlags {
    /// The run that holds the images
    ///
    /// Default: IMG_RUN, GITHUB_RUN_ID, CI_JOB_ID or BUILD_TAG, else the process that started this one, for as long as it
    /// lives.
    #[arg(
        long,
        value_name = "ID",
        conflicts_with = "no_lease",
        hide_short_help = true
    )]
    run: Option<String>,

    /// How long a run known by its ID holds them, unless imgprune --release ends it before
    #[arg(
        long,
        value_name = "DUR",
        default_value = "6h",
        value_parser = duration::parse,
        conflicts_with = "no_lease",
        hide_short_help = true
    )]
    lease: Duration,

    /// Hold nothing: imgprune may take the images at any time
    #[arg(long, hide_short_help = true)]
    no_lease: bool,
}

impl LeaseFlags {
    /// Who holds what this command uses, and for how long; `None` for nobody.
    pub fn term(&self) -> Result<Option<Term>, Failure> {
        if self.no_lease {
            return Ok(None);
        }
        let holder = match self.run.clone().or_else(run_of_environment) {
            Some(id) => Some(run(&id)?),
            // Without a process to hold them the images are anybody's.
            None => Holder::parent(),
        };
        Ok(holder.map(|holder| Term {
            holder,
            lasts: self.lease,
            brief: false,
        }))
    }
}

/// What a command holds.
#[derive(Debug, Clone)]
pub struct Leases<'a> {
    /// Where the images are.
    pub store: &'a Store,
    /// Who holds them; `None` for nobody.
    pub term: Option<Term>,
    /// How long to wait for the registry's lock.
    pub lock_timeout: Duration,
    /// Where it is said that nothing can be held.
    pub reporter: &'a Reporter,
}

impl Leases<'_> {
    /// Holds images, registered or not, and returns the registry as it was then: what it names stays. A store that
    /// can't be written holds nothing.
    pub fn hold(&self, images: &[&str]) -> Result<Registry, Failure> {
        let Some(term) = self.term.as_ref().filter(|_| !images.is_empty()) else {
            return Ok(self.store.read_or_empty()?);
        };
        match self.store.lease(term, images, self.lock_timeout) {
            Err(error) if error.is_read_only() => {
                self.reporter.detail(format!("no lease is taken: {error}"));
                Ok(self.store.read_or_empty()?)
            }
            held => Ok(held?),
        }
    }
}

/// A run with an ID.
pub fn run(id: &str) -> Result<Holder, Failure> {
    if id.is_empty() || id.len() > MAX_ID {
        return Err(Failure::usage(format!(
            "the ID of a run has 1 to {MAX_ID} bytes, and this one has {}",
            id.len()
        )));
    }
    Ok(Holder::Run(id.to_owned()))
}

fn run_of_environment() -> Option<String> {
    RUN_VARIABLES
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
}
