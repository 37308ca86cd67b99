//! Sizes on the command line: `50GB`, `50GiB`, `1.5T`, `800M`.

/// Reads a number and a unit: `GB` and `G` are 10^9 bytes, `GiB` is 2^30; case does not matter. Only zero needs no unit.
pub fn parse(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a size like 50GB, 50GiB, 1.5T or 800M");
    let digits = text
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || *byte == b'.')
        .count();
    let (number, unit) = text.split_at(digits);
    let unit = unit.to_ascii_lowercase();
    let unit = unit.trim_start();
    let (prefix, base) = match unit.strip_suffix("ib") {
        Some(prefix) => (prefix, 1024.0_f64),
        None => (unit.strip_suffix('b').unwrap_or(unit), 1000.0),
    };
    let is_bare = unit.is_empty();
    let exponent = match (prefix, base > 1000.0) {
        ("", false) => 0,
        ("k", _) => 1,
        ("m", _) => 2,
        ("g", _) => 3,
        ("t", _) => 4,
        ("p", _) => 5,
        _ => return Err(wrong()),
    };
    // A dot needs digits around it.
    if number.starts_with('.') || number.ends_with('.') {
        return Err(wrong());
    }
    let number: f64 = number.parse().map_err(|_| wrong())?;
    if is_bare && number != 0.0 {
        return Err(format!(
            "`{text}` has no unit: use {text}GB, {text}GiB or {text}MB"
        ));
    }
    let bytes = number * base.powi(exponent);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "the number is not negative and has been compared with the largest"
    )]
    if bytes < u64::MAX as f64 {
        Ok(bytes.round() as u64)
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        for (text, bytes) in [
            ("0", 0),
            ("0.0", 0),
            ("1024B", 1024),
            ("10B", 10),
            ("50GB", 50_000_000_000),
            ("50GiB", 53_687_091_200),
            ("50G", 50_000_000_000),
            ("1.5T", 1_500_000_000_000),
            ("800m", 800_000_000),
            ("1 KiB", 1024),
            ("2kb", 2000),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "50",
            "0.5",
            "GB",
            "-1GB",
            "1.5.5G",
            ".5G",
            "5.",
            "1X",
            "1iB",
            "1e9",
            "inf",
            "99999999P",
            "50 G B",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
