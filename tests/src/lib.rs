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
//! - A [`Sandbox`] is a store of its own (in a folder with a space in its path), a project name of its own, and commands
//!   run in a cleaned environment. Dropping it removes every engine image of its project, and no other.
//! - An [`Outcome`] is exit code, stdout and stderr at once; a failed assertion shows all three.
//! - A [`Running`] is a command that was only launched, to be watched and sent signals.
//! - An [`Image`] is a tiny image with fresh random content, so that no layer is in the engine already.
//! - [`Watched`] is the engine with every call written down, and spoiled where a test needs that.
//! - A [`Tally`] counts what is tried again and again, for `cargo xtask soak`.
//! - A [`Registry`] is a real registry of a test's own, with every request counted, and a [`Fault`] where a test needs it.
//! - [`remote`] has images for it, and [`Tokens`] lets people into it as Docker Hub does.
//! - [`debian_base`] is a real Debian 12 that all tests share; `cargo xtask clean` removes it.
//!
//! The tests need an engine: `cargo xtask test` starts one where none answers. The commands are built as needed.

#![expect(
    clippy::expect_used,
    reason = "a harness reports what is wrong by panicking, as any assertion does"
)]

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
