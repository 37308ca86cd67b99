//! Remote OCI registries, reached only by running `skopeo`.
//!
//! A [`Remote`] resolves a reference ([`Remote::resolve`]), downloads its blobs into a folder
//! ([`Remote::download`]), and publishes an image layout ([`Remote::upload`]). `skopeo` handles mirrors,
//! credentials, certificates and signature policies as its documentation says. This crate decides none of that.
//!
//! Registries are not trusted. Manifests and configs are checked against their digests. Blobs are not: the
//! reader of a layer checks it against its diff_id.
//!
//! ```no_run
//! use remote::{Options, Remote};
//!
//! let remote = Remote::new("skopeo", Options { retries: 3, ..Options::default() });
//! let image = remote.resolve(&"registry.example:5000/ci/base:1".parse()?, "x86_64".parse()?)?;
//! # let _ = image;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! If `skopeo` is missing, calls return an error:
//!
//! ```
//! # use remote::{Options, Remote};
//! let remote = Remote::new("/nonexistent/skopeo", Options::default());
//! let refused = remote.resolve(&"base:1".parse()?, "x86_64".parse()?);
//! assert!(refused.is_err());
//! # Ok::<(), naming::NameError>(())
//! ```

mod complaint;
mod error;
mod image;
mod reference;
mod skopeo;
mod transfer;

pub use error::Error;
pub use image::RemoteImage;
pub use skopeo::{OnRetry, Options, Remote};
pub use transfer::{blob_path, blobs};
