//! The flags of `imgbuild`, and its run over the plans.

use std::fs::File;
use std::io::{BufReader, Read};

use camino::{Utf8Path, Utf8PathBuf};
use clap::Parser;
use cli::{Code, Common, Context, Failure, Flags, LeaseFlags, Leases};
use imgfetch::FetchFlags;
use imgsave::FormFlags;
use plan::{Plan, Plans};
use serde_json::json;

use crate::steps::Probes;
use crate::turns::Turns;
use crate::{Builder, Options};

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
gets the base as build argument BASE_IMAGE), else one made from what is missing, for apt, apk
and dnf.

Examples:
  imgplan job.yml | imgbuild | imgload
      Make the image that job.yml asks for, load it, print its name:tag.

  imgplan job.yml | imgbuild --print-dockerfile
      See what would be built.

  imgbuild <<< '{\"name\":\"capy-debian-12-git\",\"base_image\":\"debian:12\",
                \"missing\":{\"packages\":[\"git\"]}}'
      Build from a plan written by hand.

Exit codes:
  0 done, 1 other, 2 usage, 3 invalid plan or registry, 4 base or archive missing or damaged,
  5 engine or build failed, 6 no room, 7 lock not had in time, 130 interrupted"
)]
pub struct Cli {
    /// Files with plans; `-` or none: standard input
    #[arg(value_name = "FILE")]
    files: Vec<Utf8PathBuf>,

    /// Print the build file, and build nothing
    #[arg(long)]
    print_dockerfile: bool,

    /// Say of each plan why it is built, or that it is up to date
    #[arg(long)]
    explain: bool,

    /// Only say what would be built, and why; build nothing
    #[arg(short = 'n', long, conflicts_with = "print_dockerfile")]
    dry_run: bool,

    /// Build even if the archive is up to date
    #[arg(long)]
    rebuild: bool,

    /// The same, without the engine's build cache
    #[arg(long)]
    no_cache: bool,

    /// Let the engine pull bases that it does not have
    #[arg(long)]
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
    let missing = cli.fetch.missing(&config)?;
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
            explain: cli.explain || cli.dry_run,
            wanted: cli.form.wanted(&config)?,
            make_room: cli.form.room(&config, &reporter)?,
        },
        probes: Probes::in_folder(store.root()),
        bases: Turns::default(),
    };
    let mut work = |context: &mut Context, plan: Plan| {
        let done = if cli.print_dockerfile {
            print_build_file(&builder, context, &plan)
        } else if cli.dry_run {
            look(&builder, &plan)
        } else {
            build(&builder, context, &plan)
        };
        done.map_err(|failure| failure.about(plan.subject()))
    };
    if cli::reads_stdin(&cli.files, "a file with plans")? {
        let (mut any, mut bytes) = (false, Seen::new(std::io::stdin().lock()));
        let plans = Plans::new(BufReader::new(&mut bytes)).inspect(|_| any = true);
        context.each(plans.map(|plan| plan.map_err(Failure::from)), work)?;
        return match (any, bytes.any) {
            (true, _) => Ok(()),
            (false, true) => Err(Failure::from(plan::Error::NoPlan).about("standard input")),
            (false, false) => Err(cli::nothing_on_stdin()),
        };
    }
    context.each(cli.files.iter().map(Ok), |context, path| {
        let about = |failure: Failure| failure.about(path.as_str());
        let file = open(path).map_err(about)?;
        let mut any = false;
        let plans = Plans::new(BufReader::new(file)).inspect(|_| any = true);
        context.each(
            plans.map(|plan| plan.map_err(|error| about(error.into()))),
            &mut work,
        )?;
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

/// A reader that knows whether anything but white space came.
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

fn build(builder: &Builder, context: &Context, plan: &Plan) -> Result<(), Failure> {
    let built = builder.build(plan)?;
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

fn look(builder: &Builder, plan: &Plan) -> Result<(), Failure> {
    let reasons = builder.look(plan)?;
    builder.explain(plan.subject(), &reasons);
    Ok(())
}

fn print_build_file(builder: &Builder, context: &Context, plan: &Plan) -> Result<(), Failure> {
    if !plan.needs_build() {
        context
            .reporter
            .info(format!("{}: nothing to build", plan.subject()));
        return Ok(());
    }
    let text = builder.print(plan)?;
    context.out.text(&text)
}
