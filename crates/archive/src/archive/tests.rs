mod damage;
mod hostile;

use naming::Architecture;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::describe::blob_name;
use crate::hash::digest_of;
use crate::testing::{OnDisk, Tar, TestImage, complaint, compress, image, index, sample};

const ALL: [Compression; 3] = [Compression::None, Compression::Gzip, Compression::Zstd];

fn assert_is_sample(archive: &Archive, sample: &TestImage) {
    let [image] = archive.images() else {
        panic!("{} images", archive.images().len());
    };
    assert_eq!(image.image_id, sample.image_id());
    assert_eq!(image.config.bytes, sample.config);
    assert_eq!(image.config.env, ["A=b"]);
    let tags: Vec<_> = image.tags.iter().map(Reference::to_string).collect();
    assert_eq!(tags, [sample.tag]);
    let diff_ids: Vec<_> = image.layers.iter().map(|layer| layer.diff_id).collect();
    let expected: Vec<_> = sample.layers.iter().map(|layer| digest_of(layer)).collect();
    assert_eq!(diff_ids, expected);
    archive.verify(image).expect("whole");
}

#[test]
fn every_layout_and_compression_is_one_image() {
    let sample = sample();
    let mut layouts = vec![sample.classic()];
    layouts.extend(ALL.map(|compression| sample.oci(compression)));
    for layout in &layouts {
        for compression in ALL {
            let file = OnDisk::new(&compress(compression, layout));
            assert_is_sample(&file.open().expect("opens"), &sample);
        }
    }
}

#[test]
fn archives_made_elsewhere_are_the_same_image() {
    let sample = sample();
    for made in sample.elsewhere() {
        for compression in ALL {
            let file = OnDisk::new(&compress(compression, &made.bytes));
            let archive = file
                .open()
                .unwrap_or_else(|error| panic!("{}: {error}", made.tool));
            let [image] = archive.images() else {
                panic!("{}: {} images", made.tool, archive.images().len());
            };
            assert_eq!(image.image_id, sample.image_id(), "{}", made.tool);
            let tags: Vec<_> = image.tags.iter().map(Reference::to_string).collect();
            assert_eq!(tags, Vec::from_iter(made.tag), "{}", made.tool);
            archive.verify(image).expect("whole");
        }
    }
}

