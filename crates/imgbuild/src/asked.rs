//! The contents that an image is built for: those of its plan, and of earlier requirements of its name.

use std::fmt::Display;

use failure::{Code, Failure};
use naming::{PackageName, ToolName};
use plan::{Missing, Plan};
use registry::{Entry, Requested};

/// A plan with all contents that its image is built for.
#[derive(Debug)]
pub(crate) struct Purpose {
    pub plan: Plan,
    /// Contents of earlier requirements that this plan does not ask for.
    pub earlier: Missing,
}

/// All contents of a plan.
pub(crate) fn asked(plan: &Plan) -> Missing {
    match &plan.requirements {
        Some(wanted) => wanted.contents(),
        None => plan.to_install(),
    }
}

impl Purpose {
    /// Adds the earlier requirements of its name's entry to a plan, unless the plan is exact. Contents of the base's
    /// entry are not installed again.
    pub(crate) fn of(
        plan: &Plan,
        own: Option<&Entry>,
        base: Option<&Entry>,
    ) -> Result<Self, Failure> {
        let requested = own.and_then(|own| own.requested.as_ref());
        let asked = asked(plan);
        let mut earlier = match requested.filter(|_| !plan.exact) {
            Some(requested) => added(plan, asked.clone(), requested)?,
            None => Missing::default(),
        };
        earlier.packages.retain(|name| !has(&asked.packages, name));
        earlier.tools.retain(|name| !has(&asked.tools, name));
        let differs = |name: String| {
            let message = format!("conflicting versions of package `{name}`");
            Failure::invalid(message).about(plan.subject())
        };
        let mut missing = plan.to_install();
        missing.merge(&earlier).map_err(differs)?;
        let mut all = asked;
        all.merge(&earlier).map_err(differs)?;
        let mut plan = plan.clone();
        if let Some(wanted) = &mut plan.requirements {
            (wanted.packages, wanted.tools) = (all.packages, all.tools);
            if let Some(base) = base {
                missing = missing.unlisted(base);
            }
        }
        plan.missing = Some(missing);
        Ok(Self { plan, earlier })
    }
}

impl Purpose {
    /// A failure of the build, which earlier requirements may have caused.
    pub(crate) fn blame(&self, failure: Failure) -> Failure {
        match words(&self.earlier) {
            Some(names) if failure.code() == Code::Engine && !self.is_about_own(&failure) => {
                let before = failure.hint().map(|hint| format!("{hint}; "));
                let hint = format!(
                    "{}earlier requirements of this name also asked for {names}: to leave them out, use `imgplan --exact`",
                    before.unwrap_or_default()
                );
                failure.with_hint(hint)
            }
            _ => failure,
        }
    }

    /// Whether a failure names only contents of this plan.
    fn is_about_own(&self, failure: &Failure) -> bool {
        let said = failure.to_string();
        let line = said.lines().next().unwrap_or_default();
        let said: Vec<&str> = line.split([' ', ',', ';']).collect();
        let names = |list: &Missing| {
            let packages = list.packages.iter().map(PackageName::as_str);
            let mut all = packages.chain(list.tools.iter().map(ToolName::as_str));
            all.any(|name| said.contains(&name))
        };
        !names(&self.earlier) && names(&asked(&self.plan))
    }
}

/// In the registry's form, sorted; `None` if empty.
pub(crate) fn requested(asked: &Missing) -> Option<Requested> {
    let mut requested = Requested {
        packages: strings(&asked.packages),
        tools: strings(&asked.tools),
    };
    requested.packages.sort();
    requested.tools.sort();
    Some(requested).filter(|requested| *requested != Requested::default())
}

