use failure::{Code, Reported as _};
use naming::Reference;
use proptest::prelude::*;

use super::*;
use crate::Compression;
use crate::describe::blob_name;
use crate::testing::{OnDisk, Packing, Tar, TestImage, compress, image, sample};

const ALL: [Compression; 3] = [Compression::None, Compression::Gzip, Compression::Zstd];

fn composed(stack: &Stack, tags: &[Reference]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    compose(&[choice(stack, tags)], Reads::All, &mut out)?;
    Ok(out)
}

fn choice<'a>(stack: &'a Stack, tags: &'a [Reference]) -> Choice<'a> {
    Choice {
        stack,
        tags,
        present: 0,
    }
}

fn tag(text: &str) -> Reference {
    text.parse().expect("reference")
}

#[test]
fn layers_go_as_they_are_stored_under_the_image_s_own_manifest() {
    let sample = sample();
    for stored in ALL {
        let layout = sample.oci(stored);
        let mut all = Vec::new();
        for whole in ALL {
            let stack = OnDisk::new(&compress(whole, &layout)).stack();
            all.push(composed(&stack, &[tag("x:1")]).expect("composes"));
        }
        assert!(all.iter().all(|one| one[..] == all[0][..]));
        let (stack, again) = (OnDisk::new(&layout).stack(), OnDisk::new(&all[0]).stack());
        let (came, image) = (stack.image(), again.image());
        assert_eq!(image.image_id, sample.image_id());
        assert_eq!(image.tags, [tag("x:1")]);
        let manifest = |image: &Image| image.manifest.as_ref().expect("a manifest").bytes.clone();
        assert_eq!(manifest(image), manifest(came));
        assert_eq!(manifest_digest(image), Some(came.manifests[0]));
        let blobs = |image: &Image| image.layers.iter().map(|it| it.blob).collect::<Vec<_>>();
        assert_eq!(blobs(image), blobs(came));
        assert!(image.layers.iter().all(|it| it.compression == stored));
        assert!(all[0] == composed(&again, &image.tags).expect("composes"));
    }
}

#[test]
fn what_the_reader_cannot_decompress_goes_uncompressed() {
    let sample = sample();
    let plain = composed(&OnDisk::new(&sample.classic()).stack(), &[]).expect("composes");
    for (stored, reads, is_plain) in [
        (Compression::Zstd, Reads::Gzip, true),
        (Compression::Zstd, Reads::All, false),
        (Compression::Gzip, Reads::Gzip, false),
    ] {
        let stack = OnDisk::new(&sample.oci(stored)).stack();
        let mut out = Vec::new();
        let manifests = compose(&[choice(&stack, &[])], reads, &mut out).expect("composes");
        assert_eq!(out == plain, is_plain, "{stored:?} {reads:?}");
        let known = match is_plain {
            // The lengths of its layers are unknown.
            true => None,
            false => manifest_digest(stack.image()),
        };
        assert!(known.is_none_or(|known| manifests == [known]));
    }
}

/// The form of some tools: compressed layers, and no manifest that names them.
#[test]
fn compressed_layers_without_a_manifest_get_one() {
    let sample = sample();
    let packed = sample.layers.iter().map(|it| compress(Packing::Gzip, it));
    let packed: Vec<_> = packed.collect();
    let names: Vec<_> = (0..packed.len()).map(|it| format!("{it}.tar.gz")).collect();
    let mut tar = Tar::new().file("config.json", &sample.config);
    for (name, layer) in names.iter().zip(&packed) {
        tar = tar.file(name, layer);
    }
    let list = serde_json::json!([{ "Config": "config.json", "Layers": names }]);
    let stack = OnDisk::new(&tar.file("manifest.json", list.to_string()).bytes()).stack();
    assert_eq!(manifest_digest(stack.image()), None);
    let mut out = Vec::new();
    let manifests = compose(&[choice(&stack, &[])], Reads::All, &mut out).expect("composes");
    let again = OnDisk::new(&out).stack();
    assert_eq!(manifest_digest(again.image()), Some(manifests[0]));
    let blobs = again.image().layers.iter().map(|it| it.blob);
    assert!(blobs.eq(packed.iter().map(|it| Some(digest_of(it)))));
    again.archive().verify(again.image()).expect("sound");
}

