mod compressed;
mod thin;
mod zeros;

use failure::{Code, Reported as _};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::Compression;
use crate::archive::{Image, Layer};
use crate::compose::{Choice, Reads, compose, manifest_digest, plain_manifest_digest};
use crate::describe::blob_name;
use crate::hash::digest_of;
use crate::testing::{OnDisk, Tar, TestImage, compress, image, index, sample};

/// The name of a stream in errors.
const WHAT: &str = "docker save x";

/// A file to write an archive to.
fn empty() -> (OnDisk, File) {
    let file = OnDisk::new(b"");
    let mut options = File::options();
    let out = options.read(true).write(true).open(file.path());
    (file, out.expect("file"))
}

/// Reads a stream and opens the resulting archive.
fn take(stream: &[u8]) -> Result<(OnDisk, Stack), Error> {
    take_as(stream, &Options::default())
}

fn take_as(stream: &[u8], options: &Options) -> Result<(OnDisk, Stack), Error> {
    let (file, mut out) = empty();
    let draft = Draft::from_stream(stream, &mut out, WHAT, options, &|_| false)?;
    let length = draft.seal(&mut out, &["x:1".parse().expect("reference")])?;
    let stack = Stack::of(file.open()?).expect("an image");
    assert_eq!(stack.archive().size(), length);
    assert_eq!(stack.image().image_id, draft.image_id);
    Ok((file, stack))
}

fn complaint(stream: &[u8]) -> String {
    let error = take(stream).map(drop).expect_err("an error");
    assert_eq!(error.code(), Code::Archive);
    let text = error.to_string();
    text.strip_prefix("docker save x: ")
        .expect("the command first")
        .to_owned()
}

fn canonical(stack: &Stack) -> Vec<u8> {
    let mut out = Vec::new();
    let choice = Choice {
        stack,
        tags: &stack.image().tags,
        present: 0,
    };
    compose(&[choice], Reads::All, &mut out).expect("composes");
    out
}

/// The stored manifest and blobs of an image.
fn stored(image: &Image) -> (Option<Vec<u8>>, Vec<Option<Digest>>) {
    let manifest = image.manifest.as_ref().map(|it| it.bytes.clone());
    (manifest, image.layers.iter().map(|it| it.blob).collect())
}

#[test]
fn blobs_and_manifest_stay_as_they_came() {
    let sample = sample();
    for stream in [
        sample.classic(),
        sample.oci(Compression::None),
        sample.oci(Compression::Gzip),
        sample.oci(Compression::Zstd),
    ] {
        let came = OnDisk::new(&stream).stack();
        let (file, archive) = take(&stream).expect("takes");
        let image = archive.image();
        archive.archive().verify(image).expect("whole");
        assert_eq!(image.image_id, sample.image_id());
        let (manifest, blobs) = stored(came.image());
        assert_eq!(stored(image).1, blobs);
        if manifest.is_some() {
            assert_eq!(stored(image).0, manifest);
        }
        assert_eq!(manifest_digest(image), manifest_digest(came.image()));
        let sizes = image.layers.iter().map(Layer::tar_size);
        assert!(sizes.eq(sample.layers.iter().map(|layer| Some(layer.len() as u64))));
        assert!(
            file.bytes() == take(&stream).expect("takes").0.bytes(),
            "the same twice"
        );
        // Taken from the archive, the result is the same.
        let (again, mut out) = empty();
        let draft = Draft::from_stack(&archive, &mut out, &Options::default(), &|_| false);
        draft
            .expect("takes")
            .seal(&mut out, &image.tags)
            .expect("seals");
        assert!(again.bytes() == file.bytes());
    }
}

