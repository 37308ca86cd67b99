//! Compressed archives.

use super::*;

/// A compression: the flag, the archive's media type, and whether every engine loads it.
const WAYS: [(&str, &str, bool); 4] = [
    ("zstd", "layer.v1.tar+zstd", false),
    ("zstd:1", "layer.v1.tar+zstd", false),
    ("gzip", "layer.v1.tar+gzip", true),
    ("none", "layer.v1.tar\"", true),
];

/// An image of two layers that compress well.
fn squeezable() -> Image {
    Image::new()
        .file("text", "the same line again\n".repeat(50_000))
        .random("data", 300_000)
        .layer()
}

#[test]
fn the_same_image_gives_the_same_compressed_bytes() {
    let s = Sandbox::new();
    let image = squeezable().build(&s, "base");
    let path = s.archive("base");
    let mut differ = Vec::new();
    for (way, _, _) in WAYS {
        let save = || {
            if s.path(&path).exists() {
                s.remove(&path);
            }
            s.run("imgsave", ["--compress", way, &image])
                .ok()
                .stdout(&format!("{path}\n"));
            s.read_bytes(&path)
        };
        let first = save();
        // The chunks of the engine's stream are never the same.
        if (0..3).any(|_| save() != first) {
            differ.push(way);
        }
    }
    assert!(differ.is_empty(), "other bytes every time: {differ:?}");
}

#[test]
fn compressed_layers_load() {
    for (way, said, everywhere) in WAYS {
        let s = Sandbox::new();
        let image = squeezable().build(&s, "base");
        let layers = engine().layers(&image);
        let path = s.archive("base");
        s.run("imgsave", ["--compress", way, &image])
            .ok()
            .stdout(&format!("{path}\n"));
        let mut bytes = s.read_bytes(&path);
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(
            text.matches(said).count(),
            2,
            "{way}: {said} for each layer"
        );
        assert_eq!(bytes.len() < 700_000, way != "none", "{way}");

        s.forget(&image);
        s.run("imgload", [&path]).ok().stdout(&format!("{image}\n"));
        assert_eq!(engine().layers(&image), layers, "{way}");
        s.forget(&image);
        if everywhere {
            assert!(engine_loads(&s, &path), "{way}: the engine refuses it");
            assert_eq!(engine().layers(&image), layers, "{way}");
            s.forget(&image);
        }
        // In the first layer, whose random bytes do not compress.
        bytes[150_000] ^= 1;
        s.write(&path, bytes);
        s.run("imgload", [&path]).fails("imgload", 4, &path);
        assert!(!engine().has(&image), "{way}: a tag was left");
    }
}

#[test]
fn an_archive_is_written_again_only_for_another_compression() {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "base");
    for (words, written) in [
        (&["--compress", "zstd"][..], true),
        (&["--compress", "zstd"], false),
        (&[], false),
        (&["--compress", "gzip"], true),
        (&["--compress", "none"], true),
        (&["--compress", "none"], false),
    ] {
        let outcome = s
            .command("imgsave")
            .args(["--json", &image])
            .args(words)
            .run();
        // After a build in a containerd store, it is unknown whether the image was saved.
        let written = written || engine().is_containerd();
        assert_eq!(outcome.ok().json()[0]["written"], written, "{words:?}");
    }
}

#[test]
fn a_compression_that_there_is_not_is_a_usage_error() {
    let s = Sandbox::without_engine();
    for way in ["zstd:99", "zstd:0", "zstd:", "gzip:9", "xz", ""] {
        for program in ["imgsave", "imgbuild"] {
            s.run(program, ["--compress", way, "x:1"])
                .code(2)
                .stdout("")
                .stderr_has(&format!("`{way}` is not a compression"));
        }
    }
    assert!(s.files("").is_empty());
}
