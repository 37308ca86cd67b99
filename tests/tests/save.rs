//! `imgsave`: archives, names, and entries.

use pipeline_tests::{Image, Sandbox, engine};

/// A tiny Debian 12 with a package.
fn debian() -> Image {
    Image::new().file(
        "var/lib/dpkg/status",
        "Package: zlib1g-dev\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.2.13\n",
    )
}

#[test]
fn says_what_the_image_holds_without_running_it() {
    let s = Sandbox::new();
    let image = debian()
        .file("usr/bin/gcc-12", "")
        .file("usr/bin/cmake", "")
        .build(&s, "source");
    let name = format!("{}-debian-12-gcc12", s.project());
    s.run(
        "imgsave",
        ["--project", s.project(), "--variant", "gcc12", &image],
    )
    .ok()
    .stdout(&format!("images/{}/{name}.tar\n", s.project()));
    let registry = s.read("image-registry.yml");
    for line in [
        format!("name: {name}"),
        format!("docker_tag: {name}:latest"),
        "os: debian:12".into(),
        "compilers: [gcc-12]".into(),
        "packages: [zlib1g-dev]".into(),
        "tools: [cmake]".into(),
        format!(
            "image_id: {}",
            engine().id(&image).expect("the image has an ID")
        ),
    ] {
        assert!(registry.contains(&line), "{line} is not in\n{registry}");
    }
}

#[test]
fn the_same_image_gives_the_same_bytes() {
    let s = Sandbox::new();
    let image = debian()
        .random("data", 300_000)
        .layer()
        .random("more", 50_000)
        .build(&s, "base");
    s.run("imgsave", [&image]).ok();
    let first = s.read_bytes(&s.archive("base"));
    std::fs::remove_file(s.path(s.archive("base"))).expect("the archive is there");
    s.run("imgsave", [&image]).ok();
    assert!(
        first == s.read_bytes(&s.archive("base")),
        "two archives of one image differ"
    );
    assert!(s.files("images/.imgpipe/unfinished").is_empty());
}

#[test]
fn adopts_archives_that_the_engine_wrote() {
    let s = Sandbox::new();
    let image = debian().random("data", 100_000).build(&s, "base");
    let id = engine().id(&image).expect("the image has an ID");
    let name = s.image("base");
    for (made, file) in [("", "a.tar"), ("| gzip", "b.tar"), ("| zstd -q", "c.tar")] {
        // A stored image is not saved again.
        s.sh(&format!("rm -f '{}'", s.archive("base"))).ok();
        s.sh(&format!(
            "{} save {image} {made} > {file}",
            engine().program()
        ))
        .ok();
        s.run(
            "imgsave",
            ["--name", name.trim_end_matches(":latest"), file],
        )
        .ok();
        assert!(
            s.read("image-registry.yml")
                .contains(&format!("image_id: {id}")),
            "{file}"
        );
    }
    s.forget(&image);
    s.run("imgload", [s.archive("base")]).ok();
    assert_eq!(engine().id(&image), Some(id));
}

#[test]
fn a_name_that_does_not_comply_is_refused_and_mended() {
    let s = Sandbox::new();
    let image = debian().build(&s, "base");
    let loud = format!("{}-debian-12-GCC12", s.project());
    let mended = loud.to_lowercase();
    s.run("imgsave", ["--name", &loud, &image])
        .fails("imgsave", 3, "holds the upper-case letter `G`")
        .stderr_has(&format!("hint: `{mended}` is valid; --normalize uses it"));
    assert!(s.files("images").is_empty() && !s.path("image-registry.yml").exists());
    s.run("imgsave", ["--normalize", "--name", &loud, &image])
        .ok()
        .stdout(&format!("images/{}/{mended}.tar\n", s.project()));
}

#[test]
fn what_is_there_already_is_not_saved_again_and_what_is_damaged_is_mended() {
    let s = Sandbox::new();
    let image = debian().build(&s, "base");
    let written = || {
        let outcome = s.run("imgsave", ["--json", &image]);
        outcome.ok().json()[0]["written"] == true
    };
    assert!(written());
    let (registry, archive) = (
        s.read("image-registry.yml"),
        s.read_bytes(&s.archive("base")),
    );
    if engine().is_containerd() {
        // The store knows which image was loaded from it, but not which was built in the engine.
        s.forget(&image);
        s.run("imgload", ["--no-record", &s.archive("base")]).ok();
    }
    assert!(!written());
    assert_eq!(s.read("image-registry.yml"), registry);
    let mut damaged = archive.clone();
    damaged[archive.len() / 2] ^= 1;
    s.write(&s.archive("base"), damaged);
    assert!(written());
    assert!(s.read_bytes(&s.archive("base")) == archive);
}

#[test]
fn two_images_do_not_end_under_one_name() {
    let s = Sandbox::new();
    let (one, two) = (debian().build(&s, "one"), debian().build(&s, "two"));
    let name = s.image("new");
    s.run("imgsave", ["--name", &name, &one, &two])
        .fails("imgsave", 2, "several were given");
    let path = format!("{}\n", s.archive("new"));
    s.command("imgsave")
        .args(["--name", &name])
        .input(format!("{one}\n{two}\n"))
        .run()
        .code(2)
        .stdout(&path);
    s.run(
        "imgsave",
        ["--project", s.project(), "--variant", "new", &one, &two],
    )
    .code(3)
    .stdout(&path)
    .stderr_has("this call already saved another image as");
    let id = engine().id(&one).expect("the image has an ID");
    assert!(s.read("image-registry.yml").contains(&id));
}

