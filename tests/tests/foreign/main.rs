//! Archives of other tools: written by installed tools, or modelled on the sources of others.

#![expect(clippy::expect_used, reason = "in tests, and in what they share")]

mod pointer;
mod shaped;
mod tools;

use pipeline_tests::{Sandbox, engine};

/// A file's content, to be read out of each archive.
const MARK: &str = "the same in every archive";

/// The expected result of every command for an archive.
struct Expected<'a> {
    image_id: &'a str,
    /// The image's tag in the archive, if any.
    tag: Option<&'a str>,
}

/// Tries an archive with each command that reads archives, as it is and compressed as a whole.
fn try_all(s: &Sandbox, tool: &str, archive: &str, expected: &Expected) {
    try_one(s, tool, archive, expected);
    for (packer, ending) in [("gzip --fast", "gz"), ("zstd -q", "zst")] {
        let packed = format!("{archive}.{ending}");
        s.sh(&format!("{packer} < '{archive}' > '{packed}'")).ok();
        try_one(s, &format!("{tool}, {packer}"), &packed, expected);
    }
}

fn try_one(s: &Sandbox, tool: &str, archive: &str, expected: &Expected) {
    let id = expected.image_id;
    // Out of the archive, without an engine.
    let read = s.run("imgcat", [archive, "/etc/mark"]);
    assert_eq!(read.ok().stdout, MARK, "{tool}\n{read}");

    // Into the engine.
    let loaded = s.run("imgload", ["--force", "--json", archive]);
    let object = &loaded.ok().json()[0];
    assert_eq!(object["image_id"], id, "{tool}\n{loaded}");
    let name = expected.tag.unwrap_or(id);
    assert_eq!(object["reference"], name, "{tool}\n{loaded}");
    if let Some(tag) = expected.tag {
        assert_eq!(engine().id(tag).as_deref(), Some(id), "{tool}\n{loaded}");
        assert!(engine().read(&["rmi", tag]).is_some(), "{tool}\n{loaded}");
    } else {
        let held = object["loaded"] == true;
        assert!(held, "{tool}: the engine had it before\n{loaded}");
        remove_nameless(s, tool);
    }

    // Into a store, and as an archive that a person registered.
    let name = s.image("saved");
    let saved = s.run("imgsave", ["--name", &name, archive]);
    assert_eq!(
        saved.ok().stdout,
        format!("{}\n", s.archive("saved")),
        "{tool}"
    );
    let entry = format!(
        "  - {{name: {}, file: '{archive}', docker_tag: 'as-it-is:1', os: 'debian:12', architecture: x86_64, image_id: '{id}'}}\n",
        s.image("raw")
    );
    let registry = s.read("image-registry.yml") + &entry;
    assert!(
        registry.contains(&format!("image_id: {id}")),
        "{tool}\n{registry}"
    );
    s.write("image-registry.yml", registry);
    s.run("imgls", ["--check", "--no-engine"]).ok();
    s.sh(&format!(
        "rm -r image-registry.yml '{}'",
        s.archive("saved")
    ))
    .ok();
}

/// Removes an image without a name, and the images made from it.
fn remove_nameless(s: &Sandbox, tool: &str) {
    let list = [
        "images",
        "--quiet",
        "--no-trunc",
        "--filter",
        "dangling=true",
    ];
    let label = format!("label=imgpipe.test={}", s.project());
    let ids = engine().read(&[&list[..], &["--filter", &label]].concat());
    let ids = ids.unwrap_or_default();
    // podman may also keep an image of an earlier step.
    assert!(!ids.is_empty(), "{tool}: it is not in the engine");
    for id in ids.lines() {
        drop(engine().read(&["rmi", id]));
    }
}

/// The engine's own result for an archive: the ID of the loaded image, or `None` if it refuses.
fn by_engine(s: &Sandbox, archive: &str, tag: &str) -> Option<String> {
    engine().read(&["load", "--input", s.path(archive).as_str()])?;
    let id = engine().id(tag);
    drop(engine().read(&["rmi", tag]));
    id
}
