//! What can go wrong between this process and a remote registry.

use failure::{Code, Reported};
use naming::{Architecture, Digest};

/// What Go's network library says where there is no such machine, or no network: a moment later there is none either.
const NO_WAY: [&str; 2] = ["no such host", "network is unreachable"];

/// A failed call of `skopeo`, or what it brought is not what it should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `skopeo` can't be run, or was ended.
    #[error(transparent)]
    Program(#[from] process::Error),

    /// The registry has no such image.
    #[error("{reference}: the registry has no such image: {reason}")]
    Unknown {
        /// What was asked for.
        reference: String,
        /// What was said.
        reason: String,
    },

    /// The registry wants other credentials, or gives no access.
    #[error("{reference}: the registry denied access: {reason}")]
    Denied {
        /// What was asked for.
        reference: String,
        /// What was said.
        reason: String,
    },

    /// The registry speaks plain HTTP, or has a certificate that nobody vouches for.
    #[error("{reference}: no TLS connection to the registry: {reason}")]
    Insecure {
        /// What was asked for.
        reference: String,
        /// What was said.
        reason: String,
    },

    /// There is no signature policy.
    #[error("{reference}: skopeo has no signature policy: {reason}")]
    NoPolicy {
        /// What was asked for.
        reference: String,
        /// What was said.
        reason: String,
    },

    /// No room for what is downloaded.
    #[error("{reference}: not enough disk space for the download: {reason}")]
    NoRoom {
        /// What was asked for.
        reference: String,
        /// What was said.
        reason: String,
    },

    /// A blob is neither in the registry nor in what is published.
    #[error("{reference}: a blob is missing: {reason}")]
    Lacks {
        /// What was asked for.
        reference: String,
        /// What was said.
        reason: String,
    },

    /// Bytes differ from the digest that names them.
    #[error("{reference}: the registry sent data that does not match its digest: {reason}")]
    Damaged {
        /// What was asked for.
        reference: String,
        /// What was said.
        reason: String,
    },

    /// Anything else: no route, no answer, a server's own failure.
    #[error("{reference}: {reason}")]
    Failed {
        /// What was asked for.
        reference: String,
        /// What was said.
        reason: String,
    },

    /// The image is there, but for other platforms.
    #[error("{reference}: not available for {}, only for {}", wanted.platform(), offered.join(", "))]
    NoPlatform {
        /// What was asked for.
        reference: String,
        /// The platform.
        wanted: Architecture,
        /// What there is.
        offered: Vec<String>,
    },

    /// What the reference names is no image that can be taken.
    #[error("{reference}: {what}")]
    Unsupported {
        /// What was asked for.
        reference: String,
        /// What it is.
        what: String,
    },

    /// A manifest or config is not what its digest says.
    #[error("{reference}: the {what} is damaged: expected {expected}, found {found}")]
    Mismatch {
        /// What was asked for.
        reference: String,
        /// `manifest` or `config`.
        what: &'static str,
        /// The digest that names it.
        expected: Digest,
        /// The digest of the bytes.
        found: Digest,
    },
}

impl Error {
    /// Whether another attempt may do better.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Failed { reason, .. } if !NO_WAY.iter().any(|text| reason.contains(text)))
    }
}

impl Reported for Error {
    /// A registry that lacks an image is a missing archive. One that refuses or fails is like an engine that does.
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
