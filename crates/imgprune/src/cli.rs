//! The flags of `imgprune`, and its run.

use std::time::Duration;

use clap::Parser;
use engine::Engine;
use failure::{Code, Failure};
use prune::{Asked, Gone, InForce, PruneOptions, Pruner};
use registry::{Holder, Store};
use serde_json::json;
use ui::{Common, Context, duration};

/// The value of `--release` without an ID. No argument of a command line can contain it.
const THIS_JOB: &str = "\0";

/// Keep the store under its limits, and never remove images in use
///
/// Removes images until every limit is met, the least recently used images first. It removes the entry, then the
/// archive, and prints the archive's path. Each limit is computed by itself, and all of them hold afterwards.
/// Limits come from flags, or else from images.cleanup and resource_limits of the config. Without any limit it
/// exits with code 2. If you name images, imgprune removes these and applies no limit.
///
/// It never removes an image that is pinned, leased by a live run, used by a container, or kept by --keep. An image that
/// another command reads or writes stays too, and so does the base of a thin archive that stays. If a limit can't be met
/// because of that, or a named image stays, imgprune says so and exits with code 6. Pinned images and images kept by
/// name are exempt from --max-age and --keep-last.
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  imgprune --max-size 50GB --max-age 30d --dry-run -v
      Print which images would be removed, and why the others stay.

  imgprune --keep-last 3 --per project --keep '*-base'
      Keep the three most recently used images of each project, and all bases.

  imgprune --min-free 20GB --rmi
      Remove images until 20 GB are free, also from the engine.

  imgprune --orphans --missing
      Remove archives without an entry, and entries without an archive.

  imgprune capy-debian-12-gcc13 --rmi
      Remove this image now, from the store and from the engine.

  imgprune --release
      End the leases of this CI job, then prune by the limits of the config.

Exit codes:
  0 done, 1 other, 2 usage or no limit, 3 invalid registry or config,
  4 a name that is not registered, 5 engine failed, 6 a limit could not be met, 7 timed out waiting for
  a lock, 130 interrupted")]
pub struct Cli {
    /// Remove these images, and apply no limit
    ///
    /// Registered names, tags or paths of archives. `-` reads them from standard input, also as JSON objects of
    /// imgls, imgbuild and imgload.
    #[arg(value_name = "NAME")]
    operands: Vec<String>,

    #[command(flatten)]
    asked: Asked,

    /// Print what would be removed, and remove nothing
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Also remove the engine's copies of removed images
    ///
    /// It also removes untagged images that imgpipe left in the engine: replaced images, and images of interrupted
    /// loads and builds.
    #[arg(long)]
    rmi: bool,

    /// Also remove archives without an entry
    ///
    /// It also removes temporary files of interrupted commands.
    #[arg(long)]
    orphans: bool,

    /// Also remove entries whose archives are missing
    #[arg(long, hide_short_help = true)]
    missing: bool,

    /// End the leases of this run, then apply the configured limits
    ///
    /// Without an ID: the leases of this CI job, or else of the parent process. Can be repeated.
    #[arg(
        long,
        value_name = "ID",
        num_args = 0..=1,
        default_missing_value = THIS_JOB,
        hide_short_help = true
    )]
    release: Vec<String>,

    /// Expire leases after DUR if their holder cannot be checked
    ///
    /// Default: the term of each lease, usually 6h.
    #[arg(long, value_name = "DUR", value_parser = duration::parse, hide_short_help = true)]
    lease: Option<Duration>,

    /// Print the limits and their sources, and remove nothing
    #[arg(long, hide_short_help = true)]
    show_limits: bool,

    /// With --json, print a last object with all totals, and why images stay
    #[arg(long, requires = "json", hide_short_help = true)]
    summary: bool,

    /// Do not ask the engine which images its containers use
    #[arg(long, conflicts_with = "rmi", hide_short_help = true)]
    no_engine: bool,

    #[command(flatten)]
    common: Common,
}

ui::flags!(Cli);

