//! image-registry.yml and the store around it.
//!
//! A [`Registry`] is a text and its [`Entry`]s. It is immutable: [`Edit`]s make a new one, and untouched text stays
//! byte for byte. A [`Store`] is the folder: it reads and writes the registry, hands out locks and [`Unfinished`]
//! files, and turns a `file:` into a [`StorePath`], which is safe to open.
//!
//! ```
//! use camino::Utf8Path;
//! use registry::{Edit, Registry};
//!
//! let text = "images:\n- {name: a, file: a.tar, docker_tag: a, os: 'debian:12', architecture: x86_64}  # ours\n";
//! let registry = Registry::parse(Utf8Path::new("image-registry.yml"), text.to_owned())?;
//! let mut entry = registry.entries()[0].clone();
//! entry.pinned = true;
//! let edited = registry.with_edits(&[Edit::Put(entry)])?;
//! assert_eq!(edited.text(), text.replace("}", ", pinned: true}"));
//! # Ok::<(), registry::Error>(())
//! ```

mod atomic;
mod decode;
mod edit;
mod entry;
mod error;
mod fields;
mod goal;
mod holder;
mod install;
mod interrupted;
mod key;
mod lease;
mod leftovers;
mod list;
mod lock;
mod nofollow;
mod orphan;
mod parse_cache;
mod partial_check;
mod path;
mod registry;
mod removal;
mod replaced;
mod reserve;
mod staging;
mod store;
mod survey;
mod target;
mod transfer;
mod unfinished;
mod usage;
mod ways;
mod work;
mod writing;

pub use edit::Edit;
pub use entry::{Entry, Requested};
pub use error::Error;
pub use holder::{Holder, Life};
pub use interrupted::BuildNote;
pub use lease::{LEASE_TERM, Lease, LeaseList, LeaseTerm};
pub use lock::Lock;
pub use orphan::{FreeSpace, Orphan, OrphanKind};
pub use path::StorePath;
pub use registry::Registry;
pub use removal::Removed;
pub use store::Store;
pub use survey::Survey;
pub use target::{Target, find_entry, find_stored, is_path, not_registered, where_it_looked};
pub use transfer::Transfer;
pub use unfinished::{Unfinished, remove_unfinished};
pub use usage::Usage;
pub use writing::{is_writing, stop_writing};
