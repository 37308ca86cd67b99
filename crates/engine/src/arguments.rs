//! Passes build arguments to the builder.
//!
//! Every user of a machine can read command lines, so values are passed in the client's environment. For `--build-arg=NAME`,
//! Docker's clients (20.10 to 28) and podman (4.3) read the value from there, even an empty one. The client itself also sees
//! the variable, so names of the client's own settings are refused.

use std::collections::BTreeMap;

use process::Call;

use crate::flavor::{Flavor, Version};
use crate::{Build, Error};

/// Variables by which a client finds its settings, its engine and its helpers, and those of the dynamic loader and of a wrapper's
/// shell. Proxies are not listed: the client may use the same proxy as the build.
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

/// Prefixes of such variables.
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

/// `BUILDKIT_…` is for the builder, except for these.
const OF_BUILDX: &[&str] = &["BUILDKIT_COLORS", "BUILDKIT_HOST", "BUILDKIT_PROGRESS"];

/// Rootless podman looks up its user's range of IDs by this.
const OF_PODMAN: &[&str] = &["USER"];

/// Adds the arguments of a build to a call.
pub(crate) fn pass(call: Call, args: &BTreeMap<String, String>) -> Call {
    args.iter().fold(call, |call, (name, value)| {
        call.env(name, value).arg(format!("--build-arg={name}"))
    })
}

impl Build<'_> {
    /// Refuses arguments that the client would read as its own settings.
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
