//! All known differences between engines, with the versions that were tested. Their error messages are in the module
//! `complaint`.
//!
//! | | Docker (20.10 to 29) | podman (4.3 to 5.8) |
//! |---|---|---|
//! | `version --format '{{json .}}'` | `Client.ApiVersion`, `Server.Components` | `Client.APIVersion`, no `Server` |
//! | `image inspect --format '{{json .}}'` | one object an image, a line each | one array of all |
//! | `.Id` | `sha256:…`: the config's digest, on containerd stores the manifest's | 64 hex digits: the config's digest; its service behind Docker's command line prints `sha256:…` |
//! | `.RepoTags` of names of Docker Hub | `x:1` | `docker.io/library/x:1`, of its service too |
//! | `.RootFS` of an incomplete image | `{}` on 28 with the containerd store | `null` |
//! | an incomplete image in containerd's store | in no list; 26 shows it by its name as if it were complete | |
//! | `x:1` as a local name | `docker.io/library/x:1` | `localhost/x:1` when built, tagged or loaded from a classic archive; `docker.io/library/x:1` when loaded in OCI form |
//! | `x:1` if there is no such name | not found | any image with a name that ends so |
//! | a missing base | pulled by every builder | pulled, unless `--pull=never` |
//! | `ENV A=$B` with another argument `B` | run again | reused from the cache (4.3) |
//! | SIGTERM to a build | the daemon aborts and cleans up | the `RUN` step goes on, its containers stay, exit status 0; SIGHUP ends it cleanly (4.3) |
//! | an image that is removed while all are listed or inspected | skipped; on containerd stores (28) the whole call fails: `NotFound: content digest …` | the whole call fails: `layer not known` |
//! | an image after its load was killed | removed, or never created | may stay without a manifest: then every list of all images fails (4.3), and a list of tagged images does not |
//! | a missing image | `Error: No such image: x`, `Error response from daemon: no such image: …` (CLI 28) | `Error: inspecting object: x: image not known`; 5 prints `x: image not known`, and `Error: ` before the last of several only |
//! | the CLI without the buildx plugin (28) | the legacy builder, without `--progress` | its own builder, without `--progress` |
//!
//! `version`, or the form of `.Id` and `.RepoTags`, identifies the program. Its name does not: `podman-docker` installs
//! podman as `docker`. Docker's command line may also talk to podman's service: then local names are podman's.

use naming::{Architecture, Reference};
use process::SIGTERM;
use serde::Deserialize;

/// The number of the signal, the same on every Unix.
const SIGHUP: i32 = 1;

/// The vendor of a command line or of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavor {
    /// Docker.
    Docker,
    /// podman.
    Podman,
}

/// The version answer of the program and its engine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Version {
    /// The flavor of the command line.
    pub flavor: Flavor,
    /// The flavor of the images. It may differ from `flavor`: Docker's command line can talk to podman's service.
    pub server_flavor: Flavor,
    /// The version of the command line.
    pub client: String,
    /// The version of the engine; for podman, that of its command line.
    pub server: String,
    /// The architecture of the engine's machine, if it is known.
    pub(crate) architecture: Option<Architecture>,
    pub(crate) kernel: Kernel,
}

/// The engine's kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// This process's own: podman without a service.
    Own,
    /// The kernel with this release.
    Release(String),
    Unknown,
}

/// The engine's image store. It decides which layers a `load` can leave out, and the meaning of an ID.
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
    /// Whether the engine is a Docker with only the graph driver's store: containerd's came with 24.
    pub(crate) fn is_before_containerd(&self) -> bool {
        self.server_flavor == Flavor::Docker
            && self.major().is_some_and(|major| (1..23).contains(&major))
    }

    /// Whether the engine, with containerd's store, shows an incomplete image like a complete one. 26 does, but omits it
    /// from its lists. 28 shows it without layers.
    pub(crate) fn may_show_incomplete(&self) -> bool {
        self.server_flavor == Flavor::Docker
            && self.major().is_some_and(|major| (23..28).contains(&major))
    }

    /// Whether the engine loads layers that are compressed with zstd, and saves them again. Docker does since 23, podman since 5
    /// (4.3 loads them, but cannot save them).
    pub(crate) fn loads_zstd(&self) -> bool {
        let first = match self.server_flavor {
            Flavor::Docker => 23,
            Flavor::Podman => 5,
        };
        self.major()
            .is_none_or(|major| major == 0 || major >= first)
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

/// Parses the answer to `version --format '{{json .}}'`; `None` for any other program.
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

/// Parses the answer to `info --format '{{json .DriverStatus}}'`: pairs of strings, or `null`.
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

impl Flavor {
    /// The flavor that prints this `.Id` and these `.RepoTags`, if only one does.
    pub(crate) fn shown_by(id: &str, tags: &[String]) -> Option<Self> {
        let is_short = |tag: &String| {
            tag.parse::<Reference>().is_ok_and(|reference| {
                *tag == reference.to_string() && *tag != reference.canonical()
            })
        };
        if !id.starts_with("sha256:") {
            Some(Self::Podman)
        } else if tags.iter().any(is_short) {
            Some(Self::Docker)
        } else {
            None
        }
    }

    /// The engine's possible names for `reference`, most likely first, the full name last.
    pub(crate) fn spellings(self, reference: &Reference) -> Vec<String> {
        match self {
            // `sha256:12` would find any image with that ID prefix.
            Self::Docker if reference.is_read_as_id() => vec![reference.canonical()],
            Self::Docker => vec![reference.to_string()],
            Self::Podman => {
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

    /// The short reference for an engine's name; `None` for `<none>:<none>`.
    pub(crate) fn reference(self, name: &str) -> Option<Reference> {
        let name = match self {
            Self::Docker => name,
            Self::Podman => name.strip_prefix("localhost/").unwrap_or(name),
        };
        name.parse().ok()
    }
}

impl Version {
    /// The signal that ends a build without leftovers.
    pub(crate) fn ends_builds(&self) -> i32 {
        match self.flavor {
            Flavor::Docker => SIGTERM,
            Flavor::Podman => SIGHUP,
        }
    }

    /// The argument that makes BuildKit record the step of each layer in an image, so that another engine can use it as
    /// a cache. The legacy builder reads this from any image's history, and warns of the argument.
    pub(crate) fn keeps_cache(&self) -> Option<&'static str> {
        (self.flavor == Flavor::Docker).then_some("--build-arg=BUILDKIT_INLINE_CACHE=1")
    }

    /// Whether the cache ignores the argument `B` of a step such as `ENV A=$B`. podman (4.3) compares the text of the build file,
    /// and values only for `RUN`.
    pub(crate) fn caches_without_arguments(&self) -> bool {
        self.flavor == Flavor::Podman
    }

    /// The flag that stops a build from pulling a missing base. Docker has none.
    pub(crate) fn never_pull(&self) -> Option<&'static str> {
        (self.flavor == Flavor::Podman).then_some("--pull=never")
    }
}

#[cfg(test)]
mod tests;
