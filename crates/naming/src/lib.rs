//! Names: images, references, digests, operating systems, architectures, and contents of images. Pure: no I/O, no
//! environment.
//!
//! Every type here is a validated newtype: text from outside is parsed once, at the boundary, and needs no further
//! check. A [`NameError`] says which rule was violated.
//!
//! ```
//! use naming::ImageName;
//!
//! let name: ImageName = "http-proto-ubuntu-25.04-gcc15-asan".parse()?;
//! assert_eq!(name.project(), "http-proto");
//! assert_eq!(name.os().to_string(), "ubuntu:25.04");
//! assert_eq!(name.variant(), "gcc15-asan");
//! # Ok::<(), naming::NameError>(())
//! ```

mod architecture;
mod digest;
mod distribution;
pub mod duration;
mod error;
mod image_name;
mod item;
mod nearest;
mod os;
mod reference;
mod text;
mod visible;

pub use architecture::Architecture;
pub use digest::Digest;
pub use error::NameError;
pub use image_name::ImageName;
pub use item::{Compiler, PackageName, ToolName, Variant};
pub use nearest::nearest;
pub use os::{Os, SystemImage, runner};
pub use reference::Reference;
pub use visible::{steers, visible};
