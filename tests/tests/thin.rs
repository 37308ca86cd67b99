//! Compressed archives, and thin ones, which leave the layers of their base to its archive.

#![expect(clippy::expect_used, reason = "in tests, and in what they share")]

use pipeline_tests::{Image, Outcome, Sandbox, Watched, engine};

/// Content of the base alone, to be found in its archives.
const MARK: &str = "a line of the base and of nothing else";
/// The bytes of the base, which is much more than all that stands on it.
const BASE: usize = 1_000_000;
/// More than the layers of a few images on a base have together.
const LITTLE: u64 = 100_000;

/// A large image in the engine.
fn large(s: &Sandbox, variant: &str) -> String {
    let image = Image::new().random("data", BASE).file("base-mark", MARK);
    image.build(s, variant)
}

/// Saves an image without the layers of another.
fn save_thin(s: &Sandbox, base: &str, reference: &str) -> Outcome {
    s.run(
        "imgsave",
        ["--json", "--thin", "--base", &s.image(base), reference],
    )
}

/// A registered base and a thin image on it, in the store and not in the engine. Returns their references.
fn thin_on_base(s: &Sandbox) -> [String; 2] {
    let base = large(s, "base");
    s.run("imgsave", [&base]).ok();
    let top = Image::on(&base).build(s, "top");
    save_thin(s, "base", &top).ok();
    let images = [base, top];
    forget_all(s, &images);
    images
}

/// Takes those out of the engine that it has.
fn forget_all(s: &Sandbox, references: &[String]) {
    let there = references.iter().rev().filter(|image| engine().has(image));
    there.for_each(|image| s.forget(image));
}

/// What the registry says of an image.
fn entry(s: &Sandbox, variant: &str) -> String {
    let registry = s.read("image-registry.yml");
    let name = format!("{}\n", s.image(variant));
    let mut entries = registry.split("- name: ");
    let entry = entries.find(|entry| entry.starts_with(&name));
    entry
        .unwrap_or_else(|| panic!("no {name} in\n{registry}"))
        .to_owned()
}

fn size(s: &Sandbox, variant: &str) -> u64 {
    s.read_bytes(&s.archive(variant)).len() as u64
}

fn remove(s: &Sandbox, path: &str) {
    std::fs::remove_file(s.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
}

fn flip(s: &Sandbox, path: &str, text: &str) {
    let mut bytes = s.read_bytes(path);
    let at = bytes
        .windows(text.len())
        .position(|window| window == text.as_bytes())
        .expect("the archive holds the text uncompressed");
    bytes[at] ^= 1;
    s.write(path, bytes);
}

/// What the engine says when it is told itself to load a file.
fn engine_loads(s: &Sandbox, path: &str) -> bool {
    let path = s.path(path);
    engine().read(&["load", "--input", path.as_str()]).is_some()
}

/// A way to compress: the flag, what the archive's manifest then says, and whether every engine loads it.
const WAYS: [(&str, &str, bool); 4] = [
    ("zstd", "layer.v1.tar+zstd", false),
    ("zstd:1", "layer.v1.tar+zstd", false),
    ("gzip", "layer.v1.tar+gzip", true),
    ("none", "layer.v1.tar\"", true),
];

/// An image of two layers, most of which any compression makes smaller.
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
                remove(&s, &path);
            }
            s.run("imgsave", ["--compress", way, &image])
                .ok()
                .stdout(&format!("{path}\n"));
            s.read_bytes(&path)
        };
        let first = save();
        // How a pipe cuts the engine's stream is never the same.
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
        // In the first layer, whose random bytes no compression makes smaller.
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
                .stderr_has(&format!("`{way}` is no compression"));
        }
    }
    assert!(s.files("").is_empty());
}

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

