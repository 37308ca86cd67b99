//! Whether what was packed can be installed and removed where people do it.

use camino::Utf8Path;

use crate::engine::Engine;
use crate::folders::{cache, remove, workspace};
use crate::process::{Runner, command};
use crate::test::cargo_words;
use crate::{Error, debian};

/// Installs, uses and removes the package, which is on standard input; the commands are the operands. What is there afterwards
/// and was not before fails it, dpkg's own notes apart.
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

/// Installs and removes the package in a container of the demo's base.
pub(super) fn package(
    runner: &mut Runner,
    target: &Utf8Path,
    package: &Utf8Path,
    commands: &[String],
) -> Result<(), Error> {
    let engine = Engine::find_or_start(runner, target)?;
    let base = debian::base(runner, engine.program(), &cache(target), debian::TEST_IMAGE)?;
    eprintln!(
        "installing {} in {}",
        package.file_name().unwrap_or_default(),
        base.reference
    );
    let bytes = std::fs::read(package).map_err(Error::io(package))?;
    let words = [
        engine.program(),
        "run",
        "--rm",
        "-i",
        "--network=none",
        &base.reference,
        "sh",
        "-euc",
        SCRIPT,
        "check",
    ];
    let words = words.into_iter().chain(commands.iter().map(String::as_str));
    runner.run(&command(words).input(bytes))
}

/// Installs each command as people do who have nothing but Cargo.
pub(super) fn cargo_install(
    runner: &Runner,
    built: &Utf8Path,
    variables: &[(&'static str, String)],
    commands: &[String],
) -> Result<(), Error> {
    let root = built.join("installed");
    for name in commands {
        eprintln!("cargo install --path crates/{name}");
        let path = workspace().join("crates").join(name);
        let words = [
            "install",
            "--quiet",
            "--locked",
            "--path",
            path.as_str(),
            "--root",
            root.as_str(),
        ];
        // What is built already need not be built again.
        let words =
            words
                .into_iter()
                .chain(["--no-track", "--force", "--target-dir", built.as_str()]);
        let install = cargo_words(words.map(str::to_owned));
        runner.run(&install.variables(variables))?;
        let version = runner.read(&command([
            root.join("bin").join(name).as_str(),
            "--version",
        ]))?;
        if !version.starts_with(&format!("{name} {}", super::VERSION)) {
            return Err(Error::Wrong(format!("{name} --version says `{version}`")));
        }
    }
    remove(&root)
}
