//! The engine that the tests run against.

use std::sync::OnceLock;

use camino::Utf8Path;
use xtask::{debian, folders};

/// Marks an image and its derivatives as a sandbox's own, even after another image took its name.
pub(crate) const LABEL: &str = "imgpipe.test";

/// An engine that answers.
#[derive(Debug)]
pub struct Engine {
    program: String,
    podman: bool,
    containerd: OnceLock<bool>,
}

/// podman's prefixes of names without a host.
const LOCAL: [&str; 2] = ["localhost/", "docker.io/library/"];

static ENGINE: OnceLock<Engine> = OnceLock::new();

/// The engine of `IMG_ENGINE`, by default `docker`.
///
/// # Panics
/// If it does not answer: a test that needs an engine never passes without one.
pub fn engine() -> &'static Engine {
    ENGINE.get_or_init(|| {
        let program = std::env::var("IMG_ENGINE")
            .ok()
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "docker".into());
        match duct::cmd!(&program, "version")
            .stdout_null()
            .stderr_capture()
            .unchecked()
            .run()
        {
            Ok(output) if output.status.success() => Engine::new(program),
            Ok(output) => no_engine(&program, &String::from_utf8_lossy(&output.stderr)),
            Err(error) => no_engine(&program, &error.to_string()),
        }
    })
}

/// Whether the kernel's emulators are visible: in another PID namespace, `/proc` may not show them.
#[must_use]
pub fn sees_emulators() -> bool {
    let namespace = std::fs::read_link("/proc/self/ns/pid");
    namespace.is_ok_and(|path| path == std::path::Path::new("pid:[4026531836]"))
}

fn no_engine(program: &str, why: &str) -> ! {
    panic!(
        "no container engine: `{program} version` says: {}\nrun the tests with `cargo xtask test`, which starts one",
        why.trim()
    )
}

/// The engine, if a test of this process has asked for it.
pub(crate) fn in_use() -> Option<&'static Engine> {
    ENGINE.get()
}

impl Engine {
    fn new(program: String) -> Self {
        let version = duct::cmd!(&program, "--version").stderr_null().read();
        Self {
            podman: version.is_ok_and(|version| version.starts_with("podman")),
            program,
            containerd: OnceLock::new(),
        }
    }

    /// Its program.
    #[must_use]
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Runs it and returns its output; `None` if it fails.
    pub fn read(&self, words: &[&str]) -> Option<String> {
        duct::cmd(&self.program, words)
            .stdin_null()
            .stderr_null()
            .read()
            .ok()
    }

    /// Whether it has an image of this name.
    #[must_use]
    pub fn has(&self, reference: &str) -> bool {
        self.id(reference).is_some()
    }

    /// The digest of the image's config, which is its identity in every engine.
    #[must_use]
    pub fn id(&self, reference: &str) -> Option<String> {
        let id = self.read(&["image", "inspect", "--format", "{{.Id}}", reference])?;
        if self.is_containerd() {
            return self.config_of(reference);
        }
        // podman's are without the algorithm.
        let hex = id.strip_prefix("sha256:").unwrap_or(&id);
        Some(format!("sha256:{hex}"))
    }

