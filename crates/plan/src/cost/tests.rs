use proptest::prelude::*;

use super::*;
use crate::{Pick, parse_requirements, select, select_by};

fn wanted(text: &str) -> Requirement {
    let text = format!("project: capy\nos: debian:12\narchitecture: x86_64\n{text}");
    parse_requirements(&text).remove(0).expect(&text)
}

fn entry(name: &str, change: impl FnOnce(&mut Entry)) -> Entry {
    let tag = "x".parse().expect("tag");
    let mut entry = Entry::new(name, "a.tar", tag, "debian:12", "x86_64");
    change(&mut entry);
    entry
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|item| (*item).to_owned()).collect()
}

/// The term of a cost, as explained to users.
fn term(cost: &str, wanted: &Requirement, entry: &Entry, known: &CostData) -> String {
    let cost: Cost = cost.parse().expect(cost);
    cost.of(
        wanted,
        &crate::score(wanted, entry),
        &Rules::default(),
        known,
    )
    .to_string()
}

#[test]
fn each_cost_of_one_image() {
    let wanted = wanted("compilers: [gcc-12, clang-15]\npackages: [a1, b1]\ntools: [cmake]");
    let plain = entry("plain", |_| {});
    let full = entry("full", |e| {
        e.compilers = strings(&["gcc-12", "clang-15"]);
        e.packages = strings(&["a1"]);
        e.tools = strings(&["cmake"]);
        e.created = "2026-02-03T04:05:06Z".parse().ok();
    });
    let met = entry("met", |e| {
        e.compilers = strings(&["gcc-12", "clang-15"]);
        e.packages = strings(&["a1", "b1"]);
        e.tools = strings(&["cmake"]);
    });
    let built = |name: &str, base: &str, compilers: &[&str], seconds| {
        entry(name, |e| {
            e.base = Some(base.into());
            e.compilers = strings(compilers);
            e.build_seconds = seconds;
        })
    };
    let recorded = [
        built("one", "plain", &["gcc-12"], Some(10.0)),
        built("two", "plain", &["gcc-11"], Some(30.0)),
        built("three", "plain", &["gcc-11"], None),
        built("other", "elsewhere", &["gcc-12", "clang-15"], Some(999.0)),
    ];
    let bytes = HashMap::from([("full".to_owned(), 1_234_567), ("none".to_owned(), 0)]);
    let known = CostData {
        bytes: Some(&bytes),
        recorded: &recorded,
    };
    let nothing = CostData::default();
    for (cost, entry, known, expected) in [
        ("marks", &plain, &known, "marks 0"),
        ("marks", &full, &known, "marks 30"),
        ("missing", &plain, &known, "missing 5"),
        ("missing", &full, &known, "missing 1"),
        ("bytes", &full, &known, "bytes 1234567"),
        ("bytes", &plain, &known, "bytes ?"),
        ("bytes", &full, &nothing, "bytes ?"),
        ("build-time", &met, &known, "build-time 0.0 s"),
        // It lacks a package, and no image was built on it.
        ("build-time", &full, &known, "build-time ?"),
        ("build-time", &plain, &known, "build-time 20.0 s"),
        ("build-time", &plain, &nothing, "build-time ?"),
        ("newest", &full, &known, "newest 2026-02-03"),
        ("newest", &plain, &known, "newest ?"),
    ] {
        assert_eq!(term(cost, &wanted, entry, known), expected, "{cost}");
    }
    // Builds with the required compilers are preferred for the estimate.
    let more = built("alike", "plain", &["gcc-12", "clang-15"], Some(7.5));
    let recorded = [&recorded[..], &[more]].concat();
    let known = CostData {
        recorded: &recorded,
        ..known
    };
    assert_eq!(
        term("build-time", &wanted, &plain, &known),
        "build-time 7.5 s"
    );
}

fn rules(costs: &str) -> Rules {
    Rules {
        costs: Cost::list(costs).expect(costs),
        ..Rules::default()
    }
}

/// The choice between two usable images or bases, in either order.
fn winner(costs: &str, wanted: &Requirement, entries: [&Entry; 2], known: &CostData) -> String {
    let rules = rules(costs);
    let pick = |entries: [&Entry; 2]| match select_by(wanted, entries.into(), &rules, known).pick {
        Pick::Image(taken) | Pick::Base(taken) => taken.entry.name.clone(),
        Pick::Nothing => "-".into(),
    };
    let [a, b] = entries;
    let (first, second) = (pick([a, b]), pick([b, a]));
    if first == second { first } else { "=".into() }
}

