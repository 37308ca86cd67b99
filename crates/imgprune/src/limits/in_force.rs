//! Which limits are in force, and who says so: a flag, or else the config.

use std::fmt;

use camino::Utf8Path;
use cli::{Failure, Reporter};
use glob::Pattern;
use registry::{Config, Registry};

use super::said::{Said, Sources, pattern, place};
use super::{Asked, KeepLast, Limits, Per, RULES};

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
        let path = config.path.as_deref().unwrap_or(Utf8Path::new(""));
        let cleanup = &config.cleanup;
        let off = cleanup.enabled.as_ref().filter(|enabled| !enabled.value);
        let nothing = registry::Cleanup::default();
        let configured = if off.is_some() { &nothing } else { cleanup };
        let mut own = Self {
            disabled: off.map(|off| place(path, off)),
            ..Self::default()
        };

        let sources = Sources {
            asked,
            config,
            cleanup: configured,
            path,
        };
        for rule in RULES {
            (rule.read)(&sources, &mut own)?;
        }

        // More patterns only keep more: flags add to the config, whose other limits may be off.
        let mut keep = sources.all("keep", &asked.keep, &[]);
        keep.extend(sources.all("keep", &[], &cleanup.keep));
        own.keep = keep.iter().map(pattern).collect::<Result<_, _>>()?;
        own.note_all("keep", &keep);
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
                reporter.warn(format!("no image's name fits `{pattern}`"));
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
