//! The two-mark algorithm: finds the best registered image for a requirement.
//!
//! Essential marks decide whether an image is usable: 70 if system, version and architecture match, 100 if it also has
//! every required compiler, else 0. Extra marks: 10 for each required package in the image; for each required tool 20
//! if the entry lists it as a tool, 10 as a package.
//!
//! An image meets a requirement if it has 100 and every required package, tool and variant. The best of these is
//! chosen. If there is none, the best usable image becomes the base of a build, or else the system itself. The criteria
//! are, in this order:
//!
//! 1. fewer compilers and variants that the requirement does not ask for
//! 2. the lower cost, if costs are given
//! 3. more essential marks
//! 4. all required variants
//! 5. more extra marks
//! 6. the later use
//! 7. the more frequent use
//! 8. the smaller size (an unknown size loses)
//! 9. the order in the registry
//!
//! Names must match completely, except for their case: `gcc` is not `gcc-15`. A package gives marks if the entry lists
//! its name. For `libssl-dev=3.0` or `libssl-dev:i386` that is not enough to meet the requirement: the entry must list
//! the whole text, under its packages or its earlier requirements.

use std::cmp::Ordering;

use naming::{Compiler, ImageName, Os, PackageName, Variant};
use registry::Entry;
use serde::{Deserialize, Serialize};

use crate::bases::Bases;
use crate::cost::{CostData, CostValue};
use crate::platform;
use crate::rules::{AcceptMissing, Rules};
use crate::strict::strict;
use crate::values::count;
use crate::{Missing, Requirement};

/// Essential marks of an image whose system and architecture match.
pub(crate) const SYSTEM: u32 = 70;
/// Essential marks of an image that also has every required compiler.
pub(crate) const COMPLETE: u32 = 100;
const PACKAGE: u32 = 10;
const TOOL: u32 = 20;

/// How well an image fits a requirement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self", expecting = "an object with marks")]
pub struct Marks {
    /// 0, 70 or 100.
    #[serde(default, deserialize_with = "count")]
    pub essential: u32,
    /// 10 for each package and up to 20 for each tool in the image.
    #[serde(default, deserialize_with = "count")]
    pub extra: u32,
}

strict!(Marks);

/// An entry with its marks.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// How well it fits.
    pub marks: Marks,
    /// The missing parts.
    pub missing: Missing,
    /// The missing variants.
    pub missing_variants: Vec<Variant>,
    /// How many unrequested compilers and variants it has.
    pub unasked: usize,
    /// Its costs, if costs are given.
    pub terms: Vec<CostValue>,
    /// Why it cannot be used unchanged, if so.
    pub no_image: Option<&'static str>,
    /// Why it cannot be a base, if so.
    pub no_base: Option<&'static str>,
    /// Why it was skipped although it is the best: its archive is stale or damaged.
    pub passed_over: Option<String>,
}

impl Candidate<'_> {
    /// Whether it is usable, unchanged or as a base.
    pub fn is_usable(&self) -> bool {
        self.marks.essential >= SYSTEM && self.passed_over.is_none()
    }

    /// Whether it has all required parts, except accepted missing ones.
    pub fn meets(&self, accepted: AcceptMissing) -> bool {
        let Missing {
            packages, tools, ..
        } = &self.missing;
        self.marks.essential == COMPLETE
            && self.missing_variants.is_empty()
            && (accepted.packages || packages.is_empty())
            && (accepted.tools || tools.is_empty())
    }
}

/// The chosen image.
#[derive(Debug, Clone)]
pub enum Pick<'a> {
    /// This image, unchanged.
    Image(Candidate<'a>),
    /// This image, as a base.
    Base(Candidate<'a>),
    /// None: build on the system itself.
    Nothing,
}

/// All candidates, in the order of the registry, and the choice.
#[derive(Debug, Clone)]
pub struct Selection<'a> {
    /// Every considered entry.
    pub candidates: Vec<Candidate<'a>>,
    /// The choice.
    pub pick: Pick<'a>,
}

impl<'a> Selection<'a> {
    /// The chosen image, unchanged or as a base.
    pub fn chosen(&self) -> Option<&Candidate<'a>> {
        match &self.pick {
            Pick::Image(candidate) | Pick::Base(candidate) => Some(candidate),
            Pick::Nothing => None,
        }
    }

    /// Whether an image is used unchanged.
    pub fn is_met(&self) -> bool {
        matches!(self.pick, Pick::Image(_))
    }
}

