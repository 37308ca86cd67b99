//! What an archived image holds: operating system, packages, compilers, tools. Read from its
//! files alone, without an engine.
//!
//! The other way round, each package manager tells which packages bring a compiler or a tool into an image, and
//! how they are installed.
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
