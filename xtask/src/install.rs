//! Installs the commands below a prefix, and removes them again.
//!
//! A list of what was installed is kept beside it: what is removed is what was installed, whatever this version would install.

use std::fs;
use std::io::ErrorKind;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::files::{copy, files, write};
use crate::packages::is_root;
use crate::process::Runner;
use crate::staged::stage;

/// The list, below the prefix: a path a line, files before the folders that were made for them.
const LIST: &str = "share/imgpipe/installed";

/// The flags of `cargo xtask install`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where to: programs go into DIR/bin, the rest below DIR/share
    ///
    /// Default: /usr/local for root, else ~/.local.
    #[arg(long, value_name = "DIR")]
    prefix: Option<Utf8PathBuf>,

    /// Remove what was installed there, and nothing else
    #[arg(long)]
    uninstall: bool,
}

pub(crate) fn run(runner: &Runner, target: &Utf8Path, options: &Options) -> Result<(), Error> {
    let prefix = match &options.prefix {
        Some(prefix) => absolute(prefix)?,
        None => usual(runner)?,
    };
    if options.uninstall {
        let removed = uninstall(&prefix)?;
        eprintln!("removed {removed} files from {prefix}");
        return Ok(());
    }
    let staged = stage(runner, target, &[], target.join("install"))?;
    install(&staged.folder, &prefix)?;
    eprintln!("installed {} below {prefix}", staged.commands.join(", "));
    let bin = prefix.join("bin");
    let path = runner.variable("PATH").unwrap_or_default();
    if !path.split(':').any(|folder| folder == bin) {
        eprintln!("hint: {bin} is not in PATH");
    }
    Ok(())
}

fn usual(runner: &Runner) -> Result<Utf8PathBuf, Error> {
    if is_root() {
        return Ok("/usr/local".into());
    }
    let home = runner.variable("HOME").filter(|home| home.starts_with('/'));
    let home = home.ok_or_else(|| Error::Missing {
        what: "HOME is not set, so there is no ~/.local".into(),
        hint: "give --prefix DIR".into(),
    })?;
    Ok(Utf8Path::new(&home).join(".local"))
}

fn absolute(path: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    let absolute = std::path::absolute(path).map_err(Error::io(path))?;
    Utf8PathBuf::try_from(absolute).map_err(|error| Error::Wrong(error.to_string()))
}

/// Copies all that is below `from`. What an earlier version had and this one has not is removed.
fn install(from: &Utf8Path, prefix: &Utf8Path) -> Result<(), Error> {
    let new = files(from)?;
    let old = list(prefix)?.unwrap_or_default();
    let mut made: Vec<Utf8PathBuf> = old.iter().filter(|path| is_folder(path)).cloned().collect();
    for path in new
        .iter()
        .map(Utf8PathBuf::as_path)
        .chain([Utf8Path::new(LIST)])
    {
        for folder in path.ancestors().skip(1) {
            let listed = Utf8PathBuf::from(format!("{folder}/"));
            if !folder.as_str().is_empty()
                && !prefix.join(folder).exists()
                && !made.contains(&listed)
            {
                made.push(listed);
            }
        }
    }
    // The deepest first: each is empty when its turn comes.
    made.sort_by(|a, b| b.cmp(a));
    // Before the first file, so that an installation that was cut off can be removed.
    let listed = new.iter().chain(&made).map(|path| format!("{path}\n"));
    write(&prefix.join(LIST), listed.collect::<String>())?;
    for path in &new {
        let is_program = path.starts_with("bin");
        copy(&from.join(path), &prefix.join(path), is_program)?;
    }
    for path in old
        .iter()
        .filter(|path| !is_folder(path) && !new.contains(path))
    {
        remove_file(&prefix.join(path))?;
    }
    Ok(())
}

/// Removes what the list names, and says how many files that were.
fn uninstall(prefix: &Utf8Path) -> Result<usize, Error> {
    let list = list(prefix)?.ok_or_else(|| Error::Missing {
        what: format!("nothing is installed below {prefix}"),
        hint: "give the --prefix that it was installed with".into(),
    })?;
    let mut removed = 0;
    for path in list.iter().filter(|path| !is_folder(path)) {
        removed += usize::from(remove_file(&prefix.join(path))?);
    }
    remove_file(&prefix.join(LIST))?;
    for path in list.iter().filter(|path| is_folder(path)) {
        // Whatever somebody else put there stays, and so does the folder.
        match fs::remove_dir(prefix.join(path)) {
            Err(source)
                if !matches!(
                    source.kind(),
                    ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty
                ) =>
            {
                return Err(Error::io(prefix.join(path))(source));
            }
            _ => {}
        }
    }
    Ok(removed)
}

fn is_folder(path: &Utf8PathBuf) -> bool {
    path.as_str().ends_with('/')
}

/// The list of what is installed, if anything is.
fn list(prefix: &Utf8Path) -> Result<Option<Vec<Utf8PathBuf>>, Error> {
    let file = prefix.join(LIST);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(source) if source.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::io(file)(source)),
    };
    let list: Vec<Utf8PathBuf> = text.lines().map(Utf8PathBuf::from).collect();
    let leads_out = |path: &&Utf8PathBuf| {
        let is_name = |part| matches!(part, Utf8Component::Normal(_));
        !path.components().all(is_name)
    };
    match list.iter().find(leads_out) {
        Some(path) => Err(Error::Wrong(format!(
            "{file}: `{path}` leads out of {prefix}"
        ))),
        None => Ok(Some(list)),
    }
}

/// Whether there was a file to remove.
fn remove_file(path: &Utf8Path) -> Result<bool, Error> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(source) if source.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Error::io(path)(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(root: &Utf8Path, paths: &[&str]) -> Utf8PathBuf {
        for path in paths {
            write(&root.join(path), path).unwrap();
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
        assert!(matches!(uninstall(&prefix), Err(Error::Missing { .. })));
    }

    #[test]
    fn a_new_version_leaves_nothing_of_the_old() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let prefix = root.join("prefix");
        install(&tree(&root.join("1"), &["bin/old", "bin/imgload"]), &prefix).unwrap();
        install(&tree(&root.join("2"), &["bin/imgload"]), &prefix).unwrap();
        assert_eq!(files(&prefix).unwrap(), ["bin/imgload", LIST]);
        write(&prefix.join("bin/mine"), "").unwrap();
        uninstall(&prefix).unwrap();
        assert_eq!(files(&prefix).unwrap(), ["bin/mine"]);
    }

    #[test]
    fn a_list_that_leads_out_removes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        tree(root, &["precious", "prefix/bin/imgload"]);
        for line in ["../precious", "/etc/passwd", "bin/../../precious"] {
            write(
                &root.join("prefix").join(LIST),
                format!("bin/imgload\n{line}\n"),
            )
            .unwrap();
            assert!(uninstall(&root.join("prefix")).is_err(), "{line}");
        }
        assert!(root.join("precious").exists() && root.join("prefix/bin/imgload").exists());
    }
}
