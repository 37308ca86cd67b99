//! The two-mark algorithm: which registered image is best for a requirement.
//!
//! Essential marks decide whether an image can be used: 70 when system, version and architecture match, 100
//! when every required compiler is there too, 0 otherwise. Extra marks rank those that can: 10 for a required
//! package that is there; for a required tool 20 where the entry lists it as a tool, 10 as a package.
//!
//! Among images with 100 the best is taken as it is; with none, the best of 70 becomes the base of a build; with
//! none of those, the build begins with the system itself. Better is, in this order: has the required variants;
//! more extra marks; used later; used more often; smaller (an unknown size loses); listed first. Case does not
//! matter anywhere.

use std::cmp::Ordering;

use naming::{Architecture, Os};
use registry::Entry;
use serde::{Deserialize, Serialize};

use crate::{Missing, Requirement};

/// Essential marks of an image whose system and architecture match.
pub(crate) const SYSTEM: u32 = 70;
/// Essential marks of an image that has every required compiler too.
pub(crate) const COMPLETE: u32 = 100;
const PACKAGE: u32 = 10;
const TOOL: u32 = 20;

/// How well an image fits a requirement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "an object with marks")]
pub struct Marks {
    /// 0, 70 or 100.
    pub essential: u32,
    /// 10 for each package and up to 20 for each tool that is there.
    pub extra: u32,
}

/// An entry with its marks.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// How well it fits.
    pub marks: Marks,
    /// Whether it has every required variant.
    pub has_variants: bool,
    /// What it lacks.
    pub missing: Missing,
}

/// Which image was taken.
#[derive(Debug, Clone)]
pub enum Pick<'a> {
    /// This one, as it is.
    Image(Candidate<'a>),
    /// This one, to build on.
    Base(Candidate<'a>),
    /// None: build on the system itself.
    Nothing,
}

/// All candidates, in the order of the registry, and which one was taken.
#[derive(Debug, Clone)]
pub struct Selection<'a> {
    /// Every entry that was looked at.
    pub candidates: Vec<Candidate<'a>>,
    /// The best.
    pub pick: Pick<'a>,
}

/// The marks of one entry.
pub fn score<'a>(requirement: &Requirement, entry: &'a Entry) -> Candidate<'a> {
    let has = |list: &[String], name: &str| list.iter().any(|item| item.eq_ignore_ascii_case(name));
    let mut missing = Missing::default();
    let mut extra = 0;
    for compiler in &requirement.compilers {
        if !has(&entry.compilers, compiler.as_str()) {
            missing.compilers.push(compiler.clone());
        }
    }
    for package in &requirement.packages {
        if has(&entry.packages, package.name()) || has(&entry.packages, package.as_str()) {
            extra += PACKAGE;
        } else {
            missing.packages.push(package.clone());
        }
    }
    for tool in &requirement.tools {
        if has(&entry.tools, tool.as_str()) {
            extra += TOOL;
        } else if has(&entry.packages, tool.as_str()) {
            extra += PACKAGE;
        } else {
            missing.tools.push(tool.clone());
        }
    }
    let essential = match (
        system_matches(requirement, entry),
        missing.compilers.is_empty(),
    ) {
        (true, true) => COMPLETE,
        (true, false) => SYSTEM,
        (false, _) => 0,
    };
    let has_variants = requirement
        .variants
        .iter()
        .all(|variant| has(&entry.variants, variant.as_str()));
    Candidate {
        entry,
        marks: Marks { essential, extra },
        has_variants,
        missing,
    }
}

/// Whether an entry's system and architecture are the required ones. What can't be read matches nothing.
fn system_matches(requirement: &Requirement, entry: &Entry) -> bool {
    entry.os.parse::<Os>().as_ref() == Ok(&requirement.os)
        && entry.architecture.parse::<Architecture>() == Ok(requirement.architecture)
}