/// Prunes, and prints the removed archives' paths.
pub fn main(mut cli: Cli, context: &mut Context) -> Result<(), Failure> {
    let config = setup::config(&cli.common)?;
    let reporter = context.reporter.clone();
    if !cli.operands.is_empty() && cli.asked.has_limit() {
        let message = "names and limits cannot be combined";
        return Err(Failure::usage(message));
    }
    let mut in_force = InForce::new(&cli.asked, &config)?;
    if cli.show_limits {
        return show(context, &in_force);
    }
    let options = PruneOptions {
        released: released(&cli.release)?,
        dry_run: cli.dry_run,
        rmi: cli.rmi,
        orphans: cli.orphans,
        missing: cli.missing,
        lease: cli.lease,
    };
    let has_job = options.orphans || options.missing || options.rmi || !cli.operands.is_empty();
    let prunes = has_job || in_force.has_limit();
    if !prunes && options.released.is_empty() {
        return Err(no_limit(&in_force));
    }
    let store = setup::store(&cli.common)?;
    let names = names(&mut cli, context, &store)?;
    if let Some(names) = &names {
        in_force = in_force.naming(names.iter().cloned());
    }
    let engine = Engine::configured(
        cli.common.program(),
        cli.common.engine_timeout,
        ui::spool_folder(),
    );
    let pruner = Pruner {
        store: &store,
        engine: (!cli.no_engine).then_some(&engine),
        reporter: &reporter,
        lock_timeout: cli.common.lock_timeout,
    };
    if !options.released.is_empty() {
        pruner.release(&options.released, options.dry_run)?;
    }
    if !prunes {
        return Ok(());
    }
    let mut report = pruner.run(&in_force, &options)?;
    if let Some(names) = names {
        // Thin archives are removed before their bases, but printed in the order of the input.
        let place = |gone: &Gone| {
            names
                .iter()
                .position(|name| gone.name.as_ref() == Some(name))
        };
        report
            .gone
            .sort_by_key(|gone| place(gone).unwrap_or(usize::MAX));
    }
    for gone in &report.gone {
        if cli.common.json || gone.has_file() {
            context.out.record(gone.path.as_str(), || gone.json())?;
        }
    }
    if cli.summary {
        context.out.json_line(&report.summary().to_string())?;
    }
    report.say(&reporter);
    for failure in report.failures.iter().skip(1) {
        reporter.failure(failure);
    }
    report.verdict()
}

/// The holders whose leases end.
fn released(ids: &[String]) -> Result<Vec<Holder>, Failure> {
    let holder = |id: &String| match id.as_str() {
        THIS_JOB => setup::this_run()?
            .ok_or_else(|| Failure::usage("--release: found no CI run; give its ID")),
        id => setup::run_holder(id),
    };
    ids.iter().map(holder).collect()
}

/// The names of the operands' images, each once; `None` without operands.
fn names(
    cli: &mut Cli,
    context: &mut Context,
    store: &Store,
) -> Result<Option<Vec<String>>, Failure> {
    if cli.operands.is_empty() {
        return Ok(None);
    }
    let input = (cli.common).input(std::mem::take(&mut cli.operands), "registered names")?;
    let registry = store.read()?;
    let mut names = Vec::new();
    context.each(input.images(), |_, operand| {
        let operand = operand.text;
        let entry = registry::find_stored(store, &registry, &operand);
        let entry = entry.ok_or_else(|| registry::not_registered(store, &operand))?;
        if !names.contains(&entry.name) {
            names.push(entry.name.clone());
        }
        Ok(())
    })?;
    Ok(Some(names))
}

fn show(context: &Context, in_force: &InForce) -> Result<(), Failure> {
    if let Some(at) = &in_force.disabled {
        let off = format!("images.cleanup is disabled in {at}");
        context.reporter.info(off);
    }
    if in_force.origins.is_empty() {
        context.reporter.info("no limits");
    }
    for origin in &in_force.origins {
        context.out.record(
            &origin.to_string(),
            || json!({ "limit": origin.limit, "value": origin.value, "from": origin.from }),
        )?;
    }
    Ok(())
}

/// The failure of a call without a limit.
fn no_limit(in_force: &InForce) -> Failure {
    let failure = Failure::new(Code::Usage, "no limit given; nothing to prune");
    match &in_force.disabled {
        Some(at) => failure.with_hint(format!(
            "images.cleanup is disabled in {at}; give a limit like --max-size 50GB"
        )),
        None => failure
            .with_hint("give a limit like --max-size 50GB, or set images.cleanup in .localci.yml"),
    }
}
