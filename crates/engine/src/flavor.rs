//! Where engines differ, all in one place, with the versions at which it was seen.
//!
//! | | Docker (20.10 to 29) | podman (4.3 to 5.8) |
//! |---|---|---|
//! | `version --format '{{json .}}'` | `Client.ApiVersion`, `Server.Components` | `Client.APIVersion`, no `Server` |
//! | `image inspect --format '{{json .}}'` | one object an image, a line each | one array of all |
//! | `.Id` | `sha256:…`: the config's digest, on containerd stores the manifest's | 64 hex digits: the config's digest |
//! | `.RootFS` of an incomplete image | `{}` on 28 with the containerd store | `null` |
//! | an image of which something is missing in containerd's store | in no list; 26 shows it by its name as if it were whole | |
//! | `x:1` as a local name | `docker.io/library/x:1` | `localhost/x:1` when built, tagged or loaded from a classic archive; `docker.io/library/x:1` when loaded in OCI form |
//! | `x:1` when there is no such name | not found | any image whose name ends so |
//! | a base that is not there | pulled by every builder | pulled, unless `--pull=never` |
//! | `ENV A=$B` with another argument `B` | done again | taken from the cache as it was (4.3) |
//! | SIGTERM to a build | the daemon gives up and cleans up | the `RUN` step goes on, its containers stay, exit status 0; SIGHUP ends it cleanly (4.3) |
//! | an image that is removed while all are listed or inspected | passed over; on containerd stores (28) the whole call fails: `NotFound: content digest …` | the whole call fails: `layer not known` |
//! | an image whose load was killed | gone, or never there | may stay without a manifest: then every list of all images fails (4.3), and one of those with names does not |
//! | a missing image | `Error: No such image: x`, `Error response from daemon: no such image: …` (CLI 28) | `Error: inspecting object: x: image not known`; 5 says `x: image not known`, and `Error: ` before the last of several alone |
//! | the CLI without the buildx plugin (28) | the legacy builder, which takes no `--progress` | its own builder, which does not either |
//!
//! The program says which it is; its name does not (`podman-docker` installs podman as `docker`).
//! Docker's command line may also talk to podman's service: then local names are podman's.

use naming::{Architecture, Reference};
use program::SIGTERM;
use serde::Deserialize;

/// The number of the signal, the same on every Unix.
const SIGHUP: i32 = 1;

/// Whose command line or engine it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavor {
    /// Docker.
    Docker,
    /// podman.
    Podman,
}

/// What the program says of itself and of the engine behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Version {
    /// Whose command line it is.
    pub flavor: Flavor,
    /// Whose images they are. Not always `flavor`'s: podman has a service that Docker's command
    /// line can talk to.
    pub server_flavor: Flavor,
    /// The version of the command line.
    pub client: String,
    /// The version of the engine; podman's is its command line's.
    pub server: String,
    /// The architecture of the engine's machine, if it is known.
    pub(crate) architecture: Option<Architecture>,
    pub(crate) kernel: Kernel,
}

/// The kernel under the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// This process's own: podman without a service.
    Own,
    /// The one of this release.
    Release(String),
    Unknown,
}

/// Where an engine keeps images, which decides what a `load` can leave out and what an ID is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// Docker with a storage driver such as `overlay2`; an image's ID is its config's digest.
    GraphDriver,
    /// Docker with containerd's image store; an image's ID is its manifest's digest.
    Containerd,
    /// podman's; an image's ID is its config's digest.
    Podman,
}

impl Version {
    /// Whether the engine is a Docker that has no other store than the graph driver's: containerd's came
    /// with 24.
    pub(crate) fn is_before_containerd(&self) -> bool {
        self.server_flavor == Flavor::Docker
            && self.major().is_some_and(|major| (1..23).contains(&major))
    }

    /// Whether the engine, with containerd's store, shows an image of which something is missing as it shows a whole one:
    /// 26 does, and only leaves it out of its lists. 28 shows it without layers.
    pub(crate) fn may_show_incomplete(&self) -> bool {
        self.server_flavor == Flavor::Docker
            && self.major().is_some_and(|major| (23..28).contains(&major))
    }

    fn major(&self) -> Option<u32> {
        self.server.split('.').next()?.parse().ok()
    }
}

#[derive(Deserialize)]
struct RawVersion {
    #[serde(rename = "Client")]
    client: RawClient,
    #[serde(rename = "Server", default)]
    server: Option<RawServer>,
}

