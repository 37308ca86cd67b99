//! The entry's lists for a built image: the base's and the required contents, as far as the image really has them.

use failure::{Code, Failure};
use naming::{Digest, Os};
use plan::{Missing, Plan};
use registry::Entry;
use transfer::save::{Contents, DraftEntry, contradicts};

use crate::asked::{asked, requested, strings, union};

/// Checks that the image has the plan's contents, and returns the draft of its entry.
pub(crate) fn draft(
    plan: &Plan,
    base: Option<&Entry>,
    fingerprint: Digest,
    contents: &Contents,
) -> Result<DraftEntry, Failure> {
    let inventory = contents.inventory;
    let wanted = plan.requirements.as_ref();
    let asked = asked(plan);
    check(wanted.map(|wanted| wanted.architecture), &asked, contents)?;
    check_os(wanted.map(|wanted| &wanted.os), contents)?;
    // An unregistered base has no list of its own, so everything found counts.
    let of_base = match base {
        Some(entry) => DraftEntry {
            compilers: really_there(&entry.compilers, |name| inventory.lacks(&[name], &[], &[])),
            packages: really_there(&entry.packages, |name| inventory.lacks(&[], &[name], &[])),
            tools: really_there(&entry.tools, |name| inventory.lacks(&[], &[], &[name])),
            ..DraftEntry::default()
        },
        None => DraftEntry::of(contents),
    };
    let packages = asked.packages.iter().map(|it| it.name().to_owned());
    Ok(DraftEntry {
        os: wanted
            .map(|wanted| wanted.os.to_string())
            .or_else(|| base.map(|base| base.os.clone())),
        compilers: union(of_base.compilers, strings(&asked.compilers)),
        packages: union(of_base.packages, packages.collect()),
        tools: union(of_base.tools, strings(&asked.tools)),
        variants: wanted.map(|wanted| strings(&wanted.variants)),
        requested: requested(&asked),
        fingerprint: Some(fingerprint),
        base: base.map(|base| base.name.clone()),
        ..DraftEntry::default()
    })
}

fn check(
    architecture: Option<naming::Architecture>,
    asked: &Missing,
    contents: &Contents,
) -> Result<(), Failure> {
    let lacks = contents
        .inventory
        .lacks(&asked.compilers, &asked.packages, &asked.tools);
    if !lacks.is_empty() {
        return Err(Failure::new(
            Code::Engine,
            format!(
                "the built image lacks {}; it was not registered",
                lacks.join(", ")
            ),
        )
        .with_hint("install it in the build file, or check its name in this distribution"));
    }
    let config = &contents.image.config;
    let built = naming::Architecture::from_oci(&config.architecture, config.variant.as_deref())?;
    match architecture {
        Some(wanted) if wanted != built => Err(Failure::new(
            Code::Engine,
            format!("the built image is for {built}, not {wanted}; it was not registered"),
        )
        .with_hint("choose a base for the required architecture")),
        _ => Ok(()),
    }
}

/// A build file may have any base, and the next plan trusts the registry.
fn check_os(wanted: Option<&Os>, contents: &Contents) -> Result<(), Failure> {
    match contents.inventory.os.as_ref().zip(wanted) {
        Some((built, wanted)) if contradicts(built, wanted) => Err(Failure::new(
            Code::Engine,
            format!("the built image is `{built}`, not `{wanted}`; it was not registered"),
        )
        .with_hint("choose a base with the required system in the build file")),
        _ => Ok(()),
    }
}

/// The names of an entry's list that the image confirms. The list may be hand-written.
fn really_there<T: std::str::FromStr>(
    list: &[String],
    lacks: impl Fn(T) -> Vec<String>,
) -> Vec<String> {
    list.iter()
        .filter(|name| name.parse().is_ok_and(|name| lacks(name).is_empty()))
        .cloned()
        .collect()
}