/// The marks of one entry.
pub fn score<'a>(requirement: &Requirement, entry: &'a Entry) -> Candidate<'a> {
    let missing = requirement.contents().unlisted(entry);
    let mut extra = 0;
    for package in &requirement.packages {
        if has(&entry.packages, package.name()) || has(&entry.packages, package.as_str()) {
            extra += PACKAGE;
        }
    }
    for tool in &requirement.tools {
        if has(&entry.tools, tool.as_str()) {
            extra += TOOL;
        } else if has(&entry.packages, tool.as_str()) {
            extra += PACKAGE;
        }
    }
    let is_system = entry.os.parse::<Os>().as_ref() == Ok(&requirement.os)
        && platform::fits(requirement, entry);
    let essential = match (is_system, missing.compilers.is_empty()) {
        (true, true) => COMPLETE,
        (true, false) => SYSTEM,
        (false, _) => 0,
    };
    let variants = requirement.variants.iter();
    let is = |variant: &Variant| {
        has(&entry.variants, variant.as_str())
            || is_named(entry, variant)
            || (*variant == Variant::x86() && platform::is_x86(entry))
    };
    Candidate {
        entry,
        marks: Marks { essential, extra },
        missing,
        missing_variants: variants.filter(|variant| !is(variant)).cloned().collect(),
        unasked: unasked(requirement, entry),
        terms: Vec::new(),
        no_image: None,
        no_base: None,
        passed_over: None,
    }
}

impl Missing {
    /// The parts that an entry does not list.
    #[must_use]
    pub fn unlisted(mut self, entry: &Entry) -> Self {
        self.compilers
            .retain(|compiler| !has(&entry.compilers, compiler.as_str()));
        self.packages.retain(|package| !has_package(entry, package));
        self.tools.retain(|tool| {
            !has(&entry.tools, tool.as_str()) && !has(&entry.packages, tool.as_str())
        });
        self
    }
}

fn has(list: &[String], name: &str) -> bool {
    list.iter().any(|item| item.eq_ignore_ascii_case(name))
}

/// Whether an entry's name contains a variant. For a saved image, a custom variant is only in the name.
fn is_named(entry: &Entry, variant: &Variant) -> bool {
    let name = entry.name.parse::<ImageName>();
    name.is_ok_and(|name| format!("-{}-", name.variant()).contains(&format!("-{variant}-")))
}

/// Whether an entry proves that it has a package, in the required version and for the required architecture.
fn has_package(entry: &Entry, package: &PackageName) -> bool {
    let built_for = entry.requested.iter();
    let mut built_for = built_for.map(|requested| &requested.packages);
    let is_exact = package.version().is_some() || package.architecture().is_some();
    has(&entry.packages, package.as_str())
        || (is_exact && built_for.any(|packages| has(packages, package.as_str())))
        || (!is_exact && has(&entry.packages, package.name()))
}

/// How many compilers and variants of an entry a requirement does not ask for. A compiler without a version equals any
/// version of it.
fn unasked(requirement: &Requirement, entry: &Entry) -> usize {
    let is_asked_compiler = |text: &&String| match text.parse::<Compiler>() {
        Ok(there) => requirement.compilers.iter().any(|asked| {
            let any_version = asked.version().is_none() || there.version().is_none();
            *asked == there || (any_version && asked.name() == there.name())
        }),
        Err(_) => false,
    };
    let is_asked_variant = |text: &&String| match text.parse::<Variant>() {
        Ok(there) => requirement.variants.contains(&there),
        Err(_) => false,
    };
    let compilers = entry.compilers.iter().filter(|it| !is_asked_compiler(it));
    let variants = entry.variants.iter().filter(|it| !is_asked_variant(it));
    compilers.count() + variants.count()
}

/// Chooses the best entry.
pub fn select<'a>(
    requirement: &Requirement,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> Selection<'a> {
    let entries: Vec<_> = entries.into_iter().collect();
    select_by(
        requirement,
        entries,
        &Rules::default(),
        &CostData::default(),
    )
}