#[test]
fn an_archive_is_taken_in_as_composed() {
    let sample = sample();
    let archive = OnDisk::new(&compress(Compression::Gzip, &sample.oci(Compression::Zstd))).stack();
    let (file, mut out) = empty();
    let image = archive.image();
    let draft =
        Draft::from_stack(&archive, &mut out, &Options::default(), &|_| false).expect("takes");
    draft
        .seal(&mut out, &["much/longer:name".parse().expect("reference")])
        .expect("seals");
    draft.seal(&mut out, &image.tags).expect("seals again");
    let taken = Stack::of(file.open().expect("opens")).expect("an image");
    assert_eq!(stored(taken.image()), stored(image));
    assert_eq!(taken.image().tags, image.tags);
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

/// A stream with these layers, regardless of the config.
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
    assert_eq!(complaint(b""), "contains no image");
    assert_eq!(
        complaint(&saved(&image, &[], &["l"])),
        "layer 1 of 1 is missing: `l` is not in the stream"
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
        "layer 1 of 1 is missing: `l` occurs more than once"
    );
    assert_eq!(
        complaint(&Tar::new().file("manifest.json", "[").bytes())
            .split(':')
            .next(),
        Some("its manifest.json is not valid")
    );
    assert!(
        complaint(&Tar::new().file("l", &layer).bytes())
            .starts_with("is a tar, but not an image archive")
    );
    assert_eq!(
        complaint(&stream[..1000]),
        "is truncated: at least 1560 bytes are missing, from `l` on"
    );
    assert!(complaint(b"Error response from daemon: no such image").starts_with("is truncated"));
    let twice = saved(&image, &[("l", &layer), ("manifest.json", b"[]")], &["l"]);
    assert_eq!(
        complaint(&twice),
        "its `manifest.json` occurs more than once"
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

/// BuildKit's attestations create an index. In a containerd store, its digest is the image's ID.
#[test]
fn an_image_is_known_by_the_index_that_it_came_through() {
    let sample = sample();
    let (tar, ours) = sample.blobs(Tar::new(), Compression::Gzip);
    let attestation = json!({ "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": digest_of(b"not kept"), "size": 8, "platform": { "os": "unknown", "architecture": "unknown" } });
    let nested = json!({ "schemaVersion": 2, "manifests": [ours, attestation] }).to_string();
    let id = digest_of(nested.as_bytes());
    let tar = tar.file(&blob_name(id), &nested);
    let listed = json!({ "digest": id, "size": nested.len(), "mediaType": "application/vnd.oci.image.index.v1+json" });
    let (file, stack) = take(&index(tar, &[listed]).bytes()).expect("takes");
    let image = stack.image();
    let manifest = manifest_digest(image).expect("a manifest");
    assert_eq!(image.manifests, [manifest, id]);

    // After a new save it is the same, unless its blobs change.
    for (compress, known) in [(None, true), (Some(Compress::Zstd(1)), false)] {
        let options = Options {
            compress,
            base: None,
        };
        let (copy, mut out) = empty();
        let draft = Draft::from_stack(&stack, &mut out, &options, &|_| false).expect("copies");
        draft
            .seal(&mut out, &["x:1".parse().expect("reference")])
            .expect("seals");
        assert_eq!(file.bytes() == copy.bytes(), known);
        let again = Stack::of(copy.open().expect("opens")).expect("an image");
        assert_eq!(again.image().manifests.contains(&id), known);
    }

    // An index of other images does not apply to this one.
    let (tar, mut ours) = sample.blobs(Tar::new(), Compression::Gzip);
    let other = json!({ "manifests": [attestation] }).to_string();
    let id = digest_of(other.as_bytes());
    ours["annotations"] = json!({ "io.imgpipe.index": id });
    let bytes = index(tar.file(&blob_name(id), other), &[ours]).bytes();
    let archive = OnDisk::new(&bytes).open().expect("opens");
    assert_eq!(archive.images()[0].manifests, [manifest]);
}

/// A base, and an image with one more layer on it.
fn on_base() -> (TestImage, TestImage) {
    let lower = Tar::new()
        .file("etc/os-release", "ID=test\n")
        .file("big", vec![7; 300_000]);
    let (lower, upper) = (lower.bytes(), Tar::new().file("new", "text").bytes());
    (image(vec![lower.clone()]), image(vec![lower, upper]))
}

fn choice(stack: &Stack, present: usize) -> Choice<'_> {
    Choice {
        stack,
        tags: &[],
        present,
    }
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
            prop_assert_eq!(archive.image().image_id, sample.image_id());
        }
    }
}
