//! Durations as people write them: `30s`, `10m`, `6h`, `30d`, `2w`.

use std::time::Duration;

/// Parses a whole number and a unit; a bare number is seconds.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration like 30s, 10m, 6h, 30d or 2w");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let seconds: u64 = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        "w" => 7 * 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

/// As [`parse`], but a bare number must be zero: the user may mean days.
pub fn parse_age(text: &str) -> Result<Duration, String> {
    let age = parse(text)?;
    let is_bare = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_bare && !age.is_zero() {
        return Err(format!(
            "`{text}` has no unit: use {text}d, {text}h or {text}w"
        ));
    }
    Ok(age)
}

/// A duration in the format of [`parse`], in the largest unit that needs no fraction.
pub fn show(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [("d", 24 * 60 * 60), ("h", 60 * 60), ("m", 60)];
    let unit = units
        .into_iter()
        .find(|(_, unit)| seconds >= *unit && seconds.is_multiple_of(*unit));
    let (name, unit) = unit.unwrap_or(("s", 1));
    format!("{}{name}", seconds / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_read() {
        for text in ["0s", "45s", "10m", "90m", "6h", "30d"] {
            assert_eq!(show(parse(text).expect(text)), text);
        }
        assert_eq!(show(Duration::from_secs(86_400)), "1d");
        assert!(parse_age("30").is_err());
        assert_eq!(parse_age("0"), Ok(Duration::ZERO));
        assert_eq!(parse_age("30d"), parse("30d"));
    }

    #[test]
    fn units() {
        for (text, seconds) in [
            ("0", 0),
            ("45", 45),
            ("30s", 30),
            ("10m", 600),
            ("6h", 21_600),
            ("30d", 2_592_000),
            ("2w", 1_209_600),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "m",
            "1.5h",
            "-1s",
            "1x",
            "1 m",
            "99999999999999999999",
            "18446744073709551615w",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
