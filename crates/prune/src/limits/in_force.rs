//! Which limits are in force, and who says so: a flag, or else the config.

use std::fmt;

use config::{Config, Section};
use failure::Failure;
use glob::Pattern;
use registry::Registry;
use ui::Reporter;

use super::said::{Said, Sources, pattern, place};
use super::{Asked, KeepLast, Limits, Per, RULES};

/// The keys of `images.cleanup` that are no limits. Patterns to keep are a flag too.
const ENABLED: &str = "enabled";
const KEEP: &str = "keep";

/// The limits of a run.
#[derive(Debug, Clone, Default)]
pub struct InForce {
    /// What has to hold afterwards.
    pub limits: Limits,
    /// Names that never go.
    pub keep: Vec<Pattern>,
    /// Each limit in words, and where it comes from.
    pub origins: Vec<Origin>,
    /// Where the config says that its limits do not count.
    pub disabled: Option<String>,
}

/// A limit in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// What it is called as a flag, without its dashes.
    pub limit: &'static str,
    /// What it says.
    pub value: String,
    /// The flag, or the place in the config.
    pub from: String,
}

impl InForce {
    /// Flags and config together; a flag wins over the same key of the config.
    pub fn new(asked: &Asked, config: &Config) -> Result<Self, Failure> {
        let enabled = config.cleanup.boolean(ENABLED)?;
        let off = enabled.filter(|enabled| !enabled.value);
        let sources = Sources::new(asked, config, &config.cleanup);
        // What is wrong is wrong, switched off or not.
        let mut own = Self::of_rules(&sources)?;
        if let Some(off) = off {
            own = Self::of_rules(&Sources::new(asked, config, &Section::default()))?;
            own.disabled = Some(place(sources.path, &off));
        }

        // More patterns only keep more: flags add to the config, whose other limits may be off.
        let mut keep = sources.all(KEEP, &asked.keep, Vec::new());
        keep.extend(sources.all(KEEP, &[], config.cleanup.texts(KEEP)?));
        own.keep = keep.iter().map(pattern).collect::<Result<_, _>>()?;
        own.note_all(KEEP, &keep);
        Ok(own)
    }

    /// The same patterns to keep, and the named images in the place of all limits.
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

    /// Says which patterns fit no image: whoever wrote them meant something.
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

    /// Whether anything would ever go.
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
