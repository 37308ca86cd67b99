//! Single steps of a build, and their cache keys.
//!
//! ```yaml
//! steps:
//!   - run: git clone https://example.org/repo.git /src
//!     cache: {probe: [git, ls-remote, https://example.org/repo.git, HEAD], on_failure: reuse}
//!   - copy: [requirements.txt, /src/]
//!   - run: [make, -C, /src]
//!     cache: {max_age: 7d}
//! ```
//!
//! An unknown key is an error: a misspelt `cache` would leave a step outdated without notice.

use std::time::Duration;

use naming::duration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::strict::{refusal, strict};

/// The default timeout of a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(30);

/// One step of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Step {
    /// The action.
    pub action: StepAction,
    /// When it runs again.
    pub cache: Cache,
}

/// The action of a step. No text in it contains a NUL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepAction {
    /// Runs a text in the shell; several lines are a script.
    Shell(String),
    /// Runs a program with its arguments; at least the program.
    Program(Vec<String>),
    /// Copies files of the context, at least one.
    Copy {
        /// Files, folders and patterns, from the context's folder.
        from: Vec<String>,
        /// The destination in the image.
        to: String,
    },
}

/// When a step, and all steps after it, run again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cache {
    /// If its text or the copied files change.
    Default,
    /// Each time.
    Never,
    /// If its text changes, even if the copied files change too.
    Always,
    /// If the last run is longer ago than this.
    MaxAge(Duration),
    /// If this text changes.
    Key(String),
    /// If a program's output changes.
    Probe(Probe),
    /// If the contents of files change: patterns as in `.dockerignore`, at least one.
    Files(Vec<String>),
}

/// A program whose output decides whether a step runs again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Probe {
    /// The program and its arguments, without a shell.
    pub command: Vec<String>,
    /// Its timeout.
    pub timeout: Duration,
    /// The reaction to its failure.
    pub on_failure: OnFailure,
}

/// The reaction to a failed probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnFailure {
    /// The build fails.
    Error,
    /// The step runs again.
    Rebuild,
    /// The output of the last run is used.
    Reuse,
}

/// A step as written.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Self", expecting = "a step, like {\"run\": \"make\"}")]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    copy: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cache: Option<Value>,
}

strict!(Written);

impl TryFrom<Written> for Step {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let action = match (written.run, written.copy) {
            (Some(run), None) => read_run(run)?,
            (None, Some(copy)) => read_copy(copy)?,
            _ => return Err("a step needs either `run` or `copy`".into()),
        };
        let cache = written.cache.map_or(Ok(Cache::Default), read_cache)?;
        Ok(Self { action, cache })
    }
}

fn read_run(run: Value) -> Result<StepAction, String> {
    const WANTED: &str = "`run` of a step must be text, or a list with a program and its arguments";
    match run {
        Value::String(text) if !text.trim().is_empty() => {
            Ok(StepAction::Shell(clean("run", text.trim_end().to_owned())?))
        }
        Value::Array(words) => some("run", Value::Array(words)).map(StepAction::Program),
        _ => Err(WANTED.into()),
    }
}

fn read_copy(copy: Value) -> Result<StepAction, String> {
    const WANTED: &str =
        "`copy` of a step must be text or a list with sources and destination, or {from, to}";
    let (to, from) = match copy {
        Value::String(text) => {
            let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            (words.pop(), words)
        }
        Value::Array(words) => {
            let mut words = texts("copy", words)?;
            (words.pop(), words)
        }
        Value::Object(mut map) => {
            let to = map.remove("to").map(|to| one("to", to)).transpose()?;
            let from = map.remove("from").map(|from| some("from", from));
            known(&map, "`copy` of a step", &["from", "to"])?;
            (to, from.transpose()?.unwrap_or_default())
        }
        _ => return Err(WANTED.into()),
    };
    match to.filter(|to| !to.is_empty()) {
        Some(to) if !from.is_empty() && from.iter().all(|from| !from.is_empty()) => {
            Ok(StepAction::Copy {
                from: from
                    .into_iter()
                    .map(|from| clean("copy", from))
                    .collect::<Result<_, _>>()?,
                to: clean("copy", to)?,
            })
        }
        _ => Err(WANTED.into()),
    }
}

