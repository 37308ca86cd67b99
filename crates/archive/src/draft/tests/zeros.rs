//! Layers that expand so much that they could be bombs: every written archive can be read again completely.

use std::collections::BTreeMap;
use std::io::Read;

use tar::Header;

use super::*;
use crate::hash::digest_reader;
use crate::headers::BLOCK;
use crate::{Layout, Packing};

/// More than a stream without a stated length may become.
const MUCH: u64 = (2 << 30) + (200 << 20);

fn header(name: &str, size: u64) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_path(name).expect("short");
    header.set_size(size);
    header.set_cksum();
    header.as_bytes().to_vec()
}

/// A layer with a file of this many zeros, a multiple of a block, and its length.
fn layer(size: u64) -> (impl Read, u64) {
    let file = io::Cursor::new(header("zeros", size)).chain(io::repeat(0).take(size));
    let end = 1024;
    (file.chain(io::repeat(0).take(end)), BLOCK + size + end)
}

/// An engine's stream of an image of that layer.
fn saved(size: u64) -> (impl Read, Vec<u8>) {
    let diff_id = digest_reader(layer(size).0).expect("reads");
    let config = json!({ "rootfs": { "diff_ids": [diff_id] } }).to_string();
    let manifest = json!([{ "Config": "c", "Layers": ["l"] }]).to_string();
    let (layer, length) = layer(size);
    let documents = Tar::new()
        .file("c", &config)
        .file("manifest.json", manifest);
    let first = io::Cursor::new(header("l", length)).chain(layer);
    (
        first.chain(io::Cursor::new(documents.bytes())),
        config.into_bytes(),
    )
}

#[test]
fn what_is_written_small_is_read_again() {
    let options = Options {
        compress: Some(Compress::Zstd(1)),
        ..Options::default()
    };
    let (stream, config) = saved(MUCH);
    let (file, mut out) = empty();
    let draft = Draft::from_stream(stream, &mut out, WHAT, &options, &|_| false);
    draft.expect("takes").seal(&mut out, &[]).expect("seals");
    assert!(file.bytes().len() < 1 << 20);
    let stack = file.stack();
    let archive = stack.archive();
    archive.verify(stack.image()).expect("sound");
    // As an engine saves its compressed layers: their length is stated only after them.
    let stream = File::open(file.path()).expect("opens");
    let (again, mut out) = empty();
    let draft = Draft::from_stream(stream, &mut out, WHAT, &options, &|_| false);
    draft.expect("takes").seal(&mut out, &[]).expect("seals");
    assert!(again.bytes() == file.bytes());
    // As published and fetched again.
    let folder = tempfile::tempdir().expect("a folder");
    let folder = Utf8Path::from_path(folder.path()).expect("UTF-8");
    let packing = Packing {
        compress: None,
        as_is: false,
        stored: &BTreeMap::new(),
    };
    let layout = Layout::write(&stack, folder, packing, |_| {});
    layout.expect("writes");
    let blob = folder.join(blob_name(stored(&file, &stack)));
    let mut gathered = Gathered::new(folder, config).expect("a config");
    let layer = &stack.image().layers[0];
    for (said, expected) in [
        (None, "it expands to more than 2147483648 bytes"),
        (layer.tar_size(), ""),
    ] {
        gathered.add_file(layer.diff_id, blob.clone(), said);
        let (_again, mut out) = empty();
        let draft = Draft::from_gathered(&gathered, &mut out, &options, &|_| false);
        match draft {
            Ok(_) => assert_eq!(expected, ""),
            Err(error) => assert!(
                error.to_string().contains(expected) && !expected.is_empty(),
                "{error}"
            ),
        }
    }
}

/// The digest of the only layer as stored. If it is published in the same way, the digest is the same.
fn stored(file: &OnDisk, stack: &Stack) -> Digest {
    let layer = &stack.image().layers[0];
    let start = usize::try_from(layer.offset).expect("small");
    let end = start + usize::try_from(layer.stored_size).expect("small");
    digest_of(&file.bytes()[start..end])
}

#[test]
fn what_would_not_be_read_again_is_not_written() {
    let blob = |size, tar_size| Blob {
        digest: digest_of(b""),
        size,
        compression: Compression::Zstd,
        tar_size,
    };
    let blame = Blame::new(Utf8Path::new("x"));
    let gib = 1 << 30;
    for (blobs, readable) in [
        (vec![blob(1, 30 * gib)], true),
        (vec![blob(1, 40 * gib)], false),
        (vec![blob(gib, 40 * gib)], true),
        (vec![blob(1, 20 * gib), blob(1, 20 * gib)], false),
        (vec![Blob::plain(digest_of(b""), 100 * gib)], true),
    ] {
        let checked = check_growth(blobs.iter(), &blame);
        assert_eq!(checked.is_ok(), readable, "{blobs:?}");
    }
}

#[test]
fn every_level_is_read_again() {
    // Longer than any window, and incompressible.
    let mut seed = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        seed.to_be_bytes()[0]
    })
    .take(12 << 20)
    .collect();
    let image = image(vec![Tar::new().file("noise", noise).bytes()]);
    for level in [1, 19] {
        let options = Options {
            compress: Some(Compress::Zstd(level)),
            ..Options::default()
        };
        let (_file, stack) = take_as(&image.classic(), &options).expect("takes");
        stack.archive().verify(stack.image()).expect("sound");
    }
}
