use super::*;
use crate::files::testing::Tree;
use proptest::prelude::*;

/// Made with rpm 4.18 from packages without files, then vacuumed to small pages.
const REAL: &[u8] = include_bytes!("../../fixtures/rpmdb.sqlite");

const PATH: &str = "var/lib/rpm/rpmdb.sqlite";

fn read_bytes(bytes: &[u8]) -> Result<Packages> {
    let mut tree = Tree::default();
    tree.put(PATH, bytes);
    read(&tree)
}

#[test]
fn reads_what_rpm_wrote() {
    for folder in FOLDERS {
        let mut tree = Tree::default();
        tree.put(&format!("{folder}/rpmdb.sqlite"), REAL);
        // rpm leaves an empty log.
        tree.put(&format!("{folder}/rpmdb.sqlite-wal"), b"");
        let packages = read(&tree).expect("read");
        let installed: Vec<_> = packages
            .installed
            .iter()
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        assert_eq!(
            installed,
            [
                "cmake 1:3.27.7-1.fc39",
                "gcc 13.3.1-3.fc39",
                "gcc-c++ 13.3.1-3.fc39"
            ]
        );
        assert!(packages.provided.contains("c-compiler"));
        assert!(packages.provided.contains("g++"));
    }
}

#[test]
fn old_formats_have_their_own_error() {
    for (name, format) in OLD {
        let tree = Tree::new(&[(&format!("var/lib/rpm/{name}"), "x")]);
        let error = read(&tree).expect_err("old").to_string();
        assert!(error.contains(format), "{error}");
    }
    assert_eq!(read(&Tree::default()).expect("none"), Packages::default());
}

#[test]
fn other_databases_are_refused() {
    assert!(
        read_bytes(b"")
            .expect_err("empty")
            .to_string()
            .contains("no table `Packages`")
    );
    assert!(read_bytes(b"not a database, and longer than a header").is_err());
    let table = [
        ("CREATE TABLE x(y)", "no table `Packages`"),
        (
            "CREATE VIEW Packages AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM r) SELECT n AS blob FROM r",
            "not a plain table",
        ),
        (
            "CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, blob); INSERT INTO Packages VALUES (1, 'text')",
            "not stored as bytes",
        ),
        (
            "CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, blob); INSERT INTO Packages VALUES (1, x'00000001')",
            "is truncated",
        ),
        (
            "CREATE TABLE Packages(hnum INTEGER PRIMARY KEY)",
            "no such column",
        ),
    ];
    for (sql, reason) in table {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("x.sqlite");
        rusqlite::Connection::open(&path)
            .and_then(|connection| connection.execute_batch(sql))
            .expect(sql);
        let error = read_bytes(&std::fs::read(&path).expect("read")).expect_err(sql);
        assert!(error.to_string().contains(reason), "{sql}: {error}");
        assert!(error.to_string().contains(PATH));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_damage_panics(at in 0usize..REAL.len(), byte: u8, page in 0usize..62, cut in proptest::option::of(0usize..REAL.len())) {
        let mut bytes = REAL.to_vec();
        bytes[at] = byte;
        // The headers of pages and of the file control SQLite.
        bytes[page * 1024 + at % 100] ^= byte;
        bytes.truncate(cut.unwrap_or(REAL.len()));
        let _ = read_bytes(&bytes);
    }
}
