//! Conversions to thin archives and back.

use super::*;

#[test]
fn a_thin_archive_is_small_and_brings_its_base_along() {
    let s = Sandbox::new();
    let base = large(&s, "base");
    s.run("imgsave", [&base]).ok();
    let top = Image::on(&base).build(&s, "top");
    let layers = engine().layers(&top);
    let saved = save_thin(&s, "base", &top);
    let saved = &saved.ok().json()[0];
    assert_eq!(saved["size"], s.size("top"));
    assert!(s.size("top") < LITTLE && s.size("base") > BASE as u64);
    let said = entry(&s, "top");
    for line in [
        format!("base: {}\n", s.image("base")),
        "thin: true\n".into(),
    ] {
        assert!(said.contains(&line), "no {line} in\n{said}");
    }
    assert!(!entry(&s, "base").contains("thin"));
    // After a build in a containerd store, it is unknown whether the image was saved.
    let again = save_thin(&s, "base", &top).ok().json();
    assert_eq!(again[0]["written"], engine().is_containerd());

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
    assert!(s.size("middle") < LITTLE && s.size("top") < LITTLE);
    let images = [base, middle, top];
    s.forget_all(&images);
    s.run("imgload", [s.image("top")])
        .ok()
        .stdout(&format!("{}\n", images[2]));
    assert_eq!(engine().layers(&images[2]), layers);
    s.forget_all(&images);
    // Whole again, through both.
    s.run("imgsave", ["--full", &s.image("top")]).ok();
    assert!(s.size("top") > BASE as u64);
    s.remove(&s.archive("middle"));
    s.remove(&s.archive("base"));
    s.run("imgload", [s.image("top")]).ok();
    assert_eq!(engine().layers(&images[2]), layers);
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
        assert!(s.size("top") > BASE as u64);
        // A containerd store gives its layers as it keeps them.
        let is_packed = !compress.is_empty() || engine().is_containerd();
        assert_eq!(s.read(&path).contains("tar+gzip"), is_packed);
        s.remove(&s.archive("base"));
        assert_eq!(full("top").ok().json()[0]["written"], false);
        assert!(engine_loads(&s, &path) && engine().has(&top));
        s.forget(&top);
        s.run("imgload", [s.image("top")]).ok();
        s.run("imgsave", ["--full", &s.image("top")])
            .ok()
            .stdout(&format!("{path}\n"));
        s.run("imgsave", ["--full", &s.image("none")])
            .fails("imgsave", 4, "registered");
    }
}

#[test]
fn a_stored_image_is_thin_on_the_base_of_its_entry() {
    let s = Sandbox::new();
    let [base, top] = thin_on_base(&s);
    let name = s.image("top");
    for operand in [top.as_str(), &s.archive("top"), &name] {
        s.run("imgsave", ["--full", &name]).ok();
        assert!(s.size("top") > BASE as u64);
        let saved = s.run("imgsave", ["--thin", operand]);
        saved.ok().stdout(&format!("{}\n", s.archive("top")));
        let said = entry(&s, "top");
        assert!(said.contains("thin: true"), "{said}");
        assert!(s.size("top") < LITTLE);
    }
    // Held by the engine.
    s.run("imgsave", ["--full", &name]).ok();
    s.run("imgload", [&name]).ok();
    s.run("imgsave", ["--thin", &top]).ok();
    assert!(entry(&s, "top").contains("thin: true"));
    s.run("imgsave", ["--thin", &base])
        .fails("imgsave", 2, "its entry has no base");
    let registry = s.read("image-registry.yml");
    let own = format!("base: {}\n", s.image("base"));
    assert!(registry.contains(&own), "{registry}");
    s.write(
        "image-registry.yml",
        registry.replace(&own, "base: none-debian-12-such\n"),
    );
    s.run("imgsave", ["--thin", &name]).fails(
        "imgsave",
        2,
        "the base of its entry, none-debian-12-such, is not registered",
    );
}

#[test]
fn an_image_is_thin_only_on_the_base_that_it_has() {
    let s = Sandbox::new();
    let (base, other) = (large(&s, "base"), Image::new().build(&s, "other"));
    s.run("imgsave", [&base]).ok();
    let (registry, files) = (s.read("image-registry.yml"), s.files("images").len());
    engine().save(&[&other], &s.path("other.tar"));
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
            4,
            "no image of that name is registered",
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
