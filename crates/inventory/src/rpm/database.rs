//! The SQLite side of rpm's database.
//!
//! SQLite opens files, and a database in write-ahead mode together with its log. So both are written to a temporary
//! folder of this process. (SQLite can read a database from memory, but not in write-ahead mode, which rpm uses.) The
//! file comes from an untrusted image. It is opened read-only, its schema may call no functions with side effects, and
//! cells are checked before use. Only a plain table is read, because a view could compute without end.

use std::io::Write;

use camino::{Utf8Path, Utf8PathBuf};
use rusqlite::{Connection, OpenFlags, config::DbConfig};

/// The most packages. A whole distribution has 70,000.
const MAX_PACKAGES: usize = 200_000;

pub(super) enum Failure {
    /// The reason, to be printed after the database's path.
    Damaged(String),
    Temporary {
        path: Utf8PathBuf,
        source: std::io::Error,
    },
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// Passes each header to the visitor, until it returns false.
pub(super) fn for_each_header(
    database: &[u8],
    log: Option<&[u8]>,
    mut visit: impl FnMut(&[u8]) -> bool,
) -> Result<(), Failure> {
    let folder = tempfile::tempdir().map_err(|source| Failure::Temporary {
        path: Utf8PathBuf::from("temporary folder"),
        source,
    })?;
    let path = Utf8Path::from_path(folder.path())
        .ok_or_else(|| Failure::Damaged("the temporary folder's name is not UTF-8".into()))?
        .join("rpmdb.sqlite");
    write(&path, database)?;
    if let Some(log) = log.filter(|log| !log.is_empty()) {
        write(&path.with_file_name("rpmdb.sqlite-wal"), log)?;
    }

    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    plain_table(&connection)?;

    let mut statement = connection.prepare("SELECT blob FROM main.Packages")?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        if count > MAX_PACKAGES {
            return Err(Failure::Damaged(format!(
                "more than {MAX_PACKAGES} packages"
            )));
        }
        let blob = row
            .get_ref(0)?
            .as_blob()
            .map_err(|_| Failure::Damaged("a header is not stored as bytes".into()))?;
        if !visit(blob) {
            break;
        }
    }
    Ok(())
}

fn plain_table(connection: &Connection) -> Result<(), Failure> {
    let kind: String = connection
        .query_row(
            "SELECT type || ' ' || lower(substr(ltrim(sql), 1, 13)) FROM sqlite_schema WHERE name = 'Packages'",
            [],
            |row| row.get(0),
        )
        .map_err(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => {
                Failure::Damaged("it has no table `Packages`".into())
            }
            error => error.into(),
        })?;
    // A virtual table is a table too, but would run a module's code.
    if kind == "table create table " {
        Ok(())
    } else {
        Err(Failure::Damaged("`Packages` is not a plain table".into()))
    }
}

fn write(path: &Utf8Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::File::create_new(path)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|source| Failure::Temporary {
            path: path.to_owned(),
            source,
        })
}
