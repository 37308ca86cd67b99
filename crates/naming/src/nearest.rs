//! Suggestions for misspelt words.

/// The known word nearest to a misspelt one, if it is near enough: at most a third of its letters differ, or it begins
/// with the misspelt word. Case does not matter. Of several, the first.
pub fn nearest<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str, IntoIter: Clone>,
) -> Option<&'a str> {
    let known = known.into_iter();
    misspelt(word, known.clone()).or_else(|| shortened(word, known))
}

/// The shortest word that begins with this one; dashes and underscores are ignored: `architecture` for `arch`.
fn shortened<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let letters = |word: &str| {
        let letters = word.chars().filter(|c| c.is_alphanumeric());
        letters.take(MAX_WORD).collect::<String>().to_lowercase()
    };
    let start = letters(word);
    let longer = known.filter(|known| letters(known).starts_with(&start));
    let is_enough = start.chars().count() >= MIN_START;
    longer.filter(|_| is_enough).min_by_key(|known| known.len())
}

/// The fewest letters that suggest a longer word.
const MIN_START: usize = 3;

fn misspelt<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().take(MAX_WORD).collect();
    let distances = known.map(|known| {
        let letters: Vec<char> = known.to_lowercase().chars().take(MAX_WORD).collect();
        let most = (word.len().max(letters.len()) / 3).max(1);
        (distance(&word, &letters), most, known)
    });
    distances
        .filter(|(distance, most, _)| distance <= most)
        .min_by_key(|(distance, ..)| *distance)
        .map(|(.., known)| known)
}

/// How much of a word is compared: names of keys and packages are shorter, and the time is quadratic.
const MAX_WORD: usize = 128;

/// How many letters must be inserted, removed, replaced or swapped with the next (the optimal string alignment
/// distance).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(x != y);
            let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            let is_swap = i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y;
            if is_swap {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_near_unless_it_is_too_short() {
        const KEYS: [&str; 9] = [
            "architecture",
            "compilers",
            "compiler",
            "base_image_path",
            "base_image",
            "max_age_days",
            "max_size_gb",
            "keep",
            "os",
        ];
        for (word, expected) in [
            ("arch", Some("architecture")),
            ("ARCH", Some("architecture")),
            ("base", Some("base_image")),
            ("base-image", Some("base_image")),
            ("max_age", Some("max_age_days")),
            ("maxAge", Some("max_age_days")),
            ("max-size", Some("max_size_gb")),
            // The shortest of several, and a misspelling before a prefix.
            ("comp", Some("compiler")),
            ("kep", Some("keep")),
            ("ar", None),
            ("_", None),
            ("image", None),
            ("days", None),
        ] {
            assert_eq!(nearest(word, KEYS), expected, "{word}");
        }
    }

    #[test]
    fn a_near_word_is_suggested_and_a_far_one_is_not() {
        const KEYS: [&str; 6] = [
            "project",
            "os",
            "compiler",
            "compilers",
            "packages",
            "tools",
        ];
        for (word, expected) in [
            ("compliers", Some("compilers")),
            ("compilr", Some("compiler")),
            ("Package", Some("packages")),
            ("packges", Some("packages")),
            ("tool", Some("tools")),
            ("so", Some("os")),
            ("o", Some("os")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, KEYS), expected, "{word}");
        }
        assert_eq!(
            nearest("libssl-devv", ["libssl3", "libssl-dev"]),
            Some("libssl-dev")
        );
        assert_eq!(nearest("anything", []), None);
    }
}