#[test]
fn a_thin_archive_is_small_and_brings_its_base_along() {
    let s = Sandbox::new();
    let base = large(&s, "base");
    s.run("imgsave", [&base]).ok();
    let top = Image::on(&base).build(&s, "top");
    let layers = engine().layers(&top);
    let saved = save_thin(&s, "base", &top);
    let saved = &saved.ok().json()[0];
    assert_eq!(saved["size"], size(&s, "top"));
    assert!(size(&s, "top") < LITTLE && size(&s, "base") > BASE as u64);
    let said = entry(&s, "top");
    for line in [
        format!("base: {}\n", s.image("base")),
        "thin: true\n".into(),
    ] {
        assert!(said.contains(&line), "no {line} in\n{said}");
    }
    assert!(!entry(&s, "base").contains("thin"));
    assert_eq!(save_thin(&s, "base", &top).ok().json()[0]["written"], false);

    s.forget(&top);
    s.forget(&base);
    let watched = Watched::new(&s);
    s.run("imgload", ["--engine", watched.program(), &s.image("top")])
        .ok()
        .stdout(&format!("{top}\n"));
    assert_eq!(engine().layers(&top), layers);
    assert!(watched.loads() == 1 && watched.bytes() > BASE as u64);
    assert!(!engine().has(&base), "nobody asked for the base's tag");
}

#[test]
fn thin_archives_and_their_base_at_once_send_the_base_once() {
    let s = Sandbox::new();
    let [base, top] = thin_on_base(&s);
    let watched = Watched::new(&s);
    let words = [watched.program(), &s.image("top"), &s.image("base")];
    s.command("imgload")
        .arg("--engine")
        .args(words)
        .run()
        .ok()
        .stdout(&format!("{top}\n{base}\n"));
    assert_eq!(watched.loads(), 1);
    assert!(
        watched.bytes() < BASE as u64 + LITTLE,
        "{}",
        watched.bytes()
    );
}

#[test]
fn a_base_in_the_engine_is_as_good_as_its_archive() {
    let s = Sandbox::new();
    let [_, top] = thin_on_base(&s);
    s.run("imgload", [s.image("base")]).ok();
    let watched = Watched::new(&s);
    let load = || {
        let words = ["--engine", watched.program(), &s.image("top")];
        s.run("imgload", words).ok().stdout(&format!("{top}\n"));
        assert!(watched.bytes() < LITTLE, "{} bytes", watched.bytes());
        s.forget(&top);
    };
    flip(&s, &s.archive("base"), MARK);
    load();
    // A containerd store tells layers by blobs, which takes the base's archive to know.
    if !engine().is_containerd() {
        watched.reset();
        remove(&s, &s.archive("base"));
        load();
    }
}

/// A way to spoil a base, and what the message must say besides its name.
type Fault = (&'static str, fn(&Sandbox), &'static str);

const FAULTS: [Fault; 4] = [
    ("gone", |s| remove(s, &s.archive("base")), "no such file"),
    ("damaged", |s| flip(s, &s.archive("base"), MARK), "damaged"),
    (
        "truncated",
        |s| {
            let bytes = s.read_bytes(&s.archive("base"));
            s.write(&s.archive("base"), &bytes[..bytes.len() / 2]);
        },
        "truncated",
    ),
    (
        "not registered",
        |s| {
            let registry = s.read("image-registry.yml");
            let base = format!("  - name: {}", entry(s, "base"));
            let base = base.trim_end_matches([' ', '-']);
            s.write("image-registry.yml", registry.replacen(base, "", 1));
        },
        "which is not registered",
    ),
];

#[test]
fn without_its_base_a_thin_archive_is_not_loaded() {
    let s = Sandbox::new();
    let [base, top] = thin_on_base(&s);
    let (registry, archive) = (
        s.read("image-registry.yml"),
        s.read_bytes(&s.archive("base")),
    );
    for (name, spoil, said) in FAULTS {
        spoil(&s);
        let outcome = s.run("imgload", [s.image("top")]);
        outcome
            .fails("imgload", 4, said)
            .stderr_has(&s.image("base"));
        let left = [&base, &top].map(|image| engine().has(image));
        assert_eq!(left, [false, false], "{name}: a tag was left\n{outcome}");
        s.write("image-registry.yml", &registry);
        s.write(&s.archive("base"), &archive);
    }
    s.run("imgload", [s.image("top")]).ok();
}

#[test]
fn whoever_replaces_a_base_is_told_of_what_stands_on_it() {
    let s = Sandbox::new();
    let [base, top] = thin_on_base(&s);
    s.run("imgload", ["--quiet", &s.image("base")]).ok();
    s.run("imgsave", [&base]).ok().stderr_lacks("warning");
    s.forget(&base);
    large(&s, "base");
    s.run("imgsave", [&base])
        .ok()
        .stderr_has("is the base of thin archives")
        .stderr_has(&s.image("top"));
    s.forget(&base);
    s.run("imgload", [s.image("top")])
        .fails("imgload", 4, &format!("to its base `{}`", s.image("base")))
        .stderr_has("\nhint: ");
    assert!(!engine().has(&top), "a tag was left");
}

