//! Errors of remote registries.

use failure::{Code, Reported};
use naming::{Architecture, Digest};

/// Messages of Go's network library if the host is unknown or the network is down. A retry would fail too.
const NO_WAY: [&str; 2] = ["no such host", "network is unreachable"];

/// A failed `skopeo` call, or an invalid result of one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `skopeo` cannot be run, or it was aborted.
    #[error(transparent)]
    Program(#[from] process::Error),

    /// The registry has no such image.
    #[error("{reference}: the registry has no such image: {reason}")]
    Unknown {
        /// The image's reference.
        reference: String,
        /// The registry's message.
        reason: String,
    },

    /// The registry requires other credentials, or denies access.
    #[error("{reference}: the registry denied access: {reason}")]
    Denied {
        /// The image's reference.
        reference: String,
        /// The registry's message.
        reason: String,
    },

    /// The registry uses plain HTTP, or has an untrusted certificate.
    #[error("{reference}: no TLS connection to the registry: {reason}")]
    Insecure {
        /// The image's reference.
        reference: String,
        /// The message of `skopeo`.
        reason: String,
    },

    /// There is no signature policy.
    #[error("{reference}: skopeo has no signature policy: {reason}")]
    NoPolicy {
        /// The image's reference.
        reference: String,
        /// The message of `skopeo`.
        reason: String,
    },

    /// Not enough disk space for the download.
    #[error("{reference}: not enough disk space for the download: {reason}")]
    NoRoom {
        /// The image's reference.
        reference: String,
        /// The message of `skopeo`.
        reason: String,
    },

    /// A blob is neither in the registry nor in the layout to publish.
    #[error("{reference}: a blob is missing: {reason}")]
    Lacks {
        /// The image's reference.
        reference: String,
        /// The message of `skopeo`.
        reason: String,
    },

    /// A blob does not match its digest.
    #[error("{reference}: the registry sent data that does not match its digest: {reason}")]
    Damaged {
        /// The image's reference.
        reference: String,
        /// The message of `skopeo`.
        reason: String,
    },

    /// Any other failure: no route, no answer, a server error.
    #[error("{reference}: {reason}")]
    Failed {
        /// The image's reference.
        reference: String,
        /// The message of `skopeo`.
        reason: String,
    },

    /// The image exists, but only for other platforms.
    #[error("{reference}: not available for {}, only for {}", wanted.platform(), offered.join(", "))]
    NoPlatform {
        /// The image's reference.
        reference: String,
        /// The requested platform.
        wanted: Architecture,
        /// The platforms of the image.
        offered: Vec<String>,
    },

    /// The reference names something else than an image, or an unsupported one.
    #[error("{reference}: {what}")]
    Unsupported {
        /// The image's reference.
        reference: String,
        /// The reason.
        what: String,
    },

    /// A manifest or config does not match its digest.
    #[error("{reference}: the {what} is damaged: expected {expected}, found {found}")]
    Mismatch {
        /// The image's reference.
        reference: String,
        /// `manifest` or `config`.
        what: &'static str,
        /// The expected digest.
        expected: Digest,
        /// The digest of the bytes.
        found: Digest,
    },
}

impl Error {
    /// Whether a retry may succeed.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Failed { reason, .. } if !NO_WAY.iter().any(|text| reason.contains(text)))
    }
}

impl Reported for Error {
    /// A registry without the image is a missing archive. A registry that refuses or fails is an engine failure.
    fn code(&self) -> Code {
        match self {
            Self::Unknown { .. }
            | Self::NoPlatform { .. }
            | Self::Unsupported { .. }
            | Self::Damaged { .. }
            | Self::Mismatch { .. } => Code::Archive,
            Self::NoRoom { .. } => Code::Room,
            _ => Code::Engine,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Program(process::Error::NotFound { .. }) => {
                Some("install skopeo: imgpipe uses it for remote registries")
            }
            Self::Program(process::Error::Timeout { .. }) => {
                Some("if the registry is slow, set a longer timeout with --engine-timeout DUR")
            }
            Self::Denied { .. } => Some(
                "log in with `skopeo login REGISTRY`, or give credentials with --authfile; registries may also deny access if the image does not exist",
            ),
            Self::Insecure { .. } => {
                Some("use --insecure for a registry with plain HTTP or an untrusted certificate")
            }
            Self::NoPolicy { .. } => Some(
                "see containers-policy.json(5); skopeo's package usually installs /etc/containers/policy.json",
            ),
            Self::NoPlatform { .. } => Some("choose another platform with --platform"),
            Self::Damaged { .. } | Self::Mismatch { .. } => {
                Some("a proxy may change the data, or the registry's storage is damaged")
            }
            _ => None,
        };
        hint.map(str::to_owned)
    }

    fn tail(&self) -> Option<String> {
        match self {
            Self::Program(process::Error::Failed { tail, .. }) => Some(tail.clone()),
            _ => None,
        }
    }
}
