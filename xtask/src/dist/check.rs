//! Checks that the files are reproducible, and that the package can be installed and removed.

use std::fs;

use camino::Utf8Path;

use super::SUMS;
use crate::cmd::{cargo, cmd};
use crate::engine::Engine;
use crate::folders::{cache, remove, workspace};
use crate::{Error, debian};

/// Installs, uses and removes the package on standard input; the commands are the arguments. It fails if a file stays that was
/// not there before, apart from dpkg's own.
const SCRIPT: &str = r#"
cat >/tmp/imgpipe.deb
files() {
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /var/lib/dpkg -o -path /var/log \
        -o -path /var/cache \) -prune -o -print | LC_ALL=C sort
}
files >/tmp/before
dpkg --install /tmp/imgpipe.deb >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
files >/tmp/installed
for name; do
    "$name" --version
    for file in "/usr/share/man/man1/$name.1.gz" "/usr/share/bash-completion/completions/$name"; do
        dpkg --listfiles imgpipe | grep -qxF "$file" || { echo "$file is not in the package"; exit 1; }
    done
done
(cd / && md5sum --quiet --check /var/lib/dpkg/info/imgpipe.md5sums)
echo "$(($(wc -l </tmp/installed) - $(wc -l </tmp/before))) files and folders installed"
dpkg --purge imgpipe >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
files >/tmp/after
diff /tmp/before /tmp/after || { echo "the package leaves something"; exit 1; }
if ls /var/lib/dpkg/info/imgpipe.* 2>/dev/null; then exit 1; fi
echo "nothing is left"
"#;

/// Makes everything again from a clone in another folder, with its own target folder, and compares the checksums.
pub(super) fn reproduce(target: &Utf8Path) -> Result<(), Error> {
    let changed = cmd("git status --porcelain").folder(workspace()).read()?;
    if !changed.is_empty() {
        return Err(Error::Missing {
            what: format!("a clone lacks what is not committed:\n{changed}"),
            hint: "commit it first".into(),
        });
    }
    let folder = target.join("dist-again");
    remove(&folder)?;
    // The path has another length, and spaces.
    let clone = folder.join("a clone somewhere else");
    let git = cmd("git clone --quiet --shared").args([workspace(), &clone]);
    git.run_quietly()?;
    eprintln!("making everything again in {clone}");
    let own = clone.join("target");
    let again = cargo("run --quiet --locked --package xtask -- dist").folder(&clone);
    // The tools need not be built again.
    let path = format!("{target}/tools/bin:{}", crate::packages::system_path());
    again
        .variable("CARGO_TARGET_DIR", own.as_str())
        .variable("PATH", path)
        .run()?;
    let sums = |target: &Utf8Path| {
        let path = target.join("dist").join(SUMS);
        fs::read_to_string(&path).map_err(Error::io(path))
    };
    let (first, second) = (sums(target)?, sums(&own)?);
    if first != second {
        let what = format!("the files differ:\n{first}made again in {clone}:\n{second}");
        return Err(Error::Wrong(what));
    }
    eprintln!("the files are the same to the last byte");
    remove(&folder).map(drop)
}

/// Installs and removes the package in a container.
pub(super) fn install(target: &Utf8Path, commands: &[String]) -> Result<(), Error> {
    let engine = Engine::find_or_start(target)?;
    let base = debian::base(engine.program(), &cache(target), debian::TEST_IMAGE)?;
    let names = crate::files::files(&target.join("dist"))?;
    for package in names.iter().filter(|name| name.extension() == Some("deb")) {
        eprintln!("installing {package} in {base}");
        let path = target.join("dist").join(package);
        let bytes = fs::read(&path).map_err(Error::io(path))?;
        let run = engine
            .cmd("run --rm -i --network=none")
            .args([&base, "sh", "-euc", SCRIPT, "check"]);
        run.args(commands).input(bytes).run()?;
    }
    Ok(())
}
