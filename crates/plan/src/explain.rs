//! Explains a plan to users.

use crate::matching::{Candidate, Pick, Selection, decisive};
use crate::{Requirement, Rules};

/// A line for each candidate with its marks and missing parts, then the choice with its reason, and which requirement
/// needs a build. An asterisk marks the choice. `whole` is the selected requirement: the original, with the contents
/// that its image was built for before.
pub fn explain(
    requirement: &Requirement,
    whole: &Requirement,
    rules: &Rules,
    selection: &Selection,
) -> Vec<String> {
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
        let notes = notes(whole, candidate, selection, rules);
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
    if !selection.is_met() {
        lines.push(reason(requirement, selection, rules));
        lines.extend(added(requirement, whole));
    }
    let accepted = |what| format!("lacks {what} (accepted)");
    lines.push(match &selection.pick {
        Pick::Image(taken) => match shortcomings(taken) {
            None => format!("{} meets the requirement", taken.entry.name),
            Some(what) => format!(
                "{} is the best match, and {}",
                taken.entry.name,
                accepted(what)
            ),
        },
        Pick::Base(taken) => match shortcomings(taken) {
            None => format!("{} is the best base", taken.entry.name),
            Some(what) => format!("{} is the best base, and lacks {what}", taken.entry.name),
        },
        Pick::Nothing => format!(
            "no image can be the base; build on {}",
            requirement.base_image()
        ),
    });
    lines
}

/// Why a build is needed: requirements that no image meets, or those that the nearest image lacks.
fn reason(requirement: &Requirement, selection: &Selection, rules: &Rules) -> String {
    let (os, architecture) = (&requirement.os, requirement.architecture);
    let usable = selection.candidates.iter().filter(|it| it.is_usable());
    let lacks: Vec<_> = usable
        .clone()
        .map(|it| (it, lacking(it, requirement, rules)))
        .collect();
    if requirement.build.is_some() {
        return "a build is needed: the requirement has its own `build`".to_owned();
    }
    let mut candidates = selection.candidates.iter();
    let passed_over = candidates.find_map(|it| {
        let would_do = it.meets(rules.accept_missing) && it.no_image.is_none();
        Some((it, it.passed_over.as_ref().filter(|_| would_do)?))
    });
    if let Some((it, why)) = passed_over {
        return format!("a build is needed: {} is passed over: {why}", it.entry.name);
    }
    // The parts that every image lacks, in the order of the requirement.
    let common = lacks.first().map(|(_, first)| {
        let everywhere = |what: &&String| lacks.iter().all(|(_, lacking)| lacking.contains(what));
        first.iter().filter(everywhere).cloned().collect::<Vec<_>>()
    });
    match common {
        None => format!("a build is needed: no image has {os} for {architecture}"),
        Some(common) if !common.is_empty() => {
            format!("a build is needed: no image has {}", common.join(", "))
        }
        Some(_) => {
            let nearest = lacks.iter().min_by_key(|(_, lacking)| lacking.len());
            let nearest = nearest.map(|(it, lacking)| match (lacking.is_empty(), it.no_image) {
                (true, Some(why)) => format!("{} is not used: {why}", it.entry.name),
                _ => format!("{} lacks {}", it.entry.name, lacking.join(", ")),
            });
            let nearest = nearest.unwrap_or_default();
            format!("a build is needed: no image meets all requirements; {nearest}")
        }
    }
}

/// The parts of the requirement itself that an image lacks and must not lack.
fn lacking(candidate: &Candidate, requirement: &Requirement, rules: &Rules) -> Vec<String> {
    let accepted = rules.accept_missing;
    let mut missing = candidate.missing.clone();
    let asked = &requirement.packages;
    (missing.packages).retain(|it| !accepted.packages && asked.contains(it));
    (missing.tools).retain(|it| !accepted.tools && requirement.tools.contains(it));
    let variants = candidate.missing_variants.iter();
    let variants = variants.map(|variant| format!("variant {variant}"));
    missing.names().chain(variants).collect()
}

/// The parts that are installed because the image was built for them before.
fn added(requirement: &Requirement, whole: &Requirement) -> Option<String> {
    let mut added = whole.contents();
    added.compilers.clear();
    (added.packages).retain(|it| !requirement.packages.contains(it));
    added.tools.retain(|it| !requirement.tools.contains(it));
    let names: Vec<_> = added.names().collect();
    let said = || format!("earlier requirements also asked for {}", names.join(", "));
    (!names.is_empty()).then(said)
}

/// The costs of a usable candidate.
fn terms(candidate: &Candidate) -> String {
    let usable = candidate.is_usable();
    let terms = candidate.terms.iter().filter(|_| usable);
    terms.map(|term| format!("{term}  ")).collect()
}

