//! The flags of `imgfetch`, and its run over the records.

use clap::Parser;
use config::Published;
use engine::Engine;
use failure::Failure;
use naming::Architecture;
use registry::{Registry, find_entry};
use serde_json::json;
use setup::{LeaseFlags, Leases};
use transfer::Session;
use transfer::fetch::{Fetched, Fetcher, Names, Wanted};
use transfer::save::{ArchiveFlags, Form, compliant_name};
use ui::{Common, Context, RemoteFlags};

/// Download images into the store, without an engine, and print the archives' paths
///
/// Needs no root. Reads references in remote OCI registries, or registered names, as operands or one a line from
/// standard input. A registered name is downloaded from its `remote`, with the digest that is pinned there. If the
/// store has the image already, no registry is asked, so that works offline. imgfetch checks each layer against the
/// image's own digests, inspects the image, and registers it with the digest that the registry gave.
///
/// The name of a new image is made from its reference and its operating system: nginx:1.27 becomes
/// nginx-debian-12-1.27. With --project capy, it becomes capy-debian-12-nginx1.27.
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  docker compose config --images | imgfetch | imgload
      Download all images of an application once, and load them into the engine.

  imgfetch --name capy-debian-12-base debian:12
      Download a base image for builds.

  git clone https://git.example/images && cd images && imgfetch --all
      Complete a store whose registry, but not its archives, is in Git.

imgfetch runs skopeo, with its configuration: mirrors, certificates, credentials, signature policy.

Exit codes:
  0 done, 1 other, 2 usage, 3 invalid name or registry file, 4 image not found, damaged, or not the pinned one,
  5 skopeo not found, registry not reachable or refused, 6 no room, 7 timed out waiting for a lock, 130 interrupted")]
pub struct Cli {
    /// References or registered names; `-` or none: standard input
    #[arg(value_name = "REF|NAME")]
    operands: Vec<String>,

    /// Download every registered image that has a remote
    ///
    /// All their paths are printed.
    #[arg(long, conflicts_with_all = ["operands", "name", "project"])]
    all: bool,

    /// Register the image under this name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["project", "variant"])]
    name: Option<String>,

    /// Set the project part of new names
    ///
    /// The operating system is read from the image.
    #[arg(long)]
    project: Option<String>,

    /// Set the variant part of the name
    #[arg(long, requires = "project", hide_short_help = true)]
    variant: Option<String>,

    /// If the given name is not valid, use the normalized name
    #[arg(long, hide_short_help = true)]
    normalize: bool,

    /// Resolve tags again, and pin their digests
    #[arg(long)]
    update: bool,

    /// Contact no registry
    ///
    /// An image that is not in the store is an error.
    #[arg(long, conflicts_with = "update")]
    offline: bool,

    /// Choose a platform, like linux/arm64
    ///
    /// Default: this machine's platform.
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Architecture>,

    #[command(flatten)]
    archive: ArchiveFlags,

    #[command(flatten)]
    remote: RemoteFlags,

    #[command(flatten)]
    lease: LeaseFlags,

    #[command(flatten)]
    common: Common,
}

ui::flags!(Cli);

/// The registry and folder of references without one.
const DOCKER_HUB: &str = "docker.io/library/";

/// The conflict of `--name` with several images.
const SEVERAL: &str = "`--name` names one image, but several were given";

