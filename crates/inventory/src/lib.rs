//! What an archived image holds: operating system, packages, compilers, tools. Read from its
//! files alone, without an engine.
//!
//! The other way round, tables tell which packages bring a compiler or a tool into an image of a
//! package manager's family.
//!
//! ```
//! use inventory::{compiler_packages, tool_packages};
//! use naming::Family;
//!
//! let packages = compiler_packages(Family::Apt, &"gcc-12".parse()?)?;
//! let names: Vec<_> = packages.iter().map(|package| package.as_str()).collect();
//! assert_eq!(names, ["gcc-12", "g++-12"]);
//! let packages = tool_packages(Family::Apk, &"ninja".parse()?)?;
//! assert_eq!(packages[0].as_str(), "samurai");
//! # Ok::<(), naming::NameError>(())
//! ```

mod apk;
mod commands;
mod compilers;
mod dpkg;
mod error;
mod files;
mod inventory;
mod os_release;
mod packages;
mod rpm;
mod tools;

pub use compilers::{compiler_packages, multilib_packages};
pub use error::{Error, Result};
pub use inventory::Inventory;
pub use os_release::OsRelease;
pub use tools::tool_packages;
