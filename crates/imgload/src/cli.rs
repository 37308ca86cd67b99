//! The flags of `imgload`, and its run over the records.

use std::num::NonZero;

use clap::Parser;
use engine::Engine;
use failure::Failure;
use naming::Reference;
use registry::{Registry, Store, Target, not_registered};
use serde_json::json;
use setup::{LeaseFlags, Leases};
use transfer::Session;
use transfer::fetch::{FetchFlags, Fetcher};
use transfer::load::{Loaded, Loader};
use ui::{Common, Context, Operand, count, processors};

use crate::act::Runner;

/// Load an image archive into the engine, verified, and print its name:tag
///
/// Reads archive paths or registered names, as operands or one a line from standard input. Prints `name:tag` for
/// each, ready for `docker run`. imgload checks every byte against the digests in the image's config before it sets
/// a tag. If the engine has the image already, it is not loaded again. The engine pulls nothing. With --fetch,
/// missing archives are downloaded first.
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  imgplan job.yml | imgbuild | imgload
      Build the image of job.yml if necessary, load it, print its name:tag.

  docker run --rm \"$(imgload images/capy/capy-ubuntu-25.04-gcc15.tar)\" gcc --version
      Load one archive and use it.

  act $(imgload --act ubuntu-latest capy-ubuntu-25.04-gcc15)
      Load a registered image and map a runner to it.

Exit codes:
  0 done, 1 other, 2 usage, 3 invalid registry or name, 4 archive missing, damaged or not the one
  registered, 5 engine failed, 6 no room, 7 timed out waiting for a lock, 130 interrupted")]
pub struct Cli {
    /// Archives or registered names; `-` or none: standard input
    #[arg(value_name = "ARCHIVE|NAME")]
    operands: Vec<String>,

    /// Also tag the image as REF
    ///
    /// If REF has a digest (`x:1@sha256:…`), it must be the image's digest. Such a tag moves from another image
    /// only with --force.
    #[arg(long, value_name = "REF")]
    tag: Option<Reference>,

    /// Print `-P RUNNER=name:tag`, for act
    ///
    /// act takes one image for each runner; a warning says if there are several. With --json, this is the key
    /// `act`.
    #[arg(long, value_name = "RUNNER")]
    act: Option<String>,

    /// Move tags of other images to the loaded image
    ///
    /// Without it, an unregistered archive or a pinned reference can't take the tag of another image. A pinned
    /// reference has a tag and a digest (`x:1@sha256:…`), in --tag, `docker_tag` or `aliases`. Other tags of a
    /// registered image move without --force, too.
    #[arg(long)]
    force: bool,

    /// Load up to N archives at a time
    ///
    /// Archives that share missing layers are loaded one after the other. Default: the number of processors, at
    /// most 4.
    #[arg(long, value_name = "N", value_parser = count::parse)]
    jobs: Option<NonZero<usize>>,

    /// Do not update last_used and usage_count in the registry
    #[arg(long, hide_short_help = true)]
    no_record: bool,

    #[command(flatten)]
    fetch: FetchFlags,

    #[command(flatten)]
    lease: LeaseFlags,

    #[command(flatten)]
    common: Common,
}

ui::flags!(Cli);

/// The conflict of `--tag` with several images.
const SEVERAL: &str = "`--tag` names one image, but several were given";

/// Loads each record and prints its `name:tag`.
pub fn main(cli: Cli, context: &mut Context) -> Result<(), Failure> {
    if cli.tag.is_some() && cli.operands.len() > 1 {
        return Err(Failure::usage(SEVERAL));
    }
    if let Some(tag) = &cli.tag {
        check_tag(tag)?;
    }
    let mut act = cli.act.map(Runner::new).transpose()?;
    let store = setup::store(&cli.common)?;
    let engine = Engine::configured(
        cli.common.program(),
        cli.common.engine_timeout,
        ui::spool_folder(),
    );
    let input = cli
        .common
        .input(cli.operands, "archives or registered names")?;
    let reporter = context.reporter.clone();
    let session = Session {
        store: &store,
        engine: &engine,
        reporter: &reporter,
        lock_timeout: cli.common.lock_timeout,
    };
    let loader = Loader {
        session,
        record: !cli.no_record,
        force: cli.force,
        also: cli.tag,
        only: None,
        jobs: cli.jobs.map_or_else(usual_jobs, NonZero::get),
        keep_going: cli.common.keep_going,
    };
    let leases = Leases {
        store: &store,
        term: cli.lease.term()?,
        lock_timeout: cli.common.lock_timeout,
        reporter: &reporter,
    };
    let missing = (cli.fetch).missing(&cli.common, &setup::config(&cli.common)?, &reporter)?;
    let fetcher = missing.as_ref().map(|missing| missing.fetcher(session));
    let mut input = input;
    let mut count = 0;
    loop {
        let records = input.ready();
        if records.is_empty() {
            return Ok(());
        }
        count += records.len();
        if count > 1 && loader.also.is_some() {
            return Err(Failure::usage(SEVERAL));
        }
        let (mut registry, found) = hold(&leases, &records)?;
        let mut targets = Vec::new();
        for (record, target) in records.into_iter().zip(found) {
            let target = record.and_then(|operand| {
                let target = fetched(&store, &mut registry, fetcher.as_ref(), target?)?;
                Ok((operand, target))
            });
            match target {
                Ok(target) => targets.push(target),
                Err(failure) => {
                    let targets = std::mem::take(&mut targets);
                    load(context, &loader, &registry, targets, &mut act)?;
                    context.tolerate(failure)?;
                }
            }
        }
        load(context, &loader, &registry, targets, &mut act)?;
    }
}

