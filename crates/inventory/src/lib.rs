//! What an archived image holds: operating system, packages, compilers, tools. Read from its
//! files alone, without an engine.
//!
//! The other way round, each package manager tells which packages bring a compiler or a tool into an image, and
//! how they are installed.
//!
//! ```
//! use inventory::{Manager, tool_packages};
//! use naming::Family;
//!
//! let packages = Manager::of(Family::Apt).compiler_packages(&"gcc-12".parse()?)?;
//! let names: Vec<_> = packages.iter().map(|package| package.as_str()).collect();
//! assert_eq!(names, ["gcc-12", "g++-12"]);
//! let packages = tool_packages(Manager::of(Family::Apk), &"ninja".parse()?)?;
//! assert_eq!(packages[0].as_str(), "samurai");
//! # Ok::<(), naming::NameError>(())
//! ```

mod commands;
mod compilers;
mod dpkg;
mod error;
mod family;
mod files;
mod inventory;
mod os_release;
mod packages;
mod rpm;
mod tools;

pub use error::{Error, Result};
pub use family::Manager;
pub use inventory::Inventory;
pub use os_release::OsRelease;
pub use tools::tool_packages;
