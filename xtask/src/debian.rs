//! A real Debian 12 to build on.
//!
//! In this order: the one that the engine has; one made by `debootstrap` and kept as a tar in the cache folder,
//! where that is possible; one pulled.

use std::fs::File;

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::packages::{self, Program};
use crate::process::{Runner, command};

/// The names by which an engine may have it, and the one to pull.
const NAMES: [&str; 4] = [
    "debian:12-slim",
    "debian:bookworm-slim",
    "debian:12",
    "debian:bookworm",
];
/// What `debootstrap` calls it.
const SUITE: &str = "bookworm";
/// Debian's own entry to its mirrors.
const MIRROR: &str = "http://deb.debian.org/debian";
/// What checks the mirror's signatures, on Ubuntu too.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// What makes a base, and what keeps its mounts to itself meanwhile.
const PROGRAMS: [Program; 3] = [
    Program {
        name: "debootstrap",
        package: "debootstrap",
    },
    Program {
        name: "unshare",
        package: "util-linux",
    },
    Program {
        name: "tar",
        package: "tar",
    },
];
/// The package sources of the image: what an ordinary Debian 12 has.
const SOURCES: &str = "\
deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main
";

/// What the tests call the base that they share. It stays in the engine until `cargo xtask clean`.
pub const TEST_IMAGE: &str = "imgpipe-test-debian:12";

/// A Debian base in the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Its reference.
    pub reference: String,
    /// Whether it was put there by this call, so that whoever called removes it one day.
    pub made: bool,
}

/// Finds or makes a Debian 12 in the engine. One that has to be made is called `own`.
///
/// The cache folder may be shared by several processes: one makes the base, the others wait for it.
///
/// # Errors
/// Where there is none and it can be neither made nor pulled.
pub fn base(runner: &Runner, engine: &str, cache: &Utf8Path, own: &str) -> Result<Base, Error> {
    std::fs::create_dir_all(cache).map_err(Error::io(cache))?;
    let path = cache.join("debian-12.lock");
    let lock = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(Error::io(&path))?;
    lock.lock().map_err(Error::io(&path))?;

    for name in [own].into_iter().chain(NAMES) {
        if fits(runner, engine, name)? {
            return Ok(Base {
                reference: name.into(),
                made: false,
            });
        }
    }
    let tar = cache.join("debian-12.tar");
    if tar.is_file() || can_bootstrap(runner) {
        if !tar.is_file() {
            bootstrap(runner, &tar)?;
        }
        eprintln!("importing {tar} as {own}");
        runner.run_quietly(&command([
            engine,
            "import",
            "--change",
            "CMD [\"bash\"]",
            tar.as_str(),
            own,
        ]))?;
        return Ok(Base {
            reference: own.into(),
            made: true,
        });
    }
    let name = NAMES[0];
    eprintln!("pulling {name}");
    match runner.run_quietly(&command([engine, "pull", name])) {
        Ok(()) => Ok(Base {
            reference: name.into(),
            made: true,
        }),
        Err(Error::Failed { tail, .. }) => Err(Error::Missing {
            what: format!(
                "no Debian 12 in the engine, and `{name}` can't be pulled: {}",
                tail.unwrap_or_default()
            ),
            hint: format!(
                "as root on Debian or Ubuntu it is made by debootstrap; elsewhere bring it in with `{engine} pull {name}`"
            ),
        }),
        Err(other) => Err(other),
    }
}

/// Whether the engine has this image for the machine's own architecture.
fn fits(runner: &Runner, engine: &str, name: &str) -> Result<bool, Error> {
    let inspect = command([
        engine,
        "image",
        "inspect",
        "--format",
        "{{.Architecture}}",
        name,
    ]);
    let own = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    };
    match runner.read_all(&inspect) {
        Ok(architecture) => Ok(architecture == own),
        Err(Error::Failed { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

fn can_bootstrap(runner: &Runner) -> bool {
    packages::is_root() && packages::find(runner, "apt-get").is_some()
}

/// Makes the tar. In a mount and process namespace of its own: an interrupted `debootstrap` leaves `/proc` mounted in the folder.
fn bootstrap(runner: &Runner, tar: &Utf8Path) -> Result<(), Error> {
    let cache = tar.parent().unwrap_or(Utf8Path::new("."));
    let work = tempfile::Builder::new()
        .prefix("debootstrap-")
        .tempdir_in(cache)
        .map_err(Error::io(cache))?;
    let root = Utf8PathBuf::from_path_buf(work.path().join("root"))
        .map_err(|path| Error::Wrong(format!("the folder {} is not UTF-8", path.display())))?;

    system(runner, SUITE, &root)?;
    let sources = root.join("etc/apt/sources.list");
    std::fs::write(&sources, SOURCES).map_err(Error::io(&sources))?;
    pack(runner, &root, tar)
}

/// Makes a minimal Debian of a release in a folder.
pub(crate) fn system(runner: &Runner, suite: &str, root: &Utf8Path) -> Result<(), Error> {
    packages::ensure(runner, &PROGRAMS, &["debian-archive-keyring"])?;
    if !Utf8Path::new(KEYRING).is_file() {
        packages::install(runner, "debian-archive-keyring")?;
    }
    eprintln!(
        "making a Debian {suite} with debootstrap, from {MIRROR}; this takes a minute or two, once"
    );
    let keyring = format!("--keyring={KEYRING}");
    let words = [
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "debootstrap",
        "--variant=minbase",
        "--include=ca-certificates",
        &keyring,
        suite,
        root.as_str(),
        MIRROR,
    ];
    runner.run_quietly(&command(words).variable("PATH", packages::system_path(runner)))
}

fn pack(runner: &Runner, root: &Utf8Path, tar: &Utf8Path) -> Result<(), Error> {
    let partial = root.with_file_name("debian.tar");
    let words = [
        "tar",
        "--create",
        "--numeric-owner",
        "--xattrs",
        "--file",
        partial.as_str(),
        "--directory",
        root.as_str(),
        "--exclude=./var/cache/apt/archives/*.deb",
        "--exclude=./var/lib/apt/lists/*",
        "--exclude=./var/log/bootstrap.log",
        "--exclude=./dev/*",
        ".",
    ];
    runner.run_quietly(&command(words))?;
    std::fs::rename(&partial, tar).map_err(Error::io(tar))
}