/// Takes the best of the entries.
pub fn select<'a>(
    requirement: &Requirement,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> Selection<'a> {
    let candidates: Vec<_> = entries
        .into_iter()
        .map(|entry| score(requirement, entry))
        .collect();
    let best_with = |essential| {
        let usable = candidates
            .iter()
            .filter(|candidate| candidate.marks.essential == essential);
        // Of equals, the first listed: `max_by` would take the last.
        usable
            .reduce(|best, next| {
                if compare(next, best) == Ordering::Greater {
                    next
                } else {
                    best
                }
            })
            .cloned()
    };
    let pick = match (best_with(COMPLETE), best_with(SYSTEM)) {
        (Some(image), _) => Pick::Image(image),
        (None, Some(base)) => Pick::Base(base),
        (None, None) => Pick::Nothing,
    };
    Selection { candidates, pick }
}

type Criterion = fn(&Candidate, &Candidate) -> Ordering;

/// What one candidate has over another, in the order in which it counts.
pub(crate) const CRITERIA: [(&str, Criterion); 5] = [
    ("it has the required variants", |a, b| {
        a.has_variants.cmp(&b.has_variants)
    }),
    ("it has more extra marks", |a, b| {
        a.marks.extra.cmp(&b.marks.extra)
    }),
    ("it was used later", |a, b| {
        a.entry.last_used.cmp(&b.entry.last_used)
    }),
    ("it was used more often", |a, b| {
        a.entry.usage_count.cmp(&b.entry.usage_count)
    }),
    ("it is smaller", |a, b| {
        let size = |candidate: &Candidate| candidate.entry.size_mb.unwrap_or(f64::INFINITY);
        size(b).total_cmp(&size(a))
    }),
];

fn compare(a: &Candidate, b: &Candidate) -> Ordering {
    CRITERIA
        .iter()
        .fold(Ordering::Equal, |order, (_, criterion)| {
            order.then_with(|| criterion(a, b))
        })
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;

    use super::*;
    use crate::parse_requirements;

    fn requirement(text: &str) -> Requirement {
        let text = format!("project: capy\nos: ubuntu:25.04\narchitecture: x86_64\n{text}");
        parse_requirements(&text).expect(&text).remove(0)
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

    /// Which of two entries is taken, listed in either order; `=` where the first listed is.
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
        let table: [(Entry, &str); 12] = [
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
            (with("a", |e| e.variants = strings(&["tsan"])), "="),
        ];
        for (number, (a, expected)) in table.into_iter().enumerate() {
            assert_eq!(winner(&wanted, &a, &b), expected, "row {number}");
        }
    }

    #[test]
    fn criteria_count_in_their_order() {
        let wanted = requirement("compilers: [gcc-15]\npackages: [libssl-dev]\nvariants: [asan]");
        // Each has what comes before it in the order against all that comes after.
        let ranked = [
            with("variants", |e| e.variants = strings(&["asan"])),
            with("extra", |e| e.packages = strings(&["libssl-dev"])),
            with("later", |e| e.last_used = day(2)),
            with("more often", |e| {
                e.last_used = day(1);
                e.usage_count = 9;
            }),
            with("smaller", |e| {
                e.last_used = day(1);
                e.size_mb = Some(1.0);
            }),
            with("size", |e| {
                e.last_used = day(1);
                e.size_mb = Some(2.0);
            }),
            with("no size", |e| e.last_used = day(1)),
        ];
        for (better, worse) in ranked.iter().zip(&ranked[1..]) {
            assert_eq!(winner(&wanted, better, worse), better.name);
        }
        assert_eq!(winner(&wanted, &ranked[0], &ranked[6]), "variants");
    }

    #[test]
    fn image_base_or_nothing() {
        let wanted = requirement("compilers: [gcc-15]\npackages: [libssl-dev]");
        let complete = entry("complete");
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
            let marks = |essential| selection.candidates.iter().filter(move |c| c.marks.essential == essential);
            match &selection.pick {
                Pick::Image(picked) => {
                    prop_assert_eq!(picked.marks.essential, 100);
                    let variants = marks(100).any(|c| c.has_variants);
                    prop_assert_eq!(picked.has_variants, variants);
                    for other in marks(100).filter(|c| c.has_variants == variants) {
                        prop_assert!(picked.marks.extra >= other.marks.extra);
                    }
                }
                Pick::Base(picked) => {
                    prop_assert_eq!(picked.marks.essential, 70);
                    prop_assert_eq!(marks(100).count(), 0);
                }
                Pick::Nothing => prop_assert_eq!(marks(100).count() + marks(70).count(), 0),
            }
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
}
