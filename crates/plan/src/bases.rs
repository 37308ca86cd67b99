//! Decides which images can be the base of a build.
//!
//! An image never stands on itself, directly or through other images: each build would add its layers again. An image
//! that was built before keeps its base, so that planning again changes nothing.

use std::collections::{HashMap, HashSet};

use registry::Entry;

use crate::platform;
use crate::rules::Rules;
use crate::{Candidate, CostData, Requirement};

/// The possible bases of a requirement's image.
pub(crate) struct Bases<'r> {
    requirement: &'r Requirement,
    rules: &'r Rules,
    /// The name of the image.
    name: Option<String>,
    /// The names of the images that stand on it.
    above: HashSet<String>,
    /// The base of the registered image.
    before: Option<String>,
    /// Whether the registered image was built on the system itself.
    was_clean: bool,
}

impl<'r> Bases<'r> {
    pub(crate) fn of(
        requirement: &'r Requirement,
        entries: &[&Entry],
        rules: &'r Rules,
        known: &CostData,
    ) -> Self {
        let name = requirement.image_name().ok().map(|name| name.to_string());
        // All registered entries, not only the usable ones.
        let all: Vec<&Entry> = match known.recorded {
            [] => entries.to_vec(),
            recorded => recorded.iter().collect(),
        };
        let own = all.iter().find(|entry| Some(&entry.name) == name.as_ref());
        Self {
            requirement,
            rules,
            before: own.and_then(|own| own.base.clone()),
            was_clean: own.is_some_and(|own| own.fingerprint.is_some() && own.base.is_none()),
            above: name
                .as_deref()
                .map(|name| above(name, &all, rules))
                .unwrap_or_default(),
            name,
        }
    }

    /// Why a candidate cannot be the base.
    pub(crate) fn refuse(&self, candidate: &Candidate) -> Option<&'static str> {
        let entry = candidate.entry;
        let is_required = |variant: &String| {
            let mut required = self.requirement.variants.iter();
            required.any(|required| required.as_str().eq_ignore_ascii_case(variant))
        };
        if Some(&entry.name) == self.name.as_ref() {
            Some("it is the image to be built")
        } else if self.above.contains(&entry.name) {
            Some("it is built on the image to be built")
        } else if !platform::is_same(self.requirement, entry) {
            Some("its architecture differs")
        } else if self.requirement.build.is_some() && !entry.variants.iter().all(is_required) {
            // The base would bring the steps of the other variant.
            Some("its variant differs")
        } else if self.was_clean && candidate.unasked > 0 {
            Some("it holds more than the base of the last build")
        } else {
            self.rules.holds_more(self.requirement, entry)
        }
    }

    /// Whether an entry is the image's current base. Later uses change which of several bases is best, and must not
    /// cause a rebuild.
    pub(crate) fn is_before(&self, entry: &Entry) -> bool {
        self.before.as_deref() == Some(entry.name.as_str())
    }
}

/// The names of the images that stand on an image, directly or indirectly.
fn above(name: &str, all: &[&Entry], rules: &Rules) -> HashSet<String> {
    let mut on: HashMap<&str, Vec<&str>> = HashMap::new();
    for entry in all {
        let base = match rules.planned.get(&entry.name) {
            Some(planned) => planned.as_deref(),
            None => entry.base.as_deref(),
        };
        if let Some(base) = base {
            on.entry(base).or_default().push(&entry.name);
        }
    }
    let (mut found, mut next) = (HashSet::new(), vec![name]);
    while let Some(base) = next.pop() {
        for stands in on.remove(base).unwrap_or_default() {
            if found.insert(stands.to_owned()) {
                next.push(stands);
            }
        }
    }
    found
}
