//! Archives modelled on the sources of other tools, and archives that no engine loads.

use pipeline_tests::Sandbox;
use samples::{Tar, image};

use crate::{Expected, MARK, try_all};

#[test]
fn as_crane_kaniko_bazel_and_buildx_write() {
    let s = Sandbox::new();
    let layers = vec![
        Tar::new().folder("etc").file("etc/os-release", OS).bytes(),
        Tar::new().file("etc/mark", MARK).bytes(),
        Tar::new().folder("etc").file("etc/os-release", OS).bytes(),
    ];
    let label = format!("\"imgpipe.test\":\"{}\"", s.project());
    let mut image = image(layers);
    // The test's own tag, and its own label, by which an image without a name is found.
    let tag = format!("{}:1", s.image("shaped"));
    image.tag = Box::leak(tag.clone().into_boxed_str());
    let config = String::from_utf8_lossy(&image.config)
        .replace("\"Labels\":null", &format!("\"Labels\":{{{label}}}"));
    assert!(config.contains(&label), "{config}");
    image.config = config.into_bytes();
    let id = image.image_id().to_string();
    for made in image.elsewhere() {
        s.write("made.tar", &made.bytes);
        let expected = Expected {
            image_id: &id,
            tag: made.tag.map(|_| tag.as_str()),
        };
        try_all(&s, made.tool, "made.tar", &expected);
    }
}

#[test]
fn what_no_engine_loads_is_refused_by_name() {
    let s = Sandbox::without_engine();
    let layer = Tar::new().file("a", "b").bytes();
    let dir = Tar::new()
        .file("version", "1.1")
        .file("manifest.json", "{\"layers\":[]}");
    let oldest = Tar::new()
        .file("1/layer.tar", &layer)
        .file("repositories", "{}");
    s.write("dir.tar", dir.bytes());
    s.write("oldest.tar", oldest.bytes());
    s.sh("xz < oldest.tar > xz.tar").ok();
    for (archive, text) in [
        ("dir.tar", "skopeo `dir:` folder"),
        ("oldest.tar", "saved by Docker before 1.10"),
        ("xz.tar", "compressed with xz or bzip2"),
    ] {
        for command in [
            format!("imgload {archive}"),
            format!("imgsave --name {} {archive}", s.image("a")),
            format!("imgcat {archive} a"),
        ] {
            let program = command.split(' ').next().expect("a program");
            s.sh(&command).fails(program, 4, text).stderr_has("hint: ");
        }
        let entry = format!(
            "{{name: a, file: {archive}, docker_tag: 'a:1', os: 'debian:12', architecture: x86_64}}"
        );
        s.write(
            "image-registry.yml",
            format!("version: 1.0\nimages:\n  - {entry}\n"),
        );
        s.run("imgls", ["--check", "--no-engine"])
            .code(4)
            .stderr_has(text);
        s.remove("image-registry.yml");
    }
}

const OS: &str = "ID=debian\nVERSION_ID=\"12\"\n";
