//! Digests that do not match their bytes, in any document.

use samples::{Packing, Tar, TestImage, blob_name, compress, digest, image, index, sample};
use serde_json::json;

use crate::judge::{SOUND, expect};

fn small() -> TestImage {
    image(vec![
        Tar::new().file("a", "a").bytes(),
        Tar::new().file("b", "b").bytes(),
    ])
}

/// The archive with one byte of a member changed. The member is found by its first bytes.
fn flipped(mut archive: Vec<u8>, start: &[u8], at: usize) -> Vec<u8> {
    let place = archive
        .windows(start.len())
        .position(|bytes| bytes == start);
    archive[place.expect("the member") + at] ^= 1;
    archive
}

#[test]
fn a_blob_has_the_digest_in_its_name() {
    let image = small();
    let config = flipped(image.oci(Packing::Plain), &image.config, 20);
    let expected = format!(
        "its config is damaged: expected {}, found ",
        image.image_id()
    );
    expect(&expected, &config);
    let manifest = flipped(image.oci(Packing::Plain), b"{\"config\"", 2);
    expect("its manifest is damaged: expected ", &manifest);
    // A classic config is also named by its digest.
    expect(&expected, &flipped(image.classic(), &image.config, 20));
}

#[test]
fn a_layer_has_the_digest_that_the_config_names() {
    let image = small();
    for packing in Packing::ALL {
        let mut other = image.clone();
        other.layers[1][0] = b'c';
        for archive in [
            other.oci(packing),
            other.classic(),
            compress(packing, &other.classic()),
        ] {
            expect("layer 2 of 2 is damaged: expected ", &archive);
        }
    }
    let mut swapped = image.clone();
    swapped.layers.swap(0, 1);
    expect(
        "layer 1 of 2 is damaged: expected ",
        &swapped.oci(Packing::Gzip),
    );
}

#[test]
fn a_manifest_for_another_config_is_refused() {
    let (image, other) = (small(), sample());
    let mut mixed = image.clone();
    mixed.config.clone_from(&other.config);
    expect(
        "names 2 layers, but its config has 3 diff_ids",
        &mixed.oci(Packing::Plain),
    );
    // manifest.json and index.json name different images: both are checked.
    let (tar, descriptor) = other.blobs(Tar::new(), Packing::Plain);
    let tar = tar
        .file("c.json", &image.config)
        .file("l", &image.layers[0]);
    let manifest = json!([{ "Config": "c.json", "Layers": ["l", "l"] }]).to_string();
    let tar = index(tar, &[descriptor]).file("manifest.json", manifest);
    expect("layer 2 of 2 is damaged: expected ", &tar.bytes());
}

#[test]
fn lengths_that_lie_do_no_harm() {
    let image = small();
    for size in ["0", "1", "9223372036854775807", "18446744073709551615"] {
        for packing in Packing::ALL {
            let blobs: Vec<_> = image
                .layers
                .iter()
                .map(|layer| compress(packing, layer))
                .collect();
            let layer = |blob: &[u8]| json!({ "digest": digest(blob), "size": 1, "annotations": { "io.imgpipe.tar-size": size } });
            let manifest = json!({
                "config": { "digest": image.image_id(), "size": 7 },
                "layers": blobs.iter().map(|blob| layer(blob)).collect::<Vec<_>>(),
            })
            .to_string();
            let id = digest(manifest.as_bytes());
            let mut tar = Tar::new()
                .file(&blob_name(image.image_id()), &image.config)
                .file(&blob_name(id), &manifest);
            for blob in &blobs {
                tar = tar.file(&blob_name(digest(blob)), blob);
            }
            let archive = index(tar, &[json!({ "digest": id, "size": 3 })]).bytes();
            let expected = match (packing, size) {
                // Its own length is known.
                (Packing::Plain, _) => SOUND,
                (_, "0" | "1") => "layer 1 of 2 has more than the",
                // No layer is that long: it counts as no statement.
                _ => SOUND,
            };
            expect(expected, &archive);
        }
    }
}

#[test]
fn a_layer_may_be_listed_twice_and_the_config_says_how_often() {
    let layer = Tar::new().file("a", "a").bytes();
    let twice = image(vec![layer.clone(), layer.clone()]);
    expect(SOUND, &twice.classic());
    expect(SOUND, &twice.oci(Packing::Zstd));
    let once = image(vec![layer]);
    let mut listed = twice.clone();
    listed.config.clone_from(&once.config);
    expect(
        "names 2 layers, but its config has 1 diff_ids",
        &listed.classic(),
    );
}
