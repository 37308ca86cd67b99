use naming::Reference;
use proptest::prelude::*;

use super::*;
use crate::testing::{OnDisk, Tar, compress, image, sample};
use crate::{Compression, ErrorKind};

const ALL: [Compression; 3] = [Compression::None, Compression::Gzip, Compression::Zstd];

fn composed(archive: &Archive, tags: &[Reference]) -> Result<Vec<u8>, Error> {
    let choices = archive.images().iter().map(|image| Choice {
        archive,
        image,
        tags,
    });
    let mut out = Vec::new();
    compose(&choices.collect::<Vec<_>>(), &mut out)?;
    Ok(out)
}

fn tag(text: &str) -> Reference {
    text.parse().expect("reference")
}

#[test]
fn every_layout_composes_to_the_same_bytes() {
    let sample = sample();
    let mut all = Vec::new();
    for layout in [
        sample.classic(),
        sample.oci(Compression::None),
        sample.oci(Compression::Gzip),
        sample.oci(Compression::Zstd),
    ] {
        for compression in ALL {
            let archive = OnDisk::new(&compress(compression, &layout))
                .open()
                .expect("opens");
            all.push(composed(&archive, &[tag("x:1")]).expect("composes"));
        }
    }
    assert!(all.iter().all(|one| one[..] == all[0][..]));
    let again = OnDisk::new(&all[0]).open().expect("opens");
    let image = &again.images()[0];
    assert_eq!(image.image_id, sample.image_id());
    assert_eq!(image.tags, [tag("x:1")]);
    assert!(all[0] == composed(&again, &image.tags).expect("composes"));
}

#[test]
fn members_are_in_order_and_each_blob_once() {
    let sample = sample();
    let archive = OnDisk::new(&sample.classic()).open().expect("opens");
    let image = &archive.images()[0];
    let one = Choice {
        archive: &archive,
        image,
        tags: &[
            tag("x:1"),
            tag(
                "reg.example/y@sha256:0000000000000000000000000000000000000000000000000000000000000000",
            ),
        ],
    };
    let two = Choice { tags: &[], ..one };
    let mut out = Vec::new();
    compose(&[one, two], &mut out).expect("composes");
    let mut tar = tar::Archive::new(&out[..]);
    let mut names = Vec::new();
    let mut documents = Vec::new();
    for entry in tar.entries().expect("entries") {
        let mut entry = entry.expect("entry");
        assert_eq!(entry.header().mtime().expect("mtime"), 0);
        names.push(entry.path().expect("path").display().to_string());
        let mut text = Vec::new();
        io::Read::read_to_end(&mut entry, &mut text).expect("bytes");
        documents.push(text);
    }
    let layers = [0, 1].map(|index| blob_name(image.layers[index].diff_id));
    let manifest = manifest_digest(image).expect("known sizes");
    let expected = [
        &layers[0],
        &layers[1],
        &blob_name(image.image_id),
        &blob_name(manifest),
        "index.json",
        "oci-layout",
        "manifest.json",
    ];
    assert_eq!(names, expected);
    let listed: serde_json::Value = serde_json::from_slice(&documents[6]).expect("JSON");
    assert_eq!(
        listed[0]["RepoTags"],
        serde_json::json!(["docker.io/library/x:1"])
    );
    assert_eq!(listed[1]["RepoTags"], serde_json::Value::Null);
    assert_eq!(
        listed[0]["Layers"],
        serde_json::json!([layers[0], layers[1], layers[0]])
    );
    let index: serde_json::Value = serde_json::from_slice(&documents[4]).expect("JSON");
    let annotations = &index["manifests"][0]["annotations"];
    assert_eq!(
        annotations["io.containerd.image.name"],
        "docker.io/library/x:1"
    );
    assert_eq!(
        annotations["org.opencontainers.image.ref.name"],
        "docker.io/library/x:1"
    );
    assert_eq!(index["manifests"][0]["digest"], manifest.to_string());
    assert_eq!(index["manifests"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_damaged_layer_ends_the_stream_before_the_documents() {
    let mut sample = sample();
    sample.layers[1][1000] ^= 1;
    for layout in [sample.classic(), sample.oci(Compression::Gzip)] {
        let archive = OnDisk::new(&layout).open().expect("opens");
        let choice = Choice {
            archive: &archive,
            image: &archive.images()[0],
            tags: &[],
        };
        let mut out = Vec::new();
        let error = compose(&[choice], &mut out).expect_err("damage");
        assert!(
            error.to_string().contains("layer 2 of 3 is damaged"),
            "{error}"
        );
        assert_eq!(error.kind(), ErrorKind::Archive);
        for document in ["index.json", "manifest.json", "oci-layout"] {
            assert!(
                !out.windows(document.len())
                    .any(|bytes| bytes == document.as_bytes())
            );
        }
    }
}

#[test]
fn a_layer_whose_compression_is_damaged_says_which() {
    let sample = sample();
    let good = compress(Compression::Gzip, &sample.layers[1]);
    let mut layout = sample.oci(Compression::Gzip);
    let place = layout
        .windows(good.len())
        .position(|bytes| bytes == good)
        .expect("the layer");
    layout[place + good.len() - 6] ^= 1;
    let archive = OnDisk::new(&layout).open().expect("opens");
    let error = composed(&archive, &[]).expect_err("damage").to_string();
    assert!(
        error.contains("layer 2 of 3 can't be decompressed"),
        "{error}"
    );
}

/// Fails after some bytes, as a full disk or an engine that died.
struct Failing(usize, io::ErrorKind);

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(self.1)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn failures_of_the_reader_are_no_damage() {
    let archive = OnDisk::new(&sample().classic()).open().expect("opens");
    let choice = Choice {
        archive: &archive,
        image: &archive.images()[0],
        tags: &[],
    };
    for (kind, expected) in [
        (io::ErrorKind::BrokenPipe, ErrorKind::Other),
        (io::ErrorKind::StorageFull, ErrorKind::Room),
    ] {
        for room in [0, 1000, 600_000, 709_000] {
            let error = compose(&[choice], &mut Failing(room, kind)).expect_err("failure");
            assert!(
                matches!(&error, Error::Write { source } if source.kind() == kind),
                "{error}"
            );
            assert_eq!(error.kind(), expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn composing_what_was_composed_changes_nothing(
        layers in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 0..5),
        stored in 0..3_usize,
        whole in 0..3_usize,
    ) {
        let layers = layers.into_iter().map(|bytes| Tar::new().file("a", bytes).bytes()).collect();
        let archive = OnDisk::new(&compress(ALL[whole], &image(layers).oci(ALL[stored]))).open().expect("opens");
        let first = composed(&archive, &archive.images()[0].tags).expect("composes");
        let again = OnDisk::new(&first).open().expect("opens");
        prop_assert_eq!(again.images()[0].image_id, archive.images()[0].image_id);
        prop_assert!(first == composed(&again, &again.images()[0].tags).expect("composes"));
    }
}