#[derive(Deserialize)]
struct RawClient {
    #[serde(rename = "Version")]
    version: String,
    #[serde(rename = "ApiVersion")]
    docker_api: Option<String>,
    #[serde(rename = "APIVersion")]
    podman_api: Option<String>,
    /// podman's `linux/amd64`.
    #[serde(rename = "OsArch")]
    platform: Option<String>,
}

#[derive(Deserialize)]
struct RawServer {
    #[serde(rename = "Version")]
    version: String,
    #[serde(rename = "Components", default)]
    components: Option<Vec<RawComponent>>,
    #[serde(rename = "Arch", alias = "OsArch")]
    platform: Option<String>,
    #[serde(rename = "KernelVersion")]
    kernel: Option<String>,
}

#[derive(Deserialize)]
struct RawComponent {
    #[serde(rename = "Name")]
    name: String,
}

/// Reads the answer to `version --format '{{json .}}'`; `None` for a program that is neither.
pub(crate) fn parse_version(json: &[u8]) -> Option<Version> {
    let RawVersion { client, server } = serde_json::from_slice(json).ok()?;
    let flavor = match (client.docker_api, client.podman_api) {
        (Some(_), None) => Flavor::Docker,
        (None, Some(_)) => Flavor::Podman,
        _ => return None,
    };
    let components = server
        .as_ref()
        .and_then(|server| server.components.as_deref())
        .unwrap_or_default();
    let podman_serves = components
        .iter()
        .any(|component| component.name == "Podman Engine");
    let (platform, kernel) = match (&server, flavor) {
        (Some(server), _) => (
            server.platform.as_ref(),
            server
                .kernel
                .clone()
                .map_or(Kernel::Unknown, Kernel::Release),
        ),
        (None, Flavor::Podman) => (client.platform.as_ref(), Kernel::Own),
        (None, Flavor::Docker) => (None, Kernel::Unknown),
    };
    let architecture = platform.and_then(|platform| {
        let platform = platform.strip_prefix("linux/").unwrap_or(platform);
        platform.parse().ok()
    });
    Some(Version {
        flavor,
        architecture,
        kernel,
        server_flavor: if podman_serves {
            Flavor::Podman
        } else {
            flavor
        },
        server: server.map_or_else(|| client.version.clone(), |server| server.version),
        client: client.version,
    })
}

/// Reads the answer to `info --format '{{json .DriverStatus}}'`: pairs of strings, or `null`.
pub(crate) fn parse_driver_status(json: &[u8]) -> Option<StoreKind> {
    let status: Option<Vec<Vec<String>>> = serde_json::from_slice(json).ok()?;
    let containerd = status
        .iter()
        .flatten()
        .flatten()
        .any(|value| value.starts_with("io.containerd.snapshotter."));
    Some(if containerd {
        StoreKind::Containerd
    } else {
        StoreKind::GraphDriver
    })
}

impl Version {
    /// The names under which the engine may hold what people call `reference`, most likely first.
    pub(crate) fn spellings(&self, reference: &Reference) -> Vec<String> {
        match self.server_flavor {
            // `sha256:12` would find any image whose ID begins so.
            Flavor::Docker
                if reference
                    .canonical()
                    .starts_with("docker.io/library/sha256:") =>
            {
                vec![reference.canonical()]
            }
            Flavor::Docker => vec![reference.to_string()],
            Flavor::Podman => {
                let canonical = reference.canonical();
                let local = canonical
                    .strip_prefix("docker.io/")
                    .map(|path| path.strip_prefix("library/").unwrap_or(path));
                local
                    .map(|path| format!("localhost/{path}"))
                    .into_iter()
                    .chain([canonical.clone()])
                    .collect()
            }
        }
    }

    /// A name of the engine's as people say it; `None` for `<none>:<none>`.
    pub(crate) fn reference(&self, name: &str) -> Option<Reference> {
        let name = match self.server_flavor {
            Flavor::Docker => name,
            Flavor::Podman => name.strip_prefix("localhost/").unwrap_or(name),
        };
        name.parse().ok()
    }

    /// The signal after which a build leaves nothing running and nothing behind.
    pub(crate) fn ends_builds(&self) -> i32 {
        match self.flavor {
            Flavor::Docker => SIGTERM,
            Flavor::Podman => SIGHUP,
        }
    }

    /// What makes BuildKit write down in an image which step each layer is of, so that the image can serve as a cache on
    /// another engine. The legacy builder reads that in any image's history, and warns of the argument.
    pub(crate) fn keeps_cache(&self) -> Option<&'static str> {
        (self.flavor == Flavor::Docker).then_some("--build-arg=BUILDKIT_INLINE_CACHE=1")
    }

    /// Whether a step such as `ENV A=$B` is taken from the cache whatever the argument `B` is now: podman (4.3) compares the words
    /// of the build file, and values for `RUN` alone.
    pub(crate) fn caches_without_arguments(&self) -> bool {
        self.flavor == Flavor::Podman
    }

    /// What keeps a build from pulling a base that is not there; nothing does in Docker.
    pub(crate) fn never_pull(&self) -> Option<&'static str> {
        (self.flavor == Flavor::Podman).then_some("--pull=never")
    }
}

