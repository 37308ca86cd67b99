//! Members that lead outside, are no files, or have wrong sizes.

use samples::{Packing, Tar, compress, digest};
use serde_json::json;
use tar::{EntryType, Header};

use crate::judge::{SOUND, expect};

/// A layer, the config of its image, and a manifest that names them.
fn image(tar: Tar, layer: &str) -> Vec<u8> {
    let config = json!({ "rootfs": { "diff_ids": [digest(&a_layer())] } });
    let manifest = json!([{ "Config": "config.json", "Layers": [layer] }]);
    tar.file("config.json", config.to_string())
        .file("manifest.json", manifest.to_string())
        .bytes()
}

fn a_layer() -> Vec<u8> {
    Tar::new().file("a", "a").bytes()
}

/// A header of this kind and name, with these bytes in its size field.
fn header(kind: EntryType, name: &str, size: &[u8]) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().size = [0; 12];
    header.as_old_mut().size[..size.len()].copy_from_slice(size);
    header.set_cksum();
    header
}

#[test]
fn a_name_leads_to_a_member_or_nowhere() {
    let layer = a_layer();
    for (name, expected) in [
        // Paths are only keys among the members: no file is extracted.
        ("../../etc/passwd", SOUND),
        ("/etc/passwd", SOUND),
        ("a/../b", SOUND),
    ] {
        let tar = Tar::new().member(EntryType::Regular, name, &layer);
        expect(expected, &image(tar, name));
    }
    for name in ["../../etc/passwd", "/etc/passwd", "proc/self/environ"] {
        let expected = format!("names the layer `{name}`, which is not in it");
        expect(&expected, &image(Tar::new(), name));
    }
}

#[test]
fn links_lead_to_members_or_nowhere() {
    for (target, expected) in [
        ("../etc/passwd", "its `x/l` is a link that leads outside"),
        ("/etc/passwd", "its `x/l` is a link that leads outside"),
        ("../x/l", "its `x/l` is a link that leads to itself"),
        ("gone", "names the layer `x/l`, which is not in it"),
        ("there", SOUND),
    ] {
        // Two levels up is outside, one is not.
        let target = if target == "../etc/passwd" {
            "../../etc/passwd"
        } else {
            target
        };
        let tar = Tar::new().file("x/there", a_layer()).symlink("x/l", target);
        expect(expected, &image(tar, "x/l"));
    }
    let tar = Tar::new().hardlink("l", "../../etc/passwd");
    expect("names the layer `l`, which is not in it", &image(tar, "l"));
}

#[test]
fn a_document_behind_a_link_is_a_member_too() {
    for (target, expected) in [
        (
            "/etc/passwd",
            "its `manifest.json` is a link that leads outside",
        ),
        (
            "manifest.json",
            "its `manifest.json` is a link that leads to",
        ),
    ] {
        expect(
            expected,
            &Tar::new().symlink("manifest.json", target).bytes(),
        );
    }
    let loops = (0..20).fold(Tar::new(), |tar, index| {
        tar.symlink(&format!("l{index}"), &format!("l{}", index + 1))
    });
    let loops = loops.symlink("manifest.json", "l0").bytes();
    expect("its `l8` is a link that leads to itself", &loops);
}

#[test]
fn what_is_no_regular_file_is_no_layer() {
    for kind in [
        EntryType::Block,
        EntryType::Char,
        EntryType::Fifo,
        EntryType::GNUSparse,
        EntryType::new(b'V'),
    ] {
        let tar = Tar::new().member(kind, "l", b"");
        expect("its `l` is not a regular file", &image(tar, "l"));
    }
    let tar = Tar::new().folder("l");
    expect("names the layer `l`, which is not in it", &image(tar, "l"));
    // PAX keeps the name of a sparse file in a record, and another in the header.
    let tar = Tar::new()
        .member(
            EntryType::XHeader,
            "x",
            b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n21 GNU.sparse.name=l\n",
        )
        .file("GNUSparseFile.0/l", a_layer());
    expect("its `l` is not a regular file", &image(tar, "l"));
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    let layer = a_layer();
    let tar = Tar::new().file("l", &layer).file("./l", &layer);
    expect("its `l` occurs more than once", &image(tar, "l"));
    let tar = Tar::new().file("l", &layer).file("manifest.json", "[]");
    expect(
        "its `manifest.json` occurs more than once",
        &image(tar, "l"),
    );
    // It does not matter if no document names it.
    let tar = Tar::new().file("l", layer).file("x", "").file("x", "");
    expect(SOUND, &image(tar, "l"));
}

#[test]
fn sizes_that_lie_are_damage() {
    for (size, expected) in [
        (
            &b"-0000000001"[..],
            "the tar header at byte 0 is damaged: its size is not a number",
        ),
        (
            &[0xff; 12],
            "the tar header at byte 0 is damaged: its size is not a number",
        ),
        (
            b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
            "the tar header at byte 0 is damaged: its size is too large",
        ),
        (
            b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff",
            "is truncated: at least 9223372036854",
        ),
        (b"77777777777", "is truncated: at least 85899"),
        (b"9", "is not an image archive"),
    ] {
        let tar = Tar::new().header(&header(EntryType::Regular, "l", size), b"");
        let bytes = image(tar, "l");
        let first_block_fits = !expected.starts_with("the tar header");
        let expected = if first_block_fits {
            expected
        } else {
            "is not an image archive"
        };
        expect(expected, &bytes);
        // After a valid member, the error is about the header itself.
        let tar = Tar::new()
            .file("first", "")
            .header(&header(EntryType::Regular, "l", size), b"");
        let expected = match expected {
            "is not an image archive" => "the tar header at byte 512 is damaged",
            other => other,
        };
        for packing in Packing::ALL {
            expect(expected, &compress(packing, &image(clone(&tar), "l")));
        }
    }
}

fn clone(tar: &Tar) -> Tar {
    let bytes = tar.clone_bytes();
    let mut copy = Tar::new();
    for block in bytes[..bytes.len() - 1024].chunks(512) {
        copy = copy.header(Header::from_byte_slice(block), b"");
    }
    copy
}

#[test]
fn records_that_lie_are_damage() {
    let first = Tar::new().file("first", "");
    for (record, expected) in [
        (
            &b"12 size=-1\n"[..],
            "the tar header at byte 512 is damaged: invalid PAX record",
        ),
        (
            b"29 size=18446744073709551615\n",
            "the tar header at byte 1536 is damaged: its size is too large",
        ),
        (b"28 size=9223372036854775807\n", "is truncated: "),
        (
            b"9999 path=x\n",
            "the tar header at byte 512 is damaged: invalid PAX record",
        ),
        (
            b"0 path=x\n",
            "the tar header at byte 512 is damaged: invalid PAX record",
        ),
    ] {
        let tar = clone(&first).member(EntryType::XHeader, "x", record);
        expect(expected, &image(tar.file("l", a_layer()), "l"));
    }
    let long = vec![b'a'; 2 << 20];
    for kind in [
        EntryType::GNULongName,
        EntryType::GNULongLink,
        EntryType::XHeader,
    ] {
        let tar = clone(&first).member(kind, "x", &long);
        let expected = "the tar header at byte 512 is damaged: its name or PAX record is too long";
        expect(expected, &image(tar.file("l", a_layer()), "l"));
    }
    let long = "a".repeat(5000);
    let tar = clone(&first).file(&long, a_layer());
    expect(
        "the tar header at byte 6144 is damaged: its name is too long",
        &image(tar, &long),
    );
}
