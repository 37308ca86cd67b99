//! A real Debian 12 to build on.
//!
//! In this order: the engine's own; one made by `debootstrap`, if possible, and kept as a tar in the cache folder; one that
//! is pulled.

use std::fs;

use camino::Utf8Path;

use crate::cmd::cmd;
use crate::folders::{TemporaryFolder, create, lock};
use crate::packages::{self, ensure, find, is_root};
use crate::{Error, TestEngine};

/// Its usual names. The first is pulled.
const NAMES: [&str; 4] = [
    "debian:12-slim",
    "debian:bookworm-slim",
    "debian:12",
    "debian:bookworm",
];
const SUITE: &str = "bookworm";
const MIRROR: &str = "http://deb.debian.org/debian";
/// Checks the mirror's signatures, on Ubuntu too.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Namespaces of its own, because an interrupted `debootstrap` leaves `/proc` mounted in the folder.
const DEBOOTSTRAP: &str = "unshare --mount --pid --fork --kill-child --mount-proc \
                           debootstrap --variant=minbase --include=ca-certificates";
/// What an ordinary Debian 12 has.
const SOURCES: &str = "\
deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main
";
const PACK: &str = "tar --create --numeric-owner --xattrs --exclude=./var/cache/apt/archives/*.deb \
                    --exclude=./var/lib/apt/lists/* --exclude=./var/log/bootstrap.log --exclude=./dev/*";

/// The name of the base that the tests share. It stays in the engine until `cargo xtask clean`.
pub const TEST_IMAGE: &str = "imgpipe-test-debian:12";

/// Finds or makes a Debian 12 in the engine, and returns its reference. One that has to be made is called `own`.
///
/// Several processes may share the cache folder: one makes the base, the others wait for it.
///
/// # Errors
/// If there is none and it can be neither made nor pulled.
pub fn base(engine: &TestEngine, cache: &Utf8Path, own: &str) -> Result<String, Error> {
    create(cache)?;
    let _lock = lock(&cache.join("debian-12.lock"))?;
    for name in [own].into_iter().chain(NAMES) {
        if has(engine, name)? {
            return Ok(name.into());
        }
    }
    let tar = cache.join("debian-12.tar");
    if tar.is_file() || (is_root() && find("apt-get").is_some()) {
        if !tar.is_file() {
            make(cache, &tar)?;
        }
        eprintln!("importing {tar} as {own}");
        let import = engine
            .cmd("import")
            .args(["--change", "CMD [\"bash\"]", tar.as_str(), own]);
        import.run_quietly()?;
        return Ok(own.into());
    }
    let name = NAMES[0];
    eprintln!("pulling {name}");
    match engine.cmd("pull").arg(name).complaint()? {
        None => Ok(name.into()),
        Some(why) => Err(Error::missing(
            format!("no Debian 12 in the engine, and `{name}` can't be pulled: {why}"),
            "run this as root on Debian or Ubuntu, or pull it",
        )),
    }
}

/// Whether the engine has this image for the machine's own architecture.
fn has(engine: &TestEngine, name: &str) -> Result<bool, Error> {
    let inspect = engine
        .cmd("image inspect --format {{.Architecture}}")
        .arg(name);
    let own = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    };
    match inspect.read_quietly() {
        Ok(architecture) => Ok(architecture == own),
        Err(Error::Failed { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

fn make(cache: &Utf8Path, tar: &Utf8Path) -> Result<(), Error> {
    let work = TemporaryFolder(cache.join("debootstrap"));
    crate::folders::remove(&work.0)?;
    create(&work.0)?;
    let root = work.0.join("root");
    system(SUITE, &root)?;
    let sources = root.join("etc/apt/sources.list");
    fs::write(&sources, SOURCES).map_err(Error::io(&sources))?;
    let partial = work.0.join("debian.tar");
    let pack = cmd(PACK).args([
        "--file",
        partial.as_str(),
        "--directory",
        root.as_str(),
        ".",
    ]);
    pack.run_quietly()?;
    fs::rename(&partial, tar).map_err(Error::io(tar))
}

/// Makes a minimal Debian of a release in a folder.
pub(crate) fn system(suite: &str, root: &Utf8Path) -> Result<(), Error> {
    ensure(
        "debootstrap unshare:util-linux tar",
        "debian-archive-keyring",
    )?;
    if !Utf8Path::new(KEYRING).is_file() {
        packages::install("debian-archive-keyring")?;
    }
    eprintln!("making a Debian {suite} with debootstrap, from {MIRROR}: a minute or two, once");
    let keyring = format!("--keyring={KEYRING}");
    let debootstrap = cmd(DEBOOTSTRAP).args([&keyring, suite, root.as_str(), MIRROR]);
    debootstrap
        .variable("PATH", packages::system_path())
        .run_quietly()
}
