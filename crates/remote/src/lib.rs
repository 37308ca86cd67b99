//! Remote OCI registries, reached only by running `skopeo`.
//!
//! A [`Remote`] says what a reference stands for ([`Remote::resolve`]), brings its blobs into a folder
//! ([`Remote::download`]), and publishes an image layout ([`Remote::upload`]). Whatever is passed to `skopeo` or
//! read by it (mirrors, credentials, certificates, signature policies) is as its own documentation says: nothing
//! of that is decided here.
//!
//! Nothing that a registry serves is trusted: manifests and configs are checked against the digests that name
//! them. Blobs are not: whoever takes in a layer checks it against its diff_id.
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
//! Without the program there is an error that says so:
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