    /// containerd's store, which identifies images by their manifests, does not show the config.
    fn config_of(&self, reference: &str) -> Option<String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = Utf8Path::from_path(folder.path())?.join("image.tar");
        self.save(&[reference], &path);
        let archive = archive::Archive::open(&path).expect("the engine saves archives");
        archive
            .images()
            .first()
            .map(|image| image.image_id.to_string())
    }

    /// Saves images as a docker-archive, replacing an existing file.
    ///
    /// # Panics
    /// If the engine fails.
    pub fn save(&self, references: &[&str], path: &Utf8Path) {
        // podman cannot add to an existing archive, and takes a second image for a name of the first.
        drop(std::fs::remove_file(path));
        let mut words = vec!["save", "--output", path.as_str()];
        if self.podman && references.len() > 1 {
            words.push("--multi-image-archive");
        }
        let saved = self.read(&[&words[..], references].concat());
        assert!(saved.is_some(), "{references:?} could not be saved");
    }

    /// The digests of an image's layers, lowest first.
    ///
    /// # Panics
    /// If it does not have the image.
    #[must_use]
    pub fn layers(&self, reference: &str) -> Vec<String> {
        let words = [
            "image",
            "inspect",
            "--format",
            "{{json .RootFS.Layers}}",
            reference,
        ];
        let layers = self
            .read(&words)
            .and_then(|text| serde_json::from_str(&text).ok());
        layers.unwrap_or_else(|| panic!("the engine has no {reference}"))
    }

    /// Whether it has containerd's store, which identifies layers by their blobs.
    #[must_use]
    pub fn is_containerd(&self) -> bool {
        *self.containerd.get_or_init(|| {
            let status = self.read(&["info", "--format", "{{json .DriverStatus}}"]);
            status.is_some_and(|status| status.contains("io.containerd.snapshotter"))
        })
    }

    /// Whether it unpacks device files: only the host's root can create them, and rootless engines omit them.
    #[must_use]
    pub fn makes_devices(&self) -> bool {
        let words = if self.podman {
            ["info", "--format", "{{.Host.Security.Rootless}}"]
        } else {
            ["info", "--format", "{{json .SecurityOptions}}"]
        };
        let said = self.read(&words).expect("the engine says who runs it");
        said != "true" && !said.contains("name=rootless")
    }

    /// The name of an image in the engine's archives.
    #[must_use]
    pub fn name_in_archives(&self, reference: &str) -> String {
        let host = if self.podman { LOCAL[0] } else { "" };
        format!("{host}{reference}")
    }

    /// Whether it is podman.
    #[must_use]
    pub fn is_podman(&self) -> bool {
        self.podman
    }

    /// The IDs of images without a name that were made for `project`.
    pub(crate) fn nameless_of(&self, project: &str) -> Vec<String> {
        let label = format!("label={LABEL}={project}");
        let words = [
            "--quiet",
            "--no-trunc",
            "--filter",
            "dangling=true",
            "--filter",
            &label,
        ];
        self.images(&words).lines().map(str::to_owned).collect()
    }

    /// The references of all images whose last path component is `project`, or starts with it and a dash, each once and
    /// in the usual form.
    #[must_use]
    pub fn images_of(&self, project: &str) -> Vec<String> {
        let mut images = Vec::new();
        for name in self.names_of(project) {
            let local = LOCAL.iter().find_map(|host| name.strip_prefix(host));
            let name = local.unwrap_or(&name).to_owned();
            if !images.contains(&name) {
                images.push(name);
            }
        }
        // Engines list images by the second of their creation, and in any order within it.
        images.sort();
        images
    }

    /// The output of `images`. podman's fails if an image is removed meanwhile.
    ///
    /// # Panics
    /// If it fails repeatedly.
    #[must_use]
    pub fn images(&self, words: &[&str]) -> String {
        let words = [&["images"], words].concat();
        let mut tries = (0..100).map(|_| self.read(&words));
        tries
            .find_map(|read| read)
            .expect("the engine lists images")
    }

    /// The same in the engine's form.
    pub(crate) fn names_of(&self, project: &str) -> Vec<String> {
        let lines = self.images(&["--format", "{{json .}}"]);
        references(&lines)
            .into_iter()
            .filter(|reference| belongs(reference, project))
            .collect()
    }
}

/// The names in a list of images: docker prints an object a line, podman one list with all names of an image.
fn references(printed: &str) -> Vec<String> {
    if let Ok(images) = serde_json::from_str::<Vec<serde_json::Value>>(printed) {
        let names = images.iter().filter_map(|image| image["Names"].as_array());
        let names = names.flatten().filter_map(|name| name.as_str());
        return names.map(str::to_owned).collect();
    }
    printed.lines().filter_map(reference).collect()
}

fn reference(line: &str) -> Option<String> {
    let image: serde_json::Value = serde_json::from_str(line).ok()?;
    let field = |name: &str| image.get(name)?.as_str();
    let (repository, tag) = (field("Repository")?, field("Tag")?);
    (tag != "<none>").then(|| format!("{repository}:{tag}"))
}

fn belongs(reference: &str, project: &str) -> bool {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    name.strip_prefix(project)
        .is_some_and(|rest| rest.starts_with(['-', ':']))
}

/// The name of a real Debian 12 in the engine. It is made once (by debootstrap, or pulled), kept, and shared by all
/// tests. So no test may tag, change or remove it.
///
/// # Panics
/// If there is none and it cannot be made.
pub fn debian_base() -> &'static str {
    static BASE: OnceLock<String> = OnceLock::new();
    BASE.get_or_init(|| {
        let cache =
            folders::cache(&folders::target().expect("a test runs from Cargo's target folder"));
        let engine = xtask::TestEngine::of(engine().program());
        let base = debian::base(&engine, &cache, debian::TEST_IMAGE);
        base.unwrap_or_else(|error| {
            panic!(
                "no Debian base: {error}\n{}",
                error.hint().unwrap_or_default()
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_owns_its_names_alone() {
        for name in [
            "pt1-debian-12-base:latest",
            "pt1:x",
            "docker.io/library/pt1-a:1",
            "localhost:5000/ci/pt1-a:1",
        ] {
            assert!(belongs(name, "pt1"), "{name}");
        }
        for name in [
            "pt10-debian-12-base:latest",
            "apt1-x:1",
            "pt1/x:1",
            "debian:12",
        ] {
            assert!(!belongs(name, "pt1"), "{name}");
        }
    }

    #[test]
    fn reads_both_engines_lists() {
        let docker =
            "{\"Repository\":\"a/b\",\"Tag\":\"1\"}\n{\"Repository\":\"a\",\"Tag\":\"<none>\"}\n";
        assert_eq!(references(docker), ["a/b:1"]);
        let podman =
            r#"[{"Names":["localhost/b:1","localhost/c:2"]},{"Id":"x","Names":null},{"Id":"y"}]"#;
        assert_eq!(references(podman), ["localhost/b:1", "localhost/c:2"]);
        assert_eq!(references(""), [""; 0]);
    }
}
