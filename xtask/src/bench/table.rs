//! The table of the results, in Markdown.

use std::fmt;

use humansize::{BINARY, DECIMAL, format_size};

use crate::Error;

/// What a case has to reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    /// Theirs takes at least this many times ours.
    Faster(f64),
    /// Ours is at most this many times theirs.
    AtMost(f64),
    /// Ours is at most this.
    Limit(f64),
    /// Only information.
    None,
}

/// What ran, and the median of its values.
pub(super) type Measured<'a> = (&'a str, f64);

#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<[String; 8]>,
    failures: Vec<String>,
}

impl Default for Table {
    fn default() -> Self {
        let head = [
            "case", "ours", "against", "ours", "theirs", "ratio", "target", "met",
        ];
        let rows = vec![head.map(str::to_owned)];
        Self {
            rows,
            failures: Vec::new(),
        }
    }
}

impl Table {
    /// Adds a comparison, with values in a unit.
    pub(super) fn add(
        &mut self,
        case: &str,
        unit: fn(f64) -> String,
        ours: Measured<'_>,
        theirs: Option<Measured<'_>>,
        target: Target,
    ) {
        let ratio = theirs.map(|(_, theirs)| match target {
            Target::Faster(_) => theirs / ours.1,
            _ => ours.1 / theirs,
        });
        let value = ratio.unwrap_or(ours.1);
        let (target, met) = match target {
            Target::Faster(least) => (format!("≥ {least}× faster"), Some(value >= least)),
            Target::AtMost(most) => (format!("≤ {most}×"), Some(value <= most)),
            Target::Limit(most) => (format!("≤ {}", unit(most)), Some(ours.1 <= most)),
            Target::None => ("-".into(), None),
        };
        let met = met.map_or("-", |met| if met { "yes" } else { "NO" });
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        self.rows.push([
            case.to_owned(),
            ours.0.replace('|', r"\|"),
            or_dash(theirs.map(|(what, _)| what.replace('|', r"\|"))),
            unit(ours.1),
            or_dash(theirs.map(|(_, value)| unit(value))),
            or_dash(ratio.map(|ratio| format!("{ratio:.2}×"))),
            target,
            met.to_owned(),
        ]);
    }

    /// Reports that cases could not be measured.
    pub(super) fn fail(&mut self, error: &Error) {
        eprintln!("failed: {error}");
        self.failures.push(error.to_string());
    }

    /// Fails if a command failed.
    pub(super) fn verdict(&self) -> Result<(), Error> {
        match self.failures.is_empty() {
            true => Ok(()),
            false => Err(Error::Wrong(self.failures.join("\n"))),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, row) in self.rows.iter().enumerate() {
            writeln!(f, "| {} |", row.join(" | "))?;
            if number == 0 {
                writeln!(f, "|{}", "---|".repeat(row.len()))?;
            }
        }
        Ok(())
    }
}

/// The middle of the values, or the mean of the two in the middle.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let below = middle.saturating_sub(1 - values.len() % 2);
    values
        .get(middle)
        .map_or(0.0, |above| f64::midpoint(values[below], *above))
}

pub(super) fn seconds(value: f64) -> String {
    match value < 0.1 {
        true => format!("{:.1} ms", value * 1000.0),
        false => format!("{value:.2} s"),
    }
}

/// Small sizes are of memory, whose limits are powers of two.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes of files and processes fit"
)]
pub(super) fn bytes(value: f64) -> String {
    let count = value as u64;
    format_size(count, if count < 128 << 20 { BINARY } else { DECIMAL })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_judged_by_targets() {
        let mut table = Table::default();
        let other = Some(("a | b", 1.0));
        table.add(
            "there",
            seconds,
            ("imgload", 0.02),
            other,
            Target::Faster(40.0),
        );
        table.add(
            "cold",
            seconds,
            ("imgload", 1.1),
            other,
            Target::AtMost(1.05),
        );
        table.add("cold", seconds, ("imgload", 1.1), other, Target::None);
        table.add(
            "memory",
            bytes,
            ("imgsave", 1024.0),
            None,
            Target::Limit(2048.0),
        );
        let expected = "\
| case | ours | against | ours | theirs | ratio | target | met |
|---|---|---|---|---|---|---|---|
| there | imgload | a \\| b | 20.0 ms | 1.00 s | 50.00× | ≥ 40× faster | yes |
| cold | imgload | a \\| b | 1.10 s | 1.00 s | 1.10× | ≤ 1.05× | NO |
| cold | imgload | a \\| b | 1.10 s | 1.00 s | 1.10× | - | - |
| memory | imgsave | - | 1 KiB | - | - | ≤ 2 KiB | yes |
";
        assert_eq!(table.to_string(), expected);
        table.verdict().unwrap();
        table.fail(&Error::Wrong("why".into()));
        assert!(table.verdict().is_err());
    }

    #[test]
    fn the_median_is_in_the_middle() {
        for (values, expected) in [
            (vec![], 0.0),
            (vec![3.0], 3.0),
            (vec![4.0, 1.0], 2.5),
            (vec![9.0, 1.0, 2.0], 2.0),
            (vec![8.0, 2.0, 4.0, 1.0], 3.0),
        ] {
            assert_eq!(median(values.clone()), expected, "{values:?}");
        }
    }
}
