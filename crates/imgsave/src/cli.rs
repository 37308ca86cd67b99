//! The flags of `imgsave`, and its run over the records.

use std::collections::BTreeMap;

use clap::Parser;
use engine::Engine;
use failure::Failure;
use naming::Digest;
use registry::Store;
use serde_json::json;
use transfer::Session;
use transfer::save::{DraftEntry, FormFlags, Naming, Saved, Saver, Source, Thin, compliant_name};
use ui::{Common, Context};

use crate::on_base::{self, LeavingOut};

/// Save an image into the store, register it, and print the archive's path
///
/// Reads image references in the engine, or archive files made elsewhere, as operands or one a line from standard
/// input. imgsave does not run the image. It reads the operating system, architecture, compilers, tools and
/// packages from its files, and writes them into the registry. The archive is complete on disk before it is
/// registered.
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  imgsave --project capy --variant gcc12 my-gcc:12
      Save the engine's image my-gcc:12 as capy-<os>-gcc12; the image says what its os is.

  imgsave --name capy-debian-12-base debian12.tar
      Adopt an archive that was made elsewhere.

  printf '%s\\n' capy-debian-12-gcc12 capy-debian-12-clang15 | imgsave
      Save images whose references are names already.

  imgsave --thin --base capy-debian-12-base --compress zstd capy-debian-12-gcc12
      Save only the layers that the base does not hold, compressed.

  imgsave --full capy-debian-12-gcc12
      Put the layers of the base back into the archive.

Exit codes:
  0 done, 1 other, 2 usage, 3 invalid name or registry, 4 archive missing or damaged, 5 engine
  failed or has no such image, 6 no room, 7 timed out waiting for a lock, 130 interrupted")]
pub struct Cli {
    /// Images or archives; `-` or none: standard input
    ///
    /// References of images in the engine, archive files, or names of registered images that the engine does not
    /// have.
    #[arg(value_name = "REF|ARCHIVE")]
    operands: Vec<String>,

    /// Save the image under this name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["project", "variant"])]
    name: Option<String>,

    /// Set the project part of the name
    ///
    /// The operating system is read from the image.
    #[arg(long, requires = "variant")]
    project: Option<String>,

    /// Set the variant part of the name, like gcc12
    #[arg(long, requires = "project")]
    variant: Option<String>,

    /// From an archive with several images, save only the image with this tag or ID
    ///
    /// Default: all images.
    #[arg(long, value_name = "REF|ID", hide_short_help = true)]
    image: Option<String>,

    /// If the given name is not valid, use the normalized name
    #[arg(long, hide_short_help = true)]
    normalize: bool,

    /// With --thin, leave out the layers of this image
    ///
    /// The name, tag, or path of the archive of a registered image. Default: the base in the image's entry.
    #[arg(long, value_name = "NAME", requires = "thin")]
    base: Option<String>,

    /// Write registered images again, with all layers
    ///
    /// The operands are their names, tags, or the paths of their archives.
    #[arg(long, conflicts_with_all = ["name", "project", "variant", "normalize", "thin", "base"])]
    full: bool,

    #[command(flatten)]
    form: FormFlags,

    #[command(flatten)]
    common: Common,
}

ui::flags!(Cli);

/// The conflict of `--name` with several images.
const SEVERAL: &str = "`--name` names one image, but several were given";

