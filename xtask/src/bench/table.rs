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

const HEAD: &str = "\
| case | ours | against | ours | theirs | ratio | target | met |
|---|---|---|---|---|---|---|---|
";

/// What ran, and the median of its values.
pub(super) type Measured = (String, f64);

#[derive(Debug, Default)]
pub(super) struct Table {
    rows: String,
    failures: Vec<String>,
}

impl Table {
    /// Adds a comparison, with values in a unit.
    pub(super) fn add(
        &mut self,
        case: &str,
        unit: fn(f64) -> String,
        ours: &Measured,
        theirs: Option<&Measured>,
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
            Target::Limit(most) => (format!("≤ {}", unit(most)), Some(value <= most)),
            Target::None => ("-".into(), None),
        };
        let met = met.map_or("-", |met| if met { "yes" } else { "NO" });
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        let cells = [
            case.to_owned(),
            ours.0.clone(),
            or_dash(theirs.map(|(what, _)| what.clone())),
            unit(ours.1),
            or_dash(theirs.map(|(_, value)| unit(*value))),
            or_dash(ratio.map(|ratio| format!("{ratio:.2}×"))),
            target,
            met.to_owned(),
        ];
        let cells = cells.map(|cell| cell.replace('|', r"\|"));
        self.rows += &format!("| {} |\n", cells.join(" | "));
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
        write!(f, "{HEAD}{}", self.rows)
    }
}

/// The middle of the values, or the mean of the two in the middle.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let below = middle.saturating_sub(1 - values.len() % 2);
    let above = values.get(middle);
    above.map_or(0.0, |above| f64::midpoint(values[below], *above))
}

pub(super) fn seconds(value: f64) -> String {
    if value < 0.1 {
        return format!("{:.1} ms", value * 1000.0);
    }
    format!("{value:.2} s")
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
        let other = ("a | b".to_owned(), 1.0);
        for (case, ours, target) in [
            ("there", 0.02, Target::Faster(40.0)),
            ("cold", 1.1, Target::AtMost(1.05)),
            ("cold", 1.1, Target::None),
        ] {
            table.add(
                case,
                seconds,
                &("imgload".into(), ours),
                Some(&other),
                target,
            );
        }
        let ours = ("imgsave".to_owned(), 1024.0);
        table.add("memory", bytes, &ours, None, Target::Limit(2048.0));
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