/// The parts that a candidate lacks.
fn shortcomings(candidate: &Candidate) -> Option<String> {
    let variants = candidate.missing_variants.iter();
    let variants = variants.map(|variant| format!("variant {variant}"));
    let all: Vec<_> = candidate.missing.names().chain(variants).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn notes(
    requirement: &Requirement,
    candidate: &Candidate,
    selection: &Selection,
    rules: &Rules,
) -> String {
    let entry = candidate.entry;
    if let Some(why) = &candidate.passed_over {
        return format!("passed over: {why}");
    }
    if !candidate.is_usable() {
        return format!(
            "not usable: {} {}, required {} {}",
            entry.os, entry.architecture, requirement.os, requirement.architecture
        );
    }
    let mut notes: Vec<_> = shortcomings(candidate)
        .map(|what| format!("lacks {what}"))
        .into_iter()
        .collect();
    let loses = |winner: &Candidate| {
        let why = decisive(winner, candidate);
        let why = why.filter(|(order, _)| order.is_gt());
        let why = why.map_or("it comes first in the registry", |(_, why)| why);
        format!("loses to {}: {why}", winner.entry.name)
    };
    let is = |winner: &Candidate| std::ptr::eq(winner.entry, entry);
    let refused = |why: &str| format!("cannot be the base: {why}");
    match &selection.pick {
        Pick::Image(winner) | Pick::Base(winner) if is(winner) => {}
        Pick::Image(winner) if candidate.meets(rules.accept_missing) => {
            notes.push(
                candidate
                    .no_image
                    .map_or_else(|| loses(winner), |why| format!("not used: {why}")),
            );
        }
        Pick::Image(_) => {}
        Pick::Base(winner) => {
            let is_kept = decisive(winner, candidate).is_some_and(|(order, _)| order.is_lt());
            notes.push(match candidate.no_base {
                Some(why) => refused(why),
                None if is_kept => {
                    format!("loses to {}: the last build used it", winner.entry.name)
                }
                None => loses(winner),
            });
        }
        Pick::Nothing => notes.extend(candidate.no_base.map(refused)),
    }
    notes.join("; ")
}

#[cfg(test)]
mod tests {
    use registry::{Entry, Requested};

    use super::*;
    use crate::{parse_requirements, select};

    fn requirement(rest: &str) -> Requirement {
        let text = format!("project: capy\nos: ubuntu:25.04\narchitecture: x86_64\n{rest}");
        parse_requirements(&text).remove(0).expect(rest)
    }

    fn entry(name: &str, os: &str) -> Entry {
        let tag = name.parse().expect(name);
        let mut entry = Entry::new(name, "images/x.tar", tag, os, "x86_64");
        entry.compilers = vec!["gcc-15".into()];
        entry
    }

    fn explained(wanted: &Requirement, entries: &[Entry]) -> Vec<String> {
        explain(wanted, wanted, &Rules::default(), &select(wanted, entries))
    }

    fn last(wanted: &Requirement, entries: &[Entry]) -> Vec<String> {
        explained(wanted, entries).split_off(entries.len())
    }

    #[test]
    fn says_how_each_scored_and_why_one_won() {
        let wanted = requirement("compilers: [gcc-15]\npackages: [libssl-dev]\nvariants: [asan]");
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
            explained(&wanted, &entries),
            [
                "  first   essential 100  extra   0  lacks libssl-dev, variant asan; loses to used: it was used more often",
                "* used    essential 100  extra   0  lacks libssl-dev, variant asan",
                "  a-base  essential  70  extra   0  lacks gcc-15, libssl-dev, variant asan; loses to used: it has every required compiler",
                "  other   essential   0  extra   0  not usable: debian:12 x86_64, required ubuntu:25.04 x86_64",
                "a build is needed: no image has libssl-dev, variant asan",
                "used is the best base, and lacks libssl-dev, variant asan",
            ]
        );
        assert_eq!(
            last(&wanted, &entries[3..]),
            [
                "a build is needed: no image has ubuntu:25.04 for x86_64",
                "no image can be the base; build on ubuntu:25.04",
            ]
        );
    }

    #[test]
    fn says_which_requirement_makes_a_build_necessary() {
        let wanted = requirement("compilers: [gcc-15]\npackages: [a, b]\ntools: [cmake]");
        let with = |name: &str, packages: &[&str], tools: &[&str]| {
            let mut entry = entry(name, "ubuntu:25.04");
            entry.packages = packages.iter().map(ToString::to_string).collect();
            entry.tools = tools.iter().map(ToString::to_string).collect();
            entry
        };
        let [first, second] = [with("x", &["a", "b"], &[]), with("y", &["a"], &["cmake"])];
        assert_eq!(
            last(&wanted, &[first.clone(), second]),
            [
                "a build is needed: no image meets all requirements; x lacks cmake",
                "y is the best base, and lacks b",
            ]
        );
        let rules = Rules {
            accept_missing: "tools".parse().expect("a list"),
            ..Rules::default()
        };
        let known = crate::CostData::default();
        let selection = crate::select_by(&wanted, vec![&first], &rules, &known);
        let lines = explain(&wanted, &wanted, &rules, &selection);
        assert_eq!(lines[1], "x is the best match, and lacks cmake (accepted)");
    }

    #[test]
    fn says_what_an_image_was_built_for_before() {
        let wanted = requirement("compilers: [gcc-15]\npackages: [b]");
        let requested = Requested {
            packages: vec!["a".into()],
            tools: vec!["cmake".into()],
        };
        let whole = wanted.with_requested(&requested).expect("names");
        let own = entry("capy-ubuntu-25.04-gcc15", "ubuntu:25.04");
        let selection = select(&whole, [&own]);
        let lines = explain(&wanted, &whole, &Rules::default(), &selection);
        assert_eq!(
            lines,
            [
                "  capy-ubuntu-25.04-gcc15  essential 100  extra   0  lacks b, a, cmake; cannot be the base: it is the image to be built",
                "a build is needed: no image has b",
                "earlier requirements also asked for a, cmake",
                "no image can be the base; build on ubuntu:25.04",
            ]
        );
    }
}
