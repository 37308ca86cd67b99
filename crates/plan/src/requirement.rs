//! What somebody wants an image to hold.

use naming::{Architecture, Compiler, ImageName, NameError, Os, PackageName, ToolName, Variant};
use serde::{Deserialize, Deserializer, Serialize};

use crate::lists::{add, names};
use crate::source::read_all;
use crate::{Build, Error, Missing};

/// A requirement. Every name in it was checked when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// What the image is for.
    pub project: String,
    /// The operating system, with its version.
    pub os: Os,
    /// Where a requirement names none: that of the runner whose label is its system, else the host's.
    pub architecture: Architecture,
    /// Compilers that must be there.
    pub compilers: Vec<Compiler>,
    /// Packages that should be there.
    pub packages: Vec<PackageName>,
    /// Tools that should be there.
    pub tools: Vec<ToolName>,
    /// Variants, like `asan`.
    pub variants: Vec<Variant>,
    /// How it is built, where not only from what is missing. A plan has it in a place of its own.
    #[serde(skip)]
    pub build: Option<Build>,
}

impl Requirement {
    /// The name of the image that meets it.
    pub fn image_name(&self) -> Result<ImageName, NameError> {
        ImageName::for_requirement(&self.project, &self.os, &self.compilers, &self.variants)
    }

    /// What an image that has nothing lacks.
    pub fn contents(&self) -> Missing {
        Missing {
            compilers: self.compilers.clone(),
            packages: self.packages.clone(),
            tools: self.tools.clone(),
        }
    }
}

/// Reads requirements: YAML documents, a YAML or JSON list, or JSON objects one after the other. Never empty:
/// a text without any is an error. What follows a fault is read too, as far as it is clear where it begins.
pub fn parse_requirements(text: &str) -> Vec<Result<Requirement, Error>> {
    let all: Vec<_> = read_all(text)
        .into_iter()
        .map(|read| read.map_err(Error::Requirement))
        .collect();
    if all.is_empty() {
        vec![Err(Error::NoRequirement)]
    } else {
        all
    }
}

/// A requirement as it is written. Fields that somebody else's tool adds are passed over.
#[derive(Deserialize)]
#[serde(expecting = "a requirement")]
struct Written {
    #[serde(deserialize_with = "project")]
    project: String,
    #[serde(deserialize_with = "os")]
    os: (Os, Option<Architecture>),
    #[serde(default)]
    architecture: Option<Architecture>,
    #[serde(default, deserialize_with = "names")]
    compiler: Vec<Compiler>,
    #[serde(default, deserialize_with = "names")]
    compilers: Vec<Compiler>,
    #[serde(default, deserialize_with = "names")]
    packages: Vec<PackageName>,
    #[serde(default, deserialize_with = "names")]
    tools: Vec<ToolName>,
    #[serde(default, deserialize_with = "names")]
    variants: Vec<Variant>,
    #[serde(default)]
    build: Option<Build>,
}

impl<'de> Deserialize<'de> for Requirement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written {
            project,
            os: (os, of_runner),
            architecture,
            compiler,
            mut compilers,
            packages,
            tools,
            variants,
            build,
        } = Written::deserialize(deserializer)?;
        for one in compiler {
            add(&mut compilers, one);
        }
        let architecture = architecture
            .or(of_runner)
            .unwrap_or_else(Architecture::host);
        Ok(Self {
            project,
            os,
            architecture,
            compilers,
            packages,
            tools,
            variants,
            build: build.filter(|build| *build != Build::default()),
        })
    }
}

/// A project's grammar is that of the names it becomes part of.
fn project<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let project = String::deserialize(deserializer)?;
    let os: Os = "scratch".parse().map_err(serde::de::Error::custom)?;
    ImageName::new(&project, &os, "base")
        .map(|_| project.clone())
        .map_err(|error| {
            serde::de::Error::custom(format!(
                "project `{}` {}",
                project.escape_debug(),
                error.rule()
            ))
        })
}

fn os<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(Os, Option<Architecture>), D::Error> {
    let text = String::deserialize(deserializer)?;
    match naming::runner(&text) {
        Some((os, architecture)) => Ok((os, Some(architecture))),
        None => text
            .parse()
            .map(|os| (os, None))
            .map_err(serde::de::Error::custom),
    }
}

#[cfg(test)]
mod tests;
