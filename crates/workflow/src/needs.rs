//! Turns an entry into the requirement of its image.

use config::Planning;
use naming::{Architecture, NameError, Os, ToolName, Variant};
use plan::{Requirement, System as Linux, settle};

use super::Unread;
use super::entry::JobEntry;
use super::marks::{compilers, names, truth};
use super::system::{System, system};
use super::value::ExprValue;

/// The boolean keys that enable a variant of their name, in the order of image names.
const VARIANTS: [&str; 5] = ["coverage", "asan", "ubsan", "tsan", "x86"];

/// The boolean keys that require a tool, with the tool.
const TOOLS: [(&str, &str); 1] = [("build-cmake", "cmake")];

/// The project's names for matrix keys.
#[derive(Debug, Clone, Default)]
pub struct MatrixKeys {
    /// The project's name, and the canonical one.
    named: Vec<(String, String)>,
    variants: Vec<(String, Variant)>,
    tools: Vec<(String, ToolName)>,
    pub(super) runners: Vec<(String, Os)>,
}

impl MatrixKeys {
    /// The names in a config.
    pub fn new(planning: &Planning) -> Self {
        Self {
            named: planning.keys.clone(),
            variants: planning.variants.clone(),
            tools: planning.tools.clone(),
            runners: planning.runners.clone(),
        }
    }

    /// The value of a canonical key: under its own name, else under the project's name for it; null if there is none.
    pub(super) fn value<'a>(&self, matrix: &'a ExprValue, key: &str) -> &'a ExprValue {
        let theirs = self.named.iter().filter(|(_, ours)| ours == key);
        let mut names = [key]
            .into_iter()
            .chain(theirs.map(|(name, _)| name.as_str()));
        let found = names.find_map(|name| matrix.get(name));
        found.unwrap_or(&ExprValue::Null)
    }

    /// Whether the project's name means this canonical key. Case does not matter.
    pub(super) fn means(&self, name: &str, key: &str) -> bool {
        let mut named = self.named.iter();
        named.any(|(theirs, ours)| theirs.eq_ignore_ascii_case(name) && ours == key)
    }

    /// The boolean keys that enable a variant, the built-in ones first.
    pub(super) fn variants(&self) -> Result<Vec<(&str, Variant)>, String> {
        let own = VARIANTS.into_iter().map(|key| Ok((key, key.parse()?)));
        let own = own.collect::<Result<Vec<_>, NameError>>();
        let mut all = own.map_err(|error| error.to_string())?;
        let added = self.variants.iter();
        all.extend(added.map(|(key, variant)| (key.as_str(), variant.clone())));
        Ok(all)
    }

    /// The keys that the project has added.
    pub(super) fn added(&self) -> impl Iterator<Item = &str> {
        let named = self.named.iter().map(|(name, _)| name.as_str());
        let variants = self.variants.iter().map(|(name, _)| name.as_str());
        named
            .chain(variants)
            .chain(self.tools.iter().map(|(name, _)| name.as_str()))
    }
}

/// The result for an entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// It needs an image.
    Wants(Box<Requirement>),
    /// It needs none, or cannot be read.
    Unread(Unread),
}

impl JobEntry {
    /// The image that the entry needs, in this project.
    pub fn standing(&self, project: &str, keys: &MatrixKeys) -> Standing {
        if let Some(unread) = &self.unread {
            return Standing::Unread(unread.clone());
        }
        let system = match system(&self.runs_on, &self.container, &keys.runners) {
            Ok(System::Linux(linux)) => Ok(linux),
            Ok(System::Other(label)) => {
                let why = format!("it runs on {label}");
                return Standing::Unread(Unread::PassedOver(why));
            }
            Err(why) => Err(why),
        };
        let read = system.and_then(|system| self.requirement(project, keys, system));
        match read {
            Ok(requirement) => Standing::Wants(Box::new(requirement)),
            Err(why) => Standing::Unread(Unread::Unreadable(why)),
        }
    }

    fn requirement(
        &self,
        project: &str,
        keys: &MatrixKeys,
        system: Linux,
    ) -> Result<Requirement, String> {
        let value = |key: &str| keys.value(&self.matrix, key);
        let about = |key: &'static str| move |why: String| format!("`{key}`: {why}");
        let named = self.named_architecture(keys)?;
        let architecture = match (named, system.architecture) {
            (Some(named), Some(of_image)) if named != of_image && system.image.is_some() => {
                return Err(format!(
                    "`architecture`: is {named}, but the container is for {of_image}"
                ));
            }
            (named, of_system) => named.or(of_system),
        };
        let (architecture, variants) = settle(architecture, self.variants(keys)?)?;
        let requirement = Requirement {
            project: project.to_owned(),
            os: system.os,
            architecture,
            compilers: unique(
                compilers(value("compiler"), value("version")).map_err(about("compiler"))?,
            ),
            packages: unique(names(value("install")).map_err(about("install"))?),
            tools: self.tools(keys)?,
            variants,
            build: None,
            image: system.image,
            distinct: false,
        };
        let named = requirement.image_name();
        named.map_err(|error| {
            format!(
                "cannot name an image for its system `{}`: {error}",
                requirement.os
            )
        })?;
        Ok(requirement)
    }

    /// The architecture that the matrix names.
    pub(super) fn named_architecture(
        &self,
        keys: &MatrixKeys,
    ) -> Result<Option<Architecture>, String> {
        let value = keys.value(&self.matrix, "architecture");
        let about = |why: String| format!("`architecture`: {why}");
        match names(value).map_err(about)?[..] {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            _ => Err(about("has more than one value".to_owned())),
        }
    }

    fn variants(&self, keys: &MatrixKeys) -> Result<Vec<Variant>, String> {
        self.set(keys, keys.variants()?.into_iter())
    }

    fn tools(&self, keys: &MatrixKeys) -> Result<Vec<ToolName>, String> {
        let own = TOOLS
            .into_iter()
            .map(|(key, tool)| Ok((key, tool.parse()?)));
        let own = own.collect::<Result<Vec<(&str, ToolName)>, NameError>>();
        let added = keys
            .tools
            .iter()
            .map(|(key, tool)| (key.as_str(), tool.clone()));
        let all = own.map_err(|error| error.to_string())?.into_iter();
        self.set(keys, all.chain(added))
    }

    /// The items of the keys that are set.
    fn set<'a, T: PartialEq>(
        &self,
        keys: &MatrixKeys,
        all: impl Iterator<Item = (&'a str, T)>,
    ) -> Result<Vec<T>, String> {
        let mut set = Vec::new();
        for (key, means) in all {
            let value = keys.value(&self.matrix, key);
            if truth(value).map_err(|why| format!("`{key}`: {why}"))? && !set.contains(&means) {
                set.push(means);
            }
        }
        Ok(set)
    }
}

fn unique<T: PartialEq>(all: Vec<T>) -> Vec<T> {
    let mut kept = Vec::new();
    for one in all {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
