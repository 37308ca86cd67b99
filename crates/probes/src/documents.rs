//! The documents of an archive: any contents are refused with a message, or describe an image that engines understand
//! the same way.

use std::collections::HashMap;

use samples::{Tar, blob_name, digest};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::archive::{Verdict, read};

/// The end of a document: no JSON contains this byte.
const END: u8 = 0xff;

/// The target `image_json`: up to four documents, separated by the byte 0xff: the config, an OCI manifest, `index.json`
/// and `manifest.json`. `@layer`, `@config` and `@manifest` in later documents stand for digests.
///
/// # Panics
/// If an archive with them is not refused with one line, and differs from its digests.
pub fn documents(bytes: &[u8]) {
    let mut documents = bytes.splitn(4, |byte| *byte == END).map(<[u8]>::to_vec);
    let layer = Tar::new().file("etc/os-release", "ID=x\n").bytes();
    let mut names = vec![("@layer", digest(&layer).to_string())];
    let mut tar = Tar::new()
        .file("l", &layer)
        .file(&blob_name(digest(&layer)), &layer);
    let mut config = None;
    for place in ["@config", "@manifest", "index.json", "manifest.json"] {
        let Some(document) = documents.next() else {
            break;
        };
        let document = named(document, &names);
        let id = digest(&document);
        if place.starts_with('@') {
            names.push((place, id.to_string()));
            tar = tar.file(&blob_name(id), &document);
        }
        match place {
            "@config" => {
                tar = tar.file("c", &document);
                config = Some(document);
            }
            "@manifest" => {}
            name => tar = tar.file(name, &document),
        }
    }
    let Verdict::Accepted(ids) = read(&tar.bytes(), None) else {
        return;
    };
    if let Some(config) = config
        && ids.contains(&digest(&config))
    {
        as_an_engine(&config);
    }
}

/// Replaces names by digests.
fn named(document: Vec<u8>, names: &[(&str, String)]) -> Vec<u8> {
    let Ok(mut text) = String::from_utf8(document.clone()) else {
        return document;
    };
    for (name, digest) in names {
        text = text.replace(name, digest);
    }
    text.into_bytes()
}

/// The keys of an object with any values.
type Keys = HashMap<String, IgnoredAny>;

#[derive(Deserialize)]
struct Config {
    rootfs: Keys,
}

/// The config of an accepted image has one meaning: Go ignores the case of keys.
fn as_an_engine(config: &[u8]) {
    let only = |keys: &Keys, wanted: &str| {
        let same = keys
            .keys()
            .filter(|key| key.to_uppercase().to_lowercase() == wanted);
        assert!(same.count() <= 1, "{}", String::from_utf8_lossy(config));
    };
    let keys: Keys = serde_json::from_slice(config).expect("an object");
    only(&keys, "rootfs");
    let config: Config = serde_json::from_slice(config).expect("an object");
    only(&config.rootfs, "diff_ids");
}
