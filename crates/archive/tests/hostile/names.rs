//! Names that would forge a message, or are invalid.

use samples::{Packing, Tar, digest, image};
use serde_json::json;
use tar::EntryType;

use crate::judge::expect;

#[test]
fn messages_stay_one_line() {
    let forged = "a\nimgload: all is well\u{1b}[2J";
    let config = json!({ "rootfs": { "diff_ids": [digest(b"")] } }).to_string();
    let naming = |config: &str, layer: &str, tag: &str| {
        json!([{ "Config": config, "Layers": [layer], "RepoTags": [tag] }]).to_string()
    };
    let long = "x".repeat(1 << 20);
    for (manifest, expected) in [
        (naming("c", forged, "x:1"), "names the layer `a\\nimgload"),
        (naming(forged, "l", "x:1"), "names `a\\nimgload"),
        (
            naming("c", "l", forged),
            "has an invalid tag: image reference `a\\nimgload",
        ),
        (
            naming("c", "l", &format!("{forged}.io/x")),
            "has an invalid tag: image reference `a\\nimgload",
        ),
        (naming("c", &long, "x:1"), "names the layer `xxx"),
        (naming(&long, "l", "x:1"), "names `xxx"),
        (naming("c", "l", &long), "has an invalid tag: "),
        (
            naming("c", "device", "x:1"),
            "its `device` is not a regular file",
        ),
    ] {
        let tar = Tar::new()
            .file("c", &config)
            .raw(EntryType::Block, "device")
            .file("manifest.json", manifest);
        expect(expected, &tar.bytes());
    }
    let tar = Tar::new()
        .raw(EntryType::Regular, forged)
        .member(EntryType::Regular, forged, b"x");
    let bytes = tar.bytes();
    expect("is truncated: ", &bytes[..1536]);
}

#[test]
fn a_base_has_a_name_that_can_be_shown() {
    let base = image(vec![Tar::new().file("a", "a").bytes()]);
    let thin = image(vec![
        base.layers[0].clone(),
        Tar::new().file("b", "b").bytes(),
    ]);
    let sound = thin.thin(Packing::Plain, &base);
    expect("leaves layer 1 of 2", &sound);
    // The samples' name is `base`. The new one has the same length, so that only the manifest's digest changes.
    for name in ["b\\na", "\\u001b[2J", "", &"b".repeat(1000)] {
        let forged = forge(&base, &thin, name);
        expect("names the layer `blobs/sha256/", &forged);
    }
}

/// The thin archive with another base name, in JSON form.
fn forge(base: &samples::TestImage, thin: &samples::TestImage, name: &str) -> Vec<u8> {
    let manifest = format!(
        r#"{{"annotations":{{"io.imgpipe.base.name":"{name}","io.imgpipe.base.image-id":"{}"}},"config":{{"digest":"{}"}},"layers":[{{"digest":"{}"}},{{"digest":"{}"}}]}}"#,
        base.image_id(),
        thin.image_id(),
        digest(&thin.layers[0]),
        digest(&thin.layers[1]),
    );
    let id = digest(manifest.as_bytes());
    let tar = Tar::new()
        .file(&samples::blob_name(id), &manifest)
        .file(&samples::blob_name(thin.image_id()), &thin.config)
        .file(
            &samples::blob_name(digest(&thin.layers[1])),
            &thin.layers[1],
        );
    samples::index(tar, &[json!({ "digest": id })]).bytes()
}
