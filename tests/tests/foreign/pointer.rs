//! A clone whose large files were not pulled by Git LFS.

use pipeline_tests::{Image, Sandbox, engine};

/// In Git LFS's format (docs/spec.md).
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n\
    oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

#[test]
fn a_pointer_is_told_by_every_command_that_reads_an_archive() {
    let s = Sandbox::new();
    let base = Image::new().build(&s, "base");
    s.run("imgsave", [&base]).ok();
    s.write(
        "Dockerfile",
        "ARG BASE_IMAGE\nFROM $BASE_IMAGE\nLABEL of=a-test\n",
    );
    let (base_archive, tool_archive) = (s.archive("base"), s.archive("tool"));
    let built = format!(
        r#"{{"name":"{}","best_base_image_path":"{base_archive}","build":{{"dockerfile":"Dockerfile"}}}}"#,
        s.image("tool")
    );
    s.write("built.json", &built);
    s.run("imgbuild", ["built.json"]).ok();
    let found = format!(r#"{{"needs_build":false,"best_image_path":"{base_archive}"}}"#);
    s.write("found.json", found);
    let (base, tool) = (s.image("base"), s.image("tool"));
    let images = engine().images_of(s.project());
    s.forget_all(&images);
    let registry = s.read("image-registry.yml");

    let whole = s.read_bytes(&base_archive);
    s.write(&base_archive, POINTER);
    for command in [
        format!("imgload {base}"),
        format!("imgload {base_archive}"),
        format!("imgsave --name {}-other {base_archive}", s.image("x")),
        format!("imgsave --full {base}"),
        format!("imgcat {base} etc/os-release"),
        format!("imgcat --list {base_archive}"),
        format!("imgpush --to 127.0.0.1:1/ci {base}"),
        "imgbuild found.json".into(),
        "imgbuild --rebuild built.json".into(),
        "imgls --check --no-engine".into(),
    ] {
        let outcome = s.sh(&command);
        outcome
            .code(4)
            .stderr_has("is a Git LFS pointer, not the archive itself")
            .stderr_has("hint: git lfs pull");
    }
    let listed = s.run("imgls", ["--no-engine", &base]);
    assert!(listed.ok().stdout.contains("\tlfs pointer"), "{listed}");

    // A built image is not built again because its archive was not pulled.
    s.write(&base_archive, whole);
    s.write(&tool_archive, POINTER);
    s.run("imgbuild", ["built.json"])
        .fails("imgbuild", 4, "is a Git LFS pointer")
        .stderr_has("hint: git lfs pull");
    s.run("imgcat", [&tool, "etc/os-release"])
        .fails("imgcat", 4, "is a Git LFS pointer");
    assert_eq!(s.read("image-registry.yml"), registry);
    assert_eq!(s.read(&tool_archive), POINTER);
}