#[test]
fn each_cost_chooses_and_the_next_decides_a_tie() {
    let wanted = wanted("packages: [a1, b1]\ntools: [cmake]\nvariants: [asan]");
    let tool = entry("tool", |e| {
        e.tools = strings(&["cmake"]);
        e.created = "2026-01-01T00:00:00Z".parse().ok();
        e.usage_count = 9;
    });
    let packages = entry("packages", |e| {
        e.packages = strings(&["a1", "b1"]);
        e.created = "2026-02-01T00:00:00Z".parse().ok();
    });
    let bytes = HashMap::from([("tool".to_owned(), 10), ("packages".to_owned(), 20)]);
    let known = CostData {
        bytes: Some(&bytes),
        recorded: &[],
    };
    let both = [&tool, &packages];
    for (costs, expected) in [
        // Twenty marks each: the more frequently used one wins.
        ("marks", "tool"),
        ("missing", "packages"),
        ("bytes", "tool"),
        ("newest", "packages"),
        // No image was built on either.
        ("build-time", "tool"),
        ("marks,missing", "packages"),
        ("build-time,newest,bytes", "packages"),
        ("bytes,newest", "tool"),
    ] {
        assert_eq!(winner(costs, &wanted, both, &known), expected, "{costs}");
    }
    // Unrequested contents count before any cost, and an unknown cost counts as the highest.
    let more = entry("more", |e| {
        e.packages = strings(&["a1", "b1"]);
        e.tools = strings(&["cmake"]);
        e.variants = strings(&["tsan"]);
        e.created = "2026-03-01T00:00:00Z".parse().ok();
    });
    for costs in ["missing", "newest", "marks"] {
        let taken = winner(costs, &wanted, [&more, &packages], &known);
        assert_eq!(taken, "packages", "{costs}");
    }
    let unknown = entry("unknown", |e| e.usage_count = 99);
    for costs in ["bytes", "newest"] {
        assert_eq!(
            winner(costs, &wanted, [&unknown, &tool], &known),
            "tool",
            "{costs}"
        );
    }
    let alike = [&entry("a", |_| {}), &entry("b", |_| {})];
    assert_eq!(
        winner("missing,bytes,build-time,newest", &wanted, alike, &known),
        "="
    );
}

#[test]
fn names_of_costs() {
    let names = |text: &str| -> Result<Vec<&str>, String> {
        Ok(Cost::list(text)?.into_iter().map(Cost::name).collect())
    };
    assert_eq!(names("bytes, missing"), Ok(vec!["bytes", "missing"]));
    let unknown = names("bytes,size").expect_err("unknown");
    let known = "unknown cost `size` (known: marks, missing, bytes, build-time, newest";
    assert!(unknown.starts_with(known), "{unknown}");
    assert!(names("").is_err() && names("bytes,").is_err());
    assert_eq!(
        names("bytes,bytes").expect_err("twice"),
        "the cost `bytes` is given twice"
    );
}

proptest! {
    /// With any costs, the choice is the same on every run, has no worse marks, and no other candidate has a lower
    /// first cost.
    #[test]
    fn nothing_usable_costs_less(
        images in proptest::collection::vec((0usize..3, 0usize..3, 0u64..4, proptest::option::of(0i64..5)), 1..8),
        costs in prop_oneof![Just("missing"), Just("bytes"), Just("newest"), Just("marks,bytes"), Just("build-time,missing")],
    ) {
        let wanted = wanted("compilers: [gcc-12]\npackages: [a1, b1]");
        let mut bytes = HashMap::new();
        let entries: Vec<_> = images.iter().enumerate().map(|(at, (compilers, packages, size, created))| {
            bytes.insert(format!("e{at}"), *size);
            entry(&format!("e{at}"), |e| {
                e.compilers = strings(&["clang-15", "gcc-12"][..*compilers]);
                e.packages = strings(&["a1", "b1"][..*packages]);
                e.created = created.and_then(|day| chrono::DateTime::from_timestamp(day * 86_400, 0));
            })
        }).collect();
        let known = CostData { bytes: Some(&bytes), recorded: &entries };
        let rules = rules(costs);
        let taken = |entries: &[Entry]| select_by(&wanted, entries.iter().collect(), &rules, &known).chosen().map(|one| one.entry.name.clone());
        let chosen = taken(&entries).expect("one");
        prop_assert_eq!(taken(&entries), Some(chosen.clone()));
        let selection = select_by(&wanted, entries.iter().collect(), &rules, &known);
        let best = selection.chosen().expect("one");
        let met = |one: &Candidate| one.meets(rules.accept_missing);
        for other in &selection.candidates {
            prop_assert!(met(best) >= met(other));
            prop_assert!(best.unasked <= other.unasked || (met(best) && !met(other)));
            if (met(best), best.unasked) == (met(other), other.unasked) {
                prop_assert!(best.terms[0].better(&other.terms[0]) != Ordering::Less, "{} {}", best.terms[0], other.terms[0]);
            }
        }
        // Without costs, the result is the default choice.
        let plain = select(&wanted, &entries).chosen().map(|one| one.entry.name.clone());
        let none = select_by(&wanted, entries.iter().collect(), &Rules::default(), &known).chosen().map(|one| one.entry.name.clone());
        prop_assert_eq!(plain, none);
    }
}
