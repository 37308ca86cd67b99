//! Plans without a build: their archive is passed on, if it still has the required contents.

use camino::Utf8Path;
use failure::Failure;
use plan::{Missing, Plan, Requirement, score};
use registry::{Entry, Registry, Target};

use crate::asked::{has, words};
use crate::{Builder, Built, paths};

impl Builder<'_> {
    /// Passes on the archive that a plan found.
    pub(crate) fn pass(
        &self,
        plan: &Plan,
        path: &Utf8Path,
        mut registry: Registry,
    ) -> Result<Built, Failure> {
        let mut target = paths::archive(self.store, &registry, path)?;
        if let Some(entry) = &target.entry {
            // It may have been removed before it was leased.
            registry = self.leases.hold(&[&entry.name])?;
            target = paths::archive(self.store, &registry, path)?;
        }
        if let Some(completed) = self.check_holds(plan, &target, &registry)? {
            self.register(&completed)?;
        }
        self.check_match(plan, &registry)?;
        self.explain(plan.subject(), &[]);
        let (name, image_id) = target
            .entry
            .map(|entry| (entry.name, entry.image_id))
            .unzip();
        Ok(Built {
            name,
            path: target.path,
            image_id: image_id.flatten(),
            built: false,
        })
    }

    /// Refuses an archive without the plan's contents: the plan may be old, or edited. Returns the completed entry, if
    /// only the image itself proves the contents.
    pub(crate) fn check_holds(
        &self,
        plan: &Plan,
        target: &Target,
        registry: &Registry,
    ) -> Result<Option<Entry>, Failure> {
        let Some(wanted) = &plan.requirements else {
            return Ok(None);
        };
        let accepted = plan.missing.as_ref();
        let Some(entry) = &target.entry else {
            let unregistered = self.unregistered(wanted, &target.path, registry);
            return match unregistered.and_then(|entry| lack(wanted, accepted, &entry)) {
                None => Ok(None),
                Some(lack) => Err(Failure::invalid(format!("{lack}, which the plan asks for"))
                    .about(target.path.as_str())
                    .with_hint(
                        "name another archive; without `best_image_path`, the image is built",
                    )),
            };
        };
        if lack(wanted, accepted, entry).is_none() {
            return Ok(None);
        }
        let completed = self.completed_entry(wanted, entry, registry);
        match lack(wanted, accepted, completed.as_ref().unwrap_or(entry)) {
            None => Ok(completed),
            Some(lack) => Err(Failure::invalid(format!("{lack}, which the plan asks for"))
                .about(target.path.as_str())
                .with_hint("run imgplan again: the image or the plan has changed")),
        }
    }
}

/// The missing parts of an entry, as text; `accepted` packages and tools may be missing.
fn lack(wanted: &Requirement, accepted: Option<&Missing>, entry: &Entry) -> Option<String> {
    let candidate = score(wanted, entry);
    if !candidate.is_usable() {
        let (os, architecture) = (&wanted.os, wanted.architecture);
        return Some(format!(
            "is for {} on {}, not for {os} on {architecture}",
            entry.os, entry.architecture
        ));
    }
    let mut missing = candidate.missing;
    if let Some(accepted) = accepted {
        missing.packages.retain(|it| !has(&accepted.packages, it));
        missing.tools.retain(|it| !has(&accepted.tools, it));
    }
    let variants = candidate.missing_variants.iter();
    let variants = variants.map(|variant| format!("variant {variant}"));
    let all: Vec<String> = words(&missing).into_iter().chain(variants).collect();
    (!all.is_empty()).then(|| format!("lacks {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_plan_accepts_may_be_missing() {
        let tag = "x:1".parse().expect("a reference");
        let mut entry = Entry::new("x", "x.tar", tag, "debian:12", "x86_64");
        entry.compilers = vec!["gcc-12".into()];
        entry.packages = vec!["make".into()];
        for (wanted, accepted, lacks) in [
            ("compilers: [gcc-12]\npackages: [make]", "{}", None),
            (
                "compilers: [gcc-13]\npackages: [git]\nvariants: [asan]",
                r#"{"compilers":["gcc-13"]}"#,
                Some("lacks gcc-13, git, variant asan"),
            ),
            ("packages: [git]", r#"{"packages":["GIT"]}"#, None),
            (
                "packages: [git]\ntools: [cmake]",
                r#"{"packages":["git"]}"#,
                Some("lacks cmake"),
            ),
            (
                "architecture: arm64",
                "{}",
                Some("is for debian:12 on x86_64, not for debian:12 on aarch64"),
            ),
        ] {
            let architecture = match wanted.contains("architecture") {
                true => "",
                false => "\narchitecture: x86_64",
            };
            let text = format!("project: p\nos: debian:12\n{wanted}{architecture}");
            let requirement = plan::parse_requirements(&text).remove(0).expect(wanted);
            let accepted: Missing = serde_json::from_str(accepted).expect(accepted);
            let found = lack(&requirement, Some(&accepted), &entry);
            assert_eq!(found.as_deref(), lacks, "{wanted}");
        }
    }
}
