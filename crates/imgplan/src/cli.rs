//! The flags of `imgplan`, and its run over the requirements.

use camino::Utf8PathBuf;
use clap::Parser;
use engine::Engine;
use failure::Failure;
use plan::Rules;
use registry::LeaseTerm;
use setup::{LeaseFlags, Leases};
use ui::{Common, Context};

use crate::grouping::group;
use crate::naming_flags::NamingFlags;
use crate::planner::Planner;
use crate::request::PlanRequests;
use crate::requirements::{Given, from_operand, from_stdin};
use crate::view::CostFlags;
use crate::workflow::{Workflow, WorkflowFlags};

/// Choose the best image for a requirement, or the best base and the missing parts
///
/// Reads requirements (YAML or JSON) from files or standard input, or the entries of a GitHub Actions workflow. Prints a
/// plan for each, one JSON object a line, for imgbuild. An image meets a requirement if its system, version and
/// architecture match and it has every required compiler, package, tool and variant. If no image does, the best image of
/// that system becomes the base of a build, or else the system itself. Requirements of one call that get the same image
/// name become one image with the packages and tools of all. imgplan takes a lease on the image of each plan. It runs no
/// engine, except for --cost bytes and --view.
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  imgplan job.yml | imgbuild | imgload
      Build the image of job.yml if necessary, load it, print its name:tag.

  imgplan --project capy --os debian:12 --compiler gcc-12 --tool cmake --explain
      Plan without a file, and print the score of every image.

  imgplan --workflow .github/workflows/ci.yml | imgbuild | imgload
      Build and load the images of all Linux entries of a workflow's matrix.

A requirement:
    project: capy
    os: ubuntu:25.04
    compilers: [gcc-15]
    packages: [libssl-dev, zlib1g-dev]
    tools: [cmake]
    variants: [asan]

Exit codes:
  0 done, 1 other, 2 usage, 3 invalid requirement, workflow or registry,
  5 engine failed, 7 timed out waiting for a lock, 130 interrupted")]
pub struct Cli {
    /// Files with requirements; `-` or none: standard input
    #[arg(value_name = "FILE")]
    files: Vec<Utf8PathBuf>,

    /// Print each image's score, and why one was chosen
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
    naming: NamingFlags,

    #[command(flatten)]
    lease: LeaseFlags,

    #[command(flatten)]
    common: Common,
}

ui::flags!(Cli);

/// Plans for each requirement and prints the plan.
pub fn main(cli: Cli, context: &mut Context) -> Result<(), Failure> {
    let Cli {
        files,
        given,
        workflow,
        cost,
        naming,
        explain: explaining,
        lease,
        common,
    } = cli;
    let config = setup::config(&common)?;
    let rules = Rules {
        costs: cost.costs(&config)?,
        accept_missing: naming.accept_missing(&config)?,
        exact: naming.naming(&config).exact,
        ..Rules::default()
    };
    let naming = naming.naming(&config);
    let project = given.project.as_deref();
    let mut workflow_read = workflow.read(project, &config, &context.reporter)?;
    if naming.distinct {
        workflow_read = workflow_read.map(Workflow::with_distinct_names);
    }
    if project.is_some() && workflow_read.is_none() && !given.has_os() {
        return Err(Failure::usage("`--project` needs `--os` or `--workflow`"));
    }
    if let Some(workflow) = workflow_read.as_ref().filter(|workflow| workflow.list) {
        return workflow.print_list(context);
    }
    let given = given.requirement();
    if given.is_some() && !files.is_empty() {
        return Err(Failure::usage(
            "give the requirement by flags or by a file, not both",
        ));
    }
    let reads_stdin = given.is_none()
        && workflow_read.is_none()
        && ui::reads_stdin(&files, "a file with requirements")?;
    let store = setup::store(&common)?;
    // A named registry must exist; without any, every requirement needs a build.
    let registry = if common.registry.is_some() {
        store.read()?
    } else {
        store.read_or_empty()?
    };
    for warning in registry.warnings() {
        context.reporter.warn(warning);
    }
    let reporter = context.reporter.clone();
    let engine = Engine::configured(common.program(), common.engine_timeout, ui::spool_folder());
    // If no command has written here, no image can be removed.
    let term = lease.term()?.filter(|_| store.is_kept());
    let planner = Planner {
        store: &store,
        here: ui::working_dir()?,
        registry,
        leases: Leases {
            store: &store,
            // A plan may never be used, so its lease expires even if the holder lives.
            term: term.map(|term| LeaseTerm {
                brief: true,
                ..term
            }),
            lock_timeout: common.lock_timeout,
            reporter: &reporter,
        },
        choice: cost.choice(&rules.costs, &config, &engine)?,
        rules,
        explaining,
        act: workflow.act,
    };
    let null = common.null;
    let wanted = match (workflow_read, given) {
        (Some(workflow), _) => workflow.wanted(&reporter),
        (None, Some(requirement)) => vec![requirement],
        (None, None) if reads_stdin => from_stdin(null)?,
        (None, None) => from_operands(&files, null),
    };
    planner.print_all(context, &group(wanted, naming))
}

/// The requirements of all files, which are planned together. A file that cannot be read is a failure at its position.
fn from_operands(files: &[Utf8PathBuf], null: bool) -> PlanRequests {
    let read = files.iter().map(|path| from_operand(path, null));
    read.flat_map(|read| read.unwrap_or_else(|failure| vec![Err(failure)]))
        .collect()
}
