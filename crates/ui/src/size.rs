//! Sizes for people.

use humansize::{DECIMAL, FormatSizeOptions, format_size};

/// `1.53 GB`: powers of ten, as `docker images` counts.
pub fn size(bytes: u64) -> String {
    format_size(bytes, DECIMAL)
}

/// `1.5GB`, `153MB`: for narrow columns.
pub fn short_size(bytes: u64) -> String {
    let with_places = |places| {
        let options = FormatSizeOptions::from(DECIMAL).space_after_value(false);
        format_size(bytes, options.decimal_places(places).decimal_zeroes(0))
    };
    let fine = with_places(1);
    let whole = fine.split(|c: char| !c.is_ascii_digit()).next();
    if whole.is_some_and(|digits| digits.len() > 1) {
        with_places(0)
    } else {
        fine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_count_in_powers_of_ten() {
        for (bytes, usual, short) in [
            (0, "0 B", "0B"),
            (999, "999 B", "999B"),
            (1_000, "1 kB", "1kB"),
            (1_534_000_000, "1.53 GB", "1.5GB"),
            (15_340_000, "15.34 MB", "15MB"),
            (999_900_000, "999.90 MB", "1000MB"),
        ] {
            assert_eq!(
                (size(bytes).as_str(), short_size(bytes).as_str()),
                (usual, short)
            );
        }
    }
}
