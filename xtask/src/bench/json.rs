//! The results for programs.

use camino::Utf8Path;
use serde_json::{Value, json};

use super::result::{Measured, Row, Target, Unit, Verdict};
use crate::Error;

/// Where and how it was measured.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The engine's version and storage driver, as it tells them.
    pub(crate) engine: Value,
    pub(crate) rounds: usize,
    pub(crate) quick: bool,
}

/// The whole document.
pub(crate) fn document(setting: &Setting, rows: &[Row]) -> Value {
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    json!({
        "engine": setting.engine,
        "cpus": cpus,
        "rounds": setting.rounds,
        "quick": setting.quick,
        "results": rows.iter().map(row).collect::<Vec<_>>(),
    })
}

/// Writes it, and makes the folder.
pub(crate) fn write(path: &Utf8Path, document: &Value) -> Result<(), Error> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    std::fs::write(path, format!("{document:#}\n")).map_err(Error::io(path))
}

fn row(row: &Row) -> Value {
    let (kind, value) = match row.target {
        Target::Faster(value) => ("faster", Some(value)),
        Target::AtMost(value) => ("at-most", Some(value)),
        Target::Limit(value) => ("limit", Some(value)),
        Target::Information => ("information", None),
    };
    json!({
        "case": row.case.to_string(),
        "unit": match row.unit {
            Unit::Seconds => "seconds",
            Unit::Bytes => "bytes",
        },
        "ours": side(&row.ours),
        "theirs": row.theirs.as_ref().map(side),
        "ratio": row.ratio(),
        "target": { "kind": kind, "value": value },
        "verdict": match row.verdict() {
            Verdict::Met => "met",
            Verdict::Missed => "missed",
            Verdict::Failed => "failed",
            Verdict::Information => "information",
        },
    })
}

fn side(side: &Measured) -> Value {
    json!({
        "what": side.what,
        "rounds": side.outcome.as_ref().ok(),
        "median": side.median(),
        "failure": side.outcome.as_ref().err(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::result::tests::row;
    use super::*;

    #[test]
    fn every_round_is_kept() {
        let setting = Setting {
            engine: json!({"version": "1"}),
            rounds: 2,
            quick: true,
        };
        let rows = [row(
            Ok(vec![1.0, 2.0]),
            Some(Err("why".into())),
            Target::Faster(2.0),
        )];
        let document = document(&setting, &rows);
        let result = &document["results"][0];
        assert_eq!(result["ours"]["rounds"], json!([1.0, 2.0]));
        assert_eq!(result["ours"]["median"], json!(1.5));
        assert_eq!(result["theirs"]["failure"], json!("why"));
        assert_eq!(result["verdict"], json!("failed"));
        assert_eq!(result["target"], json!({"kind": "faster", "value": 2.0}));
    }
}
