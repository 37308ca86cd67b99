mod building;

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::*;
use crate::parse_requirements;

fn requirement(text: &str) -> Requirement {
    let text = format!("project: capy\nos: ubuntu:25.04\narchitecture: x86_64\n{text}");
    parse_requirements(&text).remove(0).expect(&text)
}

fn entry(name: &str) -> Entry {
    let mut entry = Entry::new(
        name,
        format!("images/{name}.tar"),
        "x".parse().expect("tag"),
        "ubuntu:25.04",
        "x86_64",
    );
    entry.compilers = vec!["gcc-15".into()];
    entry
}

fn with(name: &str, change: impl FnOnce(&mut Entry)) -> Entry {
    let mut entry = entry(name);
    change(&mut entry);
    entry
}

fn day(day: u32) -> Option<DateTime<Utc>> {
    format!("2026-01-{day:02}T00:00:00Z").parse().ok()
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|item| (*item).to_owned()).collect()
}

#[test]
fn marks() {
    let wanted = requirement(
        "compilers: [gcc-15]\npackages: [libssl-dev, zlib1g-dev:i386]\ntools: [cmake, ninja]",
    );
    let table: [(Entry, u32, u32); 9] = [
        (entry("plain"), 100, 0),
        (with("none", |e| e.compilers.clear()), 70, 0),
        (with("arch", |e| e.architecture = "arm64".into()), 0, 0),
        (with("alias", |e| e.architecture = "AMD64".into()), 100, 0),
        (with("os", |e| e.os = "ubuntu:24.04".into()), 0, 0),
        (with("dashed", |e| e.os = "Ubuntu-25.04".into()), 100, 0),
        (with("unreadable", |e| e.os = "? ?".into()), 0, 0),
        (
            with("packages", |e| {
                e.packages = strings(&["LIBSSL-DEV", "zlib1g-dev", "cmake"]);
            }),
            100,
            30,
        ),
        (
            with("tools", |e| {
                e.tools = strings(&["CMake", "ninja"]);
                e.packages = strings(&["cmake"]);
                e.compilers = strings(&["GCC-15", "clang-20"]);
            }),
            100,
            40,
        ),
    ];
    for (entry, essential, extra) in table {
        let candidate = score(&wanted, &entry);
        assert_eq!(
            candidate.marks,
            Marks { essential, extra },
            "{}",
            entry.name
        );
    }
    let every = requirement("compilers: [gcc-15, clang-20]");
    assert_eq!(score(&every, &entry("one of two")).marks.essential, 70);
    assert_eq!(
        score(&requirement(""), &entry("no compiler wanted"))
            .marks
            .essential,
        100
    );
}

#[test]
fn what_an_image_lacks() {
    let wanted =
        requirement("compilers: [gcc-15, clang-20]\npackages: [a1, b1]\ntools: [cmake, b2]");
    let entry = with("x", |e| e.packages = strings(&["a1", "b2"]));
    let missing = score(&wanted, &entry).missing;
    assert_eq!(missing.compilers, ["clang-20".parse().expect("compiler")]);
    assert_eq!(missing.packages, ["b1".parse().expect("package")]);
    assert_eq!(missing.tools, ["cmake".parse().expect("tool")]);
}

/// The choice between two entries in either order; `=` if it is the first listed.
fn winner(wanted: &Requirement, a: &Entry, b: &Entry) -> String {
    let pick = |entries: [&Entry; 2]| match select(wanted, entries).pick {
        Pick::Image(candidate) | Pick::Base(candidate) => candidate.entry.name.clone(),
        Pick::Nothing => "-".into(),
    };
    let (first, second) = (pick([a, b]), pick([b, a]));
    if first == second { first } else { "=".into() }
}

#[test]
fn each_criterion_alone() {
    let wanted = requirement("compilers: [gcc-15]\npackages: [libssl-dev]\nvariants: [asan]");
    let b = entry("b");
    let table: [(Entry, &str); 13] = [
        (entry("a"), "="),
        (with("a", |e| e.compilers.clear()), "b"),
        (with("a", |e| e.packages = strings(&["libssl-dev"])), "a"),
        (with("a", |e| e.variants = strings(&["ASAN"])), "a"),
        (with("a", |e| e.last_used = day(1)), "a"),
        (with("a", |e| e.usage_count = 1), "a"),
        (with("a", |e| e.size_mb = Some(1e6)), "a"),
        (with("a", |e| e.created = day(1)), "="),
        (with("a", |e| e.tools = strings(&["cmake"])), "="),
        (with("a", |e| e.pinned = true), "="),
        (with("a", |e| e.os = "debian:12".into()), "b"),
        (with("a", |e| e.variants = strings(&["tsan"])), "b"),
        (with("a", |e| e.compilers.push("clang-20".into())), "b"),
    ];
    for (number, (a, expected)) in table.into_iter().enumerate() {
        assert_eq!(winner(&wanted, &a, &b), expected, "row {number}");
    }
}

#[test]
fn criteria_count_in_their_order() {
    let wanted = requirement("compilers: [gcc-15]\npackages: [libssl-dev]\nvariants: [asan]");
    let more = |e: &mut Entry| {
        e.variants = strings(&["lto"]);
        e.compilers.clear();
    };
    // Each beats all that follow it, by the first criterion in which they differ.
    let ranked = [
        with("nothing else", |e| e.compilers.clear()),
        with("compilers", |e| e.variants = strings(&["lto"])),
        with("variants", |e| {
            e.variants = strings(&["asan", "lto"]);
            e.compilers.clear();
        }),
        with("extra", |e| {
            e.packages = strings(&["libssl-dev"]);
            more(e);
        }),
        with("later", |e| {
            e.last_used = day(2);
            more(e);
        }),
        with("more often", |e| {
            e.last_used = day(1);
            e.usage_count = 9;
            more(e);
        }),
        with("smaller", |e| {
            e.last_used = day(1);
            e.size_mb = Some(1.0);
            more(e);
        }),
        with("size", |e| {
            e.last_used = day(1);
            e.size_mb = Some(2.0);
            more(e);
        }),
        with("no size", |e| {
            e.last_used = day(1);
            more(e);
        }),
    ];
    for (better, worse) in ranked.iter().zip(&ranked[1..]) {
        assert_eq!(winner(&wanted, better, worse), better.name);
    }
}

