use std::io::Read;

use proptest::prelude::*;

use super::*;
use crate::source::Piped;
use crate::testing::Tar;

type Listed = Vec<(String, Kind, Vec<u8>)>;

fn list(mut headers: Headers<impl Pass>) -> Result<Listed, TarError> {
    let mut members = Vec::new();
    while let Some(member) = headers.next_member()? {
        let bytes = headers.start(&member, u64::MAX)?;
        members.push((member.name, member.kind, bytes));
    }
    Ok(members)
}

/// A header of a regular file with these bytes in the size field.
fn header(size: &[u8]) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.set_path("a").expect("path");
    header.as_old_mut().size[..size.len()].copy_from_slice(size);
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn error(bytes: &[u8]) -> String {
    match list(Headers::new(bytes)).expect_err("an error") {
        TarError::Read(error) => error.to_string(),
        TarError::Truncated { name, missing } => format!("{missing} missing in {name}"),
        TarError::Malformed { offset, why } => format!("{offset}: {why}"),
    }
}

#[test]
fn sizes_that_lead_nowhere_are_refused() {
    assert_eq!(
        error(&header(b"-0000000001")),
        "0: its size is not a number of bytes"
    );
    assert_eq!(
        error(&header(b"+0000000001")),
        "0: its size is not a number of bytes"
    );
    assert_eq!(
        error(&header(&[0xff; 12])),
        "0: its size is not a number of bytes"
    );
    assert_eq!(
        error(&header(b"\x80\0\0\x01\0\0\0\0\0\0\0\0")),
        "0: its size is not a number of bytes"
    );
    assert_eq!(
        error(&header(b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff")),
        "0: its size is too large for a file"
    );
    assert_eq!(error(&header(b"00000001000\0")), "512 missing in a");
    let mut wrong = header(b"00000000000\0");
    wrong[0] = b'b';
    assert_eq!(error(&wrong), "0: its checksum is wrong");
    assert!(list(Headers::new(&header(b"           \0")[..])).is_ok());
}

/// A member of this kind with this body before a file.
fn extended(kind: EntryType, body: &[u8]) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(body.len() as u64);
    header.set_cksum();
    let mut tar = header.as_bytes().to_vec();
    tar.extend(body);
    tar.resize(tar.len().next_multiple_of(512), 0);
    tar.extend(Tar::new().file("short", "abc").bytes());
    tar
}

#[test]
fn pax_records_rename_and_resize() {
    let listed = list(Headers::new(
        &extended(EntryType::XHeader, b"17 path=long/ name\n10 size=2\n")[..],
    ));
    assert_eq!(
        error(&extended(EntryType::XHeader, b"x")),
        "0: invalid PAX record"
    );
    assert!(listed.is_err(), "a record whose length is wrong");
    let right = extended(EntryType::XHeader, b"18 path=long/name\n");
    let listed = list(Headers::new(&right[..])).expect("members");
    assert_eq!(listed, [("long/name".into(), Kind::File, b"abc".to_vec())]);
    let sized = extended(EntryType::XHeader, b"10 size=2\n");
    assert_eq!(list(Headers::new(&sized[..])).expect("members")[0].2, b"ab");
    for record in [
        &b"11 size=-2\n"[..],
        b"11 size=+2\n",
        b"3 \n",
        b"99999999999999999999 a=b\n",
        b"1 a=b\n",
    ] {
        assert_eq!(
            error(&extended(EntryType::XHeader, record)),
            "0: invalid PAX record"
        );
    }
    // A global record applies to every member: no writer puts a name there.
    let global = extended(EntryType::XGlobalHeader, b"18 path=long/name\n");
    assert_eq!(
        list(Headers::new(&global[..])).expect("members")[0].0,
        "short"
    );
}

#[test]
fn names_are_bounded() {
    let long = vec![b'a'; MAX_NAME + 1];
    assert_eq!(
        error(&extended(EntryType::GNULongName, &long)),
        "5120: its name is too long for a path"
    );
    let body = vec![b'a'; usize::try_from(MAX_EXTENSION).expect("size") + 1];
    assert_eq!(
        error(&extended(EntryType::GNULongName, &body)),
        "0: its name or PAX record is too long"
    );
}

#[test]
fn names_lose_what_says_nothing() {
    for (name, expected) in [
        ("./a//b/", "a/b"),
        ("/a", "a"),
        ("", ""),
        ("././.", ""),
        ("a/../b", "a/../b"),
    ] {
        assert_eq!(clean(name), expected);
    }
}

proptest! {
    #[test]
    fn lists_what_was_put_in(
        members in prop::collection::vec(
            ("[a-z]{1,60}(/[a-zé ]{1,99}){0,4}", prop::collection::vec(any::<u8>(), 0..1500), 0..4_u8),
            0..8,
        ),
        piped: bool,
    ) {
        let mut tar = Tar::new();
        let mut expected = Vec::new();
        for (name, bytes, kind) in members {
            let (kind, bytes) = match kind {
                0 => { tar = tar.symlink(&name, "some/where"); (Kind::SymLink("some/where".into()), vec![]) }
                1 => { tar = tar.hardlink(&name, &name); (Kind::HardLink(name.clone()), vec![]) }
                2 => { tar = tar.folder(&name); (Kind::Directory, vec![]) }
                _ => { tar = tar.file(&name, &bytes); (Kind::File, bytes) }
            };
            expected.push((name, kind, bytes));
        }
        let bytes = tar.bytes();
        let listed = if piped {
            list(Headers::new(Piped(&bytes[..])))
        } else {
            list(Headers::new(&bytes[..]))
        };
        prop_assert_eq!(listed.expect("members"), expected);
    }

    #[test]
    fn damaged_tars_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        checksum: bool,
    ) {
        let mut bytes = extended(EntryType::XHeader, b"18 path=long/name\n");
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if checksum {
            let mut header = Header::from_byte_slice(&bytes[..512]).clone();
            header.set_cksum();
            bytes[..512].copy_from_slice(header.as_bytes());
        }
        let mut headers = Headers::new(Piped(&bytes[..]));
        while let Ok(Some(member)) = headers.next_member() {
            let mut some = [0; 3];
            let _ = headers.body(&member).read(&mut some);
        }
    }
}
