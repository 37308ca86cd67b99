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
