//! The required contents of an image.

use naming::{
    Architecture, Compiler, ImageName, NameError, Os, PackageName, Reference, SystemImage,
    ToolName, Variant,
};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::distinct::addition;
use crate::lists::{add, names};
use crate::platform::settle;
use crate::source::read_all;
use crate::strict::Strict;
use crate::values::parsed;
use crate::{BuildSpec, Error, Missing};

/// A requirement. All its names are validated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// The project of the image.
    pub project: String,
    /// The operating system, with its version.
    pub os: Os,
    /// The named architecture, else the one of the system's image or runner label, else the host's.
    pub architecture: Architecture,
    /// Compilers that must be there.
    pub compilers: Vec<Compiler>,
    /// Packages that must be there.
    pub packages: Vec<PackageName>,
    /// Tools that must be there.
    pub tools: Vec<ToolName>,
    /// Variants, like `asan`; `x86` is among them if the architecture is.
    pub variants: Vec<Variant>,
    /// A custom build. A plan has it in a field of its own.
    #[serde(skip)]
    pub build: Option<BuildSpec>,
    /// The image of the system, if it says more than the system: `i386/debian:12`.
    #[serde(skip)]
    pub image: Option<Reference>,
    /// Whether its name differs from those of requirements with other packages, tools or builds.
    #[serde(skip)]
    pub distinct: bool,
}

impl Requirement {
    /// The name of its image.
    pub fn image_name(&self) -> Result<ImageName, NameError> {
        let addition = self.distinct.then(|| addition(self)).flatten();
        ImageName::for_requirement(
            &self.project,
            &self.os,
            self.architecture,
            &self.compilers,
            &self.variants,
            addition.as_deref(),
        )
    }

    /// The base of a new build, if a workflow's container pins it.
    pub fn pinned(&self) -> Option<&Reference> {
        pinned(self.image.as_ref())
    }

    /// The base of a new build.
    pub(crate) fn base_image(&self) -> String {
        match &self.image {
            Some(image) => image.to_string(),
            None => self.os.to_string(),
        }
    }

    /// All parts that a new image needs.
    pub fn contents(&self) -> Missing {
        Missing {
            compilers: self.compilers.clone(),
            packages: self.packages.clone(),
            tools: self.tools.clone(),
        }
    }
}

/// Reads requirements: YAML documents, a YAML or JSON list, or JSON objects one after the other. Never empty: a text
/// without any is an error. Reading continues after an error if the start of the next requirement is clear.
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

/// The variant in a name without compilers and variants.
const BASE: &str = "base";

/// A requirement as written.
#[derive(Deserialize)]
#[serde(expecting = "a requirement")]
struct Written {
    #[serde(deserialize_with = "project")]
    project: String,
    #[serde(deserialize_with = "os")]
    os: System,
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
    build: Option<BuildSpec>,
}

impl<'de> Deserialize<'de> for Requirement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut written = Written::deserialize(Strict(deserializer))?;
        for one in written.compiler {
            add(&mut written.compilers, one);
        }
        let system = written.os;
        let named = match (written.architecture, system.architecture) {
            (Some(named), Some(of_image)) if named != of_image && system.image.is_some() => {
                return Err(D::Error::custom(format!(
                    "`os` is an image for {of_image}, but `architecture` is {named}"
                )));
            }
            (named, of_system) => named.or(of_system),
        };
        let mut given = written.variants;
        // `base` in a name means: no compilers and no variants.
        if written.compilers.is_empty() && given.iter().all(|it| it.as_str() == BASE) {
            given.clear();
        }
        let settled = settle(named, given);
        let (architecture, variants) = settled.map_err(D::Error::custom)?;
        Ok(Self {
            project: written.project,
            os: system.os,
            architecture,
            compilers: written.compilers,
            packages: written.packages,
            tools: written.tools,
            variants,
            build: written.build.filter(|build| *build != BuildSpec::default()),
            image: system.image,
            distinct: false,
        })
    }
}

/// A system, with the other information of its spelling.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// The operating system, with its version.
    pub os: Os,
    /// Its architecture, if the spelling includes one.
    pub architecture: Option<Architecture>,
    /// The image, if it says more than the system.
    pub image: Option<Reference>,
}

impl System {
    /// The system that an image's reference names.
    pub fn of_image(text: &str) -> Result<Self, NameError> {
        // The dashed form of names and a bare distribution are no references with more information.
        if !text.contains(['/', '@']) {
            let (os, architecture) = (text.parse()?, None);
            return Ok(Self {
                os,
                architecture,
                image: None,
            });
        }
        let SystemImage {
            os,
            architecture,
            reference,
        } = text.parse()?;
        let says_more = architecture.is_some() || reference.digest().is_some();
        let image = says_more.then_some(reference);
        Ok(Self {
            os,
            architecture,
            image,
        })
    }
}

/// An image, if it has a digest.
fn pinned(image: Option<&Reference>) -> Option<&Reference> {
    image.filter(|image| image.digest().is_some())
}

/// A project follows the grammar of the image names that it becomes part of.
fn project<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, "a project", |project| {
        let scratch = "scratch"
            .parse()
            .map_err(|error: NameError| error.to_string())?;
        let named = ImageName::new(project, &scratch, "base");
        named
            .map(|_| project.to_owned())
            .map_err(|error| format!("project `{}` {}", project.escape_debug(), error.rule()))
    })
}

fn os<'de, D: Deserializer<'de>>(deserializer: D) -> Result<System, D::Error> {
    parsed(deserializer, "a system", |text| {
        if let Some((os, architecture)) = naming::runner(text) {
            let (architecture, image) = (Some(architecture), None);
            return Ok(System {
                os,
                architecture,
                image,
            });
        }
        let system = System::of_image(text).map_err(|error| {
            let hint = error.hint().map(|hint| format!(" ({hint})"));
            format!("{error}{}", hint.unwrap_or_default())
        })?;
        match (pinned(system.image.as_ref()), text.split_once('@')) {
            (Some(image), Some((plain, _))) => Err(format!(
                "operating system `{image}` has a digest, but images are matched by distribution and version (write \
                 `{plain}`; a plan's `base_image` may have a digest)",
            )),
            _ => Ok(system),
        }
    })
}

#[cfg(test)]
mod tests;
