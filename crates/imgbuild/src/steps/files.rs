//! The files that a step depends on, found by patterns and identified by their contents.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use camino::Utf8Path;
use naming::Digest;
use sha2::{Digest as _, Sha256};

use crate::context::{BuildContext, ContextEntry, EntryKind, Ignore};
use crate::error::{Error, Result};

/// imgpipe's own files below a folder, which are no input of a build.
pub(crate) type IsOwn<'a> = dyn Fn(&Path, bool) -> bool + 'a;

/// The files below a folder that match patterns, without those excluded by its `.dockerignore`.
pub(crate) fn find(folder: &Utf8Path, patterns: &[String], is_own: &IsOwn) -> Result<BuildContext> {
    let wanted = Ignore::of_patterns(patterns)?;
    let ignore = Ignore::of_folder(folder)?;
    // Folders are entered in any case.
    let left_out = |path: &Path, is_folder: bool| {
        is_own(path, is_folder) || !wanted.excludes(path.as_os_str().as_bytes())
    };
    let found = BuildContext::read(folder, &ignore, &left_out)?;
    if found
        .entries
        .iter()
        .all(|entry| entry.kind == EntryKind::Folder)
    {
        let patterns = patterns.join(", ");
        return Err(Error::NoFiles {
            patterns,
            folder: folder.to_owned(),
        });
    }
    Ok(found)
}

/// The digest of the files' paths and contents, without permissions and empty folders.
pub(crate) fn contents(files: &BuildContext) -> Digest {
    digest(&files.entries, false)
}

/// The digest of the files as `COPY` sees them, with permissions and folders.
pub(crate) fn copied(files: &BuildContext) -> Digest {
    digest(&files.entries, true)
}

fn digest(entries: &[ContextEntry], modes: bool) -> Digest {
    let mut hash = Sha256::new();
    for entry in entries {
        let content: &[u8] = match &entry.kind {
            EntryKind::File(digest) => digest.as_bytes(),
            EntryKind::Link(target) => target,
            EntryKind::Folder if modes => b"folder",
            EntryKind::Special if modes => b"special",
            EntryKind::Folder | EntryKind::Special => continue,
        };
        let mode = if modes { entry.mode } else { 0 };
        for part in [&entry.path[..], content] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.update(mode.to_be_bytes());
    }
    Digest::from_bytes(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn only_the_content_of_what_is_named_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
        fs::create_dir_all(root.join("src/deep")).expect("folders");
        for file in [
            "a.lock",
            "b.lock",
            "src/deep/x.c",
            "src/skipped",
            "own.lock",
        ] {
            fs::write(root.join(file), file).expect("a file");
        }
        fs::write(root.join(".dockerignore"), "src/skipped\n").expect("a file");
        let is_own = |path: &Path, _: bool| path == Path::new("own.lock");
        let find = |patterns: &[&str]| {
            let patterns: Vec<_> = patterns.iter().map(|text| (*text).to_owned()).collect();
            find(root, &patterns, &is_own)
        };
        let paths = |patterns: &[&str]| {
            let found = find(patterns).expect("files").entries.into_iter();
            let files = found.filter(|entry| entry.kind != EntryKind::Folder);
            let paths = files.map(|entry| String::from_utf8_lossy(&entry.path).into_owned());
            paths.collect::<Vec<_>>()
        };
        assert_eq!(paths(&["*.lock"]), ["a.lock", "b.lock"]);
        assert_eq!(paths(&["*.lock", "!b.lock"]), ["a.lock"]);
        assert_eq!(paths(&["src"]), ["src/deep/x.c"]);
        assert_eq!(paths(&["**/*.c", "./a.lock"]), ["a.lock", "src/deep/x.c"]);
        assert_eq!(paths(&["."]).len(), 4);
        for nothing in ["*.none", "src/skipped", "own.lock", "../a.lock"] {
            assert!(find(&[nothing]).is_err(), "{nothing}");
        }
        assert!(find(&["["]).is_err());

        let both = || {
            let found = find(&["src"]).expect("files");
            (contents(&found), copied(&found))
        };
        let before = both();
        fs::set_permissions(root.join("src/deep/x.c"), fs::Permissions::from_mode(0o600))
            .expect("permissions");
        let after = both();
        assert_eq!(before.0, after.0);
        assert_ne!(before.1, after.1);
        fs::write(root.join("src/deep/x.c"), "changed").expect("a file");
        assert_ne!(both().0, before.0);
    }
}
