//! Plans of one call with one name are one build: its image has the contents of all.

use std::collections::BTreeSet;

use naming::Compiler;
use plan::{Missing, Plan, Requirement};

use crate::asked::{asked, has};

const COMPILERS: &str = "`compilers`";
const EXACT: &str = "packages or tools, and one of them is exact";

/// Merges two plans of one name; the error is the difference that one image cannot meet.
pub(crate) fn merge(one: &Plan, other: &Plan) -> Result<Plan, String> {
    if one.build != other.build {
        return Err("`build`".to_owned());
    }
    let merged = with(one, &asked(other), other.exact)?;
    match (&one.requirements, &other.requirements) {
        (Some(a), Some(b)) => a.clone().merge(b)?,
        (None, Some(_)) => {
            with(other, &asked(one), one.exact)?;
        }
        (Some(_), None) => {}
        (None, None) if set(&asked(one).compilers) == set(&asked(other).compilers) => {}
        (None, None) => return Err(COMPILERS.to_owned()),
    }
    let requirements = match &merged.requirements {
        None => other.requirements.clone().map(|wanted| Requirement {
            packages: asked(&merged).packages,
            tools: asked(&merged).tools,
            ..wanted
        }),
        Some(_) => merged.requirements.clone(),
    };
    Ok(Plan {
        requirements,
        ..merged
    })
}

/// A plan with more packages and tools; with `exact`, without any others.
pub(crate) fn with(plan: &Plan, more: &Missing, exact: bool) -> Result<Plan, String> {
    let own = asked(plan);
    let has_compilers = |wanted: &Requirement| {
        let mut compilers = more.compilers.iter();
        compilers.all(|name| has(&wanted.compilers, name))
    };
    if !plan.requirements.as_ref().is_none_or(has_compilers) {
        return Err(COMPILERS.to_owned());
    }
    if (plan.exact && !holds(&own, more)) || (exact && !holds(more, &own)) {
        return Err(EXACT.to_owned());
    }
    let mut new = more.clone();
    new.packages.retain(|name| !has(&own.packages, name));
    new.tools.retain(|name| !has(&own.tools, name));
    let (mut plan, mut all) = (plan.clone(), own);
    unite(&mut all, &new)?;
    let mut missing = plan.to_install();
    unite(&mut missing, &new)?;
    if plan.missing.is_some() || plan.requirements.is_none() {
        plan.missing = Some(missing);
    }
    if let Some(wanted) = &mut plan.requirements {
        (wanted.packages, wanted.tools) = (all.packages, all.tools);
    }
    plan.exact |= exact;
    Ok(plan)
}

fn unite(all: &mut Missing, more: &Missing) -> Result<(), String> {
    all.merge(more)
        .map_err(|name| format!("versions of package `{name}`"))
}

fn holds(all: &Missing, some: &Missing) -> bool {
    some.packages.iter().all(|name| has(&all.packages, name))
        && some.tools.iter().all(|name| has(&all.tools, name))
}

fn set(compilers: &[Compiler]) -> BTreeSet<Compiler> {
    compilers.iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asked::words;

    fn plan(more: &str) -> Plan {
        let text = format!(r#"{{"name":"p-debian-12-gcc12","base_image":"debian:12"{more}}}"#);
        let mut plans = plan::Plans::new(text.as_bytes());
        plans.next().expect("a plan").expect(&text)
    }

    fn wanted(names: &str, more: &str) -> Plan {
        plan(&format!(
            r#","requirements":{{"project":"p","os":"debian:12","compilers":["gcc-12"],"packages":[{names}]{more}}}"#
        ))
    }

    #[test]
    fn packages_and_tools_are_united() {
        let a = wanted(r#""git""#, r#","tools":["cmake"]"#);
        let b = wanted(r#""curl","GIT""#, "");
        let installs = plan(r#","missing":{"packages":["curl"]}"#);
        for (one, other, all) in [
            (&a, &b, "gcc-12, git, curl, cmake"),
            (&b, &a, "gcc-12, curl, GIT, cmake"),
            (&a, &installs, "gcc-12, git, curl, cmake"),
            (&installs, &a, "gcc-12, curl, git, cmake"),
            (&installs, &plan(""), "curl"),
            (&plan(""), &installs, "curl"),
        ] {
            let merged = merge(one, other).expect("one image");
            assert_eq!(words(&asked(&merged)).as_deref(), Some(all));
            let installed = words(&merged.to_install());
            let compilerless = all.trim_start_matches("gcc-12, ");
            assert!(
                installed.is_some_and(|installed| installed.ends_with(compilerless)),
                "{all}"
            );
        }
        // The base's contents are not missing because another plan asks for them too.
        let mut on_base = a.clone();
        on_base.missing = Some(Missing::default());
        let merged = merge(&on_base, &b).expect("one image");
        assert_eq!(words(&merged.to_install()).as_deref(), Some("curl"));
    }

    #[test]
    fn plans_that_no_image_serves_are_told_apart() {
        let a = wanted(r#""git""#, "");
        let with = |change: &dyn Fn(&mut Plan)| {
            let mut plan = a.clone();
            change(&mut plan);
            plan
        };
        let exact = with(&|plan| plan.exact = true);
        let steps = with(&|plan| plan.build.context = Some("x".into()));
        let asan = wanted(r#""git""#, r#","variants":["asan"]"#);
        let arm = wanted(r#""git""#, r#","architecture":"arm64""#);
        let clang = plan(r#","missing":{"compilers":["clang-15"]}"#);
        for (one, other, what) in [
            (&a, &steps, Some("`build`")),
            (&a, &asan, Some("`variants`")),
            (&a, &arm, Some("`architecture`")),
            (&a, &clang, Some(COMPILERS)),
            (&clang, &plan(""), Some(COMPILERS)),
            (&a, &exact, None),
            (&wanted("", ""), &exact, None),
            (
                &wanted(r#""bc=1""#, ""),
                &wanted(r#""curl","bc=2""#, ""),
                Some("versions of package `bc`"),
            ),
            (
                &plan(r#","missing":{"packages":["bc=1"]}"#),
                &plan(r#","missing":{"packages":["bc=2"]}"#),
                Some("versions of package `bc`"),
            ),
            (&wanted(r#""bc=1""#, ""), &wanted(r#""bc""#, ""), None),
            (&wanted(r#""curl""#, ""), &exact, Some(EXACT)),
        ] {
            for (one, other) in [(one, other), (other, one)] {
                assert_eq!(merge(one, other).err().as_deref(), what);
            }
        }
    }
}
