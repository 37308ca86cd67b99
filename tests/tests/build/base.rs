//! Where the base comes from.

use super::*;

#[test]
fn a_base_that_is_nowhere_is_not_pulled() {
    let s = Sandbox::new();
    let plan = format!(
        r#"{{"name":"{}","base_image":"debian:2","missing":{{"packages":["hello"]}}}}"#,
        s.image("tool")
    );
    build(&s, &plan)
        .fails("imgbuild", 4, "debian:2")
        .stderr_has("hint: ")
        .stderr_has("imgfetch");
    // Nor one that only the build file names.
    recipe(&s, "RUN true\nFROM debian:3\nRUN true");
    let plan = format!(r#"{{"name":"{}","base_image":"scratch"}}"#, s.image("tool"));
    build(&s, &plan)
        .fails("imgbuild", 4, "debian:3")
        .stderr_has("imgfetch");
}

#[test]
fn an_image_can_be_built_from_nothing() {
    let s = Sandbox::new();
    recipe(&s, "COPY built /");
    s.write("files/built", "by hand");
    let plan = format!(
        r#"{{"name":"{}","base_image":"scratch","build":{{"context":"files"}},"requirements":{{"project":"{}","os":"debian:12"}}}}"#,
        s.image("tool"),
        s.project()
    );
    build(&s, &plan).ok();
    s.forget(&s.image("tool"));
    s.run("imgload", [s.image("tool")]).ok();
}

#[test]
fn registered_images_that_a_build_file_names_are_brought_in() {
    let s = Sandbox::new();
    for variant in ["base", "data"] {
        let image = Image::new()
            .busybox()
            .file("etc/made-of", variant)
            .build(&s, variant);
        s.run("imgsave", [&image]).ok();
        s.forget(&image);
    }
    let file = format!(
        "FROM {}\nCOPY --from={} /etc/made-of /etc/data\n",
        s.image("base"),
        s.image("data")
    );
    s.write("Dockerfile", file);
    let plan = format!(
        r#"{{"name":"{}","build":{{"dockerfile":"Dockerfile"}}}}"#,
        s.image("tool")
    );
    build(&s, &plan).ok();
    s.run("imgcat", [&s.image("tool"), "/etc/made-of", "/etc/data"])
        .stdout("basedata");
    // What was brought in is an input: nothing is built again while it stays, loaded or not.
    let built = s.read("image-registry.yml");
    s.forget_all(&[s.image("data"), s.image("base")].map(|name| format!("{name}:latest")));
    build(&s, &plan).ok();
    assert_eq!(s.read("image-registry.yml"), built);
}
