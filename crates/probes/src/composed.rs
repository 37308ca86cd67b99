//! Judges a composed stream independently of the code that made it: with the `tar` crate, untyped JSON, and digests of
//! all bytes.

use std::collections::BTreeMap;
use std::io::Read as _;

use naming::Digest;
use samples::digest;
use serde::Deserialize;
use serde_json::Value;

/// The layers of a config; its other keys only need to be well-formed.
#[derive(Deserialize)]
struct Config {
    rootfs: RootFs,
}

#[derive(Deserialize)]
struct RootFs {
    diff_ids: Option<Vec<String>>,
}

/// Compares every digest in the stream with its bytes, and returns the digests of the images' configs.
///
/// # Panics
/// If one differs, or if the documents describe no image.
pub(crate) fn images(stream: &[u8]) -> Vec<Digest> {
    let mut members = BTreeMap::new();
    let mut tar = tar::Archive::new(stream);
    for entry in tar.entries().expect("a tar") {
        let mut entry = entry.expect("a member");
        assert!(entry.header().entry_type().is_file());
        let name = entry.path().expect("a path").to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("bytes");
        if let Some(hex) = name.strip_prefix("blobs/sha256/") {
            assert_eq!(digest(&bytes).hex(), hex, "{name}");
        }
        assert!(members.insert(name, bytes).is_none(), "a member twice");
    }
    let document = |name: &str| -> Value {
        let bytes = members.get(name).unwrap_or_else(|| panic!("no {name}"));
        serde_json::from_slice(bytes).expect("JSON")
    };
    let listed = document("manifest.json");
    let listed = listed.as_array().expect("a list");
    let ids = listed.iter().map(|image| {
        let name = image["Config"].as_str().expect("a config");
        let config: Config = serde_json::from_slice(&members[name]).expect("a config");
        let diff_ids = config.rootfs.diff_ids.unwrap_or_default();
        let layers = image["Layers"].as_array().expect("layers");
        assert_eq!(layers.len(), diff_ids.len());
        for (layer, diff_id) in layers.iter().zip(&diff_ids) {
            let bytes = &members[layer.as_str().expect("a layer")];
            assert_eq!(&digest(&uncompressed(bytes)).to_string(), diff_id);
        }
        digest(&members[name])
    });
    let ids: Vec<_> = ids.collect();
    let index = document("index.json");
    for descriptor in index["manifests"].as_array().expect("manifests") {
        let manifest = document(&blob(&members, descriptor));
        let config = blob(&members, &manifest["config"]);
        let id = digest(&members[&config]);
        assert!(ids.contains(&id), "{config} is in index.json alone");
        let image = listed
            .iter()
            .find(|image| image["Config"] == config.as_str());
        let image = image.expect("the same image");
        for (layer, name) in manifest["layers"]
            .as_array()
            .into_iter()
            .flatten()
            .zip(image["Layers"].as_array().into_iter().flatten())
        {
            assert_eq!(Some(blob(&members, layer).as_str()), name.as_str());
        }
    }
    ids
}

/// A layer without its compression.
fn uncompressed(layer: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    match layer {
        [0x1f, 0x8b, ..] => {
            let mut decoder = flate2::read::MultiGzDecoder::new(layer);
            decoder.read_to_end(&mut bytes).expect("gzip");
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            bytes = zstd::decode_all(layer).expect("zstd");
        }
        _ => bytes = layer.to_vec(),
    }
    bytes
}

/// The member of a descriptor, with the descriptor's length.
fn blob(members: &BTreeMap<String, Vec<u8>>, descriptor: &Value) -> String {
    let digest = descriptor["digest"].as_str().expect("a digest");
    let name = digest.replace("sha256:", "blobs/sha256/");
    let length = members.get(&name).map(|bytes| bytes.len() as u64);
    assert_eq!(length, descriptor["size"].as_u64(), "{name}");
    name
}
