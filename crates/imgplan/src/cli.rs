//! The flags of `imgplan`, and its run over the requirements.

use camino::Utf8PathBuf;
use clap::Parser;
use cli::{Common, Context, Failure, Flags, LeaseFlags, Leases};
use registry::Term;

use crate::planner::Planner;
use crate::requirements::{Given, from_operand, from_stdin};
use crate::view::CostFlags;
use crate::workflow::WorkflowFlags;

/// Pick the best image for a requirement, or the best base and what is missing
///
/// Reads requirements (YAML or JSON) from files or standard input, or the entries of a GitHub Actions
/// workflow, and prints a plan for each, one JSON object a line, for imgbuild. An image can be used when its system, version and architecture are the
/// required ones and it has every required compiler; of those, the one with most of the packages and tools
/// wins. With none, the best image of that system is what imgbuild builds on, and with none of those the
/// system itself. The image that a plan names is held for this run (see Leases). No engine is started,
/// unless --cost bytes or --view asks what it holds.
#[derive(Debug, Parser)]
#[command(
    name = "imgplan",
    version,
    after_long_help = "\
Examples:
  imgplan job.yml | imgbuild | imgload
      Make the image that job.yml asks for, load it, print its name:tag.

  imgplan --project capy --os debian:12 --compiler gcc-12 --tool cmake --explain
      Plan without a file, and say how every image scored.

  imgplan --workflow .github/workflows/ci.yml | imgbuild | imgload
      Make the images of all Linux entries of a workflow's matrix.

A requirement:
    project: capy
    os: ubuntu:25.04
    compilers: [gcc-15]
    packages: [libssl-dev, zlib1g-dev]
    tools: [cmake]
    variants: [asan]

Exit codes:
  0 done, 1 other, 2 usage, 3 invalid requirement, workflow or registry,
  5 engine failed, 130 interrupted"
)]
pub struct Cli {
    /// Files with requirements; `-` or none: standard input
    #[arg(value_name = "FILE")]
    files: Vec<Utf8PathBuf>,

    /// Say how every image scored, and why one won
    ///
    /// On standard error.
    #[arg(long)]
    explain: bool,

    #[command(flatten)]
    given: Given,

    #[command(flatten)]
    workflow: WorkflowFlags,

    #[command(flatten)]
    cost: CostFlags,

    #[command(flatten)]
    lease: LeaseFlags,

    #[command(flatten)]
    common: Common,
}

impl Flags for Cli {
    const PROGRAM: &'static str = "imgplan";

    fn common(&self) -> &Common {
        &self.common
    }
}

/// Plans for each requirement and prints the plan.
pub fn main(cli: Cli, context: &mut Context) -> Result<(), Failure> {
    let Cli {
        files,
        given,
        workflow,
        cost,
        explain: explaining,
        lease,
        common,
    } = cli;
    let config = common.config()?;
    let warnings = config.warnings();
    warnings.for_each(|warning| context.reporter.warn(warning));
    let project = given.project.as_deref();
    let workflow_read = workflow.read(project, &config, &context.reporter)?;
    if project.is_some() && workflow_read.is_none() && !given.has_os() {
        return Err(Failure::usage(
            "`--project` needs `--os`, or a `--workflow`",
        ));
    }
    if let Some(workflow) = workflow_read.as_ref().filter(|workflow| workflow.list) {
        return workflow.print_list(context);
    }
    let given = given.requirement();
    if given.is_some() && !files.is_empty() {
        return Err(Failure::usage(
            "a requirement is given by flags and by a file",
        ));
    }
    let reads_stdin = given.is_none()
        && workflow_read.is_none()
        && cli::reads_stdin(&files, "a file with requirements")?;
    let store = common.store()?;
    // A registry that was named must be there; without one, everything is a build.
    let registry = if common.registry.is_some() {
        store.read()?
    } else {
        store.read_or_empty()?
    };
    for warning in registry.warnings() {
        context.reporter.warn(warning);
    }
    let reporter = context.reporter.clone();
    let engine = common.engine();
    // Where nobody ever wrote or removed an image, there is nothing to hold it against.
    let term = lease.term()?.filter(|_| store.is_kept());
    let planner = Planner {
        store: &store,
        here: cli::working_dir()?,
        registry,
        leases: Leases {
            store: &store,
            // A plan that was only looked at holds its image no longer than a run that can't be seen.
            term: term.map(|term| Term {
                brief: true,
                ..term
            }),
            lock_timeout: common.lock_timeout,
            reporter: &reporter,
        },
        choice: cost.choice(&config, &engine)?,
        explaining,
        act: workflow.act,
    };
    if let Some(workflow) = workflow_read {
        return planner.print_all(context, &workflow.wanted(&reporter));
    }
    if let Some(requirement) = given {
        return planner.print_all(context, &vec![requirement.map(Into::into)]);
    }
    let null = common.null;
    if reads_stdin {
        return planner.print_all(context, &from_stdin(null)?);
    }
    context.each(files.iter().map(Ok), |context, path: &Utf8PathBuf| {
        planner.print_all(context, &from_operand(path, null)?)
    })
}
