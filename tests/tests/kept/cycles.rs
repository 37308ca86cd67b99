//! Cycles of bases are refused before anything is saved or built.

use pipeline_tests::Image;
use pipeline_tests::remote::{entry, publish};
use pipeline_tests::{Registry, engine};

use super::*;

#[test]
fn an_image_never_stands_on_itself() {
    let chain = Chain::new();
    chain.save("alike", &alike(&chain.base), &["--thin", "base"]);
    let s = &chain.s;
    let name = |variant: &str| s.image(variant);
    let before = chain.state();
    for (variant, of, base, through) in [
        ("base", &chain.base, "base", &["base", "base"][..]),
        ("fresh", &chain.base, "fresh", &[]),
        ("middle", &chain.middle, "middle", &["middle", "middle"]),
        ("base", &chain.base, "alike", &["base", "alike", "base"]),
        (
            "base",
            &on(&chain.middle),
            "middle",
            &["base", "middle", "base"],
        ),
        (
            "base",
            &on(&chain.middle),
            "top",
            &["base", "top", "middle", "base"],
        ),
    ] {
        let refused = chain.replace(variant, of, &["--thin", "--base", &name(base)]);
        let code = if through.is_empty() { 4 } else { 3 };
        let names: Vec<_> = through.iter().map(|variant| name(variant)).collect();
        refused
            .code(code)
            .stdout("")
            .stderr_has(&names.join(" -> "));
        assert!(chain.state() == before, "{refused}");
    }
    // By the archive in the store, and by its name.
    for operand in [s.archive("base"), name("base")] {
        s.run("imgsave", ["--thin", "--base", &name("middle"), &operand])
            .code(if operand.contains('/') { 3 } else { 5 });
        assert!(chain.state() == before);
    }
    whole(s);
}

#[test]
fn a_build_on_what_stands_on_its_image_is_refused_before_it_begins() {
    let s = Sandbox::new();
    let base = Image::new().build(&s, "base");
    s.run("imgsave", [&base]).ok();
    let top = Image::on(&base).build(&s, "top");
    let thin = ["--thin", "--base", &s.image("base"), &top];
    s.run("imgsave", thin).ok();
    s.write(
        "Dockerfile",
        "ARG BASE_IMAGE\nFROM $BASE_IMAGE\nLABEL of=a-test\n",
    );
    let plan = format!(
        r#"{{"name":"{}","best_base_image_path":"{}","build":{{"dockerfile":"Dockerfile"}}}}"#,
        s.image("base"),
        s.archive("top")
    );
    let before = s.read("image-registry.yml");
    let images = engine().images_of(s.project());
    for (config, words) in [
        ("", &["--thin"][..]),
        ("images: {thin: true}\n", &[]),
        ("", &[]),
    ] {
        s.write(".localci.yml", config);
        let [one, two] = ["base", "top"].map(|variant| s.image(variant));
        let refused = s.command("imgbuild").args(words).input(&*plan).run();
        refused
            .fails("imgbuild", 3, &format!("{one} -> {two} -> {one}"))
            .stderr_has("hint: choose another base")
            .stderr_lacks("building");
        assert_eq!(s.read("image-registry.yml"), before);
        assert_eq!(engine().images_of(s.project()), images);
    }
    whole(&s);
}

#[test]
fn what_a_registry_has_as_a_cycle_is_fetched_whole() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let base = image(vec![debian(BASE)]);
    let images = [("one", &base), ("two", &alike(&base))];
    for (name, image) in images {
        let reference = publish(&s, &registry, image, &format!("ci/{name}:1"));
        s.run("imgfetch", ["--insecure", &reference]).ok();
    }
    let text = s.read("image-registry.yml");
    let [one, two] = ["one-debian-12-1", "two-debian-12-1"];
    let text = text.replace(
        &format!("- name: {one}\n"),
        &format!("- name: {one}\n    base: {two}\n    thin: true\n"),
    );
    let text = text.replace(
        &format!("- name: {two}\n"),
        &format!("- name: {two}\n    base: {one}\n    thin: true\n"),
    );
    s.write("image-registry.yml", text);
    s.sh("rm -r images").ok();
    s.run("imgfetch", ["--insecure", one])
        .ok()
        .stderr_has(&format!("{one} -> {two} -> {one}"));
    s.run("imgfetch", ["--insecure", two]).ok();
    assert_eq!(entry(&s, one)["thin"].as_bool(), Some(false));
    whole(&s);
}