#[test]
fn an_archive_of_several_images_is_as_many_archives() {
    let s = Sandbox::new();
    let (one, two) = (debian().build(&s, "one"), debian().build(&s, "two"));
    engine().save(&[&one, &two], &s.path("both.tar"));
    s.run("imgsave", ["--name", &s.image("new"), "both.tar"])
        .fails("imgsave", 3, "holds 2 images")
        .stderr_has(&one)
        .stderr_has(&two);
    assert!(!s.path("image-registry.yml").exists());
    s.run("imgsave", ["--image", "none:1", "both.tar"])
        .fails("imgsave", 3, "holds no image `none:1`")
        .stderr_has(&two);
    let both = format!("{}\n{}\n", s.archive("one"), s.archive("two"));
    let saved = s.run("imgsave", ["both.tar"]);
    let mut paths: Vec<_> = saved
        .ok()
        .stdout
        .lines()
        .map(|path| format!("{path}\n"))
        .collect();
    paths.sort();
    assert_eq!(paths.concat(), both);
    s.run("imgls", ["--check"]).code(0);
    let id = engine().id(&two).expect("the image has an ID");
    for image in [&two, &id] {
        s.run(
            "imgsave",
            ["--image", image, "--name", &s.image("new"), "both.tar"],
        )
        .code(0)
        .stdout(&format!("{}\n", s.archive("new")));
    }
    let registry = s.read("image-registry.yml");
    assert_eq!(registry.matches(&id).count(), 2, "{registry}");
}

#[test]
fn a_second_save_keeps_variants_that_no_file_tells() {
    let s = Sandbox::new();
    let image = debian().build(&s, "clang15-asan");
    s.run("imgsave", [&image]).ok();
    let registry = s.read("image-registry.yml");
    assert!(registry.contains("variants: [asan]"), "{registry}");
    s.write(
        "image-registry.yml",
        registry.replace("[asan]", "[asan, fuzz]"),
    );
    debian().build(&s, "clang15-asan");
    s.run("imgsave", [&image]).ok();
    assert!(
        s.read("image-registry.yml")
            .contains("variants: [asan, fuzz]")
    );
}

#[test]
fn what_a_person_wrote_stays() {
    let s = Sandbox::new();
    let first = debian().random("data", 1000).build(&s, "base");
    let name = first.trim_end_matches(":latest");
    s.write(
        "image-registry.yml",
        format!(
            "# ours\nversion: 1.0\nimages:\n  - name: {name}   # the base\n    file: images/mine/own place.tar\n    \
             docker_tag: {name}:latest\n    os: 'debian:12'\n    architecture: amd64\n    pinned: true\n    \
             owner: [\"us\"]\n"
        ),
    );
    s.run("imgsave", [&first])
        .ok()
        .stdout("images/mine/own place.tar\n");
    let registry = s.read("image-registry.yml");
    for line in [
        "# ours\n",
        "# the base\n",
        "file: images/mine/own place.tar\n",
        "pinned: true\n",
        "owner: [\"us\"]\n",
        "os: 'debian:12'\n",
    ] {
        assert!(registry.contains(line), "{line} is not in\n{registry}");
    }
}

#[test]
fn an_image_is_found_by_its_id_in_any_length() {
    let s = Sandbox::new();
    let image = debian().build(&s, "base");
    let words = ["image", "inspect", "--format", "{{.Id}}", &image];
    let id = engine().read(&words).expect("an ID");
    let id = id.trim().trim_start_matches("sha256:");
    let name = s.image("base");
    for asked in [&format!("sha256:{id}"), id, &id[..12], &id[..20]] {
        s.sh("rm -rf images image-registry.yml").ok();
        s.run("imgsave", ["--name", &name, asked])
            .ok()
            .stdout(&format!("{}\n", s.archive("base")));
    }
    // Tagged, it has the name of its tag.
    s.run("imgsave", [&id[..12]]).ok();
    s.run("imgsave", ["--name", &name, "0123456789abcdef"])
        .fails("imgsave", 5, "the engine holds no such image");
}

#[test]
fn what_is_not_there_is_said() {
    let s = Sandbox::new();
    let image = Image::new().file("etc/os-release", "").build(&s, "base");
    s.run("imgsave", [format!("{}-nothing:1", s.project())])
        .fails("imgsave", 5, "the engine holds no such image");
    s.run("imgsave", ["nothing.tar"])
        .fails("imgsave", 4, "no such file");
    s.run(
        "imgsave",
        ["--project", s.project(), "--variant", "base", &image],
    )
    .fails("imgsave", 3, "does not state its operating system")
    .stderr_has("hint: give the full name with --name");
    assert!(!s.path("image-registry.yml").exists());
    assert!(s.files("images/.imgpipe/unfinished").is_empty());
}
