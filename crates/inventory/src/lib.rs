//! The contents of an archived image: operating system, packages, compilers, tools. They are read from its files,
//! without an engine.
//!
//! In the other direction, each package manager knows the packages of a compiler or a tool, and how to install them.
//!
//! ```
//! use inventory::{Manager, tool_packages};
//!
//! let apt = Manager::of(&"debian:12".parse()?).ok_or("no package manager is known")?;
//! let packages = apt.compiler_packages(&"gcc-12".parse()?)?;
//! let names: Vec<_> = packages.iter().map(|package| package.as_str()).collect();
//! assert_eq!(names, ["gcc-12", "g++-12"]);
//! let apk = Manager::of(&"alpine:3.20".parse()?).ok_or("no package manager is known")?;
//! let packages = tool_packages(apk, &"ninja".parse()?)?;
//! assert_eq!(packages[0].as_str(), "samurai");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod commands;
mod compilers;
mod dpkg;
mod error;
mod files;
mod inventory;
mod managers;
mod offered;
mod os_release;
mod packages;
mod rpm;
mod tools;

pub use error::{Error, Result};
pub use inventory::Inventory;
pub use managers::Manager;
pub use offered::Offered;
pub use os_release::OsRelease;
pub use tools::tool_packages;
