//! The flags of `imgbuild`, and its run over the plans.

use std::num::NonZero;

use camino::Utf8PathBuf;
use clap::Parser;
use engine::Engine;
use failure::Failure;
use plan::Plan;
use serde_json::json;
use setup::LeaseFlags;
use transfer::Session;
use transfer::fetch::FetchFlags;
use transfer::save::FormFlags;
use ui::{Common, Context, count};

use crate::batch::Batch;
use crate::pending::Pending;
use crate::{BuildOptions, Builder, Built};

/// Build the image of a plan, save and register it, and print the archive's path
///
/// Reads plans (JSON) from files or standard input. If a plan names a matching image, imgbuild prints its path,
/// unless it built this image under the plan's name and its base or build file has changed. Otherwise it loads the base into the engine, builds the image, inspects it, saves it as
/// `images/<project>/<name>.tar`, and registers it. An image with unchanged inputs is not built again. The engine
/// pulls nothing, unless you give --pull.
#[derive(Debug, Parser)]
#[command(after_long_help = "\
The build file is the plan's build.dockerfile, or else images/<project>/Dockerfile.<name> (it gets
the base as build argument BASE_IMAGE). If there is neither, imgbuild generates one that installs
the missing packages with the package manager of the base.

Examples:
  imgplan job.yml | imgbuild | imgload
      Build the image of job.yml if necessary, load it, print its name:tag.

  imgplan --workflow ci.yml | imgbuild --jobs 4 | imgload
      Build all images of a matrix, four at a time.

  imgplan job.yml | imgbuild -n
      Print whether it would be built, and why.

  imgplan job.yml | imgbuild --print-dockerfile
      Print the build file.

  imgbuild <<< '{\"name\":\"capy-debian-12-git\",\"base_image\":\"debian:12\",
                \"missing\":{\"packages\":[\"git\"]}}'
      Build from a hand-written plan.

Exit codes:
  0 done, 1 other, 2 usage, 3 invalid plan or registry, 4 base or archive missing or damaged,
  5 engine or build failed, 6 no room, 7 timed out waiting for a lock, 130 interrupted")]
pub struct Cli {
    /// Files with plans; `-` or none: standard input
    #[arg(value_name = "FILE")]
    files: Vec<Utf8PathBuf>,

    /// Print the build file, and build nothing
    #[arg(long)]
    print_dockerfile: bool,

    /// Print why each image is built or up to date
    #[arg(long)]
    explain: bool,

    /// Print why and on which base, and build nothing
    #[arg(short = 'n', long, conflicts_with = "print_dockerfile")]
    dry_run: bool,

    /// Build even if the archive is up to date
    ///
    /// If a plan found an image of another name, or one that imgbuild did not build, imgbuild warns and prints its path.
    #[arg(long)]
    rebuild: bool,

    /// Rebuild without the engine's build cache
    #[arg(long)]
    no_cache: bool,

    /// Build up to N images at a time
    ///
    /// Each image is built once, and base images first. Default: 1.
    #[arg(long, value_name = "N", value_parser = count::parse)]
    jobs: Option<NonZero<usize>>,

    /// Let the engine pull missing base images
    #[arg(long, hide_short_help = true)]
    pull: bool,

    /// Use this network for RUN steps, like host or none
    #[arg(long, value_name = "NETWORK", hide_short_help = true)]
    network: Option<String>,

    /// If a plan's image name is not valid, use the normalized name
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

ui::flags!(Cli);

/// Builds each plan and prints its archive's path.
pub fn main(cli: Cli, context: &mut Context) -> Result<(), Failure> {
    let config = setup::config(&cli.common)?;
    let store = setup::store(&cli.common)?;
    let program = cli.common.program();
    let engine = Engine::configured(program, cli.common.engine_timeout, ui::spool_folder());
    let reporter = context.reporter.clone();
    let reporter = match cli.jobs {
        Some(_) => reporter.beside_others(),
        None => reporter,
    };
    let session = Session {
        store: &store,
        engine: &engine,
        reporter: &reporter,
        lock_timeout: cli.common.lock_timeout,
    };
    let missing = cli.fetch.missing(&cli.common, &config, &reporter)?;
    let fetcher = missing.as_ref().map(|missing| missing.fetcher(session));
    let options = BuildOptions {
        rebuild: cli.rebuild,
        no_cache: cli.no_cache,
        pull: cli.pull,
        network: cli.network,
        normalize: cli.normalize,
        explain: cli.explain,
        wanted: cli.form.wanted(&config)?,
        make_room: cli.form.room(&config)?,
    };
    let builder = Builder::new(session, cli.lease.term()?, fetcher, options);
    let pending = Pending::new(builder.fetcher.as_ref());
    let batch = Batch {
        builder: &builder,
        files: &cli.files,
        jobs: cli.jobs.map_or(1, NonZero::get),
        builds: !cli.print_dockerfile && !cli.dry_run,
    };
    if cli.print_dockerfile {
        let text = |plan: &Plan, registry| builder.print(plan, &registry, &pending);
        return batch.each(context, text, print_text);
    }
    if cli.dry_run {
        let lines = |plan: &Plan, registry| builder.dry_run(plan, &registry, &pending);
        return batch.each(context, lines, |context, plan, lines: &Vec<String>| {
            tell(context, plan, lines, &pending);
            Ok(())
        });
    }
    let built = batch.each(
        context,
        |plan, registry| builder.build(plan, registry),
        print,
    );
    builder.remove_interrupted();
    built
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

/// Reports the expected result of a plan. If several plans share an image, only the first time.
fn tell(context: &Context, plan: &Plan, lines: &[String], pending: &Pending) {
    let once = ["built once, as above".to_owned()];
    let lines = if pending.tell(plan) { &once } else { lines };
    context.reporter.explain(plan.subject(), lines);
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
