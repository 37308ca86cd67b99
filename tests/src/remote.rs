//! Images for tests of remote registries: copied into one by `skopeo` alone, or into a store.

use std::fs::File;
use std::io::Read as _;

use samples::{Tar, TestImage};

use crate::{Registry, Sandbox};

const OS_RELEASE: &str = "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n";

/// So many fresh random bytes: they do not compress, and no registry has them.
pub fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let source = File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
    source.expect("/dev/urandom gives random bytes");
    bytes
}

/// A layer with an os-release of Debian 12, and so many random bytes.
pub fn debian(length: usize) -> Vec<u8> {
    let tar = Tar::new().folder("etc").file("etc/os-release", OS_RELEASE);
    tar.file("random", random(length)).bytes()
}

/// A layer with so many random bytes in a file of this name.
pub fn layer(name: &str, length: usize) -> Vec<u8> {
    Tar::new().file(name, random(length)).bytes()
}

/// An image of these layers for this machine.
pub fn image(layers: Vec<Vec<u8>>) -> TestImage {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    image_for(architecture, layers)
}

/// An image for another machine, by Go's name of its processor.
pub fn image_for(architecture: &str, layers: Vec<Vec<u8>>) -> TestImage {
    let mut image = samples::image(layers);
    let config = String::from_utf8(image.config).expect("JSON is text");
    image.config = config.replace("amd64", architecture).into_bytes();
    image
}

/// A Debian 12 of two layers, the second with so many random bytes.
pub fn two_layers(length: usize) -> TestImage {
    image(vec![debian(1000), layer("more", length)])
}

/// Copies an image into a registry as `path`, with skopeo and these flags, and returns its reference.
pub fn publish_as(
    s: &Sandbox,
    registry: &Registry,
    image: &TestImage,
    path: &str,
    flags: &[&str],
) -> String {
    let reference = format!("{}/{path}", registry.address());
    s.write("publish.tar", image.classic());
    s.command("skopeo")
        .args(["copy", "--quiet", "--dest-tls-verify=false"])
        .args(flags)
        .args(["docker-archive:publish.tar"])
        .arg(format!("docker://{reference}"))
        .run()
        .ok();
    s.remove("publish.tar");
    registry.reset();
    reference
}

/// The same without flags: layers are compressed with gzip.
pub fn publish(s: &Sandbox, registry: &Registry, image: &TestImage, path: &str) -> String {
    publish_as(s, registry, image, path, &[])
}

/// Registers an image in the store, from an archive.
pub fn save(s: &Sandbox, image: &TestImage, name: &str, flags: &[&str]) {
    s.write("own.tar", image.classic());
    let command = s.command("imgsave").args(["--name", name]).args(flags);
    command.arg("own.tar").run().ok();
    s.remove("own.tar");
}

/// The digest of the manifest under a reference in a registry, by skopeo.
pub fn digest(s: &Sandbox, reference: &str) -> String {
    let inspected = s.run(
        "skopeo",
        [
            "inspect",
            "--tls-verify=false",
            &format!("docker://{reference}"),
        ],
    );
    let text: serde_json::Value = serde_json::from_str(&inspected.ok().stdout).expect("JSON");
    text["Digest"].as_str().expect("a digest").to_owned()
}

/// The digest of the config under a reference in a registry: tools that convert an image write another config.
pub fn config_digest(s: &Sandbox, reference: &str) -> String {
    let reference = format!("docker://{reference}");
    let words = ["inspect", "--raw", "--tls-verify=false", &reference];
    let manifest = s.run("skopeo", words);
    let manifest: serde_json::Value =
        serde_json::from_str(&manifest.ok().stdout).expect("a manifest");
    manifest["config"]["digest"]
        .as_str()
        .expect("a digest")
        .to_owned()
}

/// The files of transfers from a registry to the store, from the sandbox's folder.
pub fn on_the_way(s: &Sandbox) -> Vec<String> {
    let mut files = s.files("images/.imgpipe/transfers");
    files.extend(s.files("images/.imgpipe/unfinished"));
    files
}

/// The entry of an image.
pub fn entry(s: &Sandbox, name: &str) -> serde_yaml::Value {
    let registry: serde_yaml::Value =
        serde_yaml::from_str(&s.read("image-registry.yml")).expect("YAML");
    let entries = registry["images"].as_sequence().expect("a list").clone();
    let mut entries = entries.into_iter();
    let found = entries.find(|entry| entry["name"].as_str() == Some(name));
    found.unwrap_or_else(|| panic!("{name} is not registered"))
}

/// How many blobs of layers a registry was asked for: all but the image's config.
pub fn blobs_served(registry: &Registry) -> usize {
    let blobs: std::collections::BTreeSet<_> = registry
        .requests_of("GET /blobs/")
        .into_iter()
        .map(|request| request.path)
        .collect();
    blobs.len()
}
