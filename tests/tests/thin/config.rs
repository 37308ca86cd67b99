//! What the config says of compression and of thin archives.

use super::*;

#[test]
fn the_config_says_how_to_compress_and_a_flag_wins() {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "base");
    let path = s.archive("base");
    s.write(".localci.yml", "images: {compress: zstd}\n");
    for (words, said) in [
        (&[][..], "tar+zstd"),
        (&["--compress", "gzip"], "tar+gzip"),
        (&["--compress", "none"], "layer.v1.tar\""),
    ] {
        s.command("imgsave").args(words).arg(&image).run().ok();
        let archive = s.read(&path);
        assert!(archive.contains(said), "{words:?}: no {said}");
        assert_eq!(archive.contains("tar+"), said.contains('+'), "{words:?}");
    }
    // Another file by name, and the nearest one.
    s.write("other.yml", "images: {compress: gzip}\n");
    s.run("imgsave", ["--config", "other.yml", &image]).ok();
    assert!(s.read(&path).contains("tar+gzip"));
    s.write("local-ci-config.yml", "images: {compress: none}\n");
    s.run("imgsave", [&image]).ok();
    assert!(!s.read(&path).contains("tar+"));
}

#[test]
fn what_is_wrong_in_the_config_is_said_with_its_place() {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "base");
    for (config, said) in [
        ("images:\n  compress: [zstd]\n", ".localci.yml:2:13: "),
        ("images:\n  thin: 3\n", ".localci.yml:2:9: "),
        ("images: 7\n", ".localci.yml:1:9: "),
        ("images: {\n", ".localci.yml:"),
        ("images: {compress: xz}\n", ".localci.yml"),
        (
            "images: {compress: 'zstd:20'}\n",
            "`zstd:20` is no compression",
        ),
    ] {
        s.write(".localci.yml", config);
        s.run("imgsave", [&image]).fails("imgsave", 3, said);
        assert!(!s.path("image-registry.yml").exists(), "{config}");
    }
    s.run("imgsave", ["--config", "none.yml", &image])
        .fails("imgsave", 3, "none.yml");
}
