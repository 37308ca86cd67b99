//! Whether a command prints what a document shows.

/// What stands for any lines, or for any text inside a line.
const ANY: &str = "…";
/// How many characters a hexadecimal word has at least to be a digest, or the beginning of one.
const DIGEST: usize = 12;

/// Whether `printed` is what `shown` shows.
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

/// A line without what differs from run to run: digests, digits, the width of gaps.
fn plain(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        let mut out = String::new();
        let mut token = String::new();
        for c in word.chars() {
            if c.is_ascii_alphanumeric() {
                token.push(c);
            } else {
                out.push_str(&counted(&std::mem::take(&mut token)));
                out.push(c);
            }
        }
        out.push_str(&counted(&token));
        out
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A word of letters and digits with `#` for each number, or for all of it where it is a digest.
fn counted(word: &str) -> String {
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    if word.len() >= DIGEST && word.chars().all(is_hex) {
        return "#".into();
    }
    let mut out = String::new();
    for c in word.chars() {
        match c {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            _ => out.push(c),
        }
    }
    out
}

#[test]
fn numbers_and_gaps_may_differ_and_nothing_else() {
    for (shown, printed) in [
        ("", ""),
        ("a  12\n", "a 7"),
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
        ("a\n…\nb", "a\nx"),
        ("saving …!", "saving it"),
        ("x…y…z", "xz"),
        ("deadbeef", "beefdead"),
        ("a", "a\na"),
    ] {
        assert!(!alike(shown, printed), "{shown:?} {printed:?}");
    }
}
