//! Archives in the forms of tools that are not engines, by the tools' own sources: names of members, their order, and
//! compressions.

use serde_json::{Value, json};

use crate::packing::{Packing, compress};
use crate::tar::Tar;
use crate::{TestImage, blob_name, digest, image};

/// An archive, and the tool whose form it has.
#[derive(Clone)]
pub struct Foreign {
    /// The tool.
    pub tool: &'static str,
    /// The archive.
    pub bytes: Vec<u8>,
    /// The tag of its only image.
    pub tag: Option<&'static str>,
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const LAYOUT: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

impl TestImage {
    /// The image in each of these forms.
    #[must_use]
    pub fn elsewhere(&self) -> Vec<Foreign> {
        let own = Some(self.tag);
        let made = |tool, tag, bytes| Foreign { tool, bytes, tag };
        vec![
            made(
                "crane pull",
                own,
                self.crane(&json!([self.tag]), &Value::Null),
            ),
            made(
                "crane pull of a digest",
                None,
                self.crane(&Value::Null, &json!({})),
            ),
            made(
                "kaniko --tar-path",
                own,
                self.crane(&json!([self.tag]), &json!({})),
            ),
            made(
                "bazel container_image, before 0.8",
                own,
                self.rules_docker(),
            ),
            made("bazel oci_tarball", own, self.rules_oci()),
            made("a layout in a tar", None, self.layout()),
            made("buildx type=docker", own, self.buildx(Packing::Gzip, true)),
            made("buildx type=oci", own, self.buildx(Packing::Gzip, false)),
            made(
                "buildx type=oci, zstd",
                own,
                self.buildx(Packing::Zstd, false),
            ),
            made("buildx type=oci, two platforms", own, self.platforms()),
        ]
    }

    /// go-containerregistry, `pkg/v1/tarball/write.go`: crane, kaniko, and bazel's rules_docker from 0.8 on. The
    /// config's name has its algorithm, and layers are as in the registry.
    fn crane(&self, tags: &Value, sources: &Value) -> Vec<u8> {
        let config = self.image_id().to_string();
        let mut tar = Tar::new().file(&config, &self.config);
        let (mut names, mut seen) = (Vec::new(), Vec::new());
        for layer in &self.layers {
            let blob = compress(Packing::Gzip, layer);
            let name = format!("{}.tar.gz", digest(&blob).hex());
            if !seen.contains(&name) {
                tar = tar.file(&name, blob);
                seen.push(name.clone());
            }
            names.push(name);
        }
        let mut listed = json!({ "Config": config, "RepoTags": tags, "Layers": names });
        if !sources.is_null() {
            listed["LayerSources"] = sources.clone();
        }
        tar.file("manifest.json", json!([listed]).to_string())
            .bytes()
    }

    /// rules_docker's first writer: names begin with `./`, and each layer has a folder.
    fn rules_docker(&self) -> Vec<u8> {
        let config = format!("{}.json", self.image_id().hex());
        let mut tar = Tar::new()
            .folder("./")
            .file(&format!("./{config}"), &self.config);
        let (mut names, mut seen) = (Vec::new(), Vec::new());
        for layer in &self.layers {
            let folder = digest(layer).hex();
            let name = format!("{folder}/layer.tar");
            if !seen.contains(&name) {
                tar = tar
                    .folder(&format!("./{folder}"))
                    .file(&format!("./{folder}/VERSION"), "1.0")
                    .file(&format!("./{name}"), layer);
                seen.push(name.clone());
            }
            names.push(name);
        }
        let manifest = json!([{ "Config": config, "Layers": names, "RepoTags": [self.tag] }]);
        tar.file("./manifest.json", manifest.to_string())
            .file("./repositories", "{}")
            .bytes()
    }

    /// rules_oci, `oci/private/tarball.sh.tpl`: the documents first, blobs with a suffix, and an empty tag from the
    /// last line of the file with the tags.
    fn rules_oci(&self) -> Vec<u8> {
        let config = blob_name(self.image_id());
        let blobs: Vec<_> = self
            .layers
            .iter()
            .map(|layer| compress(Packing::Gzip, layer))
            .collect();
        let name = |blob: &Vec<u8>| format!("{}.tar.gz", blob_name(digest(blob)));
        let names: Vec<_> = blobs.iter().map(name).collect();
        let manifest = json!([{ "Config": config, "RepoTags": [self.tag, ""], "Layers": names }]);
        let mut tar = Tar::new()
            .file("manifest.json", manifest.to_string())
            .folder("blobs/")
            .folder("blobs/sha256/")
            .file(&config, &self.config);
        for (number, blob) in blobs.iter().enumerate() {
            if !names[..number].contains(&names[number]) {
                tar = tar.file(&names[number], blob);
            }
        }
        tar.bytes()
    }