/// Fetches each record and prints its archive's path.
pub fn main(cli: Cli, context: &mut Context) -> Result<(), Failure> {
    if cli.name.is_some() && cli.operands.len() > 1 {
        return Err(Failure::usage(SEVERAL));
    }
    let name = cli
        .name
        .as_deref()
        .map(|name| compliant_name(name, cli.normalize));
    let names = Names {
        name: name.transpose()?,
        project: cli.project,
        variant: cli.variant,
    };
    let store = setup::store(&cli.common)?;
    let config = setup::config(&cli.common)?;
    let reporter = context.reporter.clone();
    let engine = Engine::configured(
        cli.common.program(),
        cli.common.engine_timeout,
        ui::spool_folder(),
    );
    let remote = transfer::fetch::remote(&cli.remote, &cli.common, &reporter)?;
    let session = Session {
        store: &store,
        engine: &engine,
        reporter: &reporter,
        lock_timeout: cli.common.lock_timeout,
    };
    let fetcher = Fetcher {
        session,
        remote: &remote,
        form: Form {
            compress: cli.archive.compress(&config)?,
            base: None,
        },
        make_room: cli.archive.room(&config)?,
        published: Published::configured(&config)?,
        offline: cli.offline,
        update: cli.update,
        architecture: cli.platform,
    };
    let leases = Leases {
        store: &store,
        term: cli.lease.term()?,
        lock_timeout: cli.common.lock_timeout,
        reporter: &reporter,
    };
    if cli.all {
        let registry = store.read()?;
        let published = registry.entries().iter();
        let published = published.filter(|entry| entry.remote.is_some());
        let wanted: Vec<_> = published
            .map(|entry| Ok((entry.name.clone(), entry)))
            .collect();
        return context.each(wanted, |context, (name, entry)| {
            let wanted = Wanted::registered(entry, fetcher.published.as_ref(), cli.update)?;
            fetch(context, &fetcher, &leases, &wanted).map_err(|failure| failure.about(name))
        });
    }
    let input = cli
        .common
        .input(cli.operands, "references or registered names")?;
    let mut is_first = true;
    context.each(input.images(), |context, operand| {
        if names.name.is_some() && !std::mem::take(&mut is_first) {
            return Err(Failure::usage(SEVERAL));
        }
        let registry = store.read_or_empty()?;
        // The object may come from another store, whose name is not registered here: use its remote reference.
        let operand = match operand.remote {
            Some(remote) if find_entry(&store, &registry, &operand.text).is_none() => remote,
            _ => operand.text,
        };
        let about = |failure: Failure| failure.about(&operand);
        if !cli.update && names.name.is_none() {
            // An image that was never published cannot be fetched, so its archive must exist.
            let entry = find_entry(&store, &registry, &operand);
            let entry = entry.filter(|entry| entry.remote.is_none());
            if let Some(there) = entry
                .map(|entry| fetcher.there(entry))
                .transpose()?
                .flatten()
            {
                hold(&leases, &there.name)?;
                return print(context, &there);
            }
        }
        let wanted = fetcher.wanted(&registry, &names, &operand).map_err(about)?;
        fetch(context, &fetcher, &leases, &wanted)
            .map_err(|failure| with_meaning(failure, &operand, &wanted).about(&operand))
    })
}

/// Adds the meaning of a word that the user may have meant as a registered name.
fn with_meaning(failure: Failure, operand: &str, wanted: &Wanted) -> Failure {
    let reference = wanted.reference.canonical();
    if wanted.entry.is_some() || operand.contains('/') || !reference.starts_with(DOCKER_HUB) {
        return failure;
    }
    let meaning = format!("`{operand}` is not registered; as a reference it means {reference}");
    let hint = match failure.hint() {
        Some(hint) => format!("{meaning}; {hint}"),
        None => meaning,
    };
    failure.with_hint(hint)
}

/// Fetches an image, leases it for this run, and prints its archive's path.
fn fetch(
    context: &Context,
    fetcher: &Fetcher,
    leases: &Leases,
    wanted: &Wanted,
) -> Result<(), Failure> {
    if let Some(entry) = &wanted.entry {
        hold(leases, &entry.name)?;
    }
    let fetched = fetcher.fetch(wanted)?;
    hold(leases, &fetched.name)?;
    print(context, &fetched)
}

fn print(context: &Context, fetched: &Fetched) -> Result<(), Failure> {
    context.out.record(fetched.path.as_str(), || {
        json!({
            "path": fetched.path,
            "name": fetched.name,
            "remote": fetched.remote.as_ref().map(ToString::to_string),
            "image_id": fetched.image_id,
            "size": fetched.size,
            "fetched": fetched.fetched,
        })
    })
}

fn hold(leases: &Leases, name: &str) -> Result<Registry, Failure> {
    leases.hold(&[name])
}