#[test]
fn image_base_or_nothing() {
    let wanted = requirement("compilers: [gcc-15]\npackages: [libssl-dev]");
    let complete = with("complete", |e| e.packages = strings(&["libssl-dev"]));
    let lacking = entry("lacking");
    let base = with("base", |e| {
        e.compilers.clear();
        e.packages = strings(&["libssl-dev"]);
    });
    let other = with("other", |e| e.os = "debian:12".into());
    assert!(
        matches!(select(&wanted, [&other, &base, &complete]).pick, Pick::Image(c) if c.entry.name == "complete")
    );
    assert!(
        matches!(select(&wanted, [&other, &base]).pick, Pick::Base(c) if c.entry.name == "base")
    );
    assert!(
        matches!(select(&wanted, [&base, &lacking]).pick, Pick::Base(c) if c.entry.name == "lacking")
    );
    assert!(matches!(select(&wanted, [&other]).pick, Pick::Nothing));
    assert!(matches!(select(&wanted, []).pick, Pick::Nothing));
}

prop_compose! {
    fn any_entry()(
        os in prop_oneof![Just("ubuntu:25.04"), Just("debian:12"), Just("??")],
        compilers in prop::collection::vec(prop_oneof![Just("gcc-15"), Just("clang-20")], 0..3),
        packages in prop::collection::vec(prop_oneof![Just("a1"), Just("b1"), Just("cmake")], 0..4),
        variants in prop::collection::vec(Just("asan"), 0..2),
        used in prop::option::of(1u32..4),
        usage_count in 0u64..3,
        size_mb in prop::option::of(prop_oneof![Just(1.0), Just(2.0)]),
    ) -> Entry {
        with("x", |e| {
            e.os = os.into();
            e.compilers = strings(&compilers);
            e.packages = strings(&packages);
            e.variants = strings(&variants);
            e.last_used = used.and_then(day);
            e.usage_count = usage_count;
            e.size_mb = size_mb;
        })
    }
}

proptest! {
    #[test]
    fn the_best_is_taken(entries in prop::collection::vec(any_entry(), 0..8)) {
        let wanted = requirement("compilers: [gcc-15]\npackages: [a1, b1]\ntools: [cmake]\nvariants: [asan]");
        let selection = select(&wanted, &entries);
        let meets = |c: &Candidate| {
            let has = |list: &[String], name: &str| list.iter().any(|it| it == name);
            let entry = c.entry;
            c.marks.essential == 100
                && has(&entry.packages, "a1")
                && has(&entry.packages, "b1")
                && has(&entry.packages, "cmake")
                && has(&entry.variants, "asan")
        };
        let usable = selection.candidates.iter().filter(|c| c.marks.essential >= 70);
        match &selection.pick {
            Pick::Image(picked) => prop_assert!(meets(picked)),
            Pick::Base(picked) => {
                prop_assert!(!selection.candidates.iter().any(meets));
                let least = usable.map(|c| c.unasked).min();
                prop_assert_eq!(Some(picked.unasked), least);
            }
            Pick::Nothing => prop_assert_eq!(usable.count(), 0),
        }
    }

    /// The documented order, implemented a second time: no usable image beats the choice, and of equal images the first
    /// listed is chosen.
    #[test]
    fn nothing_usable_is_better(entries in prop::collection::vec(any_entry(), 0..8)) {
        let wanted = requirement("compilers: [gcc-15]\npackages: [a1, b1]\ntools: [cmake]\nvariants: [asan]");
        let rank = |entry: &Entry| {
            let candidate = score(&wanted, entry);
            let size = entry.size_mb.map_or(i64::MIN, |size| -(size as i64));
            (
                candidate.is_usable(),
                candidate.meets(AcceptMissing::default()),
                std::cmp::Reverse(candidate.unasked),
                candidate.marks.essential,
                candidate.missing_variants.is_empty(),
                candidate.marks.extra,
                entry.last_used,
                entry.usage_count,
                size,
            )
        };
        let selection = select(&wanted, &entries);
        let best = entries.iter().map(rank).max().filter(|rank| rank.0);
        prop_assert_eq!(selection.chosen().map(|taken| rank(taken.entry)), best);
        let first = entries.iter().find(|entry| Some(rank(entry)) == best);
        let taken = selection.chosen().map(|taken| taken.entry);
        prop_assert_eq!(taken.map(std::ptr::from_ref), first.map(std::ptr::from_ref));
    }

    #[test]
    fn what_cannot_win_changes_nothing(entries in prop::collection::vec(any_entry(), 1..6), at in 0usize..6) {
        let wanted = requirement("compilers: [gcc-15]\npackages: [a1, b1]");
        let winner = |entries: &[Entry]| match select(&wanted, entries).pick {
            Pick::Image(c) | Pick::Base(c) => Some(c.entry.clone()),
            Pick::Nothing => None,
        };
        let before = winner(&entries);
        let mut more = entries.clone();
        more.insert(at.min(entries.len()), with("unusable", |e| e.os = "fedora:41".into()));
        prop_assert_eq!(before, winner(&more));
    }
}
