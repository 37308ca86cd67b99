//! The flags of `imgls`, and its run.

use std::collections::BTreeMap;
use std::num::NonZero;

use chrono::Utc;
use clap::Parser;
use engine::Engine;
use failure::{Code, Failure};
use registry::{Entry, Registry, Store};
use ui::{Common, Context, Reporter, count, processors};

use crate::forms::{Forms, ListFlags, on_terminal};
use crate::{Checker, Listed, Lister, State, pin};

/// List the images of the store, and check them
///
/// Reads the registry, looks at the archives, and prints one line for each image. Default: all registered images.
/// Operands, or with `-` the lines of standard input, choose some. On a terminal it prints a table, and for a
/// single name all fields of the image. Into a pipe it prints ten fields between tabs: name, path, size, shared
/// bytes, last use, uses, whether it is loaded, who leases it, whether it is pinned, and its state. An unknown
/// value is `-`.
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  imgls
      List all images.

  imgls --long capy-ubuntu-25.04-gcc15
      Print all fields of one image, its layers, and the images that share them.

  imgls --check
      Read every byte of every archive, and report damage.

  imgls --no-engine | awk -F '\\t' '$10 != \"ok\"'
      List images with a fault that is visible without reading whole archives.

  imgls --json | jq -r 'select(.usage_count == 0) | .name'
      List images that were never loaded.

  imgls --pin capy-ubuntu-25.04-base
      Never prune this image.

States:
  ok, bad name (works, but does not comply), missing, unreadable (no whole archive), replaced (holds another
  image than the registered one), no base (a thin archive's base lacks its layers); with --check also damaged and
  lfs pointer

Exit codes:
  0 done, 1 other, 2 usage, 3 invalid registry, 4 a name that is not registered, or --check found an archive
  missing, damaged or not the one registered, 6 no room, 7 timed out waiting for a lock, 130 interrupted")]
pub struct Cli {
    /// Names or archives; none: all; `-`: standard input
    #[arg(value_name = "NAME|ARCHIVE")]
    operands: Vec<String>,

    /// Print all fields of each image, as `key: value` lines
    #[arg(short, long)]
    long: bool,

    /// Read every archive in full and check it
    ///
    /// Continues after a damaged archive, and exits with code 4.
    #[arg(long)]
    check: bool,

    /// Check up to N images at a time
    ///
    /// Default: the number of processors.
    #[arg(
        long,
        value_name = "N",
        value_parser = count::parse,
        requires = "check",
        hide_short_help = true
    )]
    jobs: Option<NonZero<usize>>,

    /// Pin the named images: imgprune never removes them
    #[arg(long, conflicts_with_all = ["unpin", "check"])]
    pin: bool,

    /// Unpin the named images: imgprune may remove them again
    #[arg(long, conflicts_with = "check")]
    unpin: bool,

    /// Do not ask the engine which images are loaded
    #[arg(long)]
    no_engine: bool,

    #[command(flatten)]
    common: Common,
}

ui::flags!(Cli);

/// The holders of leases, by the image's name.
fn leases(store: &Store, reporter: &Reporter) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let now = Utc::now();
    let mut leases: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let found = store.leases()?;
    for error in found.unreadable {
        reporter.warn_of(&error.into());
    }
    for lease in found.leases {
        if lease.is_live(now, None) {
            let holders = leases.entry(lease.image).or_default();
            holders.push(lease.holder.to_string());
        }
    }
    Ok(leases)
}

/// Prints the registered images.
pub fn main(mut cli: Cli, context: &mut Context) -> Result<(), Failure> {
    let pinning = cli.pin || cli.unpin;
    if pinning && cli.operands.is_empty() {
        return Err(Failure::usage("`--pin` and `--unpin` need image names"));
    }
    let single = cli.operands.len() == 1 && cli.operands[0] != "-";
    let store = setup::store(&cli.common)?;
    let mut registry = store.read()?;
    let names = names(&mut cli, context, &store, &registry)?;
    if let Some(names) = names.as_ref().filter(|_| pinning) {
        pin(&store, names, cli.pin, cli.common.lock_timeout)?;
        registry = store.read()?;
    }
    let entries: Vec<&Entry> = match &names {
        None => registry.entries().iter().collect(),
        Some(names) => names.iter().filter_map(|name| registry.get(name)).collect(),
    };
    let all_of_one = single && !cli.check && !pinning && on_terminal() && !cli.common.null;
    let wanted = ListFlags {
        long: cli.long || all_of_one,
        records: cli.common.json,
        null: cli.common.null,
        checked: cli.check,
    };
    let (reporter, here) = (context.reporter.clone(), ui::working_dir()?);
    let engine = (!cli.no_engine).then(|| {
        Engine::configured(
            cli.common.program(),
            cli.common.engine_timeout,
            ui::spool_folder(),
        )
    });
    let lister = Lister {
        store: &store,
        registry: &registry,
        here: &here,
        engine: engine.as_ref(),
        leases: &leases(&store, &reporter)?,
        also_in: wanted.long && !wanted.records,
        reporter: &reporter,
    };
    let images = lister.list(&entries);
    let mut forms = Forms::new(wanted, &images);
    if !cli.check {
        for refused in entries.iter().filter_map(|entry| entry.image_name().err()) {
            reporter.warn(refused);
        }
        return images
            .iter()
            .try_for_each(|image| forms.print(context, image));
    }
    let checker = Checker {
        store: &store,
        registry: &registry,
        here: &here,
        reporter: &reporter,
        jobs: cli.jobs.map_or_else(processors, NonZero::get),
        lock_timeout: cli.common.lock_timeout,
    };
    check(&checker, &images, &mut forms, context)
}

/// The names of the operands; `None` for all images. All operands are resolved before anything is printed.
fn names(
    cli: &mut Cli,
    context: &mut Context,
    store: &Store,
    registry: &Registry,
) -> Result<Option<Vec<String>>, Failure> {
    if cli.operands.is_empty() {
        return Ok(None);
    }
    let operands = std::mem::take(&mut cli.operands);
    let mut names = Vec::new();
    let input = cli.common.input(operands, "registered names")?;
    context.each(input.images(), |_, operand| {
        let operand = operand.text;
        let entry = registry::find_stored(store, registry, &operand);
        let entry = entry.ok_or_else(|| registry::not_registered(store, &operand))?;
        names.push(entry.name.clone());
        Ok(())
    })?;
    Ok(Some(names))
}

/// Prints each image after its check, and reports its findings.
fn check(
    checker: &Checker,
    images: &[Listed<'_>],
    forms: &mut Forms,
    context: &Context,
) -> Result<(), Failure> {
    let mut worst = None;
    let (mut count, mut unsound) = (0, 0);
    checker.check(images, |image| {
        forms.print(context, &image)?;
        count += 1;
        unsound += usize::from(!image.state().is_sound());
        for finding in image.findings() {
            let name = &image.entry.name;
            if finding.state == State::BadName {
                let problem = finding.problem();
                context.reporter.warn(format!("{name}: {problem}"));
                continue;
            }
            context
                .reporter
                .failure(&finding.failure.clone().about(name));
            // A damaged archive decides the exit code, whatever else was found.
            worst = match (worst, finding.failure.code()) {
                (_, Code::Archive) => Some(Code::Archive),
                (worst, code) => worst.or(Some(code)),
            };
        }
        Ok(())
    })?;
    let Some(code) = worst else {
        return Ok(());
    };
    let message = match count {
        1 => "the image failed the check".to_owned(),
        _ => format!("{unsound} of {count} images failed the check"),
    };
    Err(Failure::new(code, message))
}
