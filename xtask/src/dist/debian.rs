//! The Debian package.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use flate2::{Compression, GzBuilder};

use super::{DOC, VERSION};
use crate::Error;
use crate::files::{copy, files, write};
use crate::folders::workspace;
use crate::process::{Runner, command};
use crate::staged::Staged;

/// Where Debian has zsh's functions of packages.
const ZSH: (&str, &str) = ("share/zsh/site-functions", "share/zsh/vendor-completions");
/// Programs that are used where they are there.
const SUGGESTS: &str = "docker.io | podman, skopeo";

/// Packs what is staged into a package in `folder`.
pub(super) fn package(
    runner: &Runner,
    staged: &Staged,
    folder: &Utf8Path,
    time: u64,
) -> Result<Utf8PathBuf, Error> {
    let root = folder.join("package");
    let usr = root.join("usr");
    for path in files(&staged.folder)? {
        let from = staged.folder.join(&path);
        let to = match path.strip_prefix(ZSH.0) {
            Ok(name) => Utf8Path::new(ZSH.1).join(name),
            Err(_) => path.clone(),
        };
        let name = path.file_name().unwrap_or_default();
        // Man pages and what is new are compressed, says Debian's policy, and one file tells all licences.
        if path.starts_with("share/man") || name == "CHANGELOG.md" {
            let to = Utf8PathBuf::from(format!(
                "{}.gz",
                to.as_str().replace("CHANGELOG.md", "NEWS")
            ));
            write(&usr.join(to), gzip(&from)?)?;
        } else if !name.starts_with("LICENSE-") {
            copy(&from, &usr.join(to), path.starts_with("bin"))?;
        }
    }
    write(&usr.join(DOC).join("copyright"), copyright()?)?;
    let architecture = runner.read(&command(["dpkg", "--print-architecture"]))?;
    let control = control(
        &architecture,
        &depends(runner, staged, folder)?,
        size(&usr)?,
    );
    write(&root.join("DEBIAN/control"), control)?;
    let sums = "find usr -type f | LC_ALL=C sort | xargs -d '\\n' md5sum > DEBIAN/md5sums";
    runner.run(&command(["sh", "-c", sums]).folder(&root))?;
    modes(&root)?;
    let package = folder.join(format!("imgpipe_{VERSION}_{architecture}.deb"));
    let words = [
        "dpkg-deb",
        "--root-owner-group",
        "--build",
        root.as_str(),
        package.as_str(),
    ];
    // However many processors there are: xz cuts what it compresses into pieces for several.
    let build = command(words)
        .variable("SOURCE_DATE_EPOCH", time.to_string())
        .variable("DPKG_DEB_THREADS_MAX", "1");
    runner.run_quietly(&build)?;
    Ok(package)
}

/// Gives folders and files the modes that they have on every machine, whatever this one's umask says.
fn modes(root: &Utf8Path) -> Result<(), Error> {
    let set = |path: &Utf8Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(Error::io(path))
    };
    for path in files(root)? {
        let is_program = path.starts_with("usr/bin");
        set(&root.join(&path), if is_program { 0o755 } else { 0o644 })?;
        for folder in path.ancestors().skip(1) {
            set(&root.join(folder), 0o755)?;
        }
    }
    Ok(())
}

fn control(architecture: &str, depends: &str, kilobytes: u64) -> String {
    format!(
        "\
Package: imgpipe
Version: {VERSION}
Architecture: {architecture}
Maintainer: the imgpipe authors <imgpipe@localhost>
Installed-Size: {kilobytes}
Depends: {depends}
Suggests: {SUGGESTS}
Section: utils
Priority: optional
Description: container images as plain files for CI, moved by Unix pipes
 Small commands keep images as tar archives beside a YAML registry, build what
 is missing, and load what is needed: offline, with no remote registry, no rate
 limits, and no rebuild when nothing changed.
"
    )
}

/// The libraries that the programs need, as dpkg finds them.
fn depends(runner: &Runner, staged: &Staged, folder: &Utf8Path) -> Result<String, Error> {
    // It wants to be in the folder of a source package.
    let source = folder.join("source");
    write(
        &source.join("debian/control"),
        "Source: imgpipe\n\nPackage: imgpipe\nArchitecture: any\n",
    )?;
    let programs = staged
        .commands
        .iter()
        .map(|name| staged.folder.join("bin").join(name));
    let words = ["dpkg-shlibdeps".to_owned(), "-O".to_owned()].into_iter();
    let words = words.chain(programs.map(|program| format!("-e{program}")));
    let told = runner.read_all(&command(words).folder(&source))?;
    let depends = told
        .lines()
        .find_map(|line| line.strip_prefix("shlibs:Depends="));
    depends
        .map(str::to_owned)
        .ok_or_else(|| Error::Wrong(format!("dpkg-shlibdeps said `{told}`")))
}

/// In kibibytes, rounded up for each file as file systems do.
fn size(usr: &Utf8Path) -> Result<u64, Error> {
    let mut size = 0;
    for path in files(usr)? {
        let path = usr.join(path);
        size += path
            .metadata()
            .map_err(Error::io(&path))?
            .len()
            .div_ceil(4096)
            * 4;
    }
    Ok(size)
}

fn gzip(path: &Utf8Path) -> Result<Vec<u8>, Error> {
    let bytes = fs::read(path).map_err(Error::io(path))?;
    let mut gzip = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::best());
    let written = gzip.write_all(&bytes).and_then(|()| gzip.finish());
    written.map_err(Error::io(path))
}

/// Debian's machine-readable form; the Apache licence is on every Debian.
fn copyright() -> Result<String, Error> {
    let path = workspace().join("LICENSE-MIT");
    let mit = fs::read_to_string(&path).map_err(Error::io(&path))?;
    let line = |line: &str| {
        if line.is_empty() {
            " .".to_owned()
        } else {
            format!(" {line}")
        }
    };
    let text: Vec<String> = mit.trim().lines().map(line).collect();
    let holder = mit
        .lines()
        .find_map(|line| line.strip_prefix("Copyright (c) "));
    let holder = holder.ok_or_else(|| Error::Wrong(format!("{path} names no copyright")))?;
    Ok(format!(
        "\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: imgpipe

Files: *
Copyright: {holder}
License: Apache-2.0 or Expat

License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.

License: Expat
{}
",
        text.join("\n")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_those_of_a_package() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        for path in ["usr/bin/imgload", "usr/share/man/man1/imgload.1.gz"] {
            write(&root.join(path), "").unwrap();
        }
        for path in ["usr/share", "usr/bin/imgload"] {
            fs::set_permissions(root.join(path), fs::Permissions::from_mode(0o700)).unwrap();
        }
        modes(root).unwrap();
        for (path, mode) in [
            ("", 0o755),
            ("usr/share", 0o755),
            ("usr/bin/imgload", 0o755),
            ("usr/share/man/man1/imgload.1.gz", 0o644),
        ] {
            let found = root.join(path).metadata().unwrap().permissions().mode();
            assert_eq!(found & 0o777, mode, "{path}");
        }
    }

    #[test]
    fn the_package_says_what_it_needs_and_whose_it_is() {
        let control = control("amd64", "libc6 (>= 2.34)", 7);
        for line in [
            "Depends: libc6 (>= 2.34)",
            "Suggests: docker.io | podman, skopeo",
            "Installed-Size: 7",
        ] {
            assert!(control.lines().any(|told| told == line), "{control}");
        }
        let copyright = copyright().unwrap();
        assert!(
            copyright.contains("Copyright: 20") && copyright.contains("\n .\n"),
            "{copyright}"
        );
    }
}
