//! Images in each layout that engines write.

use naming::Digest;
use serde_json::{Value, json};

use crate::packing::{Packing, compress};
use crate::tar::Tar;
use crate::{blob_name, digest};

/// An image: its config, and layers as tars.
#[derive(Clone)]
pub struct TestImage {
    /// The config's bytes.
    pub config: Vec<u8>,
    /// The uncompressed layers, lowest first.
    pub layers: Vec<Vec<u8>>,
    /// Its only tag.
    pub tag: &'static str,
}

/// An image with these layers under `x:1`.
#[must_use]
pub fn image(layers: Vec<Vec<u8>>) -> TestImage {
    let diff_ids: Vec<_> = layers.iter().map(|layer| digest(layer)).collect();
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

/// An image of two different layers and a third that repeats the first.
#[must_use]
pub fn sample() -> TestImage {
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
    /// The config's digest.
    #[must_use]
    pub fn image_id(&self) -> Digest {
        digest(&self.config)
    }

    /// The form of Docker 20.10; a repeated layer is a symbolic link.
    #[must_use]
    pub fn classic(&self) -> Vec<u8> {
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
    pub fn blobs(&self, tar: Tar, packing: impl Into<Packing>) -> (Tar, Value) {
        self.blobs_on(tar, packing.into(), 0, Value::Null)
    }

    /// The same without the bytes of the lowest `left_out` layers, and with these annotations of the manifest.
    fn blobs_on(
        &self,
        mut tar: Tar,
        packing: Packing,
        left_out: usize,
        annotations: Value,
    ) -> (Tar, Value) {
        let mut layers = Vec::new();
        let mut there = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            let blob = compress(packing, layer);
            let digest = digest(&blob);
            layers.push(
                json!({ "mediaType": "application/vnd.oci.image.layer.v1.tar+whatever",
                "digest": digest, "size": blob.len() }),
            );
            if index >= left_out && !there.contains(&digest) {
                there.push(digest);
                tar = tar.file(&blob_name(digest), blob);
            }
        }
        let mut manifest = json!({ "schemaVersion": 2, "layers": layers, "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": self.image_id(), "size": self.config.len() } });
        if !annotations.is_null() {
            manifest["annotations"] = annotations;
        }
        let manifest = manifest.to_string();
        let digest = digest(manifest.as_bytes());
        tar = tar
            .file(&blob_name(self.image_id()), &self.config)
            .file(&blob_name(digest), &manifest);
        let descriptor = json!({ "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": digest, "size": manifest.len() });
        (tar, descriptor)
    }

    /// podman's form of an oci-archive: no `manifest.json`.
    pub fn oci(&self, packing: impl Into<Packing>) -> Vec<u8> {
        let (tar, descriptor) = self.blobs(Tar::new(), packing);
        self.indexed(tar, descriptor)
    }

    /// The form of Docker 26 and later: an OCI layout with a `manifest.json`.
    pub fn both(&self, packing: impl Into<Packing>) -> Vec<u8> {
        let packing = packing.into();
        let (tar, descriptor) = self.blobs(Tar::new(), packing);
        let blobs = self.layers.iter().map(|layer| compress(packing, layer));
        let layers: Vec<_> = blobs.map(|blob| blob_name(digest(&blob))).collect();
        let config = blob_name(self.image_id());
        let listed = json!([{ "Config": config, "RepoTags": [self.tag], "Layers": layers }]);
        self.indexed(tar.file("manifest.json", listed.to_string()), descriptor)
    }

    /// An OCI layout that omits the lowest layers, with the name `base` for the other image.
    #[must_use]
    pub fn thin(&self, packing: Packing, base: &Self) -> Vec<u8> {
        let annotations = json!({ "io.imgpipe.base.name": "base",
            "io.imgpipe.base.image-id": base.image_id() });
        let (tar, descriptor) = self.blobs_on(Tar::new(), packing, base.layers.len(), annotations);
        self.indexed(tar, descriptor)
    }

    fn indexed(&self, tar: Tar, mut descriptor: Value) -> Vec<u8> {
        let name = format!("docker.io/library/{}", self.tag);
        descriptor["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
        index(tar, &[descriptor]).bytes()
    }
}

/// Adds the `index.json` of a layout.
#[must_use]
pub fn index(tar: Tar, descriptors: &[Value]) -> Tar {
    let index = json!({ "schemaVersion": 2, "manifests": descriptors });
    tar.file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#)
        .file("index.json", index.to_string())
}
