//! What an engine gave, built or loaded is known to it again.

use std::os::unix::fs::MetadataExt as _;

use archive::Archive;
use samples::{blob_name, digest};

use super::*;

/// Builds an image on another with imgbuild, and returns its reference.
fn build(s: &Sandbox, variant: &str, base: &str) -> String {
    let plan = format!(
        r#"{{"name":"{}","best_base_image_path":"{}","build":{{"steps":[
            {{"run":"echo {variant} > /{variant} # {}"}}]}}}}"#,
        s.image(variant),
        s.archive(base),
        s.project()
    );
    let built = s.command("imgbuild").arg("--no-lease").input(plan).run();
    built.ok().stdout(&format!("{}\n", s.archive(variant)));
    format!("{}:latest", s.image(variant))
}

/// A registered base from elsewhere, of random bytes.
fn base(s: &Sandbox) -> String {
    let size = usize::try_from(BASE).expect("a small number");
    let base = Image::new().busybox().random("data", size);
    let base = base.build(s, "base");
    store(s, &base);
    s.forget(&base);
    base
}

/// What changes if an archive is written again.
fn identity(s: &Sandbox, variant: &str) -> (u64, i64, i64) {
    let file = s.path(s.archive(variant)).metadata();
    let file = file.expect("the archive is there");
    (file.ino(), file.mtime(), file.mtime_nsec())
}

/// Saves an image, and checks that each blob is there and what its name says.
fn is_whole(s: &Sandbox, reference: &str) {
    let path = s.path("whole.tar");
    engine().save(&[reference], &path);
    let archive = Archive::open(&path).expect("an archive");
    let image = &archive.images()[0];
    archive.verify(image).expect("every layer is there");
    assert_eq!(image.layers.len(), engine().layers(reference).len());
    for member in members(s, &path).keys() {
        if member.starts_with("blobs/sha256/") && !member.ends_with('/') {
            s.sh(&format!(
                "tar --extract --to-stdout --file '{path}' '{member}' > blob"
            ))
            .ok();
            assert_eq!(*member, blob_name(digest(&s.read_bytes("blob"))));
        }
    }
}

#[test]
fn what_the_engine_built_is_neither_sent_nor_saved_again() {
    let s = Sandbox::new();
    base(&s);
    let tool = build(&s, "tool", "base");
    let watched = Watched::new(&s);
    for saved in [false, true] {
        if saved {
            s.remove(&s.archive("tool"));
            store(&s, &tool);
        }
        watched.reset();
        let before = identity(&s, "tool");
        load(&s, &watched, [s.archive("tool")])
            .ok()
            .stdout(&lines(&[&tool]));
        assert_eq!(watched.loads(), 0, "{:?}", watched.calls());
        store(&s, &tool);
        assert_eq!(identity(&s, "tool"), before, "it was written again");
    }
    // Nor under another name.
    assert!(engine().read(&["rmi", &tool]).is_some() && !engine().has(&tool));
    load(&s, &watched, [s.archive("tool")]).ok();
    is_whole(&s, &tool);
    let before = identity(&s, "tool");
    store(&s, &tool);
    assert_eq!(identity(&s, "tool"), before, "it was written again");
}

/// BuildKit's attestations make an index, by which a containerd store knows the image.
#[test]
fn what_came_through_an_index_is_known_by_it() {
    let s = Sandbox::new();
    let reference = Image::new().build(&s, "base");
    store(&s, &reference);
    let before = identity(&s, "base");
    let watched = Watched::new(&s);
    load(&s, &watched, [s.archive("base")])
        .ok()
        .stdout(&lines(&[&reference]));
    assert_eq!(watched.loads(), 0, "{:?}", watched.calls());
    store(&s, &reference);
    assert_eq!(identity(&s, "base"), before, "it was written again");
}

#[test]
fn a_base_that_the_engine_built_or_got_is_not_sent_again() {
    let s = Sandbox::new();
    base(&s);
    let tool = build(&s, "tool", "base");
    let top = build(&s, "top", "tool");
    for is_loaded in [false, true] {
        s.forget(&top);
        if is_loaded {
            s.forget(&tool);
            s.run("imgload", [s.archive("tool")]).ok();
        }
        let watched = Watched::new(&s);
        load(&s, &watched, [s.archive("top")])
            .ok()
            .stdout(&lines(&[&top]));
        let (loads, bytes) = (watched.loads(), watched.bytes());
        assert!(bytes < LITTLE, "loaded: {is_loaded}: {loads}, {bytes}");
        is_whole(&s, &top);
        // Its layers stay without the base's name.
        s.forget(&tool);
        is_whole(&s, &top);
        assert_eq!(
            run(&top, &["cat", "/tool", "/top"]).as_deref(),
            Some("tool\ntop")
        );
        s.run("imgload", [s.archive("tool")]).ok();
    }
}
