//! The table of the results, for a terminal or as Markdown.

use std::collections::BTreeSet;

use humansize::{BINARY, DECIMAL, format_size};

use super::result::{Measured, Row, Target, Unit, Verdict};

const HEAD: [&str; 8] = [
    "case", "ours", "against", "ours", "theirs", "ratio", "target", "met",
];

/// Columns of even width.
pub(crate) fn plain(rows: &[Row]) -> String {
    let lines = lines(rows);
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|column| {
            let cells = lines.iter().map(|line| line[column].chars().count());
            cells.max().unwrap_or_default()
        })
        .collect();
    let line = |cells: &[String; 8]| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let failures = failures(rows).map(|text| format!("{text}\n"));
    lines.iter().map(line).chain(failures).collect()
}

/// A table of Markdown.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let line = |cells: &[String; 8]| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', r"\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut lines: Vec<String> = lines(rows).iter().map(line).collect();
    lines.insert(1, format!("|{}\n", "---|".repeat(HEAD.len())));
    lines.extend(failures(rows).map(|text| format!("\n{text}\n")));
    lines.concat()
}

fn lines(rows: &[Row]) -> Vec<[String; 8]> {
    let mut lines = vec![HEAD.map(str::to_owned)];
    lines.extend(rows.iter().map(cells));
    lines
}

fn cells(row: &Row) -> [String; 8] {
    let theirs = row.theirs.as_ref();
    [
        row.case.to_string(),
        row.ours.what.clone(),
        theirs.map_or_else(|| "-".into(), |side| side.what.clone()),
        value(row.unit, Some(&row.ours)),
        value(row.unit, theirs),
        row.ratio().map_or_else(|| "-".into(), times),
        target(row.unit, row.target),
        match row.verdict() {
            Verdict::Met => "yes",
            Verdict::Missed => "NO",
            Verdict::Failed => "failed",
            Verdict::Information => "-",
        }
        .into(),
    ]
}

/// Each once, though a side may be compared with several.
fn failures(rows: &[Row]) -> impl Iterator<Item = String> {
    let texts = rows.iter().filter_map(|row| {
        let why = row.failure()?;
        Some(format!("{} failed: {why}", row.case))
    });
    texts.collect::<BTreeSet<_>>().into_iter()
}

fn value(unit: Unit, side: Option<&Measured>) -> String {
    match side.map(Measured::median) {
        None => "-".into(),
        Some(None) => "failed".into(),
        Some(Some(value)) => amount(unit, value),
    }
}

pub(super) fn amount(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Seconds if value < 0.1 => format!("{:.1} ms", value * 1000.0),
        Unit::Seconds => format!("{value:.2} s"),
        Unit::Bytes => bytes(value),
    }
}

/// Whole MiB read better in that unit: memory limits are powers of two.
fn bytes(value: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes of files and processes fit"
    )]
    let count = value as u64;
    let options = if count < 128 << 20 { BINARY } else { DECIMAL };
    format_size(count, options)
}

/// Three significant digits.
fn times(ratio: f64) -> String {
    if ratio >= 99.5 {
        format!("{ratio:.0}×")
    } else if ratio >= 9.95 {
        format!("{ratio:.1}×")
    } else {
        format!("{ratio:.2}×")
    }
}

fn target(unit: Unit, target: Target) -> String {
    match target {
        Target::Faster(least) => format!("≥ {least}× faster"),
        Target::AtMost(most) => format!("≤ {most}×"),
        Target::Limit(most) => format!("≤ {}", amount(unit, most)),
        Target::Information => "-".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::result::tests::row;
    use super::*;

    fn rows() -> Vec<Row> {
        let mut failed = row(Err("bad | flag".into()), None, Target::Limit(0.005));
        failed.ours.what = "a | b".into();
        vec![
            row(Ok(vec![0.02]), Some(Ok(vec![1.0])), Target::Faster(40.0)),
            failed.clone(),
            failed,
        ]
    }

    #[test]
    fn columns_are_even_and_failures_follow() {
        let table = plain(&rows());
        let lines: Vec<&str> = table.lines().collect();
        let expected = [
            "case       ours     against         ours     theirs  ratio  target        met",
            "new-layer  imgload  docker load -i  20.0 ms  1.00 s  50.0×  ≥ 40× faster  yes",
            "new-layer  a | b    -               failed   -       -      ≤ 5.0 ms      failed",
            "new-layer  a | b    -               failed   -       -      ≤ 5.0 ms      failed",
            "new-layer failed: bad | flag",
        ];
        assert_eq!(lines, expected, "{table}");
    }

    #[test]
    fn markdown_has_a_rule_and_no_stray_bars() {
        let table = markdown(&rows());
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[1], "|---|---|---|---|---|---|---|---|");
        assert!(lines[3].contains(r"| a \| b |"), "{table}");
        assert!(
            table.ends_with("\nnew-layer failed: bad | flag\n"),
            "{table}"
        );
    }

    #[test]
    fn amounts_keep_what_matters() {
        for (ratio, text) in [(0.987, "0.99×"), (9.96, "10.0×"), (123.4, "123×")] {
            assert_eq!(times(ratio), text);
        }
        assert_eq!(amount(Unit::Bytes, f64::from(32 << 20)), "32 MiB");
        assert_eq!(amount(Unit::Bytes, 500e6), "500 MB");
        assert_eq!(amount(Unit::Seconds, 0.0051), "5.1 ms");
    }
}
