//! Makes what is given to others: a tarball and a Debian package of everything, with checksums.
//!
//! The same sources, compilers and packing programs are to make the same bytes, in whatever folder, which `--check` tries: times
//! are `SOURCE_DATE_EPOCH`, or else the commit's, and paths do not get into the programs.

mod again;
mod check;
mod debian;
mod paths;
mod tarball;

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::files::{copy, files, write};
use crate::folders::{remove, workspace};
use crate::packages::{self, Program};
use crate::process::{Runner, command};
use crate::staged::{Staged, stage};

/// The version of everything.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What packing needs besides Cargo.
const PROGRAMS: [Program; 3] = [
    Program {
        name: "strip",
        package: "binutils",
    },
    Program {
        name: "dpkg-deb",
        package: "dpkg",
    },
    Program {
        name: "dpkg-shlibdeps",
        package: "dpkg-dev",
    },
];
/// The file of checksums.
const SUMS: &str = "SHA256SUMS";
/// The folder for what people read, below the prefix.
const DOC: &str = "share/doc/imgpipe";

/// The flags of `cargo xtask dist`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Then make all again from a clone in another folder and compare, install and remove the package in a container of the demo's
    /// base, and install each command by `cargo install`
    ///
    /// Takes twice as long, and what is not committed can't be compared.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(runner: &mut Runner, target: &Utf8Path, options: &Options) -> Result<(), Error> {
    packages::ensure(runner, &PROGRAMS, &[])?;
    let folder = target.join("dist");
    remove(&folder)?;
    // Its own: with other flags for the compilers, Cargo would build all again each time.
    let built = target.join("packing");
    let variables = paths::variables(runner, workspace(), &built)?;
    let staged = stage(runner, &built, &variables, folder.join("stage"))?;
    complete(runner, &staged)?;
    let time = time(runner)?;
    let tarball = tarball::write(&staged.folder, &folder, time)?;
    let package = debian::package(runner, &staged, &folder, time)?;
    let mut sums = String::new();
    for path in [&package, &tarball] {
        let name = path.file_name().unwrap_or_default();
        sums.push_str(&format!("{}  {name}\n", sum(path)?));
        eprintln!("{path}");
    }
    write(&folder.join(SUMS), &sums)?;
    if options.check {
        again::check(runner, target)?;
        check::package(runner, target, &package, &staged.commands)?;
        check::cargo_install(runner, &built, &variables, &staged.commands)?;
    }
    Ok(())
}

/// Strips the programs, and puts beside them what people read.
fn complete(runner: &Runner, staged: &Staged) -> Result<(), Error> {
    for name in &staged.commands {
        let program = staged.folder.join("bin").join(name);
        runner.run_quietly(&command(["strip", program.as_str()]))?;
    }
    let doc = staged.folder.join(DOC);
    let top = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];
    let docs = files(&workspace().join("docs"))?;
    let docs = docs.iter().map(|path| Utf8Path::new("docs").join(path));
    for path in top.into_iter().map(Utf8PathBuf::from).chain(docs) {
        copy(&workspace().join(&path), &doc.join(&path), false)?;
    }
    Ok(())
}

/// The time of everything that is packed, in seconds since 1970.
fn time(runner: &Runner) -> Result<u64, Error> {
    let text = match runner.variable("SOURCE_DATE_EPOCH") {
        Some(text) => text,
        None => {
            let words = ["git", "log", "-1", "--format=%ct"];
            let time = runner.read_all(&command(words).folder(workspace()));
            time.map_err(|error| Error::Missing {
                what: format!("the sources have no time: {error}"),
                hint: "set SOURCE_DATE_EPOCH to seconds since 1970".into(),
            })?
        }
    };
    let wrong = |_| {
        Error::Wrong(format!(
            "SOURCE_DATE_EPOCH: `{text}` is not a number of seconds"
        ))
    };
    text.trim().parse().map_err(wrong)
}

fn sum(path: &Utf8Path) -> Result<String, Error> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let sum = Sha256::digest(&bytes);
    Ok(sum.iter().map(|byte| format!("{byte:02x}")).collect())
}