/// Chooses the best entry by these rules and known facts.
pub fn select_by<'a>(
    requirement: &Requirement,
    entries: Vec<&'a Entry>,
    rules: &Rules,
    known: &CostData,
) -> Selection<'a> {
    select_sound(requirement, entries, rules, known, &|_| None)
}

/// Chooses the best entry without a fault. `fault` is called only for entries that would be chosen, the best first.
pub fn select_sound<'a>(
    requirement: &Requirement,
    entries: Vec<&'a Entry>,
    rules: &Rules,
    known: &CostData,
    fault: &dyn Fn(&Entry) -> Option<String>,
) -> Selection<'a> {
    let bases = Bases::of(requirement, &entries, rules, known);
    let mut candidates: Vec<_> = entries
        .into_iter()
        .map(|entry| {
            let mut candidate = score(requirement, entry);
            let costs = rules.costs.iter();
            candidate.terms = costs
                .map(|cost| cost.of(requirement, &candidate, rules, known))
                .collect();
            candidate.no_image = rules.no_image(requirement, entry);
            candidate.no_base = bases.refuse(&candidate);
            candidate
        })
        .collect();
    let is_image = |it: &Candidate| it.meets(rules.accept_missing) && it.no_image.is_none();
    let pick = match first_sound(&mut candidates, is_image, |_| false, fault) {
        Some(image) => Pick::Image(image),
        None => {
            let is_base = |it: &Candidate| it.is_usable() && it.no_base.is_none();
            let is_before = |it: &Candidate| bases.is_before(it.entry);
            first_sound(&mut candidates, is_base, is_before, fault)
                .map_or(Pick::Nothing, Pick::Base)
        }
    };
    Selection { candidates, pick }
}

/// The best possible candidate without a fault. The preferred one comes before all others.
fn first_sound<'a>(
    candidates: &mut [Candidate<'a>],
    can_be: impl Fn(&Candidate) -> bool,
    is_preferred: impl Fn(&Candidate) -> bool,
    fault: &dyn Fn(&Entry) -> Option<String>,
) -> Option<Candidate<'a>> {
    let mut order: Vec<usize> = (0..candidates.len())
        .filter(|at| can_be(&candidates[*at]))
        .collect();
    // The sort is stable, so the first listed of equal entries stays first.
    order.sort_by(|a, b| {
        let (a, b) = (&candidates[*a], &candidates[*b]);
        let preferred = is_preferred(b).cmp(&is_preferred(a));
        preferred.then_with(|| compare(b, a))
    });
    order.into_iter().find_map(|at| {
        let candidate = &mut candidates[at];
        candidate.passed_over = fault(candidate.entry);
        candidate.passed_over.is_none().then(|| candidate.clone())
    })
}

type Criterion = fn(&Candidate, &Candidate) -> Ordering;

/// The advantages of one candidate over another, the most important first.
const CRITERIA: [(&str, Criterion); 7] = [
    (
        "it has fewer compilers and variants that are not required",
        |a, b| b.unasked.cmp(&a.unasked),
    ),
    ("it has every required compiler", |a, b| {
        a.marks.essential.cmp(&b.marks.essential)
    }),
    ("it has the required variants", |a, b| {
        let has = |candidate: &Candidate| candidate.missing_variants.is_empty();
        has(a).cmp(&has(b))
    }),
    ("it has more extra marks", |a, b| {
        a.marks.extra.cmp(&b.marks.extra)
    }),
    ("it was used more recently", |a, b| {
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
    decisive(a, b).map_or(Ordering::Equal, |(order, _)| order)
}

/// The criterion that decides between two candidates, and its result: unrequested contents, then costs, then the other
/// criteria.
pub(crate) fn decisive(a: &Candidate, b: &Candidate) -> Option<(Ordering, &'static str)> {
    let [unasked, others @ ..] = &CRITERIA;
    let by = |(why, criterion): &(&'static str, Criterion)| (criterion(a, b), *why);
    let terms = a.terms.iter().zip(&b.terms);
    let all = [by(unasked)]
        .into_iter()
        .chain(terms.map(|(a, b)| (a.better(b), a.says())))
        .chain(others.iter().map(by));
    all.into_iter().find(|(order, _)| order.is_ne())
}

#[cfg(test)]
mod tests;
