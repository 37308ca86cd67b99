//! The flags of `imgpush`, and its run over the records.

use archive::Compress;
use clap::Parser;
use config::Published;
use failure::Failure;
use registry::find_stored;
use remote::{OnRetry, Options, Remote};
use serde_json::json;
use ui::{Common, Context, RemoteFlags, Reporter};

use crate::Pusher;

/// Push images to a remote OCI registry, and print their references
///
/// Needs no engine. Reads registered names, as operands or one a line from standard input. Each image is pushed
/// under its own name and tag below the prefix. Its entry then has the reference and the digest, so that imgfetch
/// can download it. An image that is there already is not sent again, nor are layers of images that this store
/// pushed before. A thin archive is pushed with all its layers.
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  imgpush --to registry.example:5000/ci capy-debian-12-gcc12
      Publish registry.example:5000/ci/capy-debian-12-gcc12:latest.

  imgls | cut -f1 | imgpush
      Publish the whole store to the registry of `images.remote` in the config.

  skopeo inspect docker://$(imgpush capy-debian-12-gcc12)
      Pass the printed reference to another tool.

Registries are reached by skopeo, with its configuration: certificates, credentials.

Exit codes:
  0 done, 1 other, 2 usage, 3 invalid name or registry file, 4 archive missing or damaged, 5 skopeo not found, the
  registry not reached or refusing, 6 no room, 7 timed out waiting for a lock, 130 interrupted")]
pub struct Cli {
    /// Registered names; `-` or none: standard input
    #[arg(value_name = "NAME")]
    operands: Vec<String>,

    /// Push to this registry, below this prefix
    ///
    /// Default: images.remote of the config.
    #[arg(long, value_name = "REGISTRY/PREFIX")]
    to: Option<String>,

    /// Compress layers: gzip, zstd, or none
    ///
    /// zstd:LEVEL too. Docker 20.10 can't pull zstd. Default: layers that are compressed stay as they are, and so does the
    /// digest of an image that was fetched; other layers become gzip.
    #[arg(long, value_name = "HOW")]
    compress: Option<Compress>,

    #[command(flatten)]
    remote: RemoteFlags,

    #[command(flatten)]
    common: Common,
}

ui::flags!(Cli);

/// Publishes each record and prints its reference.
pub fn main(cli: Cli, context: &mut Context) -> Result<(), Failure> {
    let published = match &cli.to {
        Some(to) => Some(Published::parse(to)?),
        None => Published::configured(&setup::config(&cli.common)?)?,
    };
    let published = published.ok_or_else(|| {
        Failure::usage("no destination given")
            .with_hint("give --to REGISTRY/PREFIX, or set `images.remote` in the config")
    })?;
    let store = setup::store(&cli.common)?;
    let reporter = context.reporter.clone();
    let remote = remote(&cli.remote, &cli.common, &reporter)?;
    let pusher = Pusher {
        store: &store,
        remote: &remote,
        published: &published,
        compress: cli.compress,
        reporter: &reporter,
        lock_timeout: cli.common.lock_timeout,
    };
    let input = cli.common.input(cli.operands, "registered names")?;
    context.each(input.images(), |context, operand| {
        let operand = operand.text;
        let registry = store.read_or_empty()?;
        let entry = find_stored(&store, &registry, &operand)
            .ok_or_else(|| registry::not_registered(&store, &operand))?;
        let pushed = pusher
            .push(&registry, entry)
            .map_err(|failure| failure.about(&operand))?;
        context.out.record(&pushed.remote.to_string(), || {
            json!({
                "remote": pushed.remote.to_string(),
                "name": pushed.name,
                "image_id": pushed.image_id,
                "digest": pushed.remote.digest(),
                "sent": pushed.sent,
            })
        })
    })
}

/// Access to registries, by the flags. Retries are reported.
fn remote(flags: &RemoteFlags, common: &Common, reporter: &Reporter) -> Result<Remote, Failure> {
    let reporter = reporter.clone();
    let options = Options {
        insecure: flags.insecure,
        authfile: flags.authfile()?,
        retries: flags.retry,
        timeout: common.engine_timeout,
        no_runtime_folder: ui::is_locked_out(),
        on_retry: OnRetry::new(move |retry| reporter.info(retry)),
    };
    Ok(Remote::new(flags.program()?, options))
}