#[test]
fn what_no_engine_loads_is_called_what_it_is() {
    let sample = sample();
    let (config, layer) = ("0".repeat(64), &sample.layers[0]);
    let dir = Tar::new()
        .file("version", "Directory Transport Version: 1.1\n")
        .file("manifest.json", r#"{"schemaVersion":2,"layers":[]}"#)
        .file(&config, "{}");
    let oldest = Tar::new()
        .file("1/layer.tar", layer)
        .file("1/json", "{}")
        .file("repositories", r#"{"x":{"1":"1"}}"#);
    let blob = samples::digest(layer);
    let manifest = json!({ "schemaVersion": 2, "config": { "digest": blob }, "layers": [
        { "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "digest": blob }] })
    .to_string();
    let listed = json!({ "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 1,
        "digest": digest_of(manifest.as_bytes()) });
    let encrypted = Tar::new().file(&blob_name(digest_of(manifest.as_bytes())), &manifest);
    for (tar, text) in [
        (dir, "is a tar of a skopeo `dir:` folder"),
        (oldest, "was saved by Docker before 1.10"),
        (
            Tar::new().file("bin/sh", "x").file("etc/hosts", ""),
            "is a tar of a file system, as `docker export` writes it",
        ),
        (index(encrypted, &[listed]), "layer 1 of 1 is encrypted"),
    ] {
        let said = complaint(&tar.bytes());
        assert!(said.contains(text), "{said}");
    }
}

#[test]
fn hard_linked_layers_and_names_with_dots_are_found() {
    let sample = sample();
    let config = format!("{}.json", sample.image_id().hex());
    let manifest = json!([{ "Config": config, "RepoTags": ["x:1"], "Layers": ["./a/layer.tar", "b.tar", "c/layer.tar"] }]);
    let tar = Tar::new()
        .file("./a/layer.tar", &sample.layers[0])
        .file("b.tar", &sample.layers[1])
        .hardlink("c/layer.tar", "a/layer.tar")
        .file(&config, &sample.config)
        .file("manifest.json", manifest.to_string())
        .bytes();
    assert_is_sample(&OnDisk::new(&tar).open().expect("opens"), &sample);
}

#[test]
fn nested_indexes_choose_the_platform_and_pass_over_attestations() {
    let sample = sample();
    let (tar, mut ours) = sample.blobs(Tar::new(), Compression::Gzip);
    let (arch, _) = Architecture::host().oci();
    ours["platform"] = json!({ "os": "linux", "architecture": arch });
    let other = image(vec![Tar::new().file("other", "").bytes()]);
    let (tar, mut theirs) = other.blobs(tar, Compression::None);
    theirs["platform"] = json!({ "os": "linux", "architecture": "mips64le" });
    let absent = json!({ "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 1,
        "digest": digest_of(b"absent"), "platform": { "os": "linux", "architecture": arch } });
    let attestation = json!({ "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 1,
        "digest": digest_of(b"no such thing"), "platform": { "os": "unknown", "architecture": "unknown" } });
    let nested = json!({ "manifests": [absent, theirs, attestation, ours] }).to_string();
    let tar = tar.file(&blob_name(digest_of(nested.as_bytes())), &nested);
    let top = json!({ "mediaType": "application/vnd.oci.image.index.v1+json", "size": nested.len(),
        "digest": digest_of(nested.as_bytes()),
        "annotations": { "io.containerd.image.name": "docker.io/library/x:1", "org.opencontainers.image.ref.name": "1" } });
    let file = OnDisk::new(&index(tar, &[top]).bytes());
    assert_is_sample(&file.open().expect("opens"), &sample);
}

#[test]
fn tags_come_from_both_homes_and_several_images_stay_several() {
    let (first, second) = (sample(), image(vec![Tar::new().file("b", "b").bytes()]));
    let (tar, mut one) = first.blobs(Tar::new(), Compression::None);
    let (tar, two) = second.blobs(tar, Compression::None);
    one["annotations"] = json!({ "io.containerd.image.name": "docker.io/library/also:1" });
    let layers = |image: &TestImage| -> Vec<_> {
        image
            .layers
            .iter()
            .map(|layer| blob_name(digest_of(layer)))
            .collect()
    };
    let manifest = json!([
        { "Config": blob_name(first.image_id()), "RepoTags": ["x:1", "<none>:<none>"], "Layers": layers(&first) },
        { "Config": blob_name(second.image_id()), "RepoTags": null, "Layers": layers(&second) },
        { "Config": blob_name(first.image_id()), "RepoTags": ["x:2", "x:1"], "Layers": layers(&first) },
    ]);
    let tar = index(tar, &[one, two]).file("manifest.json", manifest.to_string());
    let archive = OnDisk::new(&tar.bytes()).open().expect("opens");
    let tags: Vec<Vec<_>> = archive
        .images()
        .iter()
        .map(|image| image.tags.iter().map(Reference::to_string).collect())
        .collect();
    assert_eq!(tags, [vec!["x:1", "x:2", "also:1"], vec![]]);
}

#[test]
fn a_sparse_file_of_gigabytes_is_indexed_by_seeking() {
    let file = OnDisk::new(b"");
    let handle = std::fs::File::options()
        .write(true)
        .open(file.path())
        .expect("file");
    let size = 9 << 30;
    let config = json!({ "rootfs": { "diff_ids": [digest_of(b"")] } }).to_string();
    let header = crate::writer::file_header("layer.tar", size).expect("header");
    let manifest = json!([{ "Config": "c", "Layers": ["layer.tar"] }]).to_string();
    let rest = Tar::new()
        .file("c", config)
        .file("manifest.json", manifest)
        .bytes();
    std::os::unix::fs::FileExt::write_all_at(&handle, header.as_bytes(), 0).expect("header");
    std::os::unix::fs::FileExt::write_all_at(&handle, &rest, 512 + size).expect("rest");
    let started = std::time::Instant::now();
    let archive = file.open().expect("opens");
    assert_eq!(archive.images()[0].layers[0].stored_size, size);
    assert!(
        started.elapsed().as_millis() < 500,
        "{:?}",
        started.elapsed()
    );
}