/// A blob that is two layers in the config is damage, even if it is sent once.
#[test]
fn one_blob_is_one_layer() {
    let [layer, other] = ["a", "b"].map(|name| Tar::new().file(name, "x").bytes());
    let twice = image(vec![layer.clone(), layer.clone()]);
    let [right, wrong] = [&layer, &other].map(|layer| digest_of(layer).to_string());
    let config = String::from_utf8(twice.config.clone()).expect("UTF-8");
    let at = config.rfind(&right).expect("the second layer");
    let mut config = config.clone();
    config.replace_range(at..at + right.len(), &wrong);
    let lying = TestImage {
        config: config.into_bytes(),
        ..twice
    };
    for stored in ALL {
        let stack = OnDisk::new(&lying.oci(stored)).stack();
        let error = composed(&stack, &[]).expect_err("damage").to_string();
        assert!(error.contains("layer 2 of 2 is damaged"), "{error}");
    }
}

/// The manifest names blobs with other bytes, which decompress to the same layers.
#[test]
fn a_blob_that_is_not_what_the_manifest_names_is_damage() {
    let sample = sample();
    let good = compress(Packing::Gzip, &sample.layers[1]);
    let mut layout = sample.oci(Compression::Gzip);
    let place = layout.windows(good.len()).position(|bytes| bytes == good);
    // The time in gzip's header: it decompresses to the same bytes.
    layout[place.expect("the layer") + 4] ^= 1;
    let stack = OnDisk::new(&layout).stack();
    let expected = "the blob of layer 2 of 3 is damaged";
    let verified = stack.archive().verify(stack.image());
    for error in [composed(&stack, &[]).map(drop), verified] {
        let text = error.expect_err("damage").to_string();
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn members_are_in_order_and_each_blob_once() {
    let sample = sample();
    let stack = OnDisk::new(&sample.classic()).stack();
    let image = stack.image();
    let tags = [
        tag("x:1"),
        tag(
            "reg.example/y@sha256:0000000000000000000000000000000000000000000000000000000000000000",
        ),
    ];
    let one = choice(&stack, &tags);
    let two = choice(&stack, &[]);
    let mut out = Vec::new();
    compose(&[one, two], Reads::All, &mut out).expect("composes");
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
        let stack = OnDisk::new(&layout).stack();
        let mut out = Vec::new();
        let error = compose(&[choice(&stack, &[])], Reads::All, &mut out).expect_err("damage");
        assert!(
            error.to_string().contains("layer 2 of 3 is damaged"),
            "{error}"
        );
        assert_eq!(error.code(), Code::Archive);
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
    let stack = OnDisk::new(&layout).stack();
    let error = composed(&stack, &[]).expect_err("damage").to_string();
    assert!(
        error.contains("layer 2 of 3 is damaged: corrupt"),
        "{error}"
    );
}

/// The members of a stream, and their lengths.
fn members(stream: &[u8]) -> Vec<(String, u64)> {
    let mut tar = tar::Archive::new(stream);
    let entries = tar.entries().expect("entries");
    let entries = entries.map(|entry| {
        let entry = entry.expect("entry");
        (
            entry.path().expect("path").display().to_string(),
            entry.size(),
        )
    });
    entries.collect()
}

/// Images that share their lowest layer.
fn family() -> [TestImage; 3] {
    let layer = |name: &str| Tar::new().file(name, name.repeat(100)).bytes();
    let base = layer("base");
    [
        vec![base.clone()],
        vec![base.clone(), layer("a")],
        vec![base, layer("b")],
    ]
    .map(image)
}

#[test]
fn layers_that_the_reader_has_are_neither_read_nor_sent() {
    let [base, a, b] = family();
    let [base_layer, a_layer] = [0, 1].map(|index| digest_of(&a.layers[index]));
    let disk = OnDisk::new(&a.oci(Compression::None));
    let stack = disk.stack();
    // The damaged layer is left out, so it is not read.
    let mut damaged = disk.bytes();
    let offset = usize::try_from(stack.image().layers[0].offset).expect("small");
    damaged[offset..offset + 100].fill(0xff);
    std::fs::write(disk.path(), damaged).expect("writes");
    let present = |stack, present| Choice {
        stack,
        tags: &[],
        present,
    };
    let mut out = Vec::new();
    compose(&[present(&stack, 1)], Reads::All, &mut out).expect("composes");
    let size = a.layers[1].len() as u64;
    assert_eq!(
        members(&out)[..2],
        [(blob_name(base_layer), 0), (blob_name(a_layer), size)]
    );
    assert_eq!(length(&[present(&stack, 1)]), size);
    // The same image, also by its manifest's digest.
    let manifest = manifest_digest(stack.image()).expect("known sizes");
    assert!(members(&out).contains(&(blob_name(manifest), manifest_length(&stack))));
    // A layer that one reader lacks is sent for all.
    let whole = OnDisk::new(&b.oci(Compression::None)).stack();
    let mut out = Vec::new();
    compose(
        &[present(&stack, 1), present(&whole, 0)],
        Reads::All,
        &mut out,
    )
    .expect("composes");
    let names: Vec<_> = members(&out)
        .into_iter()
        .filter(|(name, _)| *name == blob_name(base_layer))
        .collect();
    assert_eq!(
        names,
        [(blob_name(base_layer), base.layers[0].len() as u64)]
    );
    // All layers are present.
    let mut out = Vec::new();
    compose(&[present(&stack, 9)], Reads::All, &mut out).expect("composes");
    assert_eq!(
        members(&out)[..2].iter().map(|(_, size)| size).sum::<u64>(),
        0
    );
}

fn manifest_length(stack: &Stack) -> u64 {
    let manifest = stack.image().manifest.as_ref();
    manifest.expect("a manifest").bytes.len() as u64
}

#[test]
fn a_base_of_several_is_written_once() {
    let stacks = family().map(|image| OnDisk::new(&image.oci(Compression::Gzip)).stack());
    let choices: Vec<_> = stacks.iter().map(|stack| choice(stack, &[])).collect();
    let mut out = Vec::new();
    compose(&choices, Reads::All, &mut out).expect("composes");
    let layers = members(&out)
        .iter()
        .filter(|(name, _)| {
            stacks.iter().any(|stack| {
                let mut layers = stack.image().layers.iter();
                layers.any(|layer| layer.blob.map(blob_name).as_ref() == Some(name))
            })
        })
        .count();
    assert_eq!(layers, 3);
    let again = OnDisk::new(&out).open().expect("opens");
    assert_eq!(again.images().len(), 3);
    for image in again.images() {
        again.verify(image).expect("whole");
    }
}

/// Fails after some bytes, like a full disk or an engine that died.
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
    let stack = OnDisk::new(&sample().classic()).stack();
    for (kind, expected) in [
        (io::ErrorKind::BrokenPipe, Code::Other),
        (io::ErrorKind::StorageFull, Code::Room),
    ] {
        for room in [0, 1000, 600_000, 709_000] {
            let error = compose(&[choice(&stack, &[])], Reads::All, &mut Failing(room, kind))
                .expect_err("failure");
            assert!(
                matches!(&error, Error::Write { source } if source.kind() == kind),
                "{error}"
            );
            assert_eq!(error.code(), expected);
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
        let stack = OnDisk::new(&compress(ALL[whole], &image(layers).oci(ALL[stored]))).stack();
        let first = composed(&stack, &stack.image().tags).expect("composes");
        let again = OnDisk::new(&first).stack();
        prop_assert_eq!(again.image().image_id, stack.image().image_id);
        prop_assert!(first == composed(&again, &again.image().tags).expect("composes"));
    }
}
