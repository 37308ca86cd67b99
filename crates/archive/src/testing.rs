//! Tars for tests, made in memory: layers, images in each layout, and archives of them on disk.

use std::fs;
use std::io::Write;

use camino::Utf8PathBuf;
use naming::Digest;
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};

use crate::describe::blob_name;
use crate::hash::digest_of;
use crate::{Archive, Compression, Error, Stack};

/// A tar under construction.
pub(crate) struct Tar(Builder<Vec<u8>>);

impl Tar {
    pub(crate) fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    pub(crate) fn file(mut self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        self.0.append_data(&mut header, name, bytes).expect("file");
        self
    }

    pub(crate) fn link(mut self, kind: EntryType, name: &str, target: &str) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        self.0.append_link(&mut header, name, target).expect("link");
        self
    }

    pub(crate) fn symlink(self, name: &str, target: &str) -> Self {
        self.link(EntryType::Symlink, name, target)
    }

    pub(crate) fn hardlink(self, name: &str, target: &str) -> Self {
        self.link(EntryType::Link, name, target)
    }

    pub(crate) fn folder(mut self, name: &str) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Directory);
        header.set_size(0);
        self.0
            .append_data(&mut header, name, &b""[..])
            .expect("folder");
        self
    }

    /// A header whose name `tar` itself would refuse, with nothing behind it.
    pub(crate) fn raw(self, kind: EntryType, name: &str) -> Self {
        self.raw_bytes(kind, name.as_bytes())
    }

    pub(crate) fn raw_bytes(mut self, kind: EntryType, name: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(kind);
        header.set_size(0);
        header.set_cksum();
        self.0.append(&header, &b""[..]).expect("header");
        self
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0.into_inner().expect("tar")
    }

    /// What is there so far, as a whole tar.
    pub(crate) fn clone_bytes(&self) -> Vec<u8> {
        [self.0.get_ref().as_slice(), &[0; 1024]].concat()
    }
}

/// An image: its config, and layers as tars.
#[derive(Clone)]
pub(crate) struct TestImage {
    pub config: Vec<u8>,
    pub layers: Vec<Vec<u8>>,
    pub tag: &'static str,
}

/// An image with these layers under `x:1`.
pub(crate) fn image(layers: Vec<Vec<u8>>) -> TestImage {
    let diff_ids: Vec<_> = layers.iter().map(|layer| digest_of(layer)).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": { "Env": ["A=b"], "Labels": null },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    TestImage {
        config: config.to_string().into_bytes(),
        layers,
        tag: "x:1",
    }
}

/// An image of two layers that differ and one that repeats the first.
pub(crate) fn sample() -> TestImage {
    let first = Tar::new()
        .folder("etc")
        .file("etc/os-release", "ID=test\n")
        .bytes();
    let second = Tar::new()
        .file("big", vec![7; 700_000])
        .file("etc/.wh.gone", "")
        .bytes();
    image(vec![first.clone(), second, first])
}

impl TestImage {
    pub(crate) fn image_id(&self) -> Digest {
        digest_of(&self.config)
    }

    /// As Docker 20.10 saves it; the repeated layer is a symbolic link.
    pub(crate) fn classic(&self) -> Vec<u8> {
        let mut tar = Tar::new();
        let mut names: Vec<String> = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            let name = format!("v1-{index}/layer.tar");
            tar = tar
                .folder(&format!("v1-{index}"))
                .file(&format!("v1-{index}/VERSION"), "1.0");
            tar = match self.layers[..index].iter().position(|other| other == layer) {
                Some(same) => tar.symlink(&name, &format!("../v1-{same}/layer.tar")),
                None => tar.file(&name, layer),
            };
            names.push(name);
        }
        let config = format!("{}.json", self.image_id().hex());
        let manifest = json!([{ "Config": config, "RepoTags": [self.tag], "Layers": names }]);
        tar.file(&config, &self.config)
            .file("manifest.json", manifest.to_string())
            .file("repositories", "{}")
            .bytes()
    }

    /// The blobs of an OCI layout with compressed layers, and the manifest's descriptor.
    pub(crate) fn blobs(&self, mut tar: Tar, compression: Compression) -> (Tar, Value) {
        let mut layers = Vec::new();
        let mut there = Vec::new();
        for layer in &self.layers {
            let blob = compress(compression, layer);
            let digest = digest_of(&blob);
            layers.push(
                json!({ "mediaType": "application/vnd.oci.image.layer.v1.tar+whatever",
                "digest": digest, "size": blob.len() }),
            );
            if !there.contains(&digest) {
                there.push(digest);
                tar = tar.file(&blob_name(digest), blob);
            }
        }
        let manifest = json!({ "schemaVersion": 2, "layers": layers, "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": self.image_id(), "size": self.config.len() } });
        let manifest = manifest.to_string();
        let digest = digest_of(manifest.as_bytes());
        tar = tar
            .file(&blob_name(self.image_id()), &self.config)
            .file(&blob_name(digest), &manifest);
        let descriptor = json!({ "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": digest, "size": manifest.len() });
        (tar, descriptor)
    }

    /// As podman saves an oci-archive: no `manifest.json`.
    pub(crate) fn oci(&self, compression: Compression) -> Vec<u8> {
        let (tar, mut descriptor) = self.blobs(Tar::new(), compression);
        let name = format!("docker.io/library/{}", self.tag);
        descriptor["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
        index(tar, &[descriptor]).bytes()
    }
}

/// Adds the `index.json` of a layout.
pub(crate) fn index(tar: Tar, descriptors: &[Value]) -> Tar {
    let index = json!({ "schemaVersion": 2, "manifests": descriptors });
    tar.file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#)
        .file("index.json", index.to_string())
}

/// Compresses in two members or frames, as parallel compressors do.
pub(crate) fn compress(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    match compression {
        Compression::None => bytes.to_vec(),
        Compression::Gzip => [first, second].map(gzip).concat(),
        Compression::Zstd => [first, second]
            .map(|part| zstd::encode_all(part, 1).expect("zstd"))
            .concat(),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("gzip");
    encoder.finish().expect("gzip")
}

/// A file in a folder that goes away with it.
#[derive(Debug)]
pub(crate) struct OnDisk {
    folder: tempfile::TempDir,
}

impl OnDisk {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        fs::write(folder.path().join("x.tar"), bytes).expect("file");
        Self { folder }
    }

    pub(crate) fn path(&self) -> Utf8PathBuf {
        let folder = Utf8PathBuf::from_path_buf(self.folder.path().to_owned());
        folder.expect("UTF-8").join("x.tar")
    }

    pub(crate) fn open(&self) -> Result<Archive, Error> {
        Archive::open(&self.path())
    }

    /// The first image of the archive.
    pub(crate) fn stack(&self) -> Stack {
        Stack::of(self.open().expect("opens")).expect("an image")
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).expect("file")
    }

    /// The error of opening or else of verifying, without the path.
    pub(crate) fn complaint(&self) -> String {
        let verified = self.open().and_then(|archive| {
            let mut images = archive.images().iter();
            images.try_for_each(|image| archive.verify(image))
        });
        let error = verified.expect_err("a complaint").to_string();
        let path = format!("{}: ", self.path());
        error
            .strip_prefix(&path)
            .expect("the path first")
            .to_owned()
    }
}

/// The error of an archive of these bytes, without the path.
pub(crate) fn complaint(bytes: &[u8]) -> String {
    OnDisk::new(bytes).complaint()
}
