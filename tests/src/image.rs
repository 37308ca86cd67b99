//! Tiny images.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::OnceLock;

use camino::Utf8Path;

use crate::Sandbox;
use crate::engine::{LABEL, engine};

/// How often to try a build.
const ATTEMPTS: u32 = 5;

/// Builders' messages if an image was removed while they listed all images.
const RACED: [&str; 3] = [
    "unable to find image \"sha256:",
    "layer not known",
    "image not known",
];

/// The os-release of a Debian 12.
const OS_RELEASE: &str = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n";
/// The possible paths of a static busybox.
const BUSYBOX: [&str; 3] = ["/bin/busybox", "/usr/bin/busybox", "/bin/busybox-static"];
/// The commands of images with busybox.
const APPLETS: [&str; 8] = ["sh", "cat", "echo", "ls", "mkdir", "rm", "test", "true"];

/// A stand-in for apt.
const APT: &str = r#"[ "$1" = install ] || exit 0
mkdir -p /var/lib/dpkg
for word; do
    case $word in
    install|-*) ;;
    no-*) echo "E: Unable to locate package $word" >&2; exit 100 ;;
    *)
        echo "$word" >> /installed
        echo "Package: $word
Status: install ok installed
Architecture: all
Version: 1
" >> /var/lib/dpkg/status ;;
    esac
done
"#;

/// An image from scratch: an os-release of Debian 12, 4 KiB of fresh random bytes in `/random`, and the added files.
#[derive(Debug, Clone)]
pub struct Image {
    from: String,
    layers: Vec<Vec<(String, Vec<u8>, u32)>>,
    busybox: bool,
}

impl Default for Image {
    fn default() -> Self {
        Self::new()
    }
}

impl Image {
    /// One layer, with the common files.
    #[must_use]
    pub fn new() -> Self {
        Self {
            from: "scratch".into(),
            layers: vec![Vec::new()],
            busybox: false,
        }
        .file("etc/os-release", OS_RELEASE)
        .random("random", 4096)
    }

    /// One layer, with the common files, on the layers of an image in the engine.
    #[must_use]
    pub fn on(base: &str) -> Self {
        Self {
            from: base.into(),
            ..Self::new()
        }
    }

    /// Adds a file to the topmost layer.
    #[must_use]
    pub fn file(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.add(path, bytes.into(), 0o644);
        self
    }

    /// Adds a file of so many random bytes.
    #[must_use]
    pub fn random(self, path: &str, length: usize) -> Self {
        let mut bytes = vec![0; length];
        let source =
            fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
        source.expect("/dev/urandom gives random bytes");
        self.file(path, bytes)
    }

    /// Starts the next layer, with its own random bytes.
    #[must_use]
    pub fn layer(mut self) -> Self {
        let number = self.layers.len();
        self.layers.push(Vec::new());
        self.random(&format!("random-{number}"), 4096)
    }

    /// Adds an executable shell script, for an image with busybox.
    #[must_use]
    pub fn script(mut self, path: &str, text: &str) -> Self {
        self.add(path, format!("#!/bin/sh\n{text}").into_bytes(), 0o755);
        self
    }

    /// Adds busybox and an `apt-get` that writes installed packages into dpkg's database, and into `/installed` in its
    /// order. It refuses packages whose names begin with `no-`.
    #[must_use]
    pub fn apt(self) -> Self {
        self.busybox().script("usr/bin/apt-get", APT)
    }

    /// Adds a static busybox with a shell, for images that must run.
    ///
    /// # Panics
    /// If this machine has none.
    #[must_use]
    pub fn busybox(mut self) -> Self {
        self.add("bin/busybox", busybox().into(), 0o755);
        self.busybox = true;
        self
    }

    /// Builds it in the engine as [`Sandbox::image`] of this variant, and returns its reference.
    ///
    /// # Panics
    /// If the engine fails.
    pub fn build(&self, sandbox: &Sandbox, variant: &str) -> String {
        let reference = format!("{}:latest", sandbox.image(variant));
        let context = tempfile::tempdir_in(sandbox.root()).expect("a folder for the build");
        let root = Utf8Path::from_path(context.path()).expect("the sandbox's path is UTF-8");
        self.write(root, sandbox.project())
            .unwrap_or_else(|error| panic!("{root}: {error}"));
        let build = duct::cmd!(engine().program(), "build", "--tag", &reference, root)
            .env("DOCKER_CLI_HINTS", "false");
        let build = build.stdin_null().stderr_to_stdout().stdout_capture();
        let build = build.unchecked();
        for attempt in 1.. {
            let output = build.run().expect("the engine's program starts");
            if output.status.success() {
                break;
            }
            let said = String::from_utf8_lossy(&output.stdout);
            // Docker's legacy builder and podman fail if another test removes an image at this moment.
            let raced = RACED.iter().any(|words| said.contains(words));
            assert!(raced && attempt < ATTEMPTS, "no image {reference}:\n{said}");
        }
        reference
    }

    fn add(&mut self, path: &str, bytes: Vec<u8>, mode: u32) {
        let layer = self.layers.last_mut().expect("an image has a layer");
        layer.push((path.into(), bytes, mode));
    }

    fn write(&self, root: &Utf8Path, project: &str) -> std::io::Result<()> {
        let mut recipe = format!("FROM {}\nLABEL {LABEL}={project}\n", self.from);
        for (number, layer) in self.layers.iter().enumerate() {
            for (path, bytes, mode) in layer {
                let path = root.join(format!("layer{number}")).join(path);
                fs::create_dir_all(path.parent().unwrap_or(root))?;
                fs::write(&path, bytes)?;
                fs::set_permissions(&path, fs::Permissions::from_mode(*mode))?;
            }
            recipe += &format!("COPY layer{number} /\n");
        }
        if self.busybox {
            let folder = root.join(format!("layer{}/bin", self.layers.len() - 1));
            fs::create_dir_all(&folder)?;
            for applet in APPLETS {
                std::os::unix::fs::symlink("busybox", folder.join(applet))?;
            }
            recipe += "CMD [\"/bin/sh\"]\n";
        }
        fs::write(root.join("Dockerfile"), recipe)
    }
}

/// A static busybox. Searched once a process, because that takes long without optimisation.
fn busybox() -> &'static [u8] {
    static FOUND: OnceLock<Vec<u8>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let found = BUSYBOX
            .iter()
            .filter_map(|path| fs::read(path).ok())
            .find(|bytes| is_static(bytes));
        found.unwrap_or_else(|| {
            panic!("no static busybox on this machine: install the package busybox-static")
        })
    })
}

/// A dynamic program contains the name of its loader.
fn is_static(program: &[u8]) -> bool {
    let names = |loader: &[u8]| program.windows(loader.len()).any(|window| window == loader);
    !names(b"/ld-linux") && !names(b"/ld-musl")
}
