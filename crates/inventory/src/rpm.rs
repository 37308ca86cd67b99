//! rpm's package database: a SQLite file whose table `Packages` has one header a package.
//!
//! rpm 4.16 and newer write it, at `usr/lib/sysimage/rpm` (Fedora 36 and newer, SUSE) or `var/lib/rpm`. The Berkeley DB
//! and ndb files of older systems are recognised by their names, and are an error of their own: an empty list would
//! mean that nothing is installed.

mod database;
mod header;

use crate::Result;
use crate::error::Error;
use crate::files::Files;
use crate::packages::Packages;

pub(crate) const FOLDERS: [&str; 2] = ["usr/lib/sysimage/rpm", "var/lib/rpm"];

/// Files of older formats of rpm.
const OLD: [(&str, &str); 2] = [("Packages", "Berkeley DB"), ("Packages.db", "ndb")];

/// The largest accepted database, in bytes. A full build image's has 100 MB.
const MAX_DATABASE: u64 = 512 * 1024 * 1024;

/// A package without files that represents a trusted key of rpm.
const KEY: &str = "gpg-pubkey";

pub(crate) fn read(files: &dyn Files) -> Result<Packages> {
    for folder in FOLDERS {
        let path = format!("{folder}/rpmdb.sqlite");
        let Some(bytes) = files.read(&path, MAX_DATABASE)? else {
            continue;
        };
        // The last transaction's data that no checkpoint has moved into the file yet.
        let log = files.read(&format!("{path}-wal"), MAX_DATABASE)?;
        return packages(&path, &bytes, log.as_deref());
    }
    for folder in FOLDERS {
        for (name, format) in OLD {
            let path = format!("{folder}/{name}");
            if files.exists(&path) {
                return Err(Error::OldRpmDatabase { path, format });
            }
        }
    }
    Ok(Packages::default())
}

fn packages(path: &str, bytes: &[u8], log: Option<&[u8]>) -> Result<Packages> {
    let damaged = |reason: String| Error::RpmDatabase {
        path: path.to_owned(),
        reason,
    };
    let mut packages = Packages::default();
    let mut broken = None;
    let read = database::for_each_header(bytes, log, |blob| match header::parse(blob) {
        Ok(header) => {
            if header.name != KEY {
                packages.insert(header.name, &header.full_version());
                packages.provide(header.provides);
            }
            true
        }
        Err(reason) => {
            broken = Some(reason);
            false
        }
    });
    match (read, broken) {
        (Err(database::Failure::Damaged(reason)), _) => Err(damaged(reason)),
        (Err(database::Failure::Temporary { path, source }), _) => {
            Err(Error::Temporary { path, source })
        }
        (Ok(()), Some(reason)) => Err(damaged(reason.to_owned())),
        (Ok(()), None) => Ok(packages),
    }
}

#[cfg(test)]
mod tests;
