use naming::Architecture;
use proptest::prelude::*;
use serde_json::json;
use tar::EntryType;

use super::*;
use crate::ErrorKind;
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
    assert_eq!(tags, [vec!["x:1", "also:1", "x:2"], vec![]]);
}

#[test]
fn what_is_no_archive_is_called_by_its_name() {
    let text = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    for (bytes, expected) in [
        (&b""[..], "is empty"),
        (
            text.as_bytes(),
            "is a Git LFS pointer, not the archive itself",
        ),
        (b"hello\n", "is a text file, not an image archive"),
        (b"PK\x03\x04\0\0\0", "is not an image archive"),
        (&[0xff; 2000], "is not an image archive"),
        (
            b"\xfd7zXZ\0more",
            "is compressed with xz or bzip2, which no engine loads",
        ),
        (
            b"BZh91AY",
            "is compressed with xz or bzip2, which no engine loads",
        ),
    ] {
        assert_eq!(complaint(bytes), expected);
    }
    let missing = OnDisk::new(b"");
    let path = missing.path().with_extension("gone");
    let error = Archive::open(&path).expect_err("missing");
    assert_eq!(error.to_string(), format!("{path}: no such file"));
    assert_eq!(error.kind(), ErrorKind::Archive);
    let folder = path.parent().expect("folder");
    let error = Archive::open(folder).expect_err("folder");
    assert_eq!(
        error.to_string(),
        format!("{folder}: is a folder, not an image archive")
    );
    let device = Archive::open("/dev/null".into())
        .expect_err("device")
        .to_string();
    assert!(
        device.starts_with("/dev/null: is not a regular file"),
        "{device}"
    );
    let error = OnDisk::new(text.as_bytes()).open().expect_err("pointer");
    assert_eq!(error.hint(), Some("git lfs pull"));
}

/// A classic archive of one layer with this manifest and config, whatever they are.
fn archive_of(manifest: &str, config: &[u8]) -> Vec<u8> {
    let layer = Tar::new().file("a", "a").bytes();
    let tar = Tar::new()
        .file("layer.tar", layer)
        .file("config.json", config);
    tar.symlink("out.tar", "../layer.tar")
        .symlink("root.tar", "/etc/passwd")
        .symlink("round.tar", "round.tar")
        .raw(EntryType::Block, "device")
        .file("twice", "a")
        .file("twice", "b")
        .file("xz", b"\xfd7zXZ\0")
        .file("manifest.json", manifest)
        .bytes()
}

#[test]
fn hostile_documents_are_refused_with_a_reason() {
    let layer = digest_of(&Tar::new().file("a", "a").bytes());
    let good = json!({ "rootfs": { "diff_ids": [layer] } }).to_string();
    let naming =
        |config: &str, layers: &[&str]| json!([{ "Config": config, "Layers": layers }]).to_string();
    let absent = "a".repeat(64);
    for (manifest, config, expected) in [
        (
            naming("config.json", &["gone"]),
            &good,
            "names the layer `gone`, which is not in it",
        ),
        (
            naming("config.json", &["../../etc/passwd"]),
            &good,
            "names the layer `../../etc/passwd`, which is not in it",
        ),
        (
            naming("config.json", &["/etc/passwd"]),
            &good,
            "names the layer `/etc/passwd`, which is not in it",
        ),
        (
            naming("config.json", &["out.tar"]),
            &good,
            "its `out.tar` is a link that leads out of the archive",
        ),
        (
            naming("config.json", &["root.tar"]),
            &good,
            "its `root.tar` is a link that leads out of the archive",
        ),
        (
            naming("config.json", &["round.tar"]),
            &good,
            "its `round.tar` is a link that leads to itself",
        ),
        (
            naming("config.json", &["device"]),
            &good,
            "its `device` is no regular file",
        ),
        (
            naming("config.json", &["twice"]),
            &good,
            "its `twice` is there more than once",
        ),
        (
            naming("config.json", &["xz"]),
            &good,
            "its layer `xz` is compressed with xz, which no engine loads",
        ),
        (
            naming("config.json", &["layer.tar", "layer.tar"]),
            &good,
            "names 2 layers, but its config has 1 diff_ids",
        ),
        (
            naming(&format!("{absent}.json"), &[]),
            &good,
            &format!("names `{absent}.json`, which is not in it"),
        ),
        (
            "[]".into(),
            &good,
            "holds no image: its manifest.json or index.json names none",
        ),
        (
            "[".repeat(10_000),
            &good,
            "its manifest.json is not valid: ",
        ),
        (
            "{nonsense".into(),
            &good,
            "its manifest.json is not valid: ",
        ),
        (
            naming("config.json", &["layer.tar"]),
            &"{}".into(),
            "its config is not valid: missing field `rootfs`",
        ),
        (
            naming("config.json", &["layer.tar"]),
            &good.replace("sha256:", "sha512:"),
            "its config is not valid: digest `sha512:",
        ),
    ] {
        let tar = archive_of(&manifest, config.as_bytes());
        for bytes in ALL.map(|compression| compress(compression, &tar)) {
            let found = complaint(&bytes);
            assert!(found.starts_with(expected), "{found}");
        }
    }
    let fine = archive_of(&naming("config.json", &["layer.tar"]), good.as_bytes());
    assert!(OnDisk::new(&fine).open().is_ok());
    let none = complaint(&Tar::new().file("a", "a").bytes());
    assert!(none.starts_with("is a tar, but no image archive"), "{none}");
}

