//! Requirements, matching and plans: chooses the best registered image for a requirement, and finds the missing parts.
//!
//! Pure: texts and entries in, values out. The caller reads the registry and checks files.
//!
//! ```
//! use camino::Utf8Path;
//! use registry::Registry;
//!
//! let text = "images:\n- {name: a, file: a.tar, docker_tag: a, os: 'debian:12', architecture: x86_64, compilers: [gcc-12]}";
//! let registry = Registry::parse(Utf8Path::new("image-registry.yml"), text.to_owned())?;
//! let wanted = "{project: capy, os: 'debian:12', architecture: amd64, compiler: gcc-12, tools: [cmake]}";
//! let wanted = plan::parse_requirements(wanted).remove(0)?;
//! let selection = plan::select(&wanted, registry.entries());
//! let chosen = selection.chosen().expect("it has the system and the compiler");
//! assert_eq!(chosen.entry.name, "a");
//! assert_eq!((chosen.marks.essential, chosen.marks.extra), (100, 0));
//! assert_eq!(chosen.missing.tools[0].as_str(), "cmake");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bases;
mod build;
mod cost;
mod distinct;
mod error;
mod explain;
mod frames;
mod lists;
mod matching;
mod merging;
mod plan;
mod plans;
mod platform;
mod requirement;
mod rules;
mod source;
mod step;
mod strict;
mod texts;
mod values;

pub use build::{BuildSpec, Secret, SecretSource};
pub use cost::{Cost, CostData, CostValue};
pub use error::Error;
pub use explain::explain;
pub use matching::{Candidate, Marks, Pick, Selection, score, select, select_by, select_sound};
pub use plan::{Missing, Plan, plan_for};
pub use plans::Plans;
pub use platform::settle;
pub use requirement::{Requirement, System, parse_requirements};
pub use rules::{AcceptMissing, Rules};
pub use step::{Cache, OnFailure, Probe, Step, StepAction};
