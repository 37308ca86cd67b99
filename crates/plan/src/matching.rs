//! The two-mark algorithm: which registered image is best for a requirement.
//!
//! Essential marks decide whether an image can be used: 70 when system, version and architecture match, 100
//! when every required compiler is there too, 0 otherwise. Extra marks rank those that can: 10 for a required
//! package that is there; for a required tool 20 where the entry lists it as a tool, 10 as a package.
//!
//! Among images with 100 the best is taken as it is; with none, the best of 70 becomes the base of a build; with
//! none of those, the build begins with the system itself. Better is, in this order: has the required variants;
//! more extra marks; used later; used more often; smaller (an unknown size loses); listed first.
//!
//! Names are compared whole, but for their case: `gcc` is not `gcc-15`. A package is there when the entry lists its
//! name; the architecture or version behind it (`libssl-dev:i386`) is for the package manager, and the
//! registry does not keep it.

use std::cmp::Ordering;

use naming::{Architecture, ImageName, Os};
use registry::Entry;
use serde::{Deserialize, Serialize};

use crate::cost::{Cost, Known, Term};
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
#[serde(expecting = "an object with marks")]
pub struct Marks {
    /// 0, 70 or 100.
    #[serde(default, deserialize_with = "count")]
    pub essential: u32,
    /// 10 for each package and up to 20 for each tool that is there.
    #[serde(default, deserialize_with = "count")]
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
    /// What it costs, where costs were asked for.
    pub terms: Vec<Term>,
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
        terms: Vec::new(),
    }
}

/// Whether an entry's system and architecture are the required ones. What can't be read matches nothing.
fn system_matches(requirement: &Requirement, entry: &Entry) -> bool {
    entry.os.parse::<Os>().as_ref() == Ok(&requirement.os)
        && entry.architecture.parse::<Architecture>() == Ok(requirement.architecture)
}

/// An image that is built in a way of its own, on the best of the others.
struct Built<'a> {
    requirement: &'a Requirement,
    name: ImageName,
    /// What it stands on since it was built last.
    base: Option<&'a str>,
}

impl<'a> Built<'a> {
    fn of(requirement: &'a Requirement, entries: &[&'a Entry]) -> Option<Self> {
        let name = requirement
            .build
            .as_ref()
            .and(requirement.image_name().ok())?;
        let own = entries.iter().find(|entry| entry.name == name.as_str());
        Some(Self {
            requirement,
            base: own.and_then(|own| own.base.as_deref()),
            name,
        })
    }

    /// Whether an entry may be its base. It is none of itself: whether it is up to date is for imgbuild to say. Nor is what was
    /// made for another variant, whose steps it would get.
    fn may_stand_on(&self, entry: &Entry) -> bool {
        let is_required = |variant: &String| {
            let mut required = self.requirement.variants.iter();
            required.any(|required| required.as_str().eq_ignore_ascii_case(variant))
        };
        entry.name != self.name.as_str() && entry.variants.iter().all(is_required)
    }

    /// The base that it has, where that still can be used. What was used since changes the best of several, and would have it
    /// built again for nothing.
    fn base_before<'c>(&self, candidates: &[Candidate<'c>]) -> Option<Candidate<'c>> {
        let usable = |candidate: &&Candidate| {
            Some(candidate.entry.name.as_str()) == self.base && candidate.marks.essential > 0
        };
        candidates.iter().find(usable).cloned()
    }
}

/// Takes the best of the entries.
pub fn select<'a>(
    requirement: &Requirement,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> Selection<'a> {
    select_by(requirement, entries, &[], &Known::default())
}

/// Takes the one that costs least of the entries that can be used; of those that have the required variants, where there
/// are any. The first cost counts most, and what is left to the others is decided as without costs.
pub fn select_by<'a>(
    requirement: &Requirement,
    entries: impl IntoIterator<Item = &'a Entry>,
    costs: &[Cost],
    known: &Known,
) -> Selection<'a> {
    let with_terms = |entry| {
        let mut candidate = score(requirement, entry);
        let terms = costs
            .iter()
            .map(|cost| cost.of(requirement, &candidate, known));
        candidate.terms = terms.collect();
        candidate
    };
    let entries: Vec<_> = entries.into_iter().collect();
    let built = Built::of(requirement, &entries);
    let candidates: Vec<_> = entries
        .into_iter()
        .filter(|entry| built.as_ref().is_none_or(|built| built.may_stand_on(entry)))
        .map(with_terms)
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
    let before = built.and_then(|built| built.base_before(&candidates));
    let pick = match (before, best_with(COMPLETE), best_with(SYSTEM)) {
        (Some(before), ..) if before.marks.essential == SYSTEM => Pick::Base(before),
        (Some(image), ..) | (None, Some(image), _) => Pick::Image(image),
        (None, None, Some(base)) => Pick::Base(base),
        (None, None, None) => Pick::Nothing,
    };
    Selection { candidates, pick }
}

type Criterion = fn(&Candidate, &Candidate) -> Ordering;

/// What one candidate has over another, in the order in which it counts.
const CRITERIA: [(&str, Criterion); 5] = [
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
    decisive(a, b).map_or(Ordering::Equal, |(order, _)| order)
}

/// What decides between two candidates, and how: the variants, the costs that were asked for, the other criteria.
pub(crate) fn decisive(a: &Candidate, b: &Candidate) -> Option<(Ordering, &'static str)> {
    let [variants, others @ ..] = &CRITERIA;
    let by = |(why, criterion): &(&'static str, Criterion)| (criterion(a, b), *why);
    let terms = a.terms.iter().zip(&b.terms);
    let all = [by(variants)]
        .into_iter()
        .chain(terms.map(|(a, b)| (a.better(b), a.says())))
        .chain(others.iter().map(by));
    all.into_iter().find(|(order, _)| order.is_ne())
}

#[cfg(test)]
mod tests;