#[test]
fn one_config_named_often_does_not_fill_the_memory() {
    let config = format!(
        r#"{{"rootfs":{{"diff_ids":[]}},"pad":"{}"}}"#,
        "a".repeat(1 << 20)
    );
    let mut tar = Tar::new().file("0", &config);
    for link in 1..100 {
        tar = tar.hardlink(&link.to_string(), "0");
    }
    let listed: Vec<_> = (0..100)
        .map(|name| json!({ "Config": name.to_string() }))
        .collect();
    let tar = tar.file("manifest.json", json!(listed).to_string()).bytes();
    assert_eq!(
        complaint(&tar),
        "names more documents than any image archive"
    );
}

#[test]
fn long_names_do_not_fill_the_memory() {
    let mut tar = Tar::new();
    for index in 0..5000 {
        tar = tar.file(&format!("{index:08}.").repeat(400), "");
    }
    let bytes = compress(Compression::Zstd, &tar.bytes());
    assert_eq!(complaint(&bytes), "has more members than any image archive");
}

#[test]
fn digests_that_do_not_fit_are_shown() {
    let mut sample = sample();
    let expected = sample.image_id();
    let tar = sample.classic();
    let place = tar
        .windows(5)
        .position(|bytes| bytes == b"linux")
        .expect("config");
    let mut damaged = tar.clone();
    damaged[place] = b'L';
    let found = complaint(&damaged);
    assert!(
        found.starts_with(&format!(
            "its config is damaged: expected {expected}, found sha256:"
        )),
        "{found}"
    );

    sample.layers[1][1000] ^= 1;
    let found = complaint(&sample.classic());
    let digest = digest_of(&sample.layers[1]);
    assert!(
        found.starts_with("layer 2 of 3 is damaged: expected sha256:"),
        "{found}"
    );
    assert!(found.ends_with(&format!("found {digest}")), "{found}");
}

#[test]
fn truncated_files_say_where_they_end() {
    let tar = sample().classic();
    assert_eq!(
        complaint(&tar[..2048 + 100]),
        "is truncated: 2460 bytes are missing in or behind `v1-0/layer.tar`"
    );
    let first = complaint(&tar[..300]);
    assert_eq!(
        first,
        "is truncated: 212 bytes of its first header are missing"
    );
    for compression in [Compression::Gzip, Compression::Zstd] {
        let whole = compress(compression, &tar);
        for length in [20, whole.len() / 3, whole.len() / 2 + 9, whole.len() - 1] {
            let found = complaint(&whole[..length]);
            assert!(found.starts_with("is truncated: "), "{found}");
        }
    }
}

#[test]
fn a_truncated_tar_is_never_whole() {
    let tar = image(vec![Tar::new().file("a", vec![1; 3000]).bytes()]).classic();
    // The manifest's last block, `repositories` and the end marker are not needed.
    let needed = tar
        .windows(13)
        .rposition(|bytes| bytes == b"manifest.json")
        .expect("manifest");
    for length in (1..=needed + 512)
        .step_by(509)
        .chain((1..=needed + 512).step_by(512))
    {
        let found = complaint(&tar[..length]);
        assert!(
            found.contains("truncated") || found.contains("not an image archive"),
            "{length}: {found}"
        );
    }
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn damage_is_an_error_or_the_same_image(at in any::<prop::sample::Index>(), byte: u8, whole in 0..3_usize) {
        let sample = image(vec![Tar::new().file("a", "b").bytes()]);
        let good = compress(ALL[whole], &sample.oci(Compression::Gzip));
        let mut bytes = good.clone();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(archive) = OnDisk::new(&bytes).open() {
            for image in archive.images() {
                if archive.verify(image).is_ok() {
                    prop_assert_eq!(image.image_id, sample.image_id());
                }
            }
        }
    }

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..3000), whole in 0..3_usize) {
        let _ = OnDisk::new(&compress(ALL[whole], &bytes)).open();
    }
}