#[test]
fn a_base_that_was_replaced_by_more_of_the_same_still_serves() {
    let s = Sandbox::new();
    let [base, top] = thin_on_base(&s);
    s.run("imgload", [s.image("base")]).ok();
    let more = Image::on(&base).build(&s, "more");
    s.run("imgsave", ["--name", &s.image("base"), &more]).ok();
    forget_all(&s, &[base, more]);
    s.run("imgload", [s.image("top")])
        .ok()
        .stdout(&format!("{top}\n"));
}

#[test]
fn thin_archives_stand_on_thin_archives() {
    let s = Sandbox::new();
    let base = large(&s, "base");
    s.run("imgsave", [&base]).ok();
    let middle = Image::on(&base)
        .file("middle-mark", "middle")
        .build(&s, "middle");
    save_thin(&s, "base", &middle).ok();
    let top = Image::on(&middle).build(&s, "top");
    let layers = engine().layers(&top);
    save_thin(&s, "middle", &top).ok();
    let said = entry(&s, "top");
    assert!(
        said.contains(&format!("base: {}\n", s.image("middle"))),
        "{said}"
    );
    assert!(size(&s, "middle") < LITTLE && size(&s, "top") < LITTLE);
    let images = [base, middle, top];
    forget_all(&s, &images);
    s.run("imgload", [s.image("top")])
        .ok()
        .stdout(&format!("{}\n", images[2]));
    assert_eq!(engine().layers(&images[2]), layers);
    forget_all(&s, &images);
    // Whole again, through both.
    s.run("imgsave", ["--full", &s.image("top")]).ok();
    assert!(size(&s, "top") > BASE as u64);
    remove(&s, &s.archive("middle"));
    remove(&s, &s.archive("base"));
    s.run("imgload", [s.image("top")]).ok();
    assert_eq!(engine().layers(&images[2]), layers);
}

#[test]
fn an_engine_that_has_the_base_loads_a_thin_archive_itself() {
    let s = Sandbox::new();
    // Others tell layers by blobs, or want every blob that a manifest names.
    if engine().is_containerd() {
        return;
    }
    let [_, top] = thin_on_base(&s);
    assert!(!engine_loads(&s, &s.archive("top")) && !engine().has(&top));
    s.run("imgload", [s.image("base")]).ok();
    assert!(engine_loads(&s, &s.archive("top")) && engine().has(&top));
}

#[test]
fn a_thin_archive_is_made_whole() {
    for compress in [&[][..], &["--compress", "gzip"]] {
        let s = Sandbox::new();
        let [_, top] = thin_on_base(&s);
        let path = s.archive("top");
        let full = |name: &str| {
            let command = s
                .command("imgsave")
                .args(["--full", "--json"])
                .args(compress);
            command.arg(s.image(name)).run()
        };
        let said = full("top");
        let said = &said.ok().json()[0];
        assert_eq!(
            (said["path"].as_str(), &said["written"]),
            (Some(path.as_str()), &true.into())
        );
        let said = entry(&s, "top");
        assert!(!said.contains("thin: true"), "{said}");
        assert!(
            said.contains("base: "),
            "what it was built on stays true\n{said}"
        );
        assert!(size(&s, "top") > BASE as u64);
        assert_eq!(s.read(&path).contains("tar+gzip"), !compress.is_empty());
        remove(&s, &s.archive("base"));
        assert_eq!(full("top").ok().json()[0]["written"], false);
        assert!(engine_loads(&s, &path) && engine().has(&top));
        s.forget(&top);
        s.run("imgload", [s.image("top")]).ok();
        s.run("imgsave", ["--full", &s.image("top")])
            .ok()
            .stdout(&format!("{path}\n"));
        s.run("imgsave", ["--full", &s.image("none")])
            .fails("imgsave", 3, "registered");
    }
}

