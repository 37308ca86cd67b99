//! image-registry.yml and the store around it.

mod atomic;
mod change;
mod decode;
mod edit;
mod entry;
mod error;
mod goal;
mod key;
mod layout;
mod list;
mod lock;
mod path;
mod registry;
mod scalar;
mod store;
mod unfinished;
mod work;
mod yaml;

pub use edit::Edit;
pub use entry::Entry;
pub use error::{Error, ErrorKind, Mark};
pub use lock::Lock;
pub use path::StorePath;
pub use registry::Registry;
pub use store::Store;
pub use unfinished::{Unfinished, remove_unfinished};
