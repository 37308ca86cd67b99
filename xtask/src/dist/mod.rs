//! Makes a tarball and a Debian package of everything, with checksums.
//!
//! The same sources, compilers and packing programs make the same bytes in any folder; `--check` tests that. Times are
//! `SOURCE_DATE_EPOCH`, else the commit's, and the programs contain no paths of this machine. `cargo-deb` makes the package,
//! from `[package.metadata.deb]` of xtask's `Cargo.toml`.

mod check;

use camino::Utf8Path;

use crate::cmd::{cmd, sh, variable};
use crate::files::{files, stage};
use crate::folders::{create, remove, workspace};
use crate::packages::ensure;
use crate::{Error, tools};

/// The version of everything.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The version of `cargo-deb` that is built, if none is installed.
const CARGO_DEB: &str = "3.8.0";
/// The file of checksums.
const SUMS: &str = "SHA256SUMS";
/// The flags of `cargo xtask dist`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Then make everything again from a clone in another folder and compare, and install and remove the package in a container
    ///
    /// Takes twice as long. Everything must be committed.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(target: &Utf8Path, options: &Args) -> Result<(), Error> {
    ensure("strip:binutils dpkg-shlibdeps:dpkg-dev gzip tar", "")?;
    let Some(cargo_deb) = tools::find_or_build(target, "cargo-deb", CARGO_DEB)? else {
        let what = "cargo-deb is not installed, and can't be built here";
        return Err(Error::missing(what, "cargo install --locked cargo-deb"));
    };
    let folder = target.join("dist");
    remove(&folder)?;
    create(&folder)?;
    // Its own target folder: with other flags for the compilers, Cargo would build everything again each time.
    let built = target.join("packing");
    let time = time()?;
    // `cargo-deb` finds it beside the programs.
    let staged = built.join("release/stage");
    let commands = stage(&built, &compiler_flags(&built)?, &staged)?;
    let name = format!("imgpipe-{VERSION}-{}-linux", std::env::consts::ARCH);
    let tarball = folder.join(format!("{name}.tar.gz"));
    let pack = sh(include_str!("pack.sh")).folder(workspace());
    pack.args([staged.as_str(), tarball.as_str(), &name, &time])
        .run()?;
    let pack = cargo_deb.args([
        "--quiet",
        "--package=xtask",
        "--no-build",
        "--deb-revision=",
    ]);
    let pack = pack
        .args(["--output", folder.as_str()])
        .variable("SOURCE_DATE_EPOCH", time);
    pack.variable("CARGO_TARGET_DIR", built).run_quietly()?;
    let sum = format!("sha256sum *.deb *.tar.gz > {SUMS}");
    sh(&sum).folder(&folder).run()?;
    for name in files(&folder)? {
        eprintln!("{}", folder.join(name));
    }
    if options.check {
        check::reproduce(target)?;
        check::install(target, &commands)?;
    }
    Ok(())
}

/// The time of everything that is packed, in seconds since 1970.
fn time() -> Result<String, Error> {
    if let Some(time) = variable("SOURCE_DATE_EPOCH") {
        return Ok(time);
    }
    let commit = cmd("git log -1 --format=%ct").folder(workspace());
    commit.read_quietly().map_err(|error| {
        let what = format!("the time of the commit is unknown: {error}");
        Error::missing(what, "set SOURCE_DATE_EPOCH to seconds since 1970")
    })
}

/// Variables for Cargo that replace this machine's paths in the programs: those of the sources, the built files and the
/// dependencies. They also replace flags that the user has for all builds.
fn compiler_flags(built: &Utf8Path) -> Result<Vec<(&'static str, String)>, Error> {
    let home = variable("HOME").map(|home| format!("{home}/.cargo"));
    let Some(cargo) = variable("CARGO_HOME").or(home) else {
        let what = "HOME is not set, so the folder of Cargo's sources is unknown";
        return Err(Error::missing(what, "set CARGO_HOME"));
    };
    // The last match counts, and the built files may be below the sources.
    let paths = [
        (workspace().as_str(), "/imgpipe"),
        (built.as_str(), "/target"),
        (&cargo, "/cargo"),
    ];
    let rust = paths.map(|(path, other)| format!("--remap-path-prefix={path}={other}"));
    let c = paths.map(|(path, other)| {
        let path = path.replace('\'', r"'\''");
        format!("'-ffile-prefix-map={path}={other}'")
    });
    Ok(vec![
        ("CARGO_ENCODED_RUSTFLAGS", rust.join("\u{1f}")),
        ("CFLAGS", c.join(" ")),
        ("CC_SHELL_ESCAPED_FLAGS", "1".into()),
    ])
}