#[test]
fn an_image_is_thin_only_on_the_base_that_it_has() {
    let s = Sandbox::new();
    let (base, other) = (large(&s, "base"), Image::new().build(&s, "other"));
    s.run("imgsave", [&base]).ok();
    let (registry, files) = (s.read("image-registry.yml"), s.files("images").len());
    let saved = engine().read(&["save", "--output", s.path("other.tar").as_str(), &other]);
    assert!(saved.is_some());
    let (known, unknown) = (s.image("base"), s.image("none"));
    for (words, code, said) in [
        (&["--thin", &other][..], 2, "--base"),
        (&["--base", &known, &other], 2, "--thin"),
        (&["--full", "--thin", "--base", &known, &known], 2, "--thin"),
        (&["--thin", "--base", &known, &other], 3, "is not built on"),
        (
            &["--thin", "--base", &known, "other.tar"],
            3,
            "is not built on",
        ),
        (
            &["--thin", "--base", &unknown, &base],
            3,
            "is not registered",
        ),
    ] {
        let refused = s.run("imgsave", words);
        refused.code(code).stdout("").stderr_has(said);
        assert_eq!(s.read("image-registry.yml"), registry, "{refused}");
        let left = s.files("images");
        let archives = left.iter().filter(|path| !path.contains("/locks/"));
        assert!(archives.count() <= files, "{refused}\n{left:?}");
    }
}

/// A registered base that runs and that the engine no longer has, a build file, and a plan for `tool` on it.
fn planned(s: &Sandbox) -> String {
    let base = Image::new().busybox().random("data", BASE).build(s, "base");
    s.run("imgsave", [&base]).ok();
    s.forget(&base);
    recipe(s);
    let (name, path) = (s.image("tool"), s.archive("base"));
    format!(r#"{{"name":"{name}","needs_build":true,"best_base_image_path":"{path}"}}"#)
}

fn recipe(s: &Sandbox) {
    let path = format!("images/{}/Dockerfile.{}", s.project(), s.image("tool"));
    s.write(
        &path,
        "ARG BASE_IMAGE\nFROM $BASE_IMAGE\nRUN echo one > /built\n",
    );
}

/// Whether a build was thin, after checking that what it made runs.
fn built_thin(s: &Sandbox, words: &[&str], plan: &str) -> bool {
    let build = || {
        let command = s.command("imgbuild").arg("--json").args(words);
        let outcome = command.input(plan).run();
        outcome.ok().json()[0]["built"] == true
    };
    assert!(build());
    assert!(!build(), "nothing had changed");
    let thin = entry(s, "tool").contains("thin: true\n");
    assert_eq!(size(s, "tool") < LITTLE, thin);
    s.forget(&format!("{}:latest", s.image("tool")));
    let reference = s.run("imgload", [s.image("tool")]);
    let run = ["run", "--rm", "--network", "none", reference.ok().line()];
    let said = engine().read(&[&run[..], &["cat", "/built"]].concat());
    assert_eq!(said.as_deref(), Some("one"));
    thin
}

#[test]
fn a_build_is_thin_where_that_is_asked_for_and_there_is_a_base() {
    for (config, words, thin) in [
        ("", &[][..], false),
        ("", &["--thin"], true),
        ("images: {thin: true}\n", &[], true),
        ("images: {thin: false}\n", &["--thin"], true),
        ("images: {thin: true, compress: zstd}\n", &[], true),
    ] {
        let s = Sandbox::new();
        s.write(".localci.yml", config);
        let plan = planned(&s);
        assert_eq!(built_thin(&s, words, &plan), thin, "{config} {words:?}");
        let said = entry(&s, "tool");
        assert!(
            said.contains(&format!("base: {}\n", s.image("base"))),
            "{said}"
        );
    }
}

#[test]
fn a_base_that_is_not_registered_makes_no_thin_image() {
    let s = Sandbox::new();
    let base = Image::new()
        .busybox()
        .random("data", BASE)
        .build(&s, "base");
    recipe(&s);
    let plan = format!(
        r#"{{"name":"{}","needs_build":true,"base_image":"{base}"}}"#,
        s.image("tool")
    );
    s.command("imgbuild")
        .arg("--thin")
        .input(&*plan)
        .run()
        .fails("imgbuild", 3, "registered")
        .stderr_lacks("building");
    assert!(!s.path("image-registry.yml").exists());
    assert!(engine().images_of(&s.image("tool")).is_empty());
    // The config says where it is possible, no more.
    s.write(".localci.yml", "images: {thin: true}\n");
    assert!(!built_thin(&s, &[], &plan));
}