fn read_cache(cache: Value) -> Result<Cache, String> {
    const WANTED: &str = "`cache` of a step must be `default`, `never`, `always`, or one of `max_age`, `key`, `probe` and `files` with its value";
    let mut map = match cache {
        Value::Null => return Ok(Cache::Default),
        Value::String(word) => {
            return match word.as_str() {
                "default" => Ok(Cache::Default),
                "never" => Ok(Cache::Never),
                "always" => Ok(Cache::Always),
                _ => Err(format!("{WANTED}, not `{}`", word.escape_debug())),
            };
        }
        Value::Object(map) => map,
        _ => return Err(WANTED.into()),
    };
    if let Some(command) = map.remove("probe") {
        let timeout = map.remove("timeout");
        let on_failure = map.remove("on_failure");
        known(
            &map,
            "a step's `cache` with a `probe`",
            &["probe", "timeout", "on_failure"],
        )?;
        return Ok(Cache::Probe(Probe {
            command: some("probe", command)?,
            timeout: timeout.map_or(Ok(PROBE_TIMEOUT), |value| read_duration("timeout", value))?,
            on_failure: on_failure.map_or(Ok(OnFailure::Error), |value| read_on_failure(&value))?,
        }));
    }
    let (max_age, key, files) = (
        map.remove("max_age"),
        map.remove("key"),
        map.remove("files"),
    );
    known(
        &map,
        "a step's `cache` without a `probe`",
        &["max_age", "key", "probe", "files"],
    )?;
    match (max_age, key, files) {
        (Some(age), None, None) => read_duration("max_age", age).map(Cache::MaxAge),
        (None, Some(key), None) => one("key", key).map(Cache::Key),
        (None, None, Some(files)) => some("files", files).map(Cache::Files),
        _ => Err(WANTED.into()),
    }
}

fn read_on_failure(value: &Value) -> Result<OnFailure, String> {
    match value.as_str() {
        Some("error") => Ok(OnFailure::Error),
        Some("rebuild") => Ok(OnFailure::Rebuild),
        Some("reuse") => Ok(OnFailure::Reuse),
        _ => Err("`on_failure` of a probe must be `error`, `rebuild` or `reuse`".into()),
    }
}

fn read_duration(key: &str, value: Value) -> Result<Duration, String> {
    let text = one(key, value)?;
    let duration = duration::parse_age(&text).map_err(|error| format!("`{key}`: {error}"))?;
    if duration.is_zero() {
        return Err(format!("`{key}` must be longer than zero"));
    }
    Ok(duration)
}

/// Refuses the keys that are left in a mapping.
fn known(left: &Map<String, Value>, whose: &str, keys: &[&str]) -> Result<(), String> {
    let refused = left.keys().find_map(|key| refusal(key, keys));
    refused.map_or(Ok(()), |why| Err(format!("{whose}: {why}")))
}

/// A text; a number counts as text.
fn one(key: &str, value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => clean(key, text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(format!("`{key}` of a step must be text")),
    }
}

/// A text, or a list of at least one; none may be empty.
fn some(key: &str, value: Value) -> Result<Vec<String>, String> {
    let texts = match value {
        Value::Array(values) => texts(key, values)?,
        value => vec![one(key, value)?],
    };
    if texts.first().is_none_or(String::is_empty) {
        return Err(format!("`{key}` of a step is empty"));
    }
    Ok(texts)
}

fn texts(key: &str, values: Vec<Value>) -> Result<Vec<String>, String> {
    values.into_iter().map(|value| one(key, value)).collect()
}

fn clean(key: &str, text: String) -> Result<String, String> {
    if text.contains('\0') {
        return Err(format!("`{key}` of a step holds a NUL byte"));
    }
    Ok(text)
}

impl From<Step> for Written {
    fn from(step: Step) -> Self {
        let (run, copy) = match step.action {
            StepAction::Shell(text) => (Some(json!(text)), None),
            StepAction::Program(words) => (Some(json!(words)), None),
            StepAction::Copy { from, to } => (None, Some(json!({"from": from, "to": to}))),
        };
        let cache = match step.cache {
            Cache::Default => None,
            Cache::Never => Some(json!("never")),
            Cache::Always => Some(json!("always")),
            Cache::MaxAge(age) => Some(json!({"max_age": duration::show(age)})),
            Cache::Key(key) => Some(json!({"key": key})),
            Cache::Files(files) => Some(json!({"files": files})),
            Cache::Probe(probe) => Some(json!({
                "probe": probe.command,
                "timeout": duration::show(probe.timeout),
                "on_failure": match probe.on_failure {
                    OnFailure::Error => "error",
                    OnFailure::Rebuild => "rebuild",
                    OnFailure::Reuse => "reuse",
                },
            })),
        };
        Self { run, copy, cache }
    }
}

#[cfg(test)]
mod tests;
