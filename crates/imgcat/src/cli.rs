//! The flags of `imgcat`, and its run.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{BufWriter, IsTerminal, Write};

use archive::FileKind;
use clap::Parser;
use failure::Failure;
use ui::{Common, Context};

use crate::list::ListFormat;
use crate::paths::Paths;
use crate::{ImageSelector, Opened, Opener, read};

/// The buffer for a list.
const BUFFER: usize = 64 * 1024;

/// Print files of an archived image, without an engine
///
/// Writes the bytes of the files at these paths to standard output, one file after the other, as a container of the
/// image would see them. A PATH is inside the image, with or without a leading slash; `-` reads paths from standard
/// input, one a line. Symbolic links are followed, but never out of the image. The archive may be plain, gzip or
/// zstd, with compressed layers or not. If it is thin, the other layers are read from its base.
///
/// With --tar or --list, a symbolic link at the end of a PATH is not followed, unless a slash stands behind it.
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  imgcat capy-debian-12-gcc12 /etc/os-release
      Print a file of a registered image.

  imgcat --tar capy-debian-12-gcc12 /opt/sdk | tar -x -C /tmp
      Unpack a folder. Paths in the tar have no leading slash: opt/sdk/...

  imgcat --tar images/capy/capy-debian-12-gcc12.tar / | docker import - flat:1
      Import a whole image as one layer.

  imgcat --list -l capy-debian-12-gcc12 /usr/local
      List mode, owner, size, time (UTC), path and link target, as tar -tv does.

  imgcat --list -0 capy-debian-12-base /usr/bin | xargs -0 -n 1 basename
      List unescaped names. Without -0, control characters, backslashes and invalid UTF-8 are escaped as
      by ls -b: \\n, \\033, \\\\. In --json, invalid UTF-8 becomes U+FFFD.

Checks:
  imgcat always checks that the archive's index is complete, that config and manifests match their digests, and that
  a registered archive has the image with the registered image_id. A layer's digest can be checked only if the whole
  layer is read. --verify does that first, for every layer, and prints nothing if one is damaged. Without it, damage
  can go unnoticed, in compressed layers too: their checksums are at their ends.

Exit codes:
  0 done, 1 no such file in the image or other, 2 usage, 3 invalid registry or name, 4 archive missing, damaged
  or not the one registered, 130 interrupted")]
pub struct Cli {
    /// An archive or a registered name; `-`: standard input
    ///
    /// A path, a name, or name:tag. Standard input has one a line, also as JSON objects of other commands.
    #[arg(value_name = "ARCHIVE|NAME")]
    image: String,

    /// Paths inside the image; `-`: standard input
    ///
    /// With --list or --tar, none means all.
    #[arg(value_name = "PATH")]
    paths: Vec<OsString>,

    /// Write a tar of these files and folders
    #[arg(long, conflicts_with = "list")]
    tar: bool,

    /// List all files, or the files below these folders
    ///
    /// Sorted by path.
    #[arg(long)]
    list: bool,

    /// With --list: mode, owner, size, time, link target
    ///
    /// -v does the same.
    #[arg(short, long, requires = "list")]
    long: bool,

    /// Choose an image by tag or ID
    ///
    /// For archives with several images. Default: the registered image.
    #[arg(long = "image", value_name = "REF|sha256:ID")]
    wanted: Option<ImageSelector>,

    /// Check every layer before anything is printed
    #[arg(long)]
    verify: bool,

    #[command(flatten)]
    common: Common,
}

ui::flags!(Cli);

/// Prints the files, the list or the tar.
pub fn main(mut cli: Cli, context: &mut Context) -> Result<(), Failure> {
    cli.check()?;
    let of_stdin = cli.image == "-";
    let mut paths = Paths::new(std::mem::take(&mut cli.paths), of_stdin, &cli.common)?;
    let what = "archives or registered names";
    let images = cli.common.input(vec![cli.image.clone()], what)?.images();
    let store = setup::store(&cli.common)?;
    let reporter = context.reporter.clone();
    let opener = Opener {
        store: &store,
        wanted: cli.wanted.as_ref(),
        verify: cli.verify,
        reporter: &reporter,
    };
    // Files with these names are kept while compressed layers are indexed, so that the layers are not read twice.
    let names = if cli.tar || cli.list {
        BTreeSet::new()
    } else {
        paths.names()
    };
    let wanted = |path: &str| names.contains(path.rsplit('/').next().unwrap_or(path));
    let mut first = true;
    context.each(images, |context, operand| {
        if cli.tar && !std::mem::take(&mut first) {
            return Err(Failure::usage(SEVERAL));
        }
        let image = opener.open(&operand.text, &wanted)?;
        let paths = paths.for_next();
        if cli.list {
            return cli.list(&image, paths, context);
        }
        if cli.tar {
            return cli.tar(&image, paths, context);
        }
        let mut out = context.out.bytes()?;
        context.each(paths, |_, path| read::cat(&image, &path, &mut out))
    })
}

/// The conflict of `--tar` with several images.
const SEVERAL: &str = "`--tar` makes the tar of one image, and several were given";

impl Cli {
    fn check(&self) -> Result<(), Failure> {
        let wrong = |message: &str| Err(Failure::usage(message));
        if self.image.is_empty() {
            return wrong("an operand is empty");
        }
        if self.paths.is_empty() && !self.list && !self.tar {
            return Err(Failure::usage("no path inside the image given")
                .with_hint("list paths with --list; see --help for examples"));
        }
        if self.common.json && !self.list {
            return wrong("`--json` needs `--list`");
        }
        if self.tar && std::io::stdout().is_terminal() {
            return Err(Failure::usage("cannot write a tar to a terminal")
                .with_hint("redirect it to a file, or pipe it into tar"));
        }
        Ok(())
    }

    fn list(&self, image: &Opened, paths: Paths, context: &mut Context) -> Result<(), Failure> {
        let form = ListFormat {
            long: self.long || self.common.verbose > 0,
            json: self.common.json,
            null: self.common.null,
        };
        let mut out = BufWriter::with_capacity(BUFFER, context.out.bytes()?);
        context.each(paths.or_all(), |_, path| {
            let found = image.find_link(&path)?;
            let below = image.files.below(found.path);
            let itself = (*found.kind != FileKind::Directory).then_some(found);
            for file in itself.into_iter().chain(below) {
                form.write(&file, &image.diff_ids, &mut out)
                    .map_err(|error| Failure::of_stdout(&error))?;
            }
            // Each list is visible before the next path is looked up.
            out.flush().map_err(|error| Failure::of_stdout(&error))
        })
    }

    fn tar(&self, image: &Opened, paths: Paths, context: &mut Context) -> Result<(), Failure> {
        let mut found = Vec::new();
        // Nothing is written before every path is known to exist.
        context.each(paths.or_all(), |_, path| {
            found.push(image.find_link(&path)?.path);
            Ok(())
        })?;
        if found.is_empty() {
            return Ok(());
        }
        read::tar(image, &found, context.out.bytes()?, &context.reporter)
    }
}
