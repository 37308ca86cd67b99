//! Why a plan is what it is, for people.

use crate::matching::{Candidate, Pick, SYSTEM, Selection, decisive};
use crate::{Missing, Requirement};

/// A line for each candidate with its marks and what it lacks, and one that says what was taken and why. An
/// asterisk stands before what was taken.
pub fn explain(requirement: &Requirement, selection: &Selection) -> Vec<String> {
    let picked = selection.chosen();
    let width = selection
        .candidates
        .iter()
        .map(|candidate| candidate.entry.name.chars().count())
        .max()
        .unwrap_or(0);
    let mut lines = Vec::new();
    for candidate in &selection.candidates {
        let is_picked = picked.is_some_and(|picked| std::ptr::eq(picked.entry, candidate.entry));
        let mark = if is_picked { '*' } else { ' ' };
        let notes = notes(requirement, candidate, picked.filter(|_| !is_picked));
        lines.push(
            format!(
                "{mark} {:width$}  essential {:>3}  extra {:>3}  {}{notes}",
                candidate.entry.name,
                candidate.marks.essential,
                candidate.marks.extra,
                terms(candidate)
            )
            .trim_end()
            .to_owned(),
        );
    }
    lines.push(match &selection.pick {
        Pick::Image(taken) if requirement.build.is_some() => format!(
            "{} is the best base; the requirement has a build of its own",
            taken.entry.name
        ),
        Pick::Image(taken) => match shortcomings(requirement, taken) {
            None => format!("{} meets the requirement", taken.entry.name),
            Some(what) => format!("{} is the best match, and {what}", taken.entry.name),
        },
        Pick::Base(taken) => format!(
            "no image has every compiler; {} is the best base, and {}",
            taken.entry.name,
            shortcomings(requirement, taken).unwrap_or_default()
        ),
        Pick::Nothing => format!(
            "no image has {} for {}; build on the system itself",
            requirement.os, requirement.architecture
        ),
    });
    lines
}

/// What a candidate costs, where it could be used.
fn terms(candidate: &Candidate) -> String {
    let usable = candidate.marks.essential >= SYSTEM;
    let terms = candidate.terms.iter().filter(|_| usable);
    terms.map(|term| format!("{term}  ")).collect()
}

/// What a candidate lacks, and which variants it is not.
fn shortcomings(requirement: &Requirement, candidate: &Candidate) -> Option<String> {
    let mut what = Vec::new();
    if !candidate.missing.is_empty() {
        what.push(format!("lacks {}", list(&candidate.missing)));
    }
    if !candidate.has_variants {
        let variants: Vec<_> = requirement
            .variants
            .iter()
            .map(|variant| variant.as_str())
            .collect();
        what.push(format!("is not {}", variants.join(", ")));
    }
    (!what.is_empty()).then(|| what.join("; "))
}

fn notes(requirement: &Requirement, candidate: &Candidate, winner: Option<&Candidate>) -> String {
    let entry = candidate.entry;
    if candidate.marks.essential < SYSTEM {
        return format!(
            "not usable: {} {}, wanted {} {}",
            entry.os, entry.architecture, requirement.os, requirement.architecture
        );
    }
    let mut notes: Vec<_> = shortcomings(requirement, candidate).into_iter().collect();
    if let Some(winner) =
        winner.filter(|winner| winner.marks.essential == candidate.marks.essential)
    {
        let why = decisive(winner, candidate);
        notes.push(format!(
            "loses to {}: {}",
            winner.entry.name,
            why.map_or("it is listed first", |(_, why)| why)
        ));
    }
    notes.join("; ")
}

fn list(missing: &Missing) -> String {
    let compilers = missing.compilers.iter().map(ToString::to_string);
    let packages = missing.packages.iter().map(ToString::to_string);
    let tools = missing.tools.iter().map(ToString::to_string);
    compilers
        .chain(packages)
        .chain(tools)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use registry::Entry;

    use super::*;
    use crate::{parse_requirements, select};

    #[test]
    fn says_how_each_scored_and_why_one_won() {
        let wanted = "project: capy\nos: ubuntu:25.04\narchitecture: x86_64\ncompilers: [gcc-15]\npackages: [libssl-dev]\nvariants: [asan]";
        let wanted = parse_requirements(wanted).remove(0).expect("requirement");
        let entry = |name: &str, os: &str| {
            let mut entry = Entry::new(
                name,
                "images/x.tar",
                name.parse().expect(name),
                os,
                "x86_64",
            );
            entry.compilers = vec!["gcc-15".into()];
            entry
        };
        let mut used = entry("used", "ubuntu:25.04");
        used.usage_count = 3;
        let mut base = entry("a-base", "ubuntu:25.04");
        base.compilers.clear();
        let entries = [
            entry("first", "ubuntu:25.04"),
            used,
            base,
            entry("other", "debian:12"),
        ];
        assert_eq!(
            explain(&wanted, &select(&wanted, &entries)),
            [
                "  first   essential 100  extra   0  lacks libssl-dev; is not asan; loses to used: it was used more often",
                "* used    essential 100  extra   0  lacks libssl-dev; is not asan",
                "  a-base  essential  70  extra   0  lacks gcc-15, libssl-dev; is not asan",
                "  other   essential   0  extra   0  not usable: debian:12 x86_64, wanted ubuntu:25.04 x86_64",
                "used is the best match, and lacks libssl-dev; is not asan",
            ]
        );
        assert_eq!(
            explain(&wanted, &select(&wanted, &entries[3..]))
                .last()
                .map(String::as_str),
            Some("no image has ubuntu:25.04 for x86_64; build on the system itself")
        );
    }
}
