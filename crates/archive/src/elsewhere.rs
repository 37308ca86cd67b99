//! Recognises tars that hold an image in a form that no engine loads, to explain them in the error.

use crate::Error;
use crate::describe::Documents;
use crate::schema::Manifest;

/// The document of Docker's oldest archives instead of a `manifest.json`.
const REPOSITORIES: &str = "repositories";
/// A root file system has at least one of these files.
const OF_A_SYSTEM: [&str; 6] = [
    ".dockerenv",
    "etc/os-release",
    "usr/lib/os-release",
    "etc/passwd",
    "bin/sh",
    "usr/bin/env",
];
/// skopeo writes it beside the manifest, with the format's version (containers/image, directory transport).
const DIR_VERSION: &str = "version";
/// The suffix of the media types of encrypted layers (containers/ocicrypt, docs).
const ENCRYPTED: &str = "+encrypted";

/// Refuses a `manifest.json` that is a registry's manifest, not a list of images. The parser refuses damaged ones later.
pub(crate) fn check_list(documents: &impl Documents, manifest: &[u8]) -> Result<(), Error> {
    if manifest.trim_ascii_start().first() != Some(&b'{') || !documents.has(DIR_VERSION) {
        return Ok(());
    }
    Err(documents.blame().not_an_archive(
        "is a tar of a skopeo `dir:` folder, which engines cannot load",
        Some("convert it with `skopeo copy dir:FOLDER oci-archive:FILE`"),
    ))
}

/// The error for a tar with neither `manifest.json` nor `index.json`.
pub(crate) fn without_documents(documents: &impl Documents) -> Error {
    let blame = documents.blame();
    if documents.has(REPOSITORIES) {
        return blame.not_an_archive(
            "was saved by Docker before 1.10: it holds no manifest.json",
            Some("load it with an old Docker, then save it with 1.10 or newer"),
        );
    }
    if OF_A_SYSTEM.iter().any(|name| documents.has(name)) {
        return blame.not_an_archive(
            "is a tar of a file system, as `docker export` writes it, not an image archive",
            Some("make an image of it with `docker import FILE NAME`, then save it with `imgsave NAME`"),
        );
    }
    blame.damaged("is a tar, but not an image archive: it holds no manifest.json or index.json")
}

/// Refuses encrypted layers.
pub(crate) fn check_layers(documents: &impl Documents, manifest: &Manifest) -> Result<(), Error> {
    let mut layers = manifest.layers.iter();
    match layers.position(|layer| layer.media_type.ends_with(ENCRYPTED)) {
        None => Ok(()),
        Some(place) => {
            let (place, count) = (place + 1, manifest.layers.len());
            let what = format!("layer {place} of {count} is encrypted; engines cannot load it");
            Err(documents.blame().damaged(what))
        }
    }
}
