//! The run that a command belongs to: the holder of its leases.

use std::time::Duration;

use clap::Args;
use failure::Failure;
use registry::{Holder, LeaseTerm, Registry, Store};
use ui::{Reporter, duration};

/// The variables that identify a job of a CI system: the first row with all variables set. Jobs of one run may share a
/// machine, so the run's own ID is not enough.
const JOB_VARIABLES: [JobVariables; 5] = [
    JobVariables {
        all: &["IMG_RUN"],
        any: &[],
    },
    // GitHub's runner sets a different one for each job.
    JobVariables {
        all: &["GITHUB_RUN_ID", "RUNNER_TRACKING_ID"],
        any: &[],
    },
    // The jobs of a matrix share the job's name, but parallel jobs have different runners.
    JobVariables {
        all: &["GITHUB_RUN_ID"],
        any: &["GITHUB_RUN_ATTEMPT", "GITHUB_JOB", "RUNNER_NAME"],
    },
    JobVariables {
        all: &["CI_JOB_ID"],
        any: &[],
    },
    // Jenkins: the branches of a parallel stage share the tag.
    JobVariables {
        all: &["BUILD_TAG"],
        any: &["NODE_NAME", "EXECUTOR_NUMBER"],
    },
];

/// Variables that together are the ID of a job.
struct JobVariables {
    /// These must be set.
    all: &'static [&'static str],
    /// These are added if they are set.
    any: &'static [&'static str],
}

/// The longest ID of a run, in bytes.
const MAX_ID: usize = 1024;

/// The holder of leases on the images that a command uses.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Leases")]
pub struct LeaseFlags {
    /// Lease the images for the run with this ID
    ///
    /// Default: IMG_RUN, or else the job of GitHub Actions, GitLab or Jenkins, or else the parent process, for as
    /// long as it lives.
    #[arg(
        long,
        value_name = "ID",
        conflicts_with = "no_lease",
        hide_short_help = true
    )]
    run: Option<String>,

    /// Let the lease of a run with an ID expire after DUR, unless imgprune --release ends it before
    #[arg(
        long,
        value_name = "DUR",
        default_value = "6h",
        value_parser = duration::parse,
        conflicts_with = "no_lease",
        hide_short_help = true
    )]
    lease: Duration,

    /// Take no lease: imgprune may remove the images at any time
    #[arg(long, hide_short_help = true)]
    no_lease: bool,
}

impl LeaseFlags {
    /// The holder of this command's leases, and their duration; `None` for no leases.
    pub fn term(&self) -> Result<Option<LeaseTerm>, Failure> {
        if self.no_lease {
            return Ok(None);
        }
        let holder = match &self.run {
            Some(id) => Some(run(id)?),
            None => this_run()?,
        };
        Ok(holder.map(|holder| LeaseTerm {
            holder,
            lasts: self.lease,
            brief: false,
        }))
    }
}

/// The leases of a command.
#[derive(Debug, Clone)]
pub struct Leases<'a> {
    /// The store of the images.
    pub store: &'a Store,
    /// The holder; `None` for no leases.
    pub term: Option<LeaseTerm>,
    /// How long to wait for the registry's lock.
    pub lock_timeout: Duration,
    /// The receiver of the warning that leases are impossible.
    pub reporter: &'a Reporter,
}

impl Leases<'_> {
    /// Leases images, registered or not, and returns the registry of that moment: its entries stay. In a read-only
    /// store, nothing is leased.
    pub fn hold(&self, images: &[&str]) -> Result<Registry, Failure> {
        if images.is_empty() {
            return Ok(self.store.read_or_empty()?);
        }
        self.hold_found(|_| images.iter().map(ToString::to_string).collect())
    }

    /// The same for images that `find` finds in the registry, which is read once for both. Without a registry there are
    /// none.
    pub fn hold_found(
        &self,
        mut find: impl FnMut(&Registry) -> Vec<String>,
    ) -> Result<Registry, Failure> {
        if let Some(term) = self.term.as_ref().filter(|_| self.store.exists()) {
            match self.store.lease(term, &mut find, self.lock_timeout) {
                Err(error) if error.is_read_only() => {
                    self.reporter
                        .detail(format!("cannot take a lease: {error}"));
                }
                held => return Ok(held?),
            }
        }
        let registry = self.store.read_or_empty()?;
        find(&registry);
        Ok(registry)
    }
}

/// A run with an ID.
pub fn run(id: &str) -> Result<Holder, Failure> {
    if id.is_empty() || id.len() > MAX_ID {
        return Err(Failure::usage(format!(
            "the ID of a run must have 1 to {MAX_ID} bytes; this one has {}",
            id.len()
        )));
    }
    Ok(Holder::Run(id.to_owned()))
}

/// The run of this command: that of the environment, else the parent process. Without a parent process, images are not
/// leased.
pub fn this_run() -> Result<Option<Holder>, Failure> {
    match run_of(|name| std::env::var(name).ok()) {
        Some(id) => Ok(Some(run(&id)?)),
        None => Ok(Holder::parent()),
    }
}

/// The ID of a job, from the variables of its environment.
fn run_of(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    let id = |variables: &JobVariables| {
        let all: Option<Vec<_>> = variables.all.iter().map(set).collect();
        let any = variables.any.iter().filter_map(set);
        Some(all?.into_iter().chain(any).collect::<Vec<_>>().join("/"))
    };
    JOB_VARIABLES.iter().find_map(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_of_one_run_have_ids_of_their_own() {
        let github = "GITHUB_RUN_ID=7 GITHUB_JOB=test GITHUB_RUN_ATTEMPT=1";
        for (set, id) in [
            ("", None),
            ("GITHUB_JOB=test EXECUTOR_NUMBER=1", None),
            ("IMG_RUN=x GITHUB_RUN_ID=7 CI_JOB_ID=8", Some("x")),
            ("IMG_RUN= CI_JOB_ID=8", Some("8")),
            (github, Some("7/1/test")),
            (&format!("{github} RUNNER_NAME=r2"), Some("7/1/test/r2")),
            (
                &format!("{github} RUNNER_NAME=r2 RUNNER_TRACKING_ID=github_1"),
                Some("7/github_1"),
            ),
            ("CI_JOB_ID=8 BUILD_TAG=b", Some("8")),
            ("BUILD_TAG=jenkins-a-5", Some("jenkins-a-5")),
            (
                "BUILD_TAG=jenkins-a-5 EXECUTOR_NUMBER=3 NODE_NAME=n",
                Some("jenkins-a-5/n/3"),
            ),
        ] {
            let variable = |name: &str| {
                let mut pairs = set.split(' ').filter_map(|pair| pair.split_once('='));
                pairs
                    .find(|pair| pair.0 == name)
                    .map(|pair| pair.1.to_owned())
            };
            assert_eq!(run_of(variable).as_deref(), id, "{set}");
        }
    }
}