/// Saves each record and prints its archive's path.
pub fn main(cli: Cli, context: &mut Context) -> Result<(), Failure> {
    if cli.name.is_some() && cli.operands.len() > 1 {
        return Err(Failure::usage(SEVERAL));
    }
    let naming = naming_of(&cli)?;
    let names_one = cli.name.is_some();
    let mut names = BTreeMap::new();
    let store = setup::store(&cli.common)?;
    let engine = Engine::configured(
        cli.common.program(),
        cli.common.engine_timeout,
        ui::spool_folder(),
    );
    let input = cli.common.input(cli.operands, "references or archives")?;
    let reporter = context.reporter.clone();
    let config = setup::config(&cli.common)?;
    let wanted = cli.form.wanted(&config)?;
    let leaving_out = match (&cli.base, wanted.thin) {
        (Some(_), _) => LeavingOut::Given,
        (None, Thin::Always) => LeavingOut::OwnBase,
        (None, Thin::WherePossible) => LeavingOut::WherePossible,
        (None, Thin::Never) => LeavingOut::AsBefore,
    };
    let session = Session {
        store: &store,
        engine: &engine,
        reporter: &reporter,
        lock_timeout: cli.common.lock_timeout,
    };
    let saver = Saver {
        session,
        form: on_base::form(&store, cli.base.as_deref(), wanted)?,
        make_room: cli.form.room(&config)?,
    };
    if cli.full {
        return context.each(input.images(), |context, operand| {
            let operand = operand.text;
            let saved = full(&saver, &operand).map_err(|failure| failure.about(&operand))?;
            print(context, &saved)
        });
    }
    context.each(input.images(), |context, operand| {
        // The engine's image takes precedence over its archive.
        let operand = operand.reference.unwrap_or(operand.text);
        if names_one && !names.is_empty() {
            return Err(Failure::usage(SEVERAL));
        }
        let about = |failure: Failure| failure.about(&operand);
        let sources = Source::find(&saver, &operand, cli.image.as_deref()).map_err(about)?;
        if naming.is_some() && sources.len() > 1 {
            return Err(about(several_images(&sources)));
        }
        for source in &sources {
            let naming = naming_for(source, naming.as_ref(), &store, cli.normalize);
            let naming = naming.map_err(about)?;
            let saver = leaving_out.saver(&saver, source, &naming).map_err(about)?;
            let saved = save(&saver, source, &naming, &names).map_err(about)?;
            names.insert(saved.name.clone(), saved.image_id);
            print(context, &saved)?;
        }
        Ok(())
    })
}

fn print(context: &Context, saved: &Saved) -> Result<(), Failure> {
    context.out.record(saved.path.as_str(), || {
        json!({
            "path": saved.path,
            "name": saved.name,
            "image_id": saved.image_id,
            "size": saved.size,
            "written": saved.written,
        })
    })
}

/// Writes the archive of a registered image with all its layers.
fn full(saver: &Saver, name: &str) -> Result<Saved, Failure> {
    let registry = saver.session.store.read_or_empty()?;
    let entry = registry::find_stored(saver.session.store, &registry, name)
        .ok_or_else(|| registry::not_registered(saver.session.store, name))?;
    let naming = Naming::Given(entry.name.parse()?);
    let source = Source::registered(&saver.session.store.path(&entry.file)?.absolute(), entry)?;
    saver.save(&source, &naming, |_| Ok(DraftEntry::from(entry)))
}

/// The name of the flags, checked before anything is read. `None`: each image has its own.
fn naming_of(cli: &Cli) -> Result<Option<Naming>, Failure> {
    match (&cli.name, &cli.project, &cli.variant) {
        (Some(name), _, _) => {
            compliant_name(name, cli.normalize).map(|name| Some(Naming::Given(name)))
        }
        (None, Some(project), Some(variant)) => {
            Naming::from_image(project, variant, cli.normalize).map(Some)
        }
        _ => Ok(None),
    }
}

/// The failure of one name for several images.
fn several_images(sources: &[Source]) -> Failure {
    let held = sources.first().map_or_else(String::new, Source::beside);
    Failure::invalid(format!("holds {} images ({held})", sources.len()))
        .with_hint("choose one with --image, or omit the name to save each under its own tag")
}

/// The given name, or else that of the image's entry, or else the one that the image suggests.
fn naming_for(
    source: &Source,
    given: Option<&Naming>,
    store: &Store,
    normalize: bool,
) -> Result<Naming, Failure> {
    match (given, source.entry(store)?) {
        (Some(given), _) => Ok(given.clone()),
        (None, Some(entry)) => compliant_name(&entry.name, normalize).map(Naming::Given),
        (None, None) => source.naming(normalize),
    }
}

fn save(
    saver: &Saver,
    source: &Source,
    naming: &Naming,
    names: &BTreeMap<String, Digest>,
) -> Result<Saved, Failure> {
    saver.save(source, naming, |contents| {
        let name = contents.name.as_str();
        // The second image would replace the first right after it was printed.
        if names
            .get(name)
            .is_some_and(|id| *id != contents.image.image_id)
        {
            let message = format!("this call already saved another image as `{name}`");
            return Err(Failure::invalid(message).with_hint("give each image its own name"));
        }
        let registry = saver.session.store.read_or_empty()?;
        let entry = registry.get(name);
        let registered = entry.and_then(|entry| entry.image_id);
        if registered.is_some_and(|id| id != contents.image.image_id) {
            saver.session.reporter.warn(format!(
                "{name}: replaces another image that was registered"
            ));
        }
        Ok(DraftEntry::kept(saver.session.store, entry, contents))
    })
}
