//! The flags of `imgbuild`, and its run over the plans.

use std::num::NonZero;

use camino::Utf8PathBuf;
use clap::Parser;
use cli::{Common, Context, Failure, Flags, LeaseFlags, Leases, count};
use imgfetch::FetchFlags;
use imgsave::FormFlags;
use plan::Plan;
use serde_json::json;

use crate::foreseen::Foreseen;
use crate::look::Look;
use crate::together::Input;
use crate::{Builder, Built, Looked, Options, Probes, Turns};

/// Build what a plan misses, save and register it, and print the archive's path
///
/// Reads plans (JSON) from files or standard input. A plan that names an image is passed through: its
/// path is printed. Otherwise the base is brought into the engine, the image is built, looked into,
/// saved as `images/<project>/<name>.tar` and registered. What was built from the very same input is
/// not built again. Nothing is pulled unless --pull is given.
#[derive(Debug, Parser)]
#[command(
    name = "imgbuild",
    version,
    after_long_help = "\
The build file is the plan's build.dockerfile, else images/<project>/Dockerfile.<name> (which
gets the base as build argument BASE_IMAGE), else one made from what is missing, for the package
manager of the base.

Examples:
  imgplan job.yml | imgbuild | imgload
      Make the image that job.yml asks for, load it, print its name:tag.

  imgplan --workflow ci.yml | imgbuild --jobs 4 | imgload
      Make all images of a matrix, four at a time.

  imgplan job.yml | imgbuild -n
      See whether it would be built, and why.

  imgplan job.yml | imgbuild --print-dockerfile
      See what would be built.

  imgbuild <<< '{\"name\":\"capy-debian-12-git\",\"base_image\":\"debian:12\",
                \"missing\":{\"packages\":[\"git\"]}}'
      Build from a plan written by hand.

Exit codes:
  0 done, 1 other, 2 usage, 3 invalid plan or registry, 4 base or archive missing or damaged,
  5 engine or build failed, 6 no room, 7 timed out waiting for a lock, 130 interrupted"
)]
pub struct Cli {
    /// Files with plans; `-` or none: standard input
    #[arg(value_name = "FILE")]
    files: Vec<Utf8PathBuf>,

    /// Print the build file, and build nothing
    #[arg(long)]
    print_dockerfile: bool,

    /// Say why each is built, or that it is up to date
    #[arg(long)]
    explain: bool,

    /// Say why and on what, and build nothing
    #[arg(short = 'n', long, conflicts_with = "print_dockerfile")]
    dry_run: bool,

    /// Build even if the archive is up to date
    ///
    /// A plan that found a matching image has nothing to build: imgbuild warns and prints the image's path.
    #[arg(long)]
    rebuild: bool,

    /// The same, without the engine's build cache
    #[arg(long)]
    no_cache: bool,

    /// Build up to N at a time
    ///
    /// Each image is built once, and before those that stand on it. Default: 1.
    #[arg(long, value_name = "N", value_parser = count::parse)]
    jobs: Option<NonZero<usize>>,

    /// Let the engine pull bases that it does not have
    #[arg(long, hide_short_help = true)]
    pull: bool,

    /// The network of the build's RUN steps, like host or none
    #[arg(long, value_name = "NETWORK", hide_short_help = true)]
    network: Option<String>,

    /// Take the nearest name that complies where a plan's does not
    #[arg(long, hide_short_help = true)]
    normalize: bool,

    #[command(flatten)]
    form: FormFlags,

    #[command(flatten)]
    fetch: FetchFlags,

    #[command(flatten)]
    lease: LeaseFlags,

    #[command(flatten)]
    common: Common,
}

impl Flags for Cli {
    const PROGRAM: &'static str = "imgbuild";

    fn common(&self) -> &Common {
        &self.common
    }
}

/// Builds each plan and prints where its archive is.
pub fn main(cli: Cli, context: &mut Context) -> Result<(), Failure> {
    let config = cli.common.config()?;
    let store = cli.common.store()?;
    let engine = cli.common.engine();
    let reporter = context.reporter.clone();
    let reporter = match cli.jobs {
        Some(_) => reporter.beside_others(),
        None => reporter,
    };
    let missing = cli.fetch.missing(&cli.common, &config, &reporter)?;
    let builder = Builder {
        store: &store,
        engine: &engine,
        reporter: &reporter,
        lock_timeout: cli.common.lock_timeout,
        leases: Leases {
            store: &store,
            term: cli.lease.term()?,
            lock_timeout: cli.common.lock_timeout,
            reporter: &reporter,
        },
        fetcher: missing
            .as_ref()
            .map(|missing| missing.fetcher(&store, &engine, &reporter, cli.common.lock_timeout)),
        options: Options {
            rebuild: cli.rebuild,
            no_cache: cli.no_cache,
            pull: cli.pull,
            network: cli.network,
            normalize: cli.normalize,
            explain: cli.explain,
            wanted: cli.form.wanted(&config)?,
            make_room: cli.form.room(&config, &reporter)?,
        },
        probes: Probes::in_folder(store.root()),
        bases: Turns::default(),
        looked: Looked::default(),
    };
    let foreseen = Foreseen::new(builder.fetcher.as_ref());
    let all = Input {
        files: &cli.files,
        jobs: cli.jobs.map_or(1, NonZero::get),
        builds: !cli.print_dockerfile && !cli.dry_run,
    };
    if cli.print_dockerfile {
        let text = |plan: &Plan| match plan.passed() {
            Some(_) => Ok(None),
            None => builder.print(plan, &foreseen).map(Some),
        };
        return all.each(&builder, context, text, print_text);
    }
    if cli.dry_run {
        let look = |plan: &Plan| builder.look(plan, &foreseen);
        return all.each(&builder, context, look, |context, plan, look| {
            tell(context, plan, look, &foreseen);
            Ok(())
        });
    }
    all.each(&builder, context, |plan| builder.build(plan), print)
}

fn print(context: &Context, plan: &Plan, built: &Built) -> Result<(), Failure> {
    context.out.record(built.path.as_str(), || {
        json!({
            "path": built.path,
            "name": built.name,
            "job": plan.job,
            "image_id": built.image_id,
            "built": built.built,
        })
    })
}

/// Says what would become of a plan. Of an image that several plans ask for, only the first time.
fn tell(context: &Context, plan: &Plan, look: &Look, foreseen: &Foreseen) {
    let lines = match foreseen.tell(plan) {
        true => vec!["as above, and built once".to_owned()],
        false => look.lines(),
    };
    context.reporter.explain(plan.subject(), &lines);
}

fn print_text(context: &Context, plan: &Plan, text: &Option<String>) -> Result<(), Failure> {
    match text {
        Some(text) => context.out.text(text),
        None => {
            let subject = plan.subject();
            context
                .reporter
                .info(format!("{subject}: nothing to build"));
            Ok(())
        }
    }
}
