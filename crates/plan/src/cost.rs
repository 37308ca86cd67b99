//! The costs by which usable images are ranked: the lowest is best.
//!
//! A cost is a row of [`COSTS`]: its name, the advantage of the better image, and a pure function of a candidate. Other
//! facts that a function needs are in [`CostData`], which the caller collects. An unknown cost counts as the highest.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use registry::Entry;

use crate::{Candidate, Requirement, Rules};

/// Facts about the images besides their entries.
#[derive(Debug, Clone, Copy, Default)]
pub struct CostData<'a> {
    /// By an entry's name: the bytes that must be sent to the engine. Empty if no engine was asked.
    pub bytes: Option<&'a HashMap<String, u64>>,
    /// All entries of the registry: the durations of earlier builds.
    pub recorded: &'a [Entry],
}

/// One of the known costs.
#[derive(Debug, Clone, Copy)]
pub struct Cost(&'static Row);

/// The cost of a candidate; lower is better. `None` means unknown.
#[derive(Debug, Clone, Copy)]
pub struct CostValue {
    row: &'static Row,
    value: Option<f64>,
}

struct Row {
    name: &'static str,
    /// The advantage of the better one.
    says: &'static str,
    cost: fn(&Requirement, &Candidate, &Rules, &CostData) -> Option<f64>,
    /// Formats it for users.
    show: fn(f64) -> String,
}

const COSTS: &[Row] = &[
    Row {
        name: "marks",
        says: "it has more extra marks",
        cost: |_, candidate, _, _| Some(-f64::from(candidate.marks.extra)),
        show: |value| whole(-value),
    },
    Row {
        name: "missing",
        says: "it lacks fewer things",
        cost: missing,
        show: whole,
    },
    Row {
        name: "bytes",
        says: "it needs fewer bytes to load",
        cost: |_, candidate, _, known| as_f64(*known.bytes?.get(&candidate.entry.name)?),
        show: whole,
    },
    Row {
        name: "build-time",
        says: "its build is expected to take less time",
        cost: build_seconds,
        show: |value| format!("{value:.1} s"),
    },
    Row {
        name: "newest",
        says: "it is newer",
        cost: |_, candidate, _, _| {
            let created = candidate.entry.created?.timestamp_millis();
            as_f64(created.unsigned_abs()).map(|age| if created < 0 { age } else { -age })
        },
        show: date,
    },
];

/// How many compilers, packages and tools must be installed.
fn missing(_: &Requirement, candidate: &Candidate, _: &Rules, _: &CostData) -> Option<f64> {
    let lacks = &candidate.missing;
    let count = lacks.compilers.len() + lacks.packages.len() + lacks.tools.len();
    as_f64(count as u64)
}

/// The expected duration of a build on a candidate, in seconds. Zero if no build is needed, else the average of earlier
/// builds on it. If some of these have every required compiler, only they count.
fn build_seconds(
    wanted: &Requirement,
    candidate: &Candidate,
    rules: &Rules,
    known: &CostData,
) -> Option<f64> {
    if candidate.meets(rules.accept_missing) {
        return Some(0.0);
    }
    let on_it = known.recorded.iter().filter_map(|entry| {
        let is_on_it = entry.base.as_deref() == Some(&candidate.entry.name);
        Some((entry, entry.build_seconds.filter(|_| is_on_it)?))
    });
    let has_compilers = |entry: &Entry| {
        let has = |name: &str| {
            entry
                .compilers
                .iter()
                .any(|own| own.eq_ignore_ascii_case(name))
        };
        wanted
            .compilers
            .iter()
            .all(|compiler| has(compiler.as_str()))
    };
    let (alike, others): (Vec<_>, Vec<_>) = on_it.partition(|(entry, _)| has_compilers(entry));
    let counted = if alike.is_empty() { others } else { alike };
    let sum: f64 = counted.iter().map(|(_, seconds)| seconds).sum();
    (!counted.is_empty()).then(|| sum / counted.len() as f64)
}

/// A count as a float; beyond 2^53 the error does not matter.
#[expect(clippy::unnecessary_wraps, reason = "what is counted is known")]
fn as_f64(count: u64) -> Option<f64> {
    Some(count as f64)
}

fn whole(value: f64) -> String {
    format!("{:.0}", value + 0.0)
}

/// The day of a negated time.
fn date(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "it was whole milliseconds")]
    let millis = (-value) as i64;
    let time = chrono::DateTime::from_timestamp_millis(millis);
    time.map_or_else(
        || "?".to_owned(),
        |time| time.format("%Y-%m-%d").to_string(),
    )
}

impl Cost {
    /// The cost of a candidate.
    pub(crate) fn of(
        self,
        wanted: &Requirement,
        candidate: &Candidate,
        rules: &Rules,
        known: &CostData,
    ) -> CostValue {
        CostValue {
            row: self.0,
            value: (self.0.cost)(wanted, candidate, rules, known),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Parses costs separated by commas; each may occur once.
    pub fn list(text: &str) -> Result<Vec<Self>, String> {
        let mut costs: Vec<Self> = Vec::new();
        for name in text.split(',') {
            let cost: Self = name.trim().parse()?;
            if costs.contains(&cost) {
                return Err(format!("the cost `{}` is given twice", cost.name()));
            }
            costs.push(cost);
        }
        Ok(costs)
    }
}

impl PartialEq for Cost {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl FromStr for Cost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let row = COSTS.iter().find(|row| row.name == text);
        row.map(Self).ok_or_else(|| {
            let known: Vec<_> = COSTS.iter().map(|row| row.name).collect();
            format!("unknown cost `{text}` (known: {})", known.join(", "))
        })
    }
}

impl CostValue {
    /// Greater is better.
    pub(crate) fn better(&self, other: &Self) -> Ordering {
        let cost = |term: &Self| term.value.unwrap_or(f64::INFINITY);
        cost(other).total_cmp(&cost(self))
    }

    /// The advantage of the better one.
    pub(crate) fn says(&self) -> &'static str {
        self.row.says
    }
}

impl fmt::Display for CostValue {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let value = self.value.map_or_else(|| "?".to_owned(), self.row.show);
        write!(f, "{} {value}", self.row.name)
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests;
