//! Documents that are too large, too deep, or have duplicate keys.

use samples::{Packing, Tar, blob_name, compress, digest, index, sample};
use serde_json::{Value, json};

use crate::judge::{SOUND, expect};

fn layer() -> Vec<u8> {
    Tar::new().file("a", "a").bytes()
}

fn config() -> String {
    json!({ "rootfs": { "diff_ids": [digest(&layer())] } }).to_string()
}

/// A classic archive of one layer with this manifest and this config.
fn classic(manifest: &str, config: &str) -> Vec<u8> {
    Tar::new()
        .file("l", layer())
        .file("c", config)
        .file("manifest.json", manifest)
        .bytes()
}

fn manifest() -> String {
    json!([{ "Config": "c", "Layers": ["l"] }]).to_string()
}

/// An OCI layout with this manifest, described as an image's or as another index.
fn layout(blob: &str, media_type: &str) -> Vec<u8> {
    let id = digest(blob.as_bytes());
    let descriptor = json!({ "mediaType": media_type, "digest": id, "size": blob.len() });
    index(Tar::new().file(&blob_name(id), blob), &[descriptor]).bytes()
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

#[test]
fn sound_documents_are_sound() {
    expect(SOUND, &classic(&manifest(), &config()));
}

#[test]
fn documents_of_a_hundred_megabytes_are_not_read() {
    let blank = " ".repeat(100 << 20);
    for (name, bytes) in [
        ("manifest.json", classic(&format!("{blank}[]"), &config())),
        ("c", classic(&manifest(), &format!("{blank}{}", config()))),
        ("index.json", Tar::new().file("index.json", &blank).bytes()),
    ] {
        for packing in [Packing::Plain, Packing::Zstd] {
            let packed = compress(packing, &bytes);
            expect(&format!("its `{name}` is too large"), &packed);
        }
    }
}

#[test]
fn nesting_ends_where_the_parser_ends_it() {
    let lists = "[".repeat(10_000);
    let maps = "{\"a\":".repeat(10_000);
    // Also in an unused field.
    let aside = format!("{{\"x\":{lists}");
    for deep in [&lists, &maps, &aside] {
        expect(
            "its manifest.json is not valid: ",
            &classic(deep, &config()),
        );
        expect("its config is not valid: ", &classic(&manifest(), deep));
        let tar = Tar::new().file("index.json", deep).bytes();
        expect("its index.json is not valid: ", &tar);
        expect("its manifest is not valid: ", &layout(deep, MANIFEST));
        expect("its index is not valid: ", &layout(deep, INDEX));
    }
}

#[test]
fn what_is_said_twice_is_refused() {
    let own = config();
    let id = digest(&layer()).to_string();
    for (manifest, config, expected) in [
        (
            r#"[{"Config":"c","Config":"x","Layers":["l"]}]"#.to_owned(),
            own.clone(),
            "its manifest.json is not valid: duplicate field `Config`",
        ),
        (
            r#"[{"Config":"c","Layers":[],"Layers":["l"]}]"#.to_owned(),
            own.clone(),
            "its manifest.json is not valid: duplicate field `Layers`",
        ),
        (
            manifest(),
            format!(r#"{{"rootfs":{{"diff_ids":["{id}"]}},"rootfs":{{"diff_ids":[]}}}}"#),
            "its config is not valid: duplicate field `rootfs`",
        ),
        (
            manifest(),
            format!(r#"{{"rootfs":{{"diff_ids":["{id}"],"diff_ids":[]}}}}"#),
            "its config is not valid: duplicate field `diff_ids`",
        ),
        // Engines are written in Go, which ignores the case of a key, and uses the last of several.
        (
            manifest(),
            format!(r#"{{"rootfs":{{"diff_ids":["{id}"]}},"RootFS":{{"diff_ids":[]}}}}"#),
            "its config is not valid: `RootFS`: engines read it as `rootfs`",
        ),
        (
            manifest(),
            format!(
                "{{\"rootfs\":{{\"diff_ids\":[\"{id}\"]}},\"rootf\u{17f}\":{{\"diff_ids\":[]}}}}"
            ),
            "its config is not valid: `rootf\u{17f}`: engines read it as `rootfs`",
        ),
        (
            manifest(),
            format!(r#"{{"rootfs":{{"diff_ids":["{id}"],"DIFF_IDS":[]}}}}"#),
            "its config is not valid: `DIFF_IDS`: engines read it as `diff_ids`",
        ),
    ] {
        expect(expected, &classic(&manifest, &config));
    }
}

#[test]
fn an_index_does_not_lead_round_in_circles() {
    // An index that names itself would need a digest of itself.
    let itself =
        json!({ "manifests": [{ "mediaType": INDEX, "digest": digest(b"") }] }).to_string();
    let top = json!({ "mediaType": INDEX, "digest": digest(b"") });
    let tar = Tar::new().file(&blob_name(digest(b"")), itself);
    expect(
        "its index is damaged: expected ",
        &index(tar, &[top]).bytes(),
    );
    // A hundred nested ones do not.
    let mut tar = Tar::new();
    let mut below: Value = json!([]);
    for _ in 0..100 {
        let text = json!({ "manifests": below }).to_string();
        let id = digest(text.as_bytes());
        tar = tar.file(&blob_name(id), &text);
        below = json!([{ "mediaType": INDEX, "digest": id }]);
    }
    let top = below[0].clone();
    expect(
        "its indexes are nested too deeply",
        &index(tar, &[top]).bytes(),
    );
}

#[test]
fn media_types_are_not_believed() {
    // The samples' name for their layers is no valid media type.
    for packing in Packing::ALL {
        expect(SOUND, &sample().oci(packing));
    }
    // An index with the media type of a manifest, and a manifest with that of an index.
    let as_index = layout(&json!({ "manifests": [] }).to_string(), MANIFEST);
    expect(
        "its manifest is not valid: missing field `config`",
        &as_index,
    );
    let as_manifest = layout(
        &json!({ "config": { "digest": digest(b"") } }).to_string(),
        INDEX,
    );
    expect("holds no image", &as_manifest);
}
