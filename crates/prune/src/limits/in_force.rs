//! The limits in force, and the source of each: a flag, or else the config.

use std::fmt;

use config::{Config, Section};
use failure::Failure;
use glob::Pattern;
use registry::Registry;
use ui::Reporter;

use super::said::{Said, Sources, pattern, place};
use super::{Asked, KeepLast, Limits, Per, RULES};

/// The key of `images.cleanup` that is no limit. Patterns to keep have a flag too.
const ENABLED: &str = "enabled";
const KEEP: &str = "keep";

/// The limits of a run.
#[derive(Debug, Clone, Default)]
pub struct InForce {
    /// The limits.
    pub limits: Limits,
    /// Images with such names are never removed.
    pub keep: Vec<Pattern>,
    /// Each limit as text, with its source.
    pub origins: Vec<Origin>,
    /// The place in the config that disables its limits, if it does.
    pub disabled: Option<String>,
}

/// A limit as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The flag without its dashes.
    pub limit: &'static str,
    /// Its value.
    pub value: String,
    /// The flag, or the place in the config.
    pub from: String,
}

impl InForce {
    /// Merges flags and config. A flag wins over the same key of the config.
    pub fn new(asked: &Asked, config: &Config) -> Result<Self, Failure> {
        let enabled = config.cleanup.boolean(ENABLED)?;
        let off = enabled.filter(|enabled| !enabled.value);
        let sources = Sources::new(asked, config, &config.cleanup);
        // A wrong value is an error, even if the limits are disabled.
        let mut own = Self::of_rules(&sources)?;
        if let Some(off) = off {
            own = Self::of_rules(&Sources::new(asked, config, &Section::default()))?;
            own.disabled = Some(place(sources.path, &off));
        }

        // Patterns of flags add to those of the config, even if its limits are disabled: more patterns only keep more
        // images.
        let mut keep = sources.all(KEEP, &asked.keep, Vec::new());
        keep.extend(sources.all(KEEP, &[], config.cleanup.texts(KEEP)?));
        own.keep = keep.iter().map(pattern).collect::<Result<_, _>>()?;
        own.note_all(KEEP, &keep);
        Ok(own)
    }

    /// The same patterns to keep, and named images instead of all limits.
    #[must_use]
    pub fn naming(self, names: impl IntoIterator<Item = String>) -> Self {
        let limits = Limits {
            named: names.into_iter().collect(),
            ..Limits::default()
        };
        Self { limits, ..self }
    }

    fn of_rules(sources: &Sources<'_>) -> Result<Self, Failure> {
        let mut own = Self::default();
        for rule in RULES {
            (rule.read)(sources, &mut own)?;
        }
        Ok(own)
    }

    /// Warns of patterns that match no image: they may be misspelt.
    pub(crate) fn warn_of_idle(&self, registry: &Registry, reporter: &Reporter) {
        let per = match &self.limits.keep_last {
            Some(KeepLast {
                per: Per::Patterns(patterns),
                ..
            }) => &patterns[..],
            _ => &[],
        };
        for pattern in self.keep.iter().chain(per) {
            let mut entries = registry.entries().iter();
            if !entries.any(|entry| pattern.matches(&entry.name)) {
                reporter.warn(format!("no image name matches `{pattern}`"));
            }
        }
    }

    /// Whether any limit is set.
    pub fn has_limit(&self) -> bool {
        self.limits != Limits::default()
    }

    pub(super) fn note<T>(
        &mut self,
        limit: &'static str,
        said: Option<Said<T>>,
        show: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        let said = said?;
        self.origins.push(Origin {
            limit,
            value: show(&said.value),
            from: said.from,
        });
        Some(said.value)
    }

    pub(super) fn note_all(&mut self, limit: &'static str, said: &[Said<String>]) {
        self.origins.extend(said.iter().map(|said| Origin {
            limit,
            value: said.value.clone(),
            from: said.from.clone(),
        }));
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{}\t{}", self.limit, self.value, self.from)
    }
}

#[cfg(test)]
mod tests;
