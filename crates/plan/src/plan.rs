//! Plans: the output of `imgplan` and the input of `imgbuild`, one JSON object a line.

use camino::{Utf8Path, Utf8PathBuf};
use naming::{Compiler, PackageName, ToolName};
use registry::Entry;
use serde::{Deserialize, Serialize};

use crate::lists::names;
use crate::matching::{Marks, Pick, Selection};
use crate::strict::strict;
use crate::values::{VERSION, is_false, known_version, or_default, reference, truth, version};
use crate::{BuildSpec, Error, Requirement};

/// A plan. The fields are in the order of the output. Most are optional in hand-written plans; [`Plans`](crate::Plans)
/// checks the required ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", expecting = "a plan")]
pub struct Plan {
    /// The format's version.
    #[serde(default = "version", deserialize_with = "known_version")]
    pub version: u32,
    /// The name of the image.
    #[serde(default)]
    pub name: Option<String>,
    /// The purpose, from the user: for example the name of a matrix entry.
    #[serde(default)]
    pub job: Option<String>,
    /// Whether a build is needed. Default: a build is needed unless the plan names an image.
    #[serde(default, deserialize_with = "truth")]
    pub needs_build: Option<bool>,
    /// The archive that meets the requirement.
    #[serde(default)]
    pub best_image_path: Option<Utf8PathBuf>,
    /// The archive of the base.
    #[serde(default)]
    pub best_base_image_path: Option<Utf8PathBuf>,
    /// The base in the engine, if it has no archive.
    #[serde(default, deserialize_with = "reference")]
    pub base_image: Option<String>,
    /// How well the chosen image fits.
    #[serde(default, deserialize_with = "or_default")]
    pub marks: Marks,
    /// Whether the image is for this requirement alone: earlier requirements are not added.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "is_false"
    )]
    pub exact: bool,
    /// The requirement.
    #[serde(default)]
    pub requirements: Option<Requirement>,
    /// The parts that the chosen image lacks.
    #[serde(default)]
    pub missing: Option<Missing>,
    /// A custom build.
    #[serde(default, deserialize_with = "or_default")]
    pub build: BuildSpec,
}

strict!(Plan);

/// The parts of a requirement that an image lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self", expecting = "an object with what is missing")]
pub struct Missing {
    /// Compilers.
    #[serde(default, deserialize_with = "names")]
    pub compilers: Vec<Compiler>,
    /// Packages.
    #[serde(default, deserialize_with = "names")]
    pub packages: Vec<PackageName>,
    /// Tools.
    #[serde(default, deserialize_with = "names")]
    pub tools: Vec<ToolName>,
}

strict!(Missing);

impl Missing {
    /// All names: compilers, packages, tools.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let compilers = self.compilers.iter().map(ToString::to_string);
        let packages = self.packages.iter().map(ToString::to_string);
        let tools = self.tools.iter().map(ToString::to_string);
        compilers.chain(packages).chain(tools)
    }

    /// Whether nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.compilers.is_empty() && self.packages.is_empty() && self.tools.is_empty()
    }
}

impl Plan {
    /// Whether a build is needed.
    pub fn needs_build(&self) -> bool {
        self.needs_build.unwrap_or(self.best_image_path.is_none())
    }

    /// The archive that meets the requirement; `None` if a build is needed.
    pub fn passed(&self) -> Option<&Utf8Path> {
        let found = self.best_image_path.as_deref();
        found.filter(|_| !self.needs_build())
    }

    /// The parts to install if the plan has no build file: its `missing`, or else the whole requirement.
    pub fn to_install(&self) -> Missing {
        let asked = || self.requirements.as_ref().map(Requirement::contents);
        self.missing.clone().or_else(asked).unwrap_or_default()
    }

    /// The plan's name in messages.
    pub fn subject(&self) -> &str {
        let path = self.best_image_path.as_ref().map(|path| path.as_str());
        self.name
            .as_deref()
            .or(self.job.as_deref())
            .or(path)
            .unwrap_or("plan")
    }
}

/// The plan for a requirement and the selection for `whole`: the requirement with all contents of its image. `path_of`
/// returns the path of the chosen entry's archive, from the working directory. It returns `None` if the image is only
/// in the engine. Then a build makes an archive of it, even if it meets the requirement.
pub fn plan_for<E: From<Error>>(
    requirement: &Requirement,
    whole: &Requirement,
    selection: &Selection,
    path_of: impl FnOnce(&Entry) -> Result<Option<Utf8PathBuf>, E>,
) -> Result<Plan, E> {
    let name = requirement.image_name().map_err(Error::from)?;
    let chosen = selection.chosen();
    let path = chosen.map(|chosen| path_of(chosen.entry)).transpose()?;
    let loaded = chosen.filter(|_| path == Some(None));
    let base_image = loaded.map(|chosen| chosen.entry.docker_tag.to_string());
    let path = path.flatten();
    let (image, base) = match selection.pick {
        Pick::Image(_) => (path, None),
        Pick::Base(_) | Pick::Nothing => (None, path),
    };
    Ok(Plan {
        version: VERSION,
        name: Some(name.to_string()),
        job: None,
        needs_build: Some(image.is_none()),
        best_image_path: image,
        best_base_image_path: base,
        base_image: base_image.or_else(|| Some(requirement.base_image())),
        marks: chosen.map(|chosen| chosen.marks).unwrap_or_default(),
        exact: false,
        missing: Some(chosen.map_or_else(|| whole.contents(), |chosen| chosen.missing.clone())),
        requirements: Some(requirement.clone()),
        build: requirement.build.clone().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests;
