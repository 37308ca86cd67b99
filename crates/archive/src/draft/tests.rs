use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::compose::{Choice, compose};
use crate::describe::blob_name;
use crate::hash::digest_of;
use crate::testing::{OnDisk, Tar, TestImage, compress, image, index, sample};
use crate::{Compression, ErrorKind};

/// Takes a stream in and opens what became of it.
fn take(stream: &[u8]) -> Result<(OnDisk, Archive), Error> {
    let file = OnDisk::new(b"");
    let mut out = File::options()
        .read(true)
        .write(true)
        .open(file.path())
        .expect("file");
    let draft = Draft::from_stream(stream, &mut out, "docker save x")?;
    let length = draft.seal(&mut out, &["x:1".parse().expect("reference")])?;
    let archive = file.open()?;
    assert_eq!(archive.size(), length);
    assert_eq!(archive.images()[0].image_id, draft.image_id);
    Ok((file, archive))
}

fn complaint(stream: &[u8]) -> String {
    let error = take(stream).map(drop).expect_err("an error");
    assert_eq!(error.kind(), ErrorKind::Archive);
    let text = error.to_string();
    text.strip_prefix("docker save x: ")
        .expect("the command first")
        .to_owned()
}

fn canonical(archive: &Archive) -> Vec<u8> {
    let image = &archive.images()[0];
    let mut out = Vec::new();
    compose(
        &[Choice {
            archive,
            image,
            tags: &image.tags,
        }],
        &mut out,
    )
    .expect("composes");
    out
}

#[test]
fn every_layout_becomes_the_one_form() {
    let sample = sample();
    for stream in [
        sample.classic(),
        sample.oci(Compression::None),
        sample.oci(Compression::Gzip),
        sample.oci(Compression::Zstd),
    ] {
        let (file, archive) = take(&stream).expect("takes");
        archive.verify(&archive.images()[0]).expect("whole");
        assert_eq!(archive.images()[0].image_id, sample.image_id());
        assert!(file.bytes() == canonical(&archive), "as compose writes it");
        assert!(
            file.bytes() == take(&stream).expect("takes").0.bytes(),
            "the same twice"
        );
    }
}

#[test]
fn an_archive_is_taken_in_as_composed() {
    let sample = sample();
    let archive = OnDisk::new(&compress(Compression::Gzip, &sample.oci(Compression::Zstd)))
        .open()
        .expect("opens");
    let file = OnDisk::new(b"");
    let mut out = File::options()
        .read(true)
        .write(true)
        .open(file.path())
        .expect("file");
    let image = &archive.images()[0];
    let draft = Draft::from_archive(&archive, image, &mut out).expect("takes");
    draft
        .seal(&mut out, &["much/longer:name".parse().expect("reference")])
        .expect("seals");
    draft.seal(&mut out, &image.tags).expect("seals again");
    assert!(file.bytes() == canonical(&archive));
}

#[test]
fn layers_of_no_image_leave_no_bytes() {
    let (sample, other) = (
        sample(),
        image(vec![Tar::new().file("o", vec![1; 3000]).bytes()]),
    );
    let (tar, _) = other.blobs(Tar::new(), Compression::Gzip);
    let (tar, descriptor) = sample.blobs(tar, Compression::None);
    let (file, archive) = take(&index(tar, &[descriptor]).bytes()).expect("takes");
    assert!(file.bytes() == canonical(&archive));
}

/// A stream with these layers, whatever the config says of them.
fn saved(image: &TestImage, layers: &[(&str, &[u8])], named: &[&str]) -> Vec<u8> {
    let mut tar = Tar::new();
    for (name, bytes) in layers {
        tar = tar.file(name, bytes);
    }
    let manifest = json!([{ "Config": "c.json", "RepoTags": null, "Layers": named }]);
    tar.file("c.json", &image.config)
        .file("manifest.json", manifest.to_string())
        .bytes()
}

#[test]
fn what_an_engine_leaves_out_is_missed() {
    let layer = Tar::new().file("a", "a").bytes();
    let other = Tar::new().file("a", "b").bytes();
    let image = image(vec![layer.clone()]);
    let stream = saved(&image, &[("l", &layer)], &["l"]);
    assert!(take(&stream).is_ok());
    assert_eq!(complaint(b""), "wrote no image");
    assert_eq!(
        complaint(&saved(&image, &[], &["l"])),
        "layer 1 of 1 is missing: `l` was left out"
    );
    assert_eq!(
        complaint(&saved(&image, &[("l", b"")], &["l"])),
        "layer 1 of 1 is missing: `l` is empty"
    );
    assert_eq!(
        complaint(&saved(&image, &[("l", b"text")], &["l"])),
        "layer 1 of 1 is missing: `l` is neither a layer nor a document"
    );
    let (expected, found) = (digest_of(&layer), digest_of(&other));
    assert_eq!(
        complaint(&saved(&image, &[("l", &other)], &["l"])),
        format!("layer 1 of 1 is damaged: expected {expected}, found {found}")
    );
    assert_eq!(
        complaint(&saved(&image, &[("l", &layer), ("l", &other)], &["l"])),
        "layer 1 of 1 is missing: `l` is there more than once"
    );
    assert_eq!(
        complaint(&Tar::new().file("manifest.json", "[").bytes())
            .split(':')
            .next(),
        Some("its manifest.json is not valid")
    );
    assert!(
        complaint(&Tar::new().file("l", &layer).bytes())
            .starts_with("is a tar, but no image archive")
    );
    assert_eq!(
        complaint(&stream[..1000]),
        "is truncated: 1560 bytes are missing in or behind `l`"
    );
    assert!(complaint(b"Error response from daemon: no such image").starts_with("is truncated"));
    let twice = saved(&image, &[("l", &layer), ("manifest.json", b"[]")], &["l"]);
    assert_eq!(
        complaint(&twice),
        "its `manifest.json` is there more than once"
    );
}

#[test]
fn large_documents_that_nobody_names_are_passed_over() {
    let sample = sample();
    let (tar, descriptor) = sample.blobs(Tar::new(), Compression::None);
    let provenance = format!("{{\"p\":\"{}\"}}", "p".repeat(9 << 20));
    let tar = tar.file(&blob_name(digest_of(b"p")), &provenance);
    let (file, archive) = take(&index(tar, &[descriptor]).bytes()).expect("takes");
    assert!(file.bytes() == canonical(&archive));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn damage_is_an_error_or_the_same_image(at in any::<prop::sample::Index>(), byte: u8) {
        let sample = image(vec![Tar::new().file("a", "b").bytes()]);
        let mut stream = sample.oci(Compression::Gzip);
        let at = at.index(stream.len());
        stream[at] = byte;
        if let Ok((_, archive)) = take(&stream) {
            prop_assert_eq!(archive.images()[0].image_id, sample.image_id());
        }
    }
}
