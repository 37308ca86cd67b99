//! Compares a command's output with a document.

/// Stands for any lines, or for any text inside a line.
const ANY: &str = "…";
/// A digest, or its beginning, has at least so many hexadecimal digits.
const DIGEST: usize = 12;
/// A size in bytes has at least so many digits.
const BYTES: usize = 7;
/// The units of numbers that differ between runs.
const UNITS: [&str; 12] = [
    "B", "kB", "MB", "GB", "KiB", "MiB", "GiB", "bytes", "s", "ms", "min", "ago",
];
const PUNCTUATION: [char; 8] = [',', '.', ';', ':', '(', ')', '"', '…'];

/// Whether the output `printed` matches the document's `shown`.
pub(crate) fn alike(shown: &str, printed: &str) -> bool {
    let lines = |text: &str| {
        let lines = text.trim_end().lines().map(plain);
        lines.collect::<Vec<_>>()
    };
    fits(&lines(shown), &lines(printed))
}

fn fits(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((line, rest)) if line == ANY => {
            (0..=printed.len()).any(|skipped| fits(rest, &printed[skipped..]))
        }
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(found, others)| fits_line(line, found) && fits(rest, others)),
    }
}

fn fits_line(shown: &str, printed: &str) -> bool {
    let mut pieces = shown.split(ANY);
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for piece in pieces {
        if let Some(before) = last.replace(piece) {
            match rest.split_once(before) {
                Some((_, behind)) => rest = behind,
                None => return false,
            }
        }
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

/// A line without the parts that differ between runs: digests, sizes, times, dates, process numbers, the width of gaps.
fn plain(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let bare = |word: &&str| word.trim_matches(PUNCTUATION).to_owned();
    let is_unit = |word: String| UNITS.contains(&word.as_str()) || word.ends_with("B/s");
    let plain = words.iter().enumerate().map(|(place, word)| {
        let behind = words.get(place + 1).map(bare);
        let before = place.checked_sub(1).and_then(|before| words.get(before));
        let differs = is_measured(&bare(word))
            || behind.is_some_and(is_unit)
            || before.is_some_and(|before| bare(before) == "process");
        let tokens = word.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
        let tokens = tokens.map(|token| counted(token, differs));
        let plain: String = tokens.collect();
        match differs {
            true => plain.replace("#.#", "#"),
            false => plain,
        }
    });
    plain.collect::<Vec<String>>().join(" ")
}

/// Whether a word is a date, a time of day, a size in bytes, or a number with its unit: `2026-02-06T00:00:00Z`, `0m3.1s`, `139MB`.
fn is_measured(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let is_mark = |c: char| c.is_ascii_digit() || "-:.+TZ".contains(c);
    let is_date = digits >= 6 && word.contains([':', '-']) && word.chars().all(is_mark);
    word.starts_with(|c: char| c.is_ascii_digit())
        && (is_date
            || UNITS.contains(&unit)
            || ["m", "h", "d", "%"].contains(&unit)
            || (unit.starts_with('m') && unit.ends_with('s'))
            || (unit.is_empty() && digits >= BYTES))
}

/// A word of letters and digits, with `#` instead of a digest, or instead of a number that differs between runs.
fn counted(token: &str, differs: bool) -> String {
    let word = token.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let behind = &token[word.len()..];
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    if word.len() >= DIGEST && word.chars().all(is_hex) {
        return format!("#{behind}");
    }
    let mut out = String::new();
    for c in token.chars() {
        match c {
            '0'..='9' if differs && out.ends_with('#') => {}
            '0'..='9' if differs => out.push('#'),
            _ => out.push(c),
        }
    }
    out
}

#[test]
fn measurements_and_gaps_may_differ_and_nothing_else() {
    for (shown, printed) in [
        ("", ""),
        ("a  12 MB\n", "a 7 MB"),
        ("1.5 kB, twice", "12 kB, twice"),
        ("of process 866).", "of process 2970)."),
        ("at 2026-02-06T00:00:00Z", "at 2027-11-30T17:44:09Z"),
        ("real\t1m17.707s", "real 0m3.1s"),
        ("sha256:0123456789abcdef", "sha256:ffffffffffffffff"),
        ("a\n…\nb", "a\nx\ny\nb"),
        ("a\n…", "a"),
        ("saving … (1 MB)", "saving it all (20 MB)"),
        ("…, or not", "to be, or not"),
        ("x…y…z", "x1yy2z"),
    ] {
        assert!(alike(shown, printed), "{shown:?} {printed:?}");
    }
    for (shown, printed) in [
        ("a", ""),
        ("", "a"),
        ("a", "b"),
        ("a 1", "a"),
        ("exit code 4", "exit code 5"),
        ("capy-debian-12-gcc13", "capy-debian-12-gcc14"),
        ("a 1 MB", "a 1 kB"),
        ("a\n…\nb", "a\nx"),
        ("saving …!", "saving it"),
        ("x…y…z", "xz"),
        ("deadbeef", "beefdead"),
        ("a", "a\na"),
    ] {
        assert!(!alike(shown, printed), "{shown:?} {printed:?}");
    }
}
