//! Only missing layers are sent, and the engine's success is verified.

use samples::{Dice, Tar, blob_name, digest};
use serde_json::json;

use super::*;

#[test]
fn images_that_are_there_take_one_call_of_the_engine_however_many_they_are() {
    let s = Sandbox::new();
    let variants = ["one", "two", "three"];
    let images = strangers(&s, &variants);
    let (paths, names) = (archives(&s, &variants), variants.map(|name| s.image(name)));
    let printed = lines(&images.iter().collect::<Vec<_>>());
    s.run("imgload", &paths).ok().stdout(&printed);
    let engine = Watched::new(&s);
    let listed = paths.join("\n");
    for (what, words, input) in [
        ("archives", &paths[..], ""),
        ("names", &names[..], ""),
        ("a list on stdin", &[], listed.as_str()),
        ("with streams at a time", &paths[..], ""),
    ] {
        engine.reset();
        let outcome = s
            .command("imgload")
            .args(["--engine", engine.program(), "--jobs", "2"])
            .args(words)
            .input(input)
            .run();
        outcome.ok().stdout(&printed).silent();
        let calls = engine.calls();
        let program = pipeline_tests::engine();
        let most = if program.is_podman() {
            // A program with another name is asked as Docker, and again if the answer shows podman.
            2
        } else if program.is_containerd() {
            // Docker 26 does not show that layers of an image are missing: its version, then its list are needed.
            3
        } else {
            1
        };
        // Stdin may arrive in two parts. The engine's version is known then.
        let parts = if input.is_empty() { 1 } else { 2 };
        let most = most + (parts - 1) * if program.is_containerd() { 2 } else { 1 };
        assert!((1..=most).contains(&calls.len()), "{what}: {calls:?}");
        assert_eq!(engine.loads(), 0, "{what}: {calls:?}");
    }
}

#[test]
fn only_the_layers_that_the_engine_lacks_are_sent() {
    let s = Sandbox::new();
    let images = family(&s, &["top"]);
    let [_, top] = &images[..] else {
        panic!("two images");
    };
    s.run("imgload", [s.archive("base")]).ok();
    let watched = Watched::new(&s);
    load(&s, &watched, [s.archive("top")])
        .ok()
        .stdout(&lines(&[top]));
    assert_eq!(watched.loads(), 1);
    assert!(watched.bytes() < LITTLE, "{} bytes", watched.bytes());
    let calls = watched.calls();
    if engine().is_podman() {
        // A program with another name is asked as Docker first; and podman, which of its names for the tag are taken.
        assert!(calls.len() <= 7, "{calls:?}");
    } else if !engine().is_containerd() {
        assert_eq!(calls, ["image inspect", "load ", "image inspect", "tag --"]);
    }
    let (below, all) = (blobs(&s, "base"), blobs(&s, "top"));
    let members = members(&s, &watched.fed()[0]);
    assert!(all.starts_with(&below) && all.len() > below.len());
    for layer in &all {
        let length = members.get(layer).copied();
        let empty = below.contains(layer);
        assert_eq!(length.map(|length| length == 0), Some(empty), "{members:?}");
    }
    let marks = ["cat", "/base-mark", "/top-mark"];
    let both = Some(MARK.to_owned() + &top_mark("top"));
    assert_eq!(run(top, &marks), both);

    // The engine can export all of it.
    let whole = s.path("whole.tar");
    let layers = engine().layers(top);
    engine().save(&[top], &whole);
    s.forget_all(&images);
    let apart = ["--registry", "elsewhere/image-registry.yml", "whole.tar"];
    s.run("imgload", apart).ok().stdout(&lines(&[top]));
    assert_eq!(engine().layers(top), layers);
    assert_eq!(run(top, &marks), both);
}

#[test]
fn a_layer_that_is_not_sent_is_not_read() {
    let s = Sandbox::new();
    let images = family(&s, &["top"]);
    s.run("imgload", [s.archive("base")]).ok();
    s.flip(&s.archive("top"), MARK);
    s.run("imgload", [s.archive("top")])
        .ok()
        .stdout(&lines(&[&images[1]]));
    assert_eq!(
        run(&images[1], &["cat", "/base-mark"]).as_deref(),
        Some(MARK)
    );
    s.forget_all(&images);
    s.run("imgload", [s.archive("top")])
        .fails("imgload", 4, "damaged");
    assert!(!engine().has(&images[1]), "a tag was left");
}