/// An error if no engine can give an image this tag.
fn check_tag(tag: &Reference) -> Result<(), Failure> {
    let (message, hint) = if tag.tag().is_none() {
        ("has no tag", "use name:tag, optionally with a digest")
    } else if tag.is_read_as_id() {
        (
            "is read as an image ID by engines",
            "use another repository than `sha256`",
        )
    } else {
        return Ok(());
    };
    Err(Failure::usage(format!("`--tag {tag}` {message}")).with_hint(hint))
}

/// Fetches the archive of a target, if that is allowed and the archive is missing. The entry may change.
fn fetched(
    store: &Store,
    registry: &mut Registry,
    fetcher: Option<&Fetcher>,
    target: Target,
) -> Result<Target, Failure> {
    let (Some(fetcher), Some(entry)) = (fetcher, &target.entry) else {
        return Ok(target);
    };
    if !fetcher.fetch_missing(entry)? {
        return Ok(target);
    }
    *registry = store.read()?;
    match registry.get(&entry.name) {
        Some(entry) => Target::registered(store, entry),
        None => Err(not_registered(store, &entry.name)),
    }
}

/// The targets of the records.
type Found = Vec<Result<Target, Failure>>;

/// Resolves operands, and leases the registered ones. Returns the registry of that moment.
fn hold(
    leases: &Leases,
    records: &[Result<Operand, Failure>],
) -> Result<(Registry, Found), Failure> {
    let mut found = Vec::new();
    let registry = leases.hold_found(|registry| {
        let resolve = |record: &Result<Operand, Failure>| {
            let operand = record.as_ref().map_err(Clone::clone)?;
            Target::resolve(leases.store, registry, &operand.text)
        };
        found = records.iter().map(resolve).collect();
        let entries = found
            .iter()
            .flatten()
            .filter_map(|target| target.entry.as_ref());
        entries.map(|entry| entry.name.clone()).collect()
    })?;
    Ok((registry, found))
}

/// The default number of streams: an engine unpacks each on one processor.
fn usual_jobs() -> usize {
    processors().min(4)
}

/// Loads archives and prints each, in order.
fn load(
    context: &mut Context,
    loader: &Loader,
    registry: &Registry,
    targets: Vec<(Operand, Target)>,
    act: &mut Option<Runner>,
) -> Result<(), Failure> {
    let (operands, targets): (Vec<_>, Vec<_>) = targets.into_iter().unzip();
    for (operand, outcome) in operands.iter().zip(loader.load_all(registry, &targets)) {
        match outcome {
            Ok(loaded) => loaded
                .iter()
                .try_for_each(|image| print(context, act.as_mut(), operand, image))?,
            Err(failure) => context.tolerate(failure.about(&operand.text))?,
        }
    }
    Ok(())
}

fn print(
    context: &Context,
    act: Option<&mut Runner>,
    operand: &Operand,
    image: &Loaded,
) -> Result<(), Failure> {
    let runs = act.as_ref().map(|runner| runner.line(&image.reference));
    if let Some(runner) = act
        && !context.out.is_json()
        && !runner.give(&image.reference, context)
    {
        return Ok(());
    }
    let line = runs.as_ref().unwrap_or(&image.reference);
    context.out.record(line, || {
        json!({
            "job": operand.job,
            "reference": image.reference,
            "path": image.path,
            "name": image.name,
            "image_id": image.image_id,
            "loaded": image.loaded,
            "act": runs,
        })
    })
}