    /// kaniko's `--oci-layout-path`, `crane pull --format=oci`, `skopeo copy … oci:`: a folder, packed by `tar -C
    /// FOLDER -c .`; its image's name is only a tag.
    fn layout(&self) -> Vec<u8> {
        let (blobs, mut listed) = self.blobs(Tar::new(), Packing::Gzip);
        listed["annotations"] = json!({ "org.opencontainers.image.ref.name": "1" });
        let index = json!({ "schemaVersion": 2, "manifests": [listed] }).to_string();
        let mut dotted = Tar::new()
            .folder("./")
            .file("./index.json", index)
            .file("./oci-layout", LAYOUT);
        let bytes = blobs.bytes();
        let mut members = tar::Archive::new(bytes.as_slice());
        for member in members.entries().expect("a tar") {
            let mut member = member.expect("a member");
            let name = format!("./{}", member.path().expect("a name").display());
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut member, &mut bytes).expect("bytes");
            dotted = dotted.file(&name, bytes);
        }
        dotted.bytes()
    }

    /// containerd, `images/archive/exporter.go`: BuildKit's exporters and containerd stores. An index of the image and
    /// its provenance, whose platform is `unknown`; `manifest.json` in the form for Docker.
    fn buildx(&self, packing: Packing, docker: bool) -> Vec<u8> {
        let tar = Tar::new().folder("blobs/").folder("blobs/sha256/");
        let (tar, mut ours) = self.blobs(tar, packing);
        ours["platform"] = json!({ "os": "linux", "architecture": "amd64" });
        if docker {
            let names: Vec<_> = self
                .layers
                .iter()
                .map(|layer| blob_name(digest(&compress(packing, layer))))
                .collect();
            let manifest = json!([{ "Config": blob_name(self.image_id()), "RepoTags": [self.tag], "Layers": names }]);
            let tar = self.named(tar, ours);
            return tar.file("manifest.json", manifest.to_string()).bytes();
        }
        let (tar, theirs) = provenance(tar, &ours["digest"]);
        let (tar, top) = nested(tar, &[ours, theirs]);
        self.named(tar, top).bytes()
    }

    /// The same with an image for another platform first.
    fn platforms(&self) -> Vec<u8> {
        let other = image(vec![Tar::new().file("other", "").bytes()]);
        let (tar, mut theirs) = other.blobs(Tar::new(), Packing::Gzip);
        theirs["platform"] = json!({ "os": "linux", "architecture": "riscv64" });
        let (tar, mut ours) = self.blobs(tar, Packing::Gzip);
        ours["platform"] = json!({ "os": "linux", "architecture": "amd64" });
        let (tar, top) = nested(tar, &[theirs, ours]);
        self.named(tar, top).bytes()
    }

    /// Adds the documents of a layout with one entry and both annotations, as in containerd.
    fn named(&self, tar: Tar, mut entry: Value) -> Tar {
        let (_, tag) = self.tag.split_once(':').expect("a tag");
        entry["annotations"] = json!({ "org.opencontainers.image.ref.name": tag,
            "io.containerd.image.name": format!("docker.io/library/{}", self.tag) });
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] });
        tar.file("index.json", index.to_string())
            .file("oci-layout", LAYOUT)
    }
}

/// Adds BuildKit's provenance of an image.
fn provenance(tar: Tar, subject: &Value) -> (Tar, Value) {
    let statement = json!({ "_type": "https://in-toto.io/Statement/v0.1" }).to_string();
    let config = json!({ "architecture": "unknown", "os": "unknown", "config": {},
        "rootfs": { "type": "layers", "diff_ids": [digest(statement.as_bytes())] } })
    .to_string();
    let described = |kind: &str, bytes: &str| json!({ "mediaType": kind, "digest": digest(bytes.as_bytes()), "size": bytes.len() });
    let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST,
        "config": described("application/vnd.oci.image.config.v1+json", &config),
        "layers": [described("application/vnd.in-toto+json", &statement)] })
    .to_string();
    let mut listed = described(MANIFEST, &manifest);
    listed["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
    listed["annotations"] = json!({ "vnd.docker.reference.digest": subject,
        "vnd.docker.reference.type": "attestation-manifest" });
    let blobs = [&statement, &config, &manifest];
    let add = |tar: Tar, blob: &String| tar.file(&blob_name(digest(blob.as_bytes())), blob);
    (blobs.into_iter().fold(tar, add), listed)
}

/// Adds an index of these, and describes it.
fn nested(tar: Tar, entries: &[Value]) -> (Tar, Value) {
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries }).to_string();
    let digest = digest(index.as_bytes());
    let entry = json!({ "mediaType": INDEX, "digest": digest, "size": index.len() });
    (tar.file(&blob_name(digest), index), entry)
}
