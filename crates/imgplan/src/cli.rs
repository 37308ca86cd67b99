//! The flags of `imgplan`, and its run over the requirements.

use camino::Utf8PathBuf;
use clap::Parser;
use cli::{Common, Context, Failure, Flags};
use plan::{Requirement, explain, plan_for, select};
use registry::Entry;

use crate::entries::usable;
use crate::requirements::{Given, from_file, from_stdin};

/// Pick the best registered image for a requirement, or the best base and what is missing
///
/// Reads requirements (YAML or JSON) from files or standard input and prints a plan for each, one JSON
/// object a line, for imgbuild. No engine is started and nothing is written.
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

A requirement:
  project: capy
  os: ubuntu:25.04
  compilers: [gcc-15]
  packages: [libssl-dev, zlib1g-dev]
  tools: [cmake]
  variants: [asan]

Exit codes:
  0 done, 1 other, 2 usage, 3 invalid requirement or registry, 130 interrupted"
)]
pub struct Cli {
    /// Files with requirements; `-` or none reads them from standard input
    #[arg(value_name = "FILE")]
    files: Vec<Utf8PathBuf>,

    #[command(flatten)]
    given: Given,

    /// Say on standard error how every image scored, and why one won
    #[arg(long)]
    explain: bool,

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
    let store = cli.common.store()?;
    // A registry that was named must be there; without one, everything is a build.
    let registry = if cli.common.registry.is_some() {
        store.read()?
    } else {
        store.read_or_empty()?
    };
    for warning in registry.warnings() {
        context.reporter.warn(warning);
    }
    let here = cli::working_dir()?;
    let images = usable(&store, &registry, &here, &context.reporter);
    let explaining = cli.explain;
    let planner = Planner {
        images: &images,
        explaining,
    };
    if let Some(requirement) = cli.given.requirement() {
        if !cli.files.is_empty() {
            return Err(Failure::usage(
                "a requirement is given by flags and by a file",
            ));
        }
        return planner.print(context, &requirement);
    }
    if cli::reads_stdin(&cli.files, "a file with requirements")? {
        return planner.print_all(context, from_stdin());
    }
    context.each(cli.files.iter().map(Ok), |context, path: &Utf8PathBuf| {
        planner.print_all(context, from_file(path))
    })
}

struct Planner<'a> {
    images: &'a [(&'a Entry, Utf8PathBuf)],
    explaining: bool,
}

impl Planner<'_> {
    fn print_all(
        &self,
        context: &mut Context,
        requirements: Result<Vec<Requirement>, Failure>,
    ) -> Result<(), Failure> {
        context.each(requirements?.into_iter().map(Ok), |context, requirement| {
            self.print(context, &requirement)
        })
    }

    fn print(&self, context: &Context, requirement: &Requirement) -> Result<(), Failure> {
        let selection = select(requirement, self.images.iter().map(|(entry, _)| *entry));
        if self.explaining {
            context.reporter.explain(
                &requirement.image_name()?.to_string(),
                &explain(requirement, &selection),
            );
        }
        let plan = plan_for(requirement, &selection, |entry| self.path_of(entry))?;
        let line =
            serde_json::to_string(&plan).map_err(|error| Failure::invalid(error.to_string()))?;
        context.out.json_line(&line)
    }

    fn path_of(&self, entry: &Entry) -> Utf8PathBuf {
        let found = self
            .images
            .iter()
            .find(|(other, _)| std::ptr::eq(*other, entry));
        found.map(|(_, path)| path.clone()).unwrap_or_default()
    }
}
