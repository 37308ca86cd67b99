//! Archives of real tools.

use pipeline_tests::{Image, Sandbox, engine};
use serde_json::Value;

use crate::{Expected, MARK, by_engine, try_all};

/// An archive of the engine, with an image of two layers, and its contents.
struct Saved {
    s: Sandbox,
    /// The image's reference; it is no longer in the engine.
    image: String,
    id: String,
}

fn saved() -> Saved {
    let s = Sandbox::new();
    let image = Image::new()
        .file("etc/mark", MARK)
        .layer()
        .build(&s, "foreign");
    let id = engine().id(&image).expect("an image");
    engine().save(&[&image], &s.path("engine.tar"));
    s.forget(&image);
    Saved { s, image, id }
}

impl Saved {
    /// Makes an archive with a line of shell, and tries it; `tag` is its image's tag. Tools that convert Docker's image
    /// to OCI write another config: skopeo reports its digest.
    fn try_made(&self, tool: &str, line: &str, tag: Option<&str>) {
        let s = &self.s;
        s.sh(&format!("rm -rf made made.* && {{ {line}; }}")).ok();
        let manifest = s.sh("skopeo inspect --raw oci-archive:made.tar");
        let manifest: Value = serde_json::from_str(&manifest.stdout).unwrap_or_default();
        let converted = manifest["config"]["digest"].as_str().map(str::to_owned);
        let id = converted.as_ref().unwrap_or(&self.id);
        let expected = Expected { image_id: id, tag };
        try_all(s, tool, "made.tar", &expected);
        // The engine loads another image or none, never this one under another ID.
        if let Some(tag) = tag {
            let loaded = by_engine(s, "made.tar", tag);
            let same = loaded.as_ref().is_none_or(|loaded| loaded == id);
            assert!(same, "{tool}: the engine makes it {loaded:?}");
        }
    }
}

#[test]
fn as_the_engine_saves() {
    let saved = saved();
    let tag = engine().name_in_archives(&saved.image);
    saved.try_made("the engine", "cp engine.tar made.tar", Some(&tag));
    // Members in a folder `.`, as after unpacking and packing an archive.
    let again = "mkdir made && tar -C made -xf engine.tar && tar -C made -cf made.tar .";
    saved.try_made("the engine, packed again", again, Some(&tag));
}

#[test]
fn as_skopeo_copies() {
    let saved = saved();
    let image = &saved.image;
    let full = format!("docker.io/library/{image}");
    let copy = "skopeo --insecure-policy copy -q";
    for (tool, line, tag) in [
        (
            "skopeo docker-archive",
            format!("{copy} docker-archive:engine.tar docker-archive:made.tar:{image}"),
            Some(image),
        ),
        (
            "skopeo oci-archive",
            format!("{copy} docker-archive:engine.tar oci-archive:made.tar:{full}"),
            Some(image),
        ),
        (
            "skopeo oci-archive, zstd",
            format!(
                "{copy} --dest-compress-format zstd docker-archive:engine.tar oci:made:{full} && tar -C made -cf made.tar ."
            ),
            Some(image),
        ),
        (
            "skopeo oci, a mere tag",
            format!(
                "{copy} docker-archive:engine.tar oci:made:latest && tar -C made -cf made.tar index.json oci-layout blobs"
            ),
            None,
        ),
    ] {
        saved.try_made(tool, &line, tag.map(String::as_str));
    }
}

#[test]
fn as_podman_saves() {
    let saved = saved();
    let local = format!("localhost/{}", saved.image);
    // The test's own podman, which mounts nothing. The path of its state must be short.
    let short = tempfile::tempdir_in("/tmp").expect("a temporary folder");
    let short = short.path().display();
    let podman = &format!("podman --root \"$PWD/podman\" --runroot {short} --storage-driver vfs");
    let s = &saved.s;
    s.sh(&format!(
        "{podman} load -q -i engine.tar && {podman} tag {} {local}",
        saved.image
    ))
    .ok();
    for (tool, words) in [
        ("podman docker-archive", "--format docker-archive"),
        ("podman oci-archive", "--format oci-archive"),
        ("podman --multi-image-archive", "--multi-image-archive"),
    ] {
        let line = format!("{podman} save -q {words} -o made.tar {local}");
        saved.try_made(tool, &line, Some(&local));
    }
    s.sh(&format!("{podman} rmi -af && {podman} system reset -f"))
        .ok();
}

#[test]
fn as_buildah_pushes() {
    let saved = saved();
    let image = &saved.image;
    let buildah =
        "buildah --root \"$PWD/buildah\" --runroot \"$PWD/buildah-run\" --storage-driver vfs";
    let s = &saved.s;
    s.sh(&format!("{buildah} pull -q docker-archive:engine.tar"))
        .ok();
    let listed = s.sh(&format!("{buildah} images -q --no-trunc"));
    let id = listed.ok().line().to_owned();
    for (tool, to) in [
        (
            "buildah docker-archive",
            format!("docker-archive:made.tar:{image}"),
        ),
        (
            "buildah oci-archive",
            format!("oci-archive:made.tar:docker.io/library/{image}"),
        ),
    ] {
        saved.try_made(tool, &format!("{buildah} push -q {id} {to}"), Some(image));
    }
}

/// BuildKit's exporters, if the engine has them: containerd's store and the plugin. `shaped.rs` tests their form on all
/// engines.
#[test]
fn as_buildx_exports() {
    let saved = saved();
    let s = &saved.s;
    if !engine().is_containerd() || engine().read(&["buildx", "version"]).is_none() {
        assert!(s.path("engine.tar").is_file());
        return;
    }
    s.write("context/mark", MARK);
    s.write(
        "context/Dockerfile",
        format!(
            "FROM scratch\nLABEL imgpipe.test={}\nCOPY mark /etc/mark\n",
            s.project()
        ),
    );
    let image = format!("{}:1", s.image("buildx"));
    for (tool, words) in [
        ("buildx type=docker", "type=docker"),
        ("buildx type=oci", "type=oci"),
        (
            "buildx type=oci, zstd",
            "type=oci,compression=zstd,force-compression=true",
        ),
    ] {
        let line = format!(
            "rm -f made.tar; $IMG_ENGINE buildx build -q -t {image} -o {words},dest=made.tar context"
        );
        s.sh(&line).ok();
        let listed = s.run("imgload", ["--force", "--json", "made.tar"]);
        let id = listed.ok().json()[0]["image_id"]
            .as_str()
            .expect("an ID")
            .to_owned();
        assert!(engine().read(&["rmi", &image]).is_some(), "{tool}");
        let expected = Expected {
            image_id: &id,
            tag: Some(&image),
        };
        try_all(s, tool, "made.tar", &expected);
    }
}