#[test]
fn an_engine_that_does_not_take_a_part_gets_everything() {
    let s = Sandbox::new();
    let images = family(&s, &["top"]);
    for (what, load_lines) in [
        (
            "it fails",
            "if partial; then echo 'no such layer' >&2; exit 1; fi; pass \"$@\"",
        ),
        (
            "it says that it was fine",
            "if partial; then echo 'Loaded image: x:1'; exit 0; fi; pass \"$@\"",
        ),
    ] {
        s.run("imgload", [s.archive("base")]).ok();
        let engine = Watched::spoiled(&s, load_lines);
        engine.reset();
        load(&s, &engine, ["--verbose", &s.archive("top")])
            .ok()
            .stdout(&lines(&[&images[1]]))
            .stderr_has("sending all");
        assert_eq!(engine.loads(), 2, "{what}");
        assert!(engine.bytes() > BASE, "{what}: {} bytes", engine.bytes());
        assert_eq!(
            run(&images[1], &["cat", "/base-mark"]).as_deref(),
            Some(MARK),
            "{what}"
        );
        s.forget_all(&images);
    }
}

#[test]
fn an_engine_that_only_says_so_is_not_believed() {
    let s = Sandbox::new();
    let images = family(&s, &["top"]);
    let liar = format!("echo 'Loaded image: {}'", images[1]);
    let watched = Watched::spoiled(&s, &liar);
    // A containerd store may have continued with an earlier stream: then one more is sent.
    let more = usize::from(engine().is_containerd());
    for (base, loads) in [(false, 1 + more), (true, 2 + more)] {
        if base {
            s.run("imgload", [s.archive("base")]).ok();
        }
        watched.reset();
        load(&s, &watched, [s.archive("top")]).fails(
            "imgload",
            5,
            "the engine reported success, but has no image sha256:",
        );
        assert_eq!(watched.loads(), loads, "with the base there: {base}");
        assert!(!engine().has(&images[1]), "with the base there: {base}");
    }
    // Earlier images are still there.
    assert!(engine().has(&images[0]));
    let registry = s.read("image-registry.yml");
    assert_eq!(registry.matches("usage_count: 1").count(), 1, "{registry}");
}

/// A compressed layer is sent as it is and decompressed once on the way, to check it. If no manifest names its blob, its bytes are
/// hashed before.
#[test]
fn a_gzip_layer_of_others_is_decompressed_once() {
    let s = Sandbox::new();
    let mut dice = Dice::new(u64::from(std::process::id()));
    // The command also reads the engine's output: a megabyte or two, if the engine has the images of many tests.
    let layer = Tar::new()
        .file("noise", dice.bytes(8_000_000))
        .file("zeros", vec![0; 4_000_000])
        .bytes();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": { "Labels": { "imgpipe.test": s.project() } },
        "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] },
    })
    .to_string();
    s.write("layer", &layer);
    let one = "gzip --stdout layer";
    let two = "head -c 8001000 layer | gzip; tail -c +8001001 layer | gzip";
    for (variant, pack, is_named, reads) in [
        ("one", one, true, 1),
        ("two", two, true, 1),
        ("one-bare", one, false, 2),
        ("two-bare", two, false, 2),
    ] {
        s.sh(&format!("({pack}) >packed")).ok();
        let packed = s.read_bytes("packed");
        let reference = format!("{}:latest", s.image(variant));
        let [blob, id] = [&packed, config.as_bytes()].map(|bytes| blob_name(digest(bytes)));
        let list = json!([{ "Config": id, "RepoTags": [reference], "Layers": [blob] }]);
        let mut archive = Tar::new()
            .file(&id, &config)
            .file(&blob, &packed)
            .file("manifest.json", list.to_string());
        if is_named {
            let manifest = json!({
                "schemaVersion": 2,
                "config": { "digest": digest(config.as_bytes()), "size": config.len() },
                "layers": [{ "digest": digest(&packed), "size": packed.len(),
                    "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip" }],
            })
            .to_string();
            let index = json!({ "schemaVersion": 2, "manifests": [{
                "digest": digest(manifest.as_bytes()), "size": manifest.len(),
                "mediaType": "application/vnd.oci.image.manifest.v1+json" }] });
            archive = archive
                .file(&blob_name(digest(manifest.as_bytes())), manifest)
                .file("index.json", index.to_string());
        }
        s.write("x.tar", archive.bytes());
        let watched = Watched::spoiled(&s, "pass \"$@\"; cat /proc/$PPID/io >\"$calls/io\"");
        watched.reset();
        load(&s, &watched, ["x.tar"])
            .ok()
            .stdout(&lines(&[&reference]));
        let count = s.read("watched/io");
        let count = count.lines().find_map(|line| line.strip_prefix("rchar: "));
        let count: usize = count.expect("a count").parse().expect("a number");
        let most = (reads + 1) * packed.len();
        assert!(count < most, "{variant}: {count} of {}", packed.len());
        assert_eq!(engine().layers(&reference), [digest(&layer).to_string()]);
        s.forget(&reference);
    }
}
