//! Paths that are safe to open, write and delete: they stay in the registry's folder.

use std::fs;
use std::io;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use rustix::io::Errno;

use crate::ways::Ways;
use crate::{Error, work};

/// A validated `file:`: inside the registry's folder, behind no link that leads out, and neither the registry nor
/// imgpipe's own file. This was true when it was made. If another user may have placed a link since, validate it again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StorePath {
    root: Utf8PathBuf,
    relative: Utf8PathBuf,
}

impl StorePath {
    pub(crate) fn new(
        root: &Utf8Path,
        registry: &Utf8Path,
        file: &Utf8Path,
        ways: &Ways,
    ) -> Result<Self, Error> {
        let refuse = |rule: &str| Error::Path {
            path: file.to_owned(),
            rule: rule.to_owned(),
        };
        let relative = lexical(file).map_err(refuse)?;
        if work::is_own(&relative) {
            return Err(refuse("is in imgpipe's internal folder"));
        }
        if registry.file_name() == Some(relative.as_str()) {
            return Err(refuse("is the registry itself"));
        }
        let path = Self {
            root: root.to_owned(),
            relative,
        };
        path.check_links(registry, ways, &refuse)?;
        Ok(path)
    }

    /// Relative to the registry's folder, as `file:` has it.
    pub fn as_path(&self) -> &Utf8Path {
        &self.relative
    }

    /// The path to open.
    pub fn absolute(&self) -> Utf8PathBuf {
        self.root.join(&self.relative)
    }

    /// Follows every existing component. A missing one cannot be a link.
    fn check_links(
        &self,
        registry: &Utf8Path,
        ways: &Ways,
        refuse: &dyn Fn(&str) -> Error,
    ) -> Result<(), Error> {
        let Some(root) = ways.folder(&self.root)? else {
            return Ok(());
        };
        // It may or may not be a folder; it is looked up repeatedly.
        let registry = ways.folder(registry)?;
        let mut path = self.root.clone();
        let mut components = self.relative.components().peekable();
        while let Some(component) = components.next() {
            path.push(component);
            let real = match components.peek() {
                Some(_) => ways.folder(&path)?,
                None => ways.real(&path)?,
            };
            match real {
                Some(real) if !real.starts_with(&root) => {
                    return Err(refuse(
                        "leads out of the registry's folder through a symbolic link",
                    ));
                }
                Some(real) if real.strip_prefix(&root).is_ok_and(work::is_own) => {
                    return Err(refuse("leads into imgpipe's internal folder"));
                }
                Some(real) if Some(&real) == registry.as_ref() => {
                    return Err(refuse("leads to the registry itself"));
                }
                Some(_) => {}
                None if path.is_symlink() => return Err(refuse("is a dangling symbolic link")),
                None => break,
            }
        }
        Ok(())
    }
}

/// The rules that need no file system.
fn lexical(file: &Utf8Path) -> Result<Utf8PathBuf, &'static str> {
    if file.as_str().is_empty() {
        return Err("is empty");
    }
    if file.as_str().contains(naming::steers) {
        return Err("holds a control character");
    }
    if file.as_str().ends_with('/') {
        return Err("names a folder, not a file");
    }
    let mut relative = Utf8PathBuf::new();
    for component in file.components() {
        match component {
            Utf8Component::Normal(name) => relative.push(name),
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => return Err("holds `..`"),
            Utf8Component::RootDir | Utf8Component::Prefix(_) => return Err("is absolute"),
        }
    }
    match relative.as_str() {
        "" => Err("names a folder, not a file"),
        _ => Ok(relative),
    }
}

/// The real path; `None` if it does not exist.
pub(crate) fn real(path: &Utf8Path) -> Result<Option<Utf8PathBuf>, Error> {
    found(path, path.canonicalize_utf8())
}

/// The metadata of a path without following a link; `None` if it does not exist.
pub(crate) fn named(path: &Utf8Path) -> Result<Option<fs::Metadata>, Error> {
    found(path, fs::symlink_metadata(path))
}

fn found<T>(path: &Utf8Path, found: io::Result<T>) -> Result<Option<T>, Error> {
    match found {
        Ok(found) => Ok(Some(found)),
        // A cycle of links leads nowhere.
        Err(error) if Errno::from_io_error(&error) == Some(Errno::LOOP) => Ok(None),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
            _ => Err(Error::io("follow", path)(error)),
        },
    }
}

/// The relative path from one absolute folder to a path. Neither contains links or dots.
pub(crate) fn way(from: &Utf8Path, to: &Utf8Path) -> Utf8PathBuf {
    let shared = (from.components().zip(to.components()))
        .take_while(|(a, b)| a == b)
        .count();
    let up = from
        .components()
        .skip(shared)
        .map(|_| Utf8Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}
