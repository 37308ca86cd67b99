//! A harness for tests of the commands against a real engine: most tests are three lines with it.
//!
//! ```no_run
//! # use pipeline_tests::{Image, Sandbox};
//! let s = Sandbox::new();
//! let base = Image::new().file("etc/motd", "hello").build(&s, "base");
//! s.run("imgsave", [&base]).ok();
//! s.sh("imgload images/*/*.tar").code(0).stdout(&format!("{base}\n"));
//! ```
//!
//! - A [`Sandbox`] has its own store (in a folder with a space in its path) and project name. It runs commands in a
//!   clean environment. Dropping it removes every engine image of its project, and no other.
//! - An [`Outcome`] is exit code, stdout and stderr together; a failed assertion shows all three.
//! - A [`Running`] is a started command, to be watched and sent signals.
//! - An [`Image`] is a tiny image with fresh random content, so that the engine has none of its layers.
//! - [`Watched`] is the engine with every call recorded, and with faults if a test needs them.
//! - A [`Tally`] counts repeated attempts, for `cargo xtask soak`.
//! - A [`Registry`] is a test's own real registry, with every request counted, and a [`Fault`] if a test needs it.
//! - [`remote`] has images for it, and [`Tokens`] authenticates users as Docker Hub does.
//! - [`debian_base`] is a real Debian 12 that all tests share; `cargo xtask clean` removes it.
//!
//! The tests need an engine: `cargo xtask test` starts one if none answers. The commands are built as needed.

#![expect(
    clippy::expect_used,
    reason = "a harness reports what is wrong by panicking, as any assertion does"
)]

mod damage;
mod engine;
mod fault;
mod front;
mod image;
mod invocation;
mod outcome;
mod programs;
mod registry;
pub mod remote;
mod running;
mod sandbox;
mod small_disk;
mod tally;
mod tokens;
mod watched;

pub use engine::{Engine, debian_base, engine, sees_emulators};
pub use fault::Fault;
pub use front::Request;
pub use image::Image;
pub use invocation::Invocation;
pub use outcome::Outcome;
pub use registry::{LOGIN, Registry};
pub use running::{Process, Running, Whom};
pub use sandbox::Sandbox;
pub use small_disk::SmallDisk;
pub use tally::{Tally, seed, share};
pub use tokens::Tokens;
pub use watched::Watched;
