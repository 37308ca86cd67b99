//! Small archives that expand to huge ones.

use std::io::Write;

use flate2::write::GzEncoder;
use samples::{Tar, blob_name, digest};
use serde_json::json;
use tar::{EntryType, Header};

use crate::judge::expect_written;

static MEBIBYTE: [u8; 1 << 20] = [0; 1 << 20];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("memory")
}

/// A header of a file of this length.
fn header(name: &str, size: u64) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_path(name).expect("short");
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header.as_bytes().to_vec()
}

/// A classic archive with these bytes as its layer, valid or not.
fn with_layer(layer: &[u8]) -> Vec<u8> {
    let config = json!({ "rootfs": { "diff_ids": [digest(b"never reached")] } }).to_string();
    let manifest = json!([{ "Config": "c", "Layers": ["l"] }]).to_string();
    let tar = Tar::new().file("c", config).file("manifest.json", manifest);
    tar.file("l", layer).bytes()
}

#[test]
fn a_layer_of_zeros_is_left_before_its_end() {
    // 16 GiB, in many frames or members.
    for (piece, times) in [(gzip(&MEBIBYTE), 16 << 10), (zstd(&MEBIBYTE), 16 << 10)] {
        let expected = "layer 1 of 1 cannot be decompressed: it expands to more than ";
        expect_written(expected, |file| {
            file.write_all(&with_layer(&piece.repeat(times)))
                .expect("writes");
        });
    }
}

#[test]
fn an_archive_that_is_a_bomb_is_left_before_its_end() {
    let end = [0; 1024];
    let manifest = Tar::new().file("manifest.json", "[]").bytes();
    let starts = [
        // An endless file, and zeros after the tar's end.
        [header("l", 8 << 30), Vec::new()].concat(),
        [manifest.as_slice(), &end].concat(),
    ];
    for start in &starts {
        let bytes = [zstd(start), zstd(&MEBIBYTE).repeat(8 << 10)].concat();
        expect_written("cannot be decompressed: it expands to more than ", |file| {
            file.write_all(&bytes).expect("writes");
        });
    }
}

#[test]
fn names_without_a_member_end_too() {
    let mut long = Header::new_gnu();
    long.set_entry_type(EntryType::GNULongName);
    long.set_size(1 << 20);
    long.set_cksum();
    let piece = [long.as_bytes().as_slice(), &[b'a'; 1 << 20]].concat();
    for pack in [gzip, zstd] {
        let bytes = [pack(&header("first", 0)), pack(&piece).repeat(1 << 10)].concat();
        let expected = "the tar header at byte ";
        expect_written(expected, |file| file.write_all(&bytes).expect("writes"));
    }
}

#[test]
fn a_window_larger_than_any_engine_needs_is_refused() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
    encoder.window_log(27).expect("a window");
    for piece in 0..160_u32 {
        let bytes: Vec<u8> = (0..1 << 18)
            .flat_map(|at| (at ^ piece).to_le_bytes())
            .collect();
        encoder.write_all(&bytes).expect("memory");
    }
    let packed = encoder.finish().expect("memory");
    let expected = "layer 1 of 1 cannot be decompressed: it needs more than 8 MiB of memory";
    expect_written(expected, |file| {
        file.write_all(&with_layer(&packed)).expect("writes");
    });
    expect_written(
        "cannot be decompressed: it needs more than 8 MiB of memory",
        |file| {
            file.write_all(&packed).expect("writes");
        },
    );
}

#[test]
fn a_bomb_inside_a_bomb_is_no_larger() {
    let inner = with_layer(&gzip(&MEBIBYTE).repeat(8 << 10));
    let expected = "layer 1 of 1 cannot be decompressed: it expands to more than ";
    expect_written(expected, |file| {
        file.write_all(&gzip(&inner)).expect("writes");
    });
}

#[test]
fn a_manifest_is_believed_as_far_as_it_says_and_no_further() {
    let config = json!({ "rootfs": { "diff_ids": [digest(b"never reached")] } }).to_string();
    let blob = zstd(&MEBIBYTE).repeat(8 << 10);
    for (said, expected) in [
        ("1024", "layer 1 of 1 has more than the 1024 bytes"),
        (
            "1125899906842624",
            "layer 1 of 1 cannot be decompressed: it expands to more than ",
        ),
        // An invalid number, or one beyond any file's length, counts as no statement.
        (
            "x",
            "layer 1 of 1 cannot be decompressed: it expands to more than ",
        ),
        (
            "18446744073709551615",
            "layer 1 of 1 cannot be decompressed: it expands to more than ",
        ),
    ] {
        let annotations = json!({ "io.imgpipe.tar-size": said });
        let manifest = json!({
            "config": { "digest": digest(config.as_bytes()) },
            "layers": [{ "digest": digest(&blob), "annotations": annotations }],
        });
        let manifest = manifest.to_string();
        let id = digest(manifest.as_bytes());
        let tar = Tar::new()
            .file(&blob_name(digest(config.as_bytes())), &config)
            .file(&blob_name(id), &manifest)
            .file(&blob_name(digest(&blob)), &blob);
        let archive = samples::index(tar, &[json!({ "digest": id })]).bytes();
        expect_written(expected, |file| {
            file.write_all(&archive).expect("writes");
        });
    }
}
