//! Image archives in memory, for tests: tars with any members, and images in each engine's layout. It only makes bytes,
//! and does not know how they are read.
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

/// The path of a blob in an OCI layout.
#[must_use]
pub fn blob_name(digest: Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}
