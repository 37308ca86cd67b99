//! A value from a flag, or else from the config, with its source.

use camino::Utf8Path;
use config::{Config, Section, Setting};
use failure::Failure;
use glob::Pattern;

use super::Asked;

/// The sources of limits.
pub(super) struct Sources<'a> {
    pub asked: &'a Asked,
    pub config: &'a Config,
    /// `images.cleanup`; empty if it is disabled.
    pub cleanup: &'a Section,
    /// The config's path.
    pub path: &'a Utf8Path,
}

/// A value from a flag, or else from the config.
pub(super) struct Said<T> {
    pub value: T,
    pub from: String,
    /// The place to name in an error, if the value comes from the config. Errors in flags name the flag.
    pub in_config: bool,
}

impl<'a> Sources<'a> {
    pub(super) fn new(asked: &'a Asked, config: &'a Config, cleanup: &'a Section) -> Self {
        let path = config.path.as_deref().unwrap_or(Utf8Path::new(""));
        Self {
            asked,
            config,
            cleanup,
            path,
        }
    }

    /// The value of the flag (without dashes), or else of the config's key.
    pub(super) fn either<T>(
        &self,
        flag: &str,
        asked: Option<T>,
        setting: Option<Setting<T>>,
    ) -> Option<Said<T>> {
        let asked = asked.map(|value| given(flag, value));
        asked.or_else(|| setting.map(|setting| self.configured(setting)))
    }

    /// The same for a list of values.
    pub(super) fn all(
        &self,
        flag: &str,
        asked: &[String],
        settings: Vec<Setting<String>>,
    ) -> Vec<Said<String>> {
        if asked.is_empty() {
            let settings = settings.into_iter();
            return settings.map(|setting| self.configured(setting)).collect();
        }
        let asked = asked.iter();
        asked.map(|value| given(flag, value.clone())).collect()
    }

    fn configured<T>(&self, setting: Setting<T>) -> Said<T> {
        Said {
            from: format!("{}: {}", place(self.path, &setting), setting.key),
            value: setting.value,
            in_config: true,
        }
    }
}

fn given<T>(flag: &str, value: T) -> Said<T> {
    Said {
        value,
        from: format!("--{flag}"),
        in_config: false,
    }
}

/// The value's place in the config.
pub(super) fn place<T>(path: &Utf8Path, setting: &Setting<T>) -> String {
    format!("{path}:{}:{}", setting.at.line, setting.at.column)
}

/// Parses a pattern.
pub(super) fn pattern(said: &Said<String>) -> Result<Pattern, Failure> {
    Pattern::new(&said.value).map_err(|error| {
        let message = format!("`{}` is not a valid pattern: {}", said.value, error.msg);
        match said.in_config {
            true => Failure::invalid(message).about(&said.from),
            false => Failure::usage(format!("{}: {message}", said.from)),
        }
    })
}
