//! Which limits are in force, and who says so: a flag, or else the config.

use std::fmt;
use std::time::Duration;

use camino::Utf8Path;
use chrono::TimeDelta;
use cli::{Failure, Reporter, size};
use glob::Pattern;
use registry::{Config, Registry, Setting};

use crate::{KeepLast, Limits, Per};

/// Limits as flags give them.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// `--max-size`, in bytes.
    pub max_size: Option<u64>,
    /// `--max-age`.
    pub max_age: Option<Duration>,
    /// `--keep-last`.
    pub keep_last: Option<usize>,
    /// `--per`.
    pub per: Vec<String>,
    /// `--min-free`, in bytes.
    pub min_free: Option<u64>,
    /// `--keep`.
    pub keep: Vec<String>,
}

impl Asked {
    /// Whether any limit is among them.
    pub(crate) fn has_limit(&self) -> bool {
        let limits = [
            self.max_size.is_some(),
            self.max_age.is_some(),
            self.keep_last.is_some(),
            self.min_free.is_some(),
        ];
        limits.contains(&true)
    }
}

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

/// What a flag or else the config says.
struct Said<T> {
    value: T,
    from: String,
    /// Where the value of a config's key is wrong; a flag's is told from the command line.
    in_config: bool,
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

        let max_size = either(
            "--max-size",
            asked.max_size,
            configured.max_size.as_ref(),
            path,
        );
        own.limits.max_size = own.note("max-size", max_size, |bytes| size(*bytes));

        let max_age = either(
            "--max-age",
            asked.max_age,
            configured.max_age.as_ref(),
            path,
        );
        let max_age = own.note("max-age", max_age, |age| cli::duration::show(*age));
        own.limits.max_age = max_age.map(|age| TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX));

        let keep_last = either(
            "--keep-last",
            asked.keep_last,
            configured.keep_last.as_ref(),
            path,
        );
        if let Some(count) = own.note("keep-last", keep_last, ToString::to_string) {
            let per = all("--per", &asked.per, &configured.per, path);
            own.limits.keep_last = Some(KeepLast {
                count,
                per: per_of(&per)?,
            });
            own.note_all("per", &per);
        } else if !asked.per.is_empty() {
            return Err(Failure::usage(
                "`--per` groups images for --keep-last, which was not given",
            ));
        }

        // What stays free is asked for in two places; the larger holds for both.
        let min_free = configured.min_free.as_ref().into_iter();
        let min_free = min_free.chain(&config.disk_min_free);
        let min_free = min_free.max_by_key(|setting| setting.value);
        let min_free = either("--min-free", asked.min_free, min_free, path);
        own.limits.min_free = own.note("min-free", min_free, |bytes| size(*bytes));

        // More patterns only keep more: flags add to the config, whose other limits may be off.
        let flags = all("--keep", &asked.keep, &[], path);
        let keep = flags
            .into_iter()
            .chain(all("--keep", &[], &cleanup.keep, path));
        let keep: Vec<_> = keep.collect();
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

    fn note<T>(
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

    fn note_all(&mut self, limit: &'static str, said: &[Said<String>]) {
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

fn place<T>(path: &Utf8Path, setting: &Setting<T>) -> String {
    format!("{path}:{}:{}", setting.at.line, setting.at.column)
}

fn configured<T: Clone>(setting: &Setting<T>, path: &Utf8Path) -> Said<T> {
    Said {
        value: setting.value.clone(),
        from: format!("{}: {}", place(path, setting), setting.key),
        in_config: true,
    }
}

fn either<T: Clone>(
    flag: &str,
    asked: Option<T>,
    setting: Option<&Setting<T>>,
    path: &Utf8Path,
) -> Option<Said<T>> {
    let asked = asked.map(|value| Said {
        value,
        from: flag.to_owned(),
        in_config: false,
    });
    asked.or_else(|| setting.map(|setting| configured(setting, path)))
}

fn all(
    flag: &str,
    asked: &[String],
    settings: &[Setting<String>],
    path: &Utf8Path,
) -> Vec<Said<String>> {
    if asked.is_empty() {
        return settings
            .iter()
            .map(|setting| configured(setting, path))
            .collect();
    }
    let said = |value: &String| Said {
        value: value.clone(),
        from: flag.to_owned(),
        in_config: false,
    };
    asked.iter().map(said).collect()
}

fn per_of(said: &[Said<String>]) -> Result<Per, Failure> {
    match said {
        [] => Ok(Per::Store),
        [one] if one.value == "project" => Ok(Per::Project),
        [one] if one.value == "os" => Ok(Per::Os),
        several
            if several
                .iter()
                .any(|said| matches!(&*said.value, "project" | "os")) =>
        {
            let message = "`project` and `os` stand alone, without other groups";
            Err(match several.iter().find(|said| said.in_config) {
                Some(said) => Failure::invalid(message).about(&said.from),
                None => Failure::usage(format!("--per: {message}")),
            })
        }
        patterns => Ok(Per::Patterns(
            patterns.iter().map(pattern).collect::<Result<_, _>>()?,
        )),
    }
}

fn pattern(said: &Said<String>) -> Result<Pattern, Failure> {
    Pattern::new(&said.value).map_err(|error| {
        let message = format!("`{}` is no pattern: {}", said.value, error.msg);
        match said.in_config {
            true => Failure::invalid(message).about(&said.from),
            false => Failure::usage(format!("{}: {message}", said.from)),
        }
    })
}

#[cfg(test)]
mod tests;
