//! One entry of a job's matrix.

use camino::Utf8Path;
use yaml::{Content, Error, Mark, Problem, SpannedValue};

use super::Unread;
use super::matrix::Combination;
use super::needs::MatrixKeys;
use super::value::ExprValue;

/// A job with one combination of its matrix.
#[derive(Debug, Clone)]
pub struct JobEntry {
    /// The key of the job.
    pub job: String,
    /// The entry's name.
    pub name: String,
    /// Its position.
    pub at: Mark,
    /// The job's own name, unless it is an expression.
    pub(super) job_name: Option<String>,
    pub(super) unread: Option<Unread>,
    pub(super) matrix: ExprValue,
    pub(super) runs_on: Result<Vec<String>, String>,
    pub(super) container: Result<Option<String>, String>,
}

/// An entry's values for people; `None` if missing or unreadable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The runner's labels.
    pub runs_on: Option<String>,
    /// The container's image.
    pub container: Option<String>,
    /// The compiler.
    pub compiler: Option<String>,
    /// The compiler's version.
    pub version: Option<String>,
    /// The C++ standards.
    pub cxxstd: Option<String>,
}

impl JobEntry {
    pub(super) fn new(id: &str, name: String, job: &SpannedValue, one: Combination) -> Self {
        let job_name = job.get("name").and_then(|name| match &name.content {
            Content::Text(text) if !text.contains("${{") => Some(text.clone()),
            _ => None,
        });
        Self {
            job: id.to_owned(),
            name,
            at: one.at,
            job_name,
            unread: None,
            runs_on: runs_on(job.get("runs-on"), &one.values),
            container: container(job.get("container"), &one.values),
            matrix: one.values,
        }
    }

    /// Whether the entry does not run here, independent of its matrix.
    pub fn is_passed_over(&self) -> bool {
        matches!(self.unread, Some(Unread::PassedOver(_)))
    }

    /// The error for an unreadable part of the entry.
    pub fn unreadable(&self, path: &Utf8Path, why: &str) -> Error {
        let (name, job) = (shown(&self.name), shown(&self.job));
        let message = match name == job {
            true => format!("the job `{job}`: {why}"),
            false => format!("`{name}` of the job `{job}`: {why}"),
        };
        Error::syntax(path, Problem::new(self.at, message))
    }

    /// The entry's values for people.
    pub fn facts(&self, keys: &MatrixKeys) -> Facts {
        let field = |key: &str| {
            let value = keys.value(&self.matrix, key);
            let text = Some(listed(value)).filter(|_| value.unknown().is_none());
            text.filter(|text| !text.is_empty())
        };
        Facts {
            runs_on: self.runs_on.as_ref().ok().map(|labels| labels.join(",")),
            container: self.container.clone().ok().flatten(),
            compiler: field("compiler"),
            version: field("version"),
            cxxstd: field("cxxstd"),
        }
    }

    /// The labels of its runner; empty if they cannot be read.
    pub fn labels(&self) -> &[String] {
        self.runs_on.as_deref().unwrap_or_default()
    }

    /// The keys of its matrix.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let pairs = match &self.matrix {
            ExprValue::Map(pairs) => &pairs[..],
            _ => &[],
        };
        pairs.iter().map(|(key, _)| key.as_str())
    }
}

/// As much of a name as a message repeats.
fn shown(name: &str) -> String {
    const SHOWN: usize = 100;
    naming::visible(name.chars().take(SHOWN))
}

/// A value's text; a list's with commas.
pub(super) fn listed(value: &ExprValue) -> String {
    match value {
        ExprValue::List(items) => items.iter().map(listed).collect::<Vec<_>>().join(","),
        value => value.text(),
    }
}

/// The labels of `runs-on`: one, a list, or those of a group.
fn runs_on(written: Option<&SpannedValue>, matrix: &ExprValue) -> Result<Vec<String>, String> {
    let none = || "has no `runs-on`".to_owned();
    let value = match written {
        Some(written) => ExprValue::within(written.get("labels").unwrap_or(written), matrix)?,
        None => return Err(none()),
    };
    let value = value.get("labels").cloned().unwrap_or(value);
    let items = match value {
        ExprValue::List(items) => items,
        one => vec![one],
    };
    let label = |item: ExprValue| match item {
        ExprValue::Text(text) => Ok(text.trim().to_owned()),
        ExprValue::Null => Ok(String::new()),
        ExprValue::Unknown(why) => Err(why),
        _ => Err("`runs-on` is neither a label nor a list of labels".to_owned()),
    };
    let labels = items
        .into_iter()
        .map(label)
        .collect::<Result<Vec<_>, _>>()?;
    let labels: Vec<_> = labels
        .into_iter()
        .filter(|label| !label.is_empty())
        .collect();
    if labels.is_empty() {
        Err(none())
    } else {
        Ok(labels)
    }
}

/// The image of `container`, as a text or an object; an empty one means none. The object's other keys are ignored.
fn container(written: Option<&SpannedValue>, matrix: &ExprValue) -> Result<Option<String>, String> {
    let Some(written) = written else {
        return Ok(None);
    };
    let value = match (&written.content, written.get("image")) {
        (Content::Map(_), Some(image)) => ExprValue::within(image, matrix)?,
        (Content::Map(_), None) => ExprValue::Null,
        _ => ExprValue::within(written, matrix)?,
    };
    let image = match &value {
        ExprValue::Map(_) => value.get("image").unwrap_or(&ExprValue::Null),
        value => value,
    };
    match image {
        ExprValue::Null => Ok(None),
        ExprValue::Text(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        ExprValue::Unknown(why) => Err(why.clone()),
        _ => Err("`container` is neither an image nor an object with one".to_owned()),
    }
}
