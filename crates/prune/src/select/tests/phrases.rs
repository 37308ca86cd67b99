use std::fmt;

use super::*;

#[test]
fn read_after_a_name() {
    let owned = str::to_owned;
    let held = Why::Held;
    let table: [(&dyn fmt::Display, &str); 8] = [
        (&held(Hold::Pinned), "pinned"),
        (
            &held(Hold::Kept {
                pattern: owned("web-*"),
            }),
            "kept by --keep web-*",
        ),
        (
            &held(Hold::Leased {
                by: owned("run 1234"),
            }),
            "leased by run 1234",
        ),
        (
            &held(Hold::MaybeLeased),
            "possibly leased: a lease cannot be read",
        ),
        (
            &held(Hold::Container { id: owned("abc") }),
            "used by container abc",
        ),
        (&held(Hold::Busy), "in use by another command"),
        (&Why::BaseOf(vec![owned("x"), owned("y")]), "base of x, y"),
        (&Why::WithinLimits, "within the limits"),
    ];
    for (phrase, expected) in table {
        assert_eq!(phrase.to_string(), expected);
    }
}
