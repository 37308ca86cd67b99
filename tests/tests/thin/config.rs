//! The config's compression and thin archives.

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
            "`zstd:20` is not a compression",
        ),
    ] {
        s.write(".localci.yml", config);
        s.run("imgsave", [&image]).fails("imgsave", 3, said);
        assert!(!s.path("image-registry.yml").exists(), "{config}");
    }
    s.run("imgsave", ["--config", "none.yml", &image])
        .fails("imgsave", 3, "none.yml");
}

#[test]
fn the_config_makes_saved_images_thin_if_their_base_is_registered() {
    let s = Sandbox::new();
    let base = Image::new().random("data", 200_000).build(&s, "base");
    s.run("imgsave", [&base]).ok();
    s.write(".localci.yml", "images: {thin: true}\n");
    let entry = |variant: &str| {
        let listed = s.run("imgls", ["--json", "--no-engine", &s.image(variant)]);
        listed.ok().json().remove(0)
    };
    let is_thin = |variant: &str, on: Option<&str>| {
        let entry = entry(variant);
        assert_eq!(entry["thin"] == true, on.is_some(), "{entry}");
        let base = on.map(|variant| s.image(variant));
        assert_eq!(entry["base"].as_str(), base.as_deref(), "{entry}");
        assert_eq!(s.size(variant) < 100_000, on.is_some(), "{entry}");
        s.run("imgls", ["--check", "--no-engine", &s.image(variant)])
            .ok();
    };
    // The nearest of its bases; the entry does not name one.
    let lower = Image::on(&base).build(&s, "lower");
    s.run("imgsave", [&lower]).ok();
    is_thin("lower", Some("base"));
    let upper = Image::on(&lower).build(&s, "upper");
    let words = ["--project", s.project(), "--variant", "top", &upper];
    s.run("imgsave", words).ok();
    is_thin("top", Some("lower"));
    // An image without a registered base is whole.
    s.run("imgsave", [&base]).ok();
    is_thin("base", None);
    // --full precedes the config, and the config precedes the current form.
    s.run("imgsave", ["--full", &s.image("lower")]).ok();
    assert!(s.size("lower") > 200_000);
    s.run("imgsave", [&s.image("lower")]).ok();
    is_thin("lower", Some("base"));
    // No image stands on itself, with or without a known name, nor on one that stands on it.
    for words in [
        &["--name", &s.image("top")][..],
        &["--project", s.project(), "--variant", "top"],
    ] {
        let next = Image::on(&upper).build(&s, "next");
        s.command("imgsave").args(words).arg(&next).run().ok();
        is_thin("top", Some("lower"));
    }
    let next = Image::on(&upper).build(&s, "next");
    for words in [
        &["--name", &s.image("base")][..],
        &["--project", s.project(), "--variant", "base"],
    ] {
        s.command("imgsave").args(words).arg(&next).run().ok();
        is_thin("base", None);
        s.command("imgsave").args(words).arg(&base).run().ok();
    }
    let checked = s.run("imgls", ["--check", "--no-engine"]);
    checked.ok();
}
