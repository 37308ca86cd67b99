//! Makes a tarball and a Debian package of everything, with checksums.
//!
//! The same sources, compilers and packing programs make the same bytes in any folder; `--check` tests that. Times are
//! `SOURCE_DATE_EPOCH`, else the commit's, and the programs contain no paths of this machine. `cargo-deb` makes the package,
//! from `[package.metadata.deb]` of xtask's `Cargo.toml`.

mod check;

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use crate::cmd::{cmd, sh, variable};
use crate::files::{copy, files, stage};
use crate::folders::{create, remove, workspace};
use crate::packages::ensure;
use crate::{Error, tools};

/// The version of everything.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The version of `cargo-deb` that is built, if none is installed.
const CARGO_DEB: &str = "3.8.0";
/// The file of checksums.
const SUMS: &str = "SHA256SUMS";
/// Packs `$1` into `$2`, below a folder `$3`, at the time `$4`: without users, times and the order of this machine's files.
const TAR: &str = "tar --create --file - --directory \"$1\" --transform \"s,^\\.,$3,\" --sort=name --mtime=\"@$4\" \
                   --owner=0 --group=0 --numeric-owner --mode=go=rX,u=rwX . | gzip -n -9 > \"$2\"";

/// The flags of `cargo xtask dist`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Then make everything again from a clone in another folder and compare, and install and remove the package in a container
    ///
    /// Takes twice as long. Everything must be committed.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(target: &Utf8Path, options: &Options) -> Result<(), Error> {
    ensure("strip:binutils dpkg-shlibdeps:dpkg-dev gzip tar", "")?;
    let Some(cargo_deb) = tools::find_or_build(target, "cargo-deb", CARGO_DEB)? else {
        return Err(Error::Missing {
            what: "cargo-deb is not installed, and can't be built here".into(),
            hint: "cargo install --locked cargo-deb".into(),
        });
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
    for name in &commands {
        cmd("strip")
            .arg(staged.join("bin").join(name))
            .run_quietly()?;
    }
    let top = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"].map(Utf8PathBuf::from);
    let docs = files(&workspace().join("docs"))?.into_iter();
    for path in docs.map(|path| Utf8Path::new("docs").join(path)).chain(top) {
        copy(
            &workspace().join(&path),
            &staged.join("share/doc/imgpipe").join(&path),
            0o644,
        )?;
    }

    let name = format!("imgpipe-{VERSION}-{}-linux", std::env::consts::ARCH);
    let tarball = folder.join(format!("{name}.tar.gz"));
    sh(TAR)
        .args([staged.as_str(), tarball.as_str(), &name, &time])
        .run()?;
    sh("gzip -n -9 share/man/man1/*").folder(&staged).run()?;
    let pack = cargo_deb.args([
        "--quiet",
        "--package=xtask",
        "--no-build",
        "--deb-revision=",
    ]);
    let pack = pack
        .args(["--output", folder.as_str()])
        .variable("CARGO_TARGET_DIR", built);
    pack.variable("SOURCE_DATE_EPOCH", time).run_quietly()?;

    let sums = sh("sha256sum *.deb *.tar.gz").folder(&folder).read()?;
    let path = folder.join(SUMS);
    fs::write(&path, format!("{sums}\n")).map_err(Error::io(path))?;
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
    let commit = || {
        cmd("git log -1 --format=%ct")
            .folder(workspace())
            .read_quietly()
    };
    variable("SOURCE_DATE_EPOCH")
        .map_or_else(commit, Ok)
        .map_err(|error| Error::Missing {
            what: format!("the time of the commit is unknown: {error}"),
            hint: "set SOURCE_DATE_EPOCH to seconds since 1970".into(),
        })
}

/// Variables for Cargo that replace this machine's paths in the programs: those of the sources, the built files and the
/// dependencies. They also replace flags that the user has for all builds.
fn compiler_flags(built: &Utf8Path) -> Result<Vec<(&'static str, String)>, Error> {
    let home = variable("HOME").map(|home| format!("{home}/.cargo"));
    let cargo = variable("CARGO_HOME")
        .or(home)
        .ok_or_else(|| Error::Missing {
            what: "HOME is not set, so the folder of Cargo's sources is unknown".into(),
            hint: "set CARGO_HOME".into(),
        })?;
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
