//! The two-mark algorithm: which registered image is best for a requirement.
//!
//! Essential marks decide whether an image can be used: 70 when system, version and architecture match, 100
//! when every required compiler is there too, 0 otherwise. Extra marks: 10 for a required
//! package that is there; for a required tool 20 where the entry lists it as a tool, 10 as a package.
//!
//! An image meets a requirement if it has 100 and every required package, tool and variant. The best of those is taken
//! as it is. If there is none, the best of all that can be used becomes the base of a build; without any, the build
//! begins with the system itself. Better is, in this order: fewer compilers and variants that the requirement does not ask
//! for; what costs less, if costs are given; more essential marks; all required variants; more extra marks; used later;
//! used more often; smaller (an unknown size loses); listed first.
//!
//! Names are compared whole, but for their case: `gcc` is not `gcc-15`. A package gives marks when the entry lists its
//! name; for `libssl-dev=3.0` or `libssl-dev:i386` that proves too little: these are there only if the entry lists the
//! whole text, among its packages or as what it was built for.

use std::cmp::Ordering;

use naming::{Compiler, ImageName, Os, PackageName, Variant};
use registry::Entry;
use serde::{Deserialize, Serialize};

use crate::bases::Bases;
use crate::cost::{Known, Term};
use crate::platform;
use crate::rules::{AcceptMissing, Rules};
use crate::strict::strict;
use crate::values::count;
use crate::{Missing, Requirement};

/// Essential marks of an image whose system and architecture match.
pub(crate) const SYSTEM: u32 = 70;
/// Essential marks of an image that has every required compiler too.
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
    /// 10 for each package and up to 20 for each tool that is there.
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
    /// What it lacks.
    pub missing: Missing,
    /// The required variants that it is not.
    pub missing_variants: Vec<Variant>,
    /// How many compilers and variants it has that the requirement does not ask for.
    pub unasked: usize,
    /// What it costs, where costs were asked for.
    pub terms: Vec<Term>,
    /// Why it is not taken as it is, whatever it holds.
    pub no_image: Option<&'static str>,
    /// Why it is not built on.
    pub no_base: Option<&'static str>,
    /// Why it is passed over although it would be taken: its archive is not what it should be.
    pub passed_over: Option<String>,
}

impl Candidate<'_> {
    /// Whether it can be used: as it is, or to build on.
    pub fn is_usable(&self) -> bool {
        self.marks.essential >= SYSTEM && self.passed_over.is_none()
    }

    /// Whether it has all that is required, but for what may be missing.
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

impl<'a> Selection<'a> {
    /// What was taken, to use or to build on.
    pub fn chosen(&self) -> Option<&Candidate<'a>> {
        match &self.pick {
            Pick::Image(candidate) | Pick::Base(candidate) => Some(candidate),
            Pick::Nothing => None,
        }
    }

    /// Whether an image is taken as it is.
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
    /// What of it an entry does not list.
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

/// Whether an entry's name says a variant. The name of a saved image is all that tells a variant of one project.
fn is_named(entry: &Entry, variant: &Variant) -> bool {
    let name = entry.name.parse::<ImageName>();
    name.is_ok_and(|name| format!("-{}-", name.variant()).contains(&format!("-{variant}-")))
}

/// Whether an entry proves that a package is there, in the required version and for the required architecture.
fn has_package(entry: &Entry, package: &PackageName) -> bool {
    let built_for = entry.requested.iter();
    let mut built_for = built_for.map(|requested| &requested.packages);
    let is_exact = package.version().is_some() || package.architecture().is_some();
    has(&entry.packages, package.as_str())
        || (is_exact && built_for.any(|packages| has(packages, package.as_str())))
        || (!is_exact && has(&entry.packages, package.name()))
}

/// How many compilers and variants of an entry a requirement does not ask for. A compiler without a version is not
/// another one than the same with a version.
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

/// Takes the best of the entries.
pub fn select<'a>(
    requirement: &Requirement,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> Selection<'a> {
    let entries: Vec<_> = entries.into_iter().collect();
    select_by(requirement, entries, &Rules::default(), &Known::default())
}

/// Takes the best of the entries by these rules, and by what is known of them beside.
pub fn select_by<'a>(
    requirement: &Requirement,
    entries: Vec<&'a Entry>,
    rules: &Rules,
    known: &Known,
) -> Selection<'a> {
    select_sound(requirement, entries, rules, known, &|_| None)
}

/// Takes the best of the entries for which `fault` finds nothing wrong. Only those that would be taken are looked at, the
/// best first.
pub fn select_sound<'a>(
    requirement: &Requirement,
    entries: Vec<&'a Entry>,
    rules: &Rules,
    known: &Known,
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

/// The best of those that can be taken and have no fault; the one that is preferred comes before all others.
fn first_sound<'a>(
    candidates: &mut [Candidate<'a>],
    can_be: impl Fn(&Candidate) -> bool,
    is_preferred: impl Fn(&Candidate) -> bool,
    fault: &dyn Fn(&Entry) -> Option<String>,
) -> Option<Candidate<'a>> {
    let mut order: Vec<usize> = (0..candidates.len())
        .filter(|at| can_be(&candidates[*at]))
        .collect();
    // The sort is stable: of equals, the first listed.
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

/// What one candidate has over another, in the order in which it counts.
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

/// What decides between two candidates, and how: what was not asked for, the costs that were given, the other criteria.
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
