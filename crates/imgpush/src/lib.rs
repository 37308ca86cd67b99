//! Publishes images to a remote OCI registry, without an engine.
//!
//! [`Pusher`] does it, [`cli`] is the command.

pub mod cli;
mod pusher;
mod stored;

pub use pusher::{Pushed, Pusher};
