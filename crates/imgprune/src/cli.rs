//! The flags of `imgprune`, and its run.

use std::time::Duration;

use clap::Parser;
use cli::{Code, Common, Context, Failure, Flags, duration};
use serde_json::json;

use crate::{Asked, InForce, Options, Pruner};

/// Keep the store under its limits, and never take what is in use
///
/// Removes the images that a limit wants gone, the least recently used first: the entry, then the
/// archive. Prints the path of each archive that it removed. Each limit is reckoned by itself, and all
/// hold afterwards. What is pinned, leased by a live run, used by a container, being read or written,
/// the base of a thin archive that stays, or kept by --keep is never removed; where that leaves a limit
/// exceeded, it says so and ends with 6. Limits come from flags, or else from images.cleanup and
/// resource_limits of the config; without any it ends with 2.
#[derive(Debug, Parser)]
#[command(
    name = "imgprune",
    version,
    after_long_help = "\
Examples:
  imgprune --max-size 50GB --max-age 30d --dry-run -v
      See what would go, and why, or why not.

  imgprune --keep-last 3 --per project --keep '*-base'
      Keep the three images of each project that were used last, and all bases.

  imgprune --min-free 20GB --rmi
      Free the disk as far as needed, and remove the loaded copies from the engine.

  imgprune --orphans --missing
      Remove archives that nobody registered, and entries without an archive.

  imgprune --release \"$GITHUB_RUN_ID\"
      End the leases of a run.

Exit codes:
  0 done, 1 other, 2 usage (no limit from anywhere too), 3 invalid registry or config, 5 engine
  failed, 6 a limit could not be met, 7 lock not had in time, 130 interrupted"
)]
pub struct Cli {
    #[command(flatten)]
    asked: Asked,

    /// Print what would go, and touch nothing
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Also remove the engine's copies of removed images
    #[arg(long)]
    rmi: bool,

    /// Also remove archives that no entry names
    ///
    /// And unfinished files of dead writers.
    #[arg(long)]
    orphans: bool,

    /// Also remove entries whose archives are missing
    #[arg(long)]
    missing: bool,

    /// End the leases of this run; may be repeated
    #[arg(long, value_name = "ID", hide_short_help = true)]
    release: Vec<String>,

    /// How long leases last at most whose holders can't be seen
    ///
    /// Default: what each says, usually 6h.
    #[arg(long, value_name = "DUR", value_parser = duration::parse, hide_short_help = true)]
    lease: Option<Duration>,

    /// Say which limits are in force and where each comes from, and touch nothing
    #[arg(long, hide_short_help = true)]
    show_limits: bool,

    /// With --json, end with an object of all figures, what stays and why
    #[arg(long, requires = "json", hide_short_help = true)]
    summary: bool,

    /// Do not ask the engine which images its containers use
    #[arg(long, conflicts_with = "rmi", hide_short_help = true)]
    no_engine: bool,

    #[command(flatten)]
    common: Common,
}

impl Flags for Cli {
    const PROGRAM: &'static str = "imgprune";

    fn common(&self) -> &Common {
        &self.common
    }
}

/// Prunes, and prints what went.
pub fn main(cli: Cli, context: &mut Context) -> Result<(), Failure> {
    let asked = cli.asked;
    let config = cli.common.config()?;
    let reporter = context.reporter.clone();
    let in_force = InForce::new(&asked, &config)?;
    in_force.say_odd(&reporter);
    if cli.show_limits {
        return show(context, &in_force);
    }
    let released = cli.release.iter().map(|id| cli::run_holder(id));
    let options = Options {
        released: released.collect::<Result<_, _>>()?,
        dry_run: cli.dry_run,
        rmi: cli.rmi,
        orphans: cli.orphans,
        missing: cli.missing,
        lease: cli.lease,
    };
    // Ending leases is a job of its own, unless more is asked for beside it.
    let only_releases = !options.released.is_empty() && !asked.has_limit();
    let prunes = options.orphans || options.missing || (in_force.has_limit() && !only_releases);
    if !prunes && options.released.is_empty() {
        return Err(no_limit(&in_force));
    }
    let store = cli.common.store()?;
    let engine = cli.common.engine();
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
    let report = pruner.run(&in_force, &options)?;
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

fn show(context: &Context, in_force: &InForce) -> Result<(), Failure> {
    if let Some(at) = &in_force.disabled {
        let off = format!("images.cleanup is switched off in {at}");
        context.reporter.info(off);
    }
    if in_force.origins.is_empty() {
        context.reporter.info("no limit is in force");
    }
    for origin in &in_force.origins {
        context.out.record(
            &origin.to_string(),
            || json!({ "limit": origin.limit, "value": origin.value, "from": origin.from }),
        )?;
    }
    Ok(())
}

/// The failure of whoever asks for nothing.
fn no_limit(in_force: &InForce) -> Failure {
    let failure = Failure::new(Code::Usage, "no limit is given, so nothing can be too much");
    match &in_force.disabled {
        Some(at) => failure.with_hint(format!(
            "cleanup is switched off in {at}; give a limit like --max-size 50GB"
        )),
        None => failure.with_hint(
            "give a limit like --max-size 50GB, or put images.cleanup into .localci.yml",
        ),
    }
}
