//! Image archives made in memory, for tests: tars with whatever members, and images in each layout that
//! engines write. Bytes alone: this crate knows nothing of how they are read.
//!
//! ```
//! let image = samples::sample();
//! let bytes = image.classic();
//! assert_eq!(image.layers.len(), 3);
//! assert!(bytes.len() > 700_000);
//! ```

#![expect(
    clippy::expect_used,
    reason = "tests call it, and writing to memory does not fail"
)]

mod damage;
mod dice;
mod elsewhere;
mod image;
mod members;
mod mutant;
mod packing;
mod tar;

pub use damage::damage;
pub use dice::Dice;
pub use elsewhere::Foreign;
pub use image::{TestImage, image, index, sample};
pub use mutant::Mutant;
pub use packing::{Packing, compress};
pub use tar::Tar;

use naming::Digest;
use sha2::{Digest as _, Sha256};

/// The digest of some bytes.
#[must_use]
pub fn digest(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}

/// Where an OCI layout keeps a blob.
#[must_use]
pub fn blob_name(digest: Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}
