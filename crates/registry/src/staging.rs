//! The folders of temporary archives: on the mount of the final path.
//!
//! A rename cannot cross mounts, not even of one file system (rename(2), `EXDEV`). An archive is written to
//! `images/.imgpipe/unfinished/`. If its final path is on another mount, it is written to `.imgpipe/unfinished/` in the
//! nearest existing folder above that path.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{AtFlags, CWD, StatxFlags};

use crate::{Error, Store, StorePath, work};

/// The folder's name.
pub(crate) const FOLDER: &str = "unfinished";

/// The folder for an archive with this final path, if known. Creates it if necessary.
pub(crate) fn folder(store: &Store, target: Option<&StorePath>) -> Result<Utf8PathBuf, Error> {
    let root = store.root();
    let own = work::subfolder(root, FOLDER)?;
    let Some(target) = target else {
        return Ok(own);
    };
    let mut above = target.as_path().ancestors().skip(1);
    let nearest = above.find(|folder| root.join(folder).is_dir());
    let nearest = nearest.unwrap_or(Utf8Path::new(""));
    if mount(&own)? == mount(&root.join(nearest))? {
        return Ok(own);
    }
    work::subfolder_at(root, &nearest.join(work::NAME), FOLDER)
}

/// Identifies the mount of a folder: its ID (statx(2), since Linux 5.8), or else the file system.
fn mount(folder: &Utf8Path) -> Result<u64, Error> {
    let found = rustix::fs::statx(
        CWD,
        folder.as_std_path(),
        AtFlags::empty(),
        StatxFlags::MNT_ID,
    );
    match found {
        Ok(found) if found.stx_mask & StatxFlags::MNT_ID.bits() != 0 => Ok(found.stx_mnt_id),
        _ => {
            let device = |it: fs::Metadata| it.dev();
            let found: io::Result<_> = fs::metadata(folder).map(device);
            found.map_err(Error::io("open", folder))
        }
    }
}