/// The line that says that the engine does not answer. Docker 20.10 to 28 say `Cannot connect to
/// the Docker daemon` or `permission denied while trying to connect`, 29 `failed to connect to the
/// docker API`, podman's remote client `unable to connect to Podman socket`.
pub(crate) fn unreachable_line(stderr: &str) -> Option<&str> {
    stderr.lines().map(str::trim).find(|line| {
        let line = line.to_ascii_lowercase();
        let starts = [
            "cannot connect to ",
            "failed to connect to the docker api",
            "error during connect",
            "unable to connect to podman",
        ];
        let line = line.trim_start_matches("error: ");
        starts.iter().any(|start| line.starts_with(start))
            || line.contains("permission denied while trying to connect to the docker")
    })
}

/// Whether a line is the legacy builder's warning of the argument of [`Version::keeps_cache`], and of no other (20.10).
pub(crate) fn is_about_cache(line: &str) -> bool {
    line.trim() == "[Warning] One or more build-args [BUILDKIT_INLINE_CACHE] were not consumed"
}

/// Whether every complaint is that an image or a container is not there, and there is at least one. Of containers Docker
/// says `Error: No such container: …`, podman `Error: no such container …` or `… no such object: …`.
pub(crate) fn only_missing(stderr: &str) -> bool {
    let mut complaints = stderr
        .lines()
        .map(str::to_ascii_lowercase)
        .filter(|line| !is_noise(line))
        .peekable();
    complaints.peek().is_some() && complaints.all(|line| is_missing(&line))
}

fn is_missing(line: &str) -> bool {
    // podman 5 puts `Error: ` before the last of several alone.
    let bare = line.strip_suffix(": image not known");
    if bare.is_some_and(|name| !name.contains(' ')) {
        return true;
    }
    line.starts_with("error")
        && [
            "no such image",
            "image not known",
            "no such container",
            "no such object",
        ]
        .iter()
        .any(|words| line.contains(words))
}

/// Whether an engine came upon an image that somebody removed while it looked at several, and then answers nothing of the
/// others either. podman (4.3) says `layer not known`, or `reading image "…": locating image with ID "…": image not
/// known`; Docker with the containerd store (28) `NotFound: content digest sha256:…: not found`. With a graph driver it
/// passes over such an image. A tag that two give at the same time fails for one of them there (28): `failed to create an image …
/// after deleting the existing one: AlreadyExists: …`.
pub(crate) fn lost_an_image(stderr: &str) -> bool {
    [
        "layer not known",
        "locating image with ID",
        "NotFound: content digest",
        "after deleting the existing one: AlreadyExists",
    ]
    .iter()
    .any(|words| stderr.contains(words))
}

/// Whether podman fails because an image that it came upon is damaged, as a `load` leaves it that was killed in the moment
/// between the image and its manifest (4.3): `checking if image "…" is dangling: locating item named "manifest" for image with
/// ID "…" (consider removing the image to resolve the issue): file does not exist`. It loads and builds all the same, and
/// another load of that image repairs it.
pub(crate) fn has_damaged_image(stderr: &str) -> bool {
    let mut complaints = stderr
        .lines()
        .filter(|line| !is_noise(&line.to_ascii_lowercase()));
    complaints.any(|line| line.contains("consider removing the image to resolve the issue"))
}

/// Lines that come with any call: `podman-docker`'s greeting, warnings of either engine.
fn is_noise(line: &str) -> bool {
    line.trim().is_empty()
        || line.starts_with("emulate docker cli using podman")
        || line.starts_with("warning")
        || (line.starts_with("time=") && line.contains("level=warning"))
}

/// A line in which `load` says that it failed though it exits 0: Docker 28 and 29 with the
/// containerd store, after `Loaded image: …`, for a layer that is missing or damaged.
pub(crate) fn load_complaint(output: &str) -> Option<&str> {
    let complaints = [
        "error unpacking image",
        "invalid diffid",
        "unexpected eof",
        "error processing tar file",
    ];
    output.lines().map(str::trim).find(|line| {
        let line = line.to_ascii_lowercase();
        complaints.iter().any(|complaint| line.contains(complaint))
    })
}

#[cfg(test)]
mod tests;
