use std::fmt;

use super::*;

#[test]
fn read_after_a_name() {
    let owned = str::to_owned;
    let age = |seconds| Reason::TooOld {
        age: TimeDelta::seconds(seconds),
    };
    let last = |count| Reason::NotAmongLast {
        count,
        group: owned("project web"),
    };
    let held = Why::Held;
    let table: [(&dyn fmt::Display, &str); 21] = [
        (&age(45 * 86400), "not used for 45 days"),
        (&age(86400), "not used for 1 day"),
        (&age(86399), "not used for 23 hours"),
        (&age(90), "not used for 1 minute"),
        (&age(0), "not used for 0 seconds"),
        (&last(0), "none of project web is to stay"),
        (&last(1), "not the last of project web"),
        (&last(3), "not among the last 3 of project web"),
        (
            &Reason::StoreTooLarge {
                limit: 50_000_000_000,
            },
            "the store is over 50 GB",
        ),
        (
            &Reason::DiskTooFull {
                limit: 1_500_000_000,
            },
            "less than 1.50 GB free",
        ),
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
            &held(Hold::Container { id: owned("abc") }),
            "used by container abc",
        ),
        (&held(Hold::Busy), "in use by another command"),
        (&Why::BaseOf(vec![owned("x"), owned("y")]), "base of x, y"),
        (&Why::WithinLimits, "within the limits"),
        (
            &Missed::MaxSize {
                wanted: 1000,
                found: 2000,
            },
            "the store stays at 2 kB, over 1 kB",
        ),
        (
            &Missed::KeepLast {
                group: owned("the store"),
                wanted: 1,
                found: 2,
            },
            "2 of the store stay, not 1",
        ),
        (
            &Missed::MinFree {
                wanted: 2000,
                found: Some(1000),
            },
            "only 1 kB free, not 2 kB",
        ),
        (
            &Missed::MinFree {
                wanted: 2000,
                found: None,
            },
            "it is unknown whether 2 kB are free",
        ),
    ];
    for (phrase, expected) in table {
        assert_eq!(phrase.to_string(), expected);
    }
}
