//! Installs the commands below a prefix, and removes them again.
//!
//! A list of the installed files is kept with them, so that another version can remove them too.

use std::fs;
use std::io::ErrorKind;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::cmd::variable;
use crate::files::{copy, files, stage};
use crate::folders::create;
use crate::packages::is_root;

/// The list, below the prefix: a path a line, files before the folders that were created for them, which end with `/`.
const LIST: &str = "share/imgpipe/installed";

/// The flags of `cargo xtask install`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Install programs into DIR/bin, and the rest below DIR/share
    ///
    /// Default: /usr/local for root, else ~/.local.
    #[arg(long, value_name = "DIR")]
    prefix: Option<Utf8PathBuf>,

    /// Remove the installed files, and nothing else
    #[arg(long)]
    uninstall: bool,
}

pub(crate) fn run(target: &Utf8Path, options: &Args) -> Result<(), Error> {
    let prefix = match (&options.prefix, variable("HOME")) {
        (Some(prefix), _) => prefix.clone(),
        (None, _) if is_root() => "/usr/local".into(),
        (None, Some(home)) => Utf8Path::new(&home).join(".local"),
        (None, None) => {
            let what = "HOME is not set, so there is no ~/.local";
            return Err(Error::missing(what, "give --prefix DIR"));
        }
    };
    let prefix = &prefix;
    if options.uninstall {
        let removed = uninstall(prefix)?;
        eprintln!("removed {removed} files from {prefix}");
        return Ok(());
    }
    let staged = target.join("install");
    let commands = stage(target, &[], &staged)?;
    install(&staged, prefix)?;
    eprintln!("installed {} below {prefix}", commands.join(", "));
    let bin = prefix.join("bin");
    let path = variable("PATH").unwrap_or_default();
    if !path.split(':').any(|folder| folder == bin) {
        eprintln!("hint: {bin} is not in PATH");
    }
    Ok(())
}

/// Copies all files below `from`, and removes those of an earlier version that this one does not have.
fn install(from: &Utf8Path, prefix: &Utf8Path) -> Result<(), Error> {
    let new = files(from)?;
    let old = list(prefix)?.unwrap_or_default();
    let (old_folders, old): (Vec<_>, _) = old.into_iter().partition(is_folder);
    let parents = new.iter().flat_map(|path| path.ancestors().skip(1));
    let parents = parents.chain(Utf8Path::new(LIST).ancestors().skip(1));
    let missing =
        parents.filter(|folder| !folder.as_str().is_empty() && !prefix.join(folder).exists());
    let missing = missing.map(|folder| format!("{folder}/").into());
    let mut folders: Vec<Utf8PathBuf> = missing.chain(old_folders).collect();
    // The deepest first: each is empty when its turn comes.
    folders.sort_by(|one, other| other.cmp(one));
    folders.dedup();
    // Before the first file, so that an interrupted installation can be removed.
    let path = prefix.join(LIST);
    create(path.parent().unwrap_or(prefix))?;
    let lines = new.iter().chain(&folders).map(|path| format!("{path}\n"));
    fs::write(&path, lines.collect::<String>()).map_err(Error::io(path))?;
    for path in &new {
        copy(
            &from.join(path),
            &prefix.join(path),
            path.starts_with("bin"),
        )?;
    }
    let mut stale = old.iter().filter(|path| !new.contains(path));
    stale.try_for_each(|path| remove_file(&prefix.join(path)).map(drop))
}

/// Removes the files in the list, and returns how many there were.
fn uninstall(prefix: &Utf8Path) -> Result<usize, Error> {
    let Some(list) = list(prefix)? else {
        let what = format!("nothing is installed below {prefix}");
        return Err(Error::missing(
            what,
            "give the --prefix of the installation",
        ));
    };
    let (folders, files): (Vec<_>, Vec<_>) = list.into_iter().partition(is_folder);
    let mut removed = 0;
    for path in files {
        removed += usize::from(remove_file(&prefix.join(path))?);
    }
    remove_file(&prefix.join(LIST))?;
    for path in folders.iter().map(|folder| prefix.join(folder)) {
        match fs::remove_dir(&path).map_err(|error| (error.kind(), error)) {
            // With files of others in it, it stays.
            Ok(()) | Err((ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty, _)) => {}
            Err((_, error)) => return Err(Error::io(path)(error)),
        }
    }
    Ok(removed)
}

fn is_folder(path: &Utf8PathBuf) -> bool {
    path.as_str().ends_with('/')
}

/// The list, if something is installed.
fn list(prefix: &Utf8Path) -> Result<Option<Vec<Utf8PathBuf>>, Error> {
    let file = prefix.join(LIST);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(file)(error)),
    };
    let list: Vec<Utf8PathBuf> = text.lines().map(Utf8PathBuf::from).collect();
    let is_name = |part| matches!(part, Utf8Component::Normal(_));
    match list.iter().find(|path| !path.components().all(is_name)) {
        Some(path) => {
            let what = format!("{file}: `{path}` leads out of {prefix}");
            Err(Error::Wrong(what))
        }
        None => Ok(Some(list)),
    }
}

/// Removes a file, and returns whether it existed.
fn remove_file(path: &Utf8Path) -> Result<bool, Error> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io(path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Utf8Path, text: &str) {
        create(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn tree(root: &Utf8Path, paths: &[&str]) -> Utf8PathBuf {
        for path in paths {
            write(&root.join(path), path);
        }
        root.to_owned()
    }

    #[test]
    fn removes_what_it_installed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let from = tree(
            &root.join("from"),
            &["bin/imgload", "share/man/man1/imgload.1"],
        );
        let prefix = tree(&root.join("prefix"), &["bin/other"]);
        install(&from, &prefix).unwrap();
        install(&from, &prefix).unwrap();
        assert_eq!(
            files(&prefix).unwrap(),
            ["bin/imgload", "bin/other", LIST, "share/man/man1/imgload.1"]
        );
        let mode = fs::metadata(prefix.join("bin/imgload"))
            .unwrap()
            .permissions();
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777,
            0o755
        );
        assert_eq!(uninstall(&prefix).unwrap(), 2);
        assert_eq!(files(&prefix).unwrap(), ["bin/other"]);
        assert!(!prefix.join("share").exists());
        assert!(matches!(uninstall(&prefix), Err(Error::Missing(..))));
    }

    #[test]
    fn a_new_version_leaves_nothing_of_the_old() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let prefix = root.join("prefix");
        install(&tree(&root.join("1"), &["bin/old", "bin/imgload"]), &prefix).unwrap();
        install(&tree(&root.join("2"), &["bin/imgload"]), &prefix).unwrap();
        assert_eq!(files(&prefix).unwrap(), ["bin/imgload", LIST]);
        write(&prefix.join("bin/mine"), "");
        uninstall(&prefix).unwrap();
        assert_eq!(files(&prefix).unwrap(), ["bin/mine"]);
    }

    #[test]
    fn a_list_that_leads_out_removes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        tree(root, &["precious", "prefix/bin/imgload"]);
        for line in ["../precious", "/etc/passwd", "bin/../../precious"] {
            let list = root.join("prefix").join(LIST);
            write(&list, &format!("bin/imgload\n{line}\n"));
            assert!(uninstall(&root.join("prefix")).is_err(), "{line}");
        }
        assert!(root.join("precious").exists() && root.join("prefix/bin/imgload").exists());
    }
}
