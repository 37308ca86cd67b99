//! image-registry.yml and the store around it.

mod entry;

pub use entry::Entry;
