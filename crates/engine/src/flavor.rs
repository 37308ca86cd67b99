//! Where engines differ, all in one place, with the versions at which it was seen. What they complain of is in the module
//! `complaint`.
//!
//! | | Docker (20.10 to 29) | podman (4.3 to 5.8) |
//! |---|---|---|
//! | `version --format '{{json .}}'` | `Client.ApiVersion`, `Server.Components` | `Client.APIVersion`, no `Server` |
//! | `image inspect --format '{{json .}}'` | one object an image, a line each | one array of all |
//! | `.Id` | `sha256:…`: the config's digest, on containerd stores the manifest's | 64 hex digits: the config's digest; its service behind Docker's command line says `sha256:…` |
//! | `.RepoTags` of names of Docker Hub | `x:1` | `docker.io/library/x:1`, of its service too |
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
//! The program says which it is, by `version` or the form of `.Id` and `.RepoTags`; its name does not (`podman-docker` installs
//! podman as `docker`).
//! Docker's command line may also talk to podman's service: then local names are podman's.

use naming::{Architecture, Reference};
use process::SIGTERM;
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

    /// Whether the engine loads layers that are compressed with zstd, and saves them again: Docker does since 23, podman since 5
    /// (4.3 loads them and fails to save).
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

impl Flavor {
    /// Who shows an image with this `.Id` and these `.RepoTags`, if only one does.
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

    /// The names under which the engine may hold what people call `reference`, most likely first, the full name last.
    pub(crate) fn spellings(self, reference: &Reference) -> Vec<String> {
        match self {
            // `sha256:12` would find any image whose ID begins so.
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

    /// A name of the engine's as people say it; `None` for `<none>:<none>`.
    pub(crate) fn reference(self, name: &str) -> Option<Reference> {
        let name = match self {
            Self::Docker => name,
            Self::Podman => name.strip_prefix("localhost/").unwrap_or(name),
        };
        name.parse().ok()
    }
}

impl Version {
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

#[cfg(test)]
mod tests;
