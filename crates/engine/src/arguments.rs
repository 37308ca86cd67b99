//! Build arguments on their way to the builder.
//!
//! Every user of a machine can read command lines, so a value goes by the client's environment: of `--build-arg=NAME`, Docker's
//! clients (20.10 to 28) and podman (4.3) take the value from there, an empty one too. The client itself then sees the
//! variable, hence the names that it goes by are refused.

use std::collections::BTreeMap;

use process::Call;

use crate::flavor::{Flavor, Version};
use crate::{Build, Error};

/// Variables by which a client finds its settings, its engine, its helpers, or which the dynamic loader and a wrapper's shell obey.
/// Proxies are not among them: what a build needs to reach the network, its client may use as well.
const OF_CLIENTS: &[&str] = &[
    "BASH_ENV",
    "DBUS_SESSION_BUS_ADDRESS",
    "ENV",
    "GODEBUG",
    "HOME",
    "IFS",
    "NOTIFY_SOCKET",
    "PATH",
    "REGISTRY_AUTH_FILE",
    "SSH_ASKPASS",
    "SSH_AUTH_SOCK",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    process::MARK,
];

/// How such variables begin.
const OF_CLIENTS_ALL: &[&str] = &[
    "BUILDAH_",
    "BUILDX_",
    "CONTAINERS_",
    "CONTAINER_",
    "DOCKER_",
    "LD_",
    "OTEL_",
    "STORAGE_",
    "XDG_",
    "_BUILDAH_",
    "_CONTAINERS_",
];

/// `BUILDKIT_…` is for the builder, but for these.
const OF_BUILDX: &[&str] = &["BUILDKIT_COLORS", "BUILDKIT_HOST", "BUILDKIT_PROGRESS"];

/// Without root, podman looks up its user's range of IDs by this.
const OF_PODMAN: &[&str] = &["USER"];

/// Gives a call the arguments of a build.
pub(crate) fn pass(call: Call, args: &BTreeMap<String, String>) -> Call {
    args.iter().fold(call, |call, (name, value)| {
        call.env(name, value).arg(format!("--build-arg={name}"))
    })
}

impl Build<'_> {
    /// Refuses arguments that the client would take for its own.
    pub(crate) fn check_arguments(&self, version: &Version) -> Result<(), Error> {
        let taken = self.args.keys().find(|name| is_taken(name, version.flavor));
        match taken {
            Some(name) => Err(Error::Argument { name: name.clone() }),
            None => Ok(()),
        }
    }
}

fn is_taken(name: &str, flavor: Flavor) -> bool {
    OF_CLIENTS.contains(&name)
        || OF_BUILDX.contains(&name)
        || OF_CLIENTS_ALL.iter().any(|start| name.starts_with(start))
        || (flavor == Flavor::Podman && OF_PODMAN.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_client_goes_by() {
        for (name, docker, podman) in [
            ("HOME", true, true),
            ("PATH", true, true),
            ("DOCKER_HOST", true, true),
            ("XDG_RUNTIME_DIR", true, true),
            ("BUILDKIT_HOST", true, true),
            ("BUILDKIT_CONTEXT_KEEP_GIT_DIR", false, false),
            ("USER", false, true),
            ("HTTP_PROXY", false, false),
            ("no_proxy", false, false),
            ("WHO", false, false),
            ("home", false, false),
            ("APP_HOME", false, false),
        ] {
            assert_eq!(is_taken(name, Flavor::Docker), docker, "{name}");
            assert_eq!(is_taken(name, Flavor::Podman), podman, "{name}");
        }
    }
}
