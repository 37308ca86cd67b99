//! The jobs of a workflow, and the entries that they make.

use camino::Utf8Path;
use yaml::{Content, Error, Mark, Problem, SpannedValue};

use super::entry::JobEntry;
use super::matrix::{Combination, combinations};
use super::value::ExprValue;
use super::{expression, template};

/// The longest shown name of a job: GitHub's limit, in characters.
const MAX_NAME: usize = 100;

/// An entry that cannot be planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It runs on another system, or is in another workflow.
    PassedOver(String),
    /// It cannot be read here.
    Unreadable(String),
}

/// The entries of all jobs, in the order of the text; a job without a matrix is one entry. `path` is for messages.
pub fn parse_workflow(path: &Utf8Path, text: &str) -> Result<Vec<JobEntry>, Error> {
    let workflow = SpannedValue::parse(path, text)?;
    let wrong = |at: Mark, message: &str| Error::syntax(path, Problem::new(at, message));
    let jobs = workflow.get("jobs");
    let jobs = jobs.ok_or_else(|| wrong(workflow.at, "has no `jobs`: this is not a workflow"))?;
    let Content::Map(pairs) = &jobs.content else {
        return Err(wrong(
            jobs.at,
            "`jobs` is not a mapping: this is not a workflow",
        ));
    };
    let mut entries = Vec::new();
    for (id, job) in pairs {
        if !matches!(job.content, Content::Map(_)) {
            return Err(wrong(job.at, &format!("the job `{id}` is not a mapping")));
        }
        entries.extend(of_job(id, job));
    }
    Ok(entries)
}

/// The entries with a name: those of the job with this key, else of the jobs with this name, else the entries with this
/// name. The error lists the jobs.
pub fn called(entries: Vec<JobEntry>, name: &str) -> Result<Vec<JobEntry>, String> {
    let ways: [fn(&JobEntry) -> Option<&str>; 3] = [
        |entry| Some(&entry.job),
        |entry| entry.job_name.as_deref(),
        |entry| Some(&entry.name),
    ];
    let way = ways
        .iter()
        .find(|way| entries.iter().any(|entry| way(entry) == Some(name)));
    if let Some(way) = way {
        let chosen = entries.into_iter().filter(|entry| way(entry) == Some(name));
        return Ok(chosen.collect());
    }
    let mut jobs: Vec<_> = entries.iter().map(|entry| entry.job.as_str()).collect();
    jobs.dedup();
    let jobs = jobs.join(", ");
    Err(format!("there is no job `{name}` (known: {jobs})"))
}

fn of_job(id: &str, job: &SpannedValue) -> Vec<JobEntry> {
    let whole = |at: Mark, unread| {
        let only = Combination {
            at,
            values: ExprValue::Map(Vec::new()),
            shown: Vec::new(),
        };
        let mut entry = JobEntry::new(id, name(id, job, &only), job, only);
        entry.unread = Some(unread);
        vec![entry]
    };
    if job.get("uses").is_some() {
        let why = "it calls another workflow".to_owned();
        return whole(job.at, Unread::PassedOver(why));
    }
    if job.get("if").is_some_and(never) {
        let why = "its `if` is never true".to_owned();
        return whole(job.at, Unread::PassedOver(why));
    }
    let matrix = job
        .get("strategy")
        .and_then(|strategy| strategy.get("matrix"));
    let made = match matrix {
        Some(matrix) => combinations(matrix),
        None => Ok(vec![Combination {
            at: job.at,
            values: ExprValue::Map(Vec::new()),
            shown: Vec::new(),
        }]),
    };
    match made {
        Ok(made) => {
            let made = made.into_iter();
            made.map(|one| JobEntry::new(id, name(id, job, &one), job, one))
                .collect()
        }
        Err((at, why)) => whole(at, Unread::Unreadable(why)),
    }
}

/// Whether a condition is always false. It is an expression with or without its braces.
fn never(condition: &SpannedValue) -> bool {
    let value = match &condition.content {
        Content::Text(text) if text.contains("${{") => template::evaluate(text, None),
        Content::Text(text) => expression::evaluate(text, None),
        _ => Ok(ExprValue::of(condition)),
    };
    value.is_ok_and(|value| !value.is_true())
}

/// The name of an entry: its own `name`; else the job's, if that differs between entries; else, as on GitHub, the job's
/// with the values of the matrix.
fn name(id: &str, job: &SpannedValue, one: &Combination) -> String {
    let own = one.values.get("name").map(ExprValue::text);
    if let Some(own) = own.filter(|own| !own.trim().is_empty()) {
        return own;
    }
    let written = match job.get("name").map(|name| &name.content) {
        Some(Content::Text(text)) => Some(text.as_str()),
        Some(Content::Number(text)) => Some(text.as_str()),
        _ => None,
    };
    let is_template = written.is_some_and(|text| text.contains("${{"));
    if let Some(text) = written.filter(|_| is_template)
        && let Ok(value) = template::evaluate(text, Some(&one.values))
        && !value.text().trim().is_empty()
    {
        return value.text();
    }
    let job = written.filter(|_| !is_template).unwrap_or(id);
    let name = match one.shown.is_empty() {
        true => job.to_owned(),
        false => format!("{job} ({})", one.shown.join(", ")),
    };
    match name.chars().count() > MAX_NAME {
        true => name
            .chars()
            .take(MAX_NAME - 3)
            .chain("...".chars())
            .collect(),
        false => name,
    }
}

#[cfg(test)]
mod tests;
