//! Requirements of one call with the same image name are planned as one, with the packages and tools of all.

use std::collections::HashMap;

use failure::Failure;
use plan::Requirement;

use crate::naming_flags::NamingRules;
use crate::request::{PlanRequest, PlanRequests};

/// The requirements to plan: each with the contents of all of its name, unless it is exact. If one image cannot meet
/// all of one name, they are failures that name both.
pub(crate) fn group(mut all: PlanRequests, naming: NamingRules) -> PlanRequests {
    for wanted in all.iter_mut().flatten() {
        wanted.requirement.distinct = naming.distinct;
    }
    if naming.exact {
        return all;
    }
    let mut groups: HashMap<String, Group> = HashMap::new();
    for wanted in all.iter().flatten() {
        let Ok(name) = wanted.requirement.image_name() else {
            continue;
        };
        match groups.get_mut(name.as_str()) {
            Some(group) => group.add(name.as_str(), wanted),
            None => {
                let group = Group::new(wanted);
                groups.insert(name.to_string(), group);
            }
        }
    }
    let merged = |wanted: PlanRequest| {
        let name = wanted.requirement.image_name().map(|name| name.to_string());
        let group = name.ok().and_then(|name| groups.get(&name));
        match group.map(|group| &group.merged) {
            Some(Ok(requirement)) => Ok(PlanRequest {
                requirement: requirement.clone(),
                ..wanted
            }),
            Some(Err(failure)) => Err(failure.clone()),
            None => Ok(wanted),
        }
    };
    all.into_iter().map(|one| one.and_then(merged)).collect()
}

/// The requirements of one name.
struct Group {
    /// The source of the first.
    first: String,
    merged: Result<Requirement, Failure>,
}

impl Group {
    fn new(wanted: &PlanRequest) -> Self {
        Self {
            first: wanted.place.clone(),
            merged: Ok(wanted.requirement.clone()),
        }
    }

    fn add(&mut self, name: &str, wanted: &PlanRequest) {
        let Ok(merged) = &mut self.merged else { return };
        if let Err(what) = merged.merge(&wanted.requirement) {
            let (first, second) = (&self.first, &wanted.place);
            let message =
                format!("{first} and {second} both ask for this image, and {what} differs");
            let hint = "give one of them a variant, or use --distinct";
            self.merged = Err(Failure::invalid(message).about(name).with_hint(hint));
        }
    }
}

#[cfg(test)]
mod tests {
    use plan::parse_requirements;

    use super::*;

    fn wanted(place: &str, rest: &str) -> Result<PlanRequest, Failure> {
        let text = format!("project: capy\nos: debian:12\narchitecture: x86_64\n{rest}");
        let requirement = parse_requirements(&text).remove(0).expect(rest);
        Ok(PlanRequest {
            requirement,
            place: place.into(),
            job: None,
        })
    }

    const SHARED: NamingRules = NamingRules {
        exact: false,
        distinct: false,
    };

    fn packages(all: &PlanRequests) -> Vec<String> {
        let names = |one: &PlanRequest| {
            let names = one.requirement.packages.iter().map(ToString::to_string);
            names.collect::<Vec<_>>().join(" ")
        };
        all.iter()
            .map(|one| names(one.as_ref().expect("valid")))
            .collect()
    }

    #[test]
    fn those_of_one_name_become_one() {
        let all = || {
            vec![
                wanted("a", "packages: [zlib1g-dev]"),
                wanted("b", "compiler: gcc-12"),
                wanted("c", ""),
                wanted("d", "packages: [make]"),
            ]
        };
        let both = "zlib1g-dev make";
        assert_eq!(packages(&group(all(), SHARED)), [both, "", both, both]);
        for naming in [
            NamingRules {
                exact: true,
                distinct: false,
            },
            NamingRules {
                exact: true,
                distinct: true,
            },
        ] {
            let expected = ["zlib1g-dev", "", "", "make"];
            assert_eq!(packages(&group(all(), naming)), expected);
        }
    }

    #[test]
    fn those_that_can_not_are_named() {
        let failed = Failure::invalid("is wrong");
        let all = vec![
            wanted("job.yml", "build: {target: a}"),
            Err(failed.clone()),
            wanted("other.yml", "compiler: gcc-12"),
            wanted("`two`", "build: {target: b}"),
            wanted("`three`", ""),
        ];
        let grouped = group(all, SHARED);
        let says =
            "capy-debian-12-base: job.yml and `two` both ask for this image, and `build` differs";
        for at in [0, 3, 4] {
            let failure = grouped[at].as_ref().expect_err("refused");
            assert!(failure.to_string().starts_with(says), "{failure}");
            assert_eq!(failure.code(), failure::Code::Invalid);
        }
        assert!(grouped[1].is_err() && grouped[2].is_ok());
    }
}
