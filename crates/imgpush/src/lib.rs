//! Publish images to a remote OCI registry, with no engine.
//!
//! [`Pusher`] does it, [`cli`] is the command.

pub mod cli;
mod pusher;
mod stored;

pub use pusher::{Pushed, Pusher};
