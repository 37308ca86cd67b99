//! Ages of images.

use chrono::{DateTime, Utc};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A unit: the least age to use it for, its length, its name, its short name.
type Unit = (i64, i64, &'static str, &'static str);

/// From the longest down. Two of a unit is the least, if the next shorter unit is more precise.
const UNITS: [Unit; 6] = [
    (2 * 365 * DAY, 365 * DAY, "year", "y"),
    (60 * DAY, 30 * DAY, "month", "mo"),
    (14 * DAY, 7 * DAY, "week", "w"),
    (DAY, DAY, "day", "d"),
    (HOUR, HOUR, "hour", "h"),
    (MINUTE, MINUTE, "minute", "min"),
];

/// `3 days ago`, or `3d` if `short`; `never` without a time. A time in the future counts as now: clocks differ.
pub(crate) fn age(then: Option<DateTime<Utc>>, now: DateTime<Utc>, short: bool) -> String {
    let Some(then) = then else {
        return "never".to_owned();
    };
    let seconds = (now - then).num_seconds();
    let unit = UNITS.iter().find(|(from, ..)| seconds >= *from);
    match unit {
        None if short => "now".to_owned(),
        None => "just now".to_owned(),
        Some((_, length, _, unit)) if short => format!("{}{unit}", seconds / length),
        Some((_, length, unit, _)) => {
            let count = seconds / length;
            let plural = if count == 1 { "" } else { "s" };
            format!("{count} {unit}{plural} ago")
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn ages_are_said_as_people_do() {
        let now = Utc::now();
        assert_eq!(age(None, now, false), "never");
        for (seconds, long, short) in [
            (-100, "just now", "now"),
            (0, "just now", "now"),
            (59, "just now", "now"),
            (60, "1 minute ago", "1min"),
            (2 * HOUR - 1, "1 hour ago", "1h"),
            (DAY, "1 day ago", "1d"),
            (13 * DAY, "13 days ago", "13d"),
            (14 * DAY, "2 weeks ago", "2w"),
            (60 * DAY, "2 months ago", "2mo"),
            (729 * DAY, "24 months ago", "24mo"),
            (730 * DAY, "2 years ago", "2y"),
        ] {
            let then = Some(now - TimeDelta::seconds(seconds));
            let ages = [age(then, now, false), age(then, now, true)];
            assert_eq!(ages, [long, short], "{seconds}");
        }
    }
}