/// `gcc-15, libssl-dev, cmake`; `None` if empty.
pub(crate) fn words(asked: &Missing) -> Option<String> {
    let all: Vec<String> = asked.names().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// The contents of a plan and of its name's entry. Two versions of a package are an error.
fn added(plan: &Plan, asked: Missing, requested: &Requested) -> Result<Missing, Failure> {
    asked.with_requested(requested).map_err(|error| {
        let failure = Failure::from(error).about(plan.subject());
        failure.with_hint(
            "see `requested` in its entry; to ignore earlier requirements, use `imgplan --exact`",
        )
    })
}

/// Names as the registry lists them.
pub(crate) fn strings(names: &[impl ToString]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// A list with those of other names that it lacks, in any case.
pub(crate) fn union(mut list: Vec<String>, more: Vec<String>) -> Vec<String> {
    for name in more {
        if !list.iter().any(|own| own.eq_ignore_ascii_case(&name)) {
            list.push(name);
        }
    }
    list
}

/// Whether a name is in a list, in any case.
pub(crate) fn has(list: &[impl Display], name: &impl Display) -> bool {
    let name = name.to_string();
    list.iter()
        .any(|known| known.to_string().eq_ignore_ascii_case(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Plan {
        let mut plans = plan::Plans::new(text.as_bytes());
        plans.next().expect("a plan").expect("a valid plan")
    }

    fn entry(packages: &[&str], requested: Option<(&[&str], &[&str])>) -> Entry {
        let tag = "x:1".parse().expect("a reference");
        let mut entry = Entry::new("x", "x.tar", tag, "debian:12", "x86_64");
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        entry.packages = owned(packages);
        entry.requested = requested.map(|(packages, tools)| Requested {
            packages: owned(packages),
            tools: owned(tools),
        });
        entry
    }

    const PLAN: &str = r#"{"name":"p-debian-12-base","base_image":"debian:12",
        "requirements":{"project":"p","os":"debian:12","packages":["git","curl"]},
        "missing":{"packages":["git"]}EXACT}"#;

    #[test]
    fn earlier_requirements_are_added_unless_the_plan_is_exact() {
        let own = entry(&["old"], Some((&["Git", "zlib1g-dev", "jq"], &["cmake"])));
        let base = entry(&["jq"], None);
        for (exact, packages, missing, earlier) in [
            (
                "",
                &["git", "curl", "zlib1g-dev", "jq"][..],
                "git, zlib1g-dev, cmake",
                Some("zlib1g-dev, jq, cmake"),
            ),
            (r#","exact":true"#, &["git", "curl"], "git", None),
        ] {
            let plan = plan(&PLAN.replace("EXACT", exact));
            let purpose = Purpose::of(&plan, Some(&own), Some(&base)).expect("a purpose");
            let wanted = purpose.plan.requirements.as_ref().expect("a requirement");
            let names: Vec<_> = wanted.packages.iter().map(PackageName::as_str).collect();
            assert_eq!(names, packages);
            assert_eq!(
                words(&purpose.plan.to_install()).as_deref(),
                Some(missing),
                "{exact}"
            );
            assert_eq!(words(&purpose.earlier).as_deref(), earlier);
        }
        // Unrecorded contents are not requested, and an invalid name is an error.
        let plan = plan(&PLAN.replace("EXACT", ""));
        let purpose = Purpose::of(&plan, Some(&base), None).expect("a purpose");
        assert_eq!(words(&purpose.plan.to_install()).as_deref(), Some("git"));
        let wrong = entry(&[], Some((&["a; b"], &[])));
        assert!(Purpose::of(&plan, Some(&wrong), None).is_err());
    }

    #[test]
    fn without_requirements_the_plan_says_what_is_installed() {
        let plan = plan(
            r#"{"name":"p-debian-12-base","base_image":"debian:12","missing":{"packages":["git"]}}"#,
        );
        let own = entry(&[], Some((&["curl"], &[])));
        let base = entry(&["git"], None);
        let purpose = Purpose::of(&plan, Some(&own), Some(&base)).expect("a purpose");
        assert_eq!(
            words(&purpose.plan.to_install()).as_deref(),
            Some("git, curl")
        );
    }
}
