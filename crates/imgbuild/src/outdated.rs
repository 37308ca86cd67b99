//! Plans that found the image of their own name, but with changed inputs.
//!
//! imgplan considers only the contents of images. Here the inputs of the image are checked: its build file in the
//! store, its registered base, and the registered images that the build file names. Images that only an engine has
//! count as unchanged, because no engine is asked.

use archive::{Archive, Stack};
use failure::Failure;
use naming::Digest;
use plan::{BuildSpec, Plan};
use registry::{Entry, Registry};

use crate::asked::has;
use crate::inputs::Before;
use crate::sources::tagged;
use crate::{Builder, below, paths, recipe};

/// The inputs of a plan without a `build`; `image …` too.
const PLAIN: [&str; 4] = ["base", "build file", "platform", "argument BASE_IMAGE"];

/// An image that imgbuild built and a plan of its name found.
pub(crate) struct OwnMatch<'a> {
    builder: &'a Builder<'a>,
    registry: &'a Registry,
    plan: &'a Plan,
    entry: &'a Entry,
    before: Before,
    /// Its build file in the store, or the plan's.
    has_file: bool,
    /// The digest of that file's text. `None` if it can't be read.
    text: Option<Digest>,
}

impl Builder<'_> {
    /// Turns plans that found the image of their name into builds, if the image is outdated, or is built anyway. If
    /// another plan builds the name, the plan stays: that build is for both.
    pub(crate) fn rebuild_outdated(
        &self,
        plans: &mut [Plan],
        registry: &Registry,
    ) -> Result<(), Failure> {
        loop {
            let built = plans.iter().filter(|plan| plan.needs_build());
            let built: Vec<String> = built.filter_map(|plan| plan.name.clone()).collect();
            let mut is_done = true;
            for plan in &mut *plans {
                let is_built = plan.name.as_ref().is_some_and(|name| built.contains(name));
                let found = self.own_match(plan, registry).filter(|_| !is_built);
                let outdated = found.filter(|found| {
                    let is_outdated = self.options.builds_anyway() || found.is_outdated(&built);
                    is_outdated && found.is_described()
                });
                if let Some(outdated) = outdated {
                    *plan = outdated.build()?;
                    is_done = false;
                }
            }
            if is_done {
                return Ok(());
            }
        }
    }

    /// The image that a plan found, if imgbuild built it under the plan's name.
    pub(crate) fn own_match<'a>(
        &'a self,
        plan: &'a Plan,
        registry: &'a Registry,
    ) -> Option<OwnMatch<'a>> {
        let path = ui::absolute(plan.passed()?).ok()?;
        let name = self.name(plan).ok()?;
        let entry = self.store.find(registry, &path)?;
        if entry.name != name.as_str() || entry.fingerprint.is_none() {
            return None;
        }
        let file = recipe::build_file(plan, &name, self.store);
        let file = file.ok().flatten();
        let text = file.as_ref().and_then(|file| recipe::read(file).ok());
        Some(OwnMatch {
            builder: self,
            registry,
            plan,
            entry,
            before: Before::of(&entry.inputs),
            has_file: file.is_some(),
            text: text.map(|text| archive::digest_of(text.as_bytes())),
        })
    }

    /// With `--rebuild`, refuses a match that the plan cannot build, and warns of one that imgbuild did not build.
    /// Without, warns of an outdated one that the plan cannot build.
    pub(crate) fn check_match(&self, plan: &Plan, registry: &Registry) -> Result<(), Failure> {
        let anyway = self.options.builds_anyway();
        let found = self.own_match(plan, registry);
        match (found, plan.passed()) {
            (Some(found), _) if anyway && !found.is_described() => {
                let message =
                    "was built by steps, arguments or a build file that the plan does not have";
                Err(Failure::invalid(message).about(&found.entry.name).with_hint(
                    "plan it with the `build` that it was built with, or remove the archive to build it without",
                ))
            }
            (Some(found), _) if !anyway && found.is_outdated(&[]) && !found.is_described() => {
                let name = &found.entry.name;
                self.reporter.warn(format!(
                    "{name}: its base or build file changed, but it is not built again: the plan does not have its build file, steps or arguments"
                ));
                Ok(())
            }
            (None, Some(path)) if anyway => {
                self.reporter.warn(format!(
                    "{path}: the plan has a match and needs no build; to rebuild the image, remove the archive"
                ));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl OwnMatch<'_> {
    /// Whether the plan describes the image's build.
    fn is_described(&self) -> bool {
        if self.plan.build != BuildSpec::default() {
            return true;
        }
        let is_plain = |name: &str| PLAIN.contains(&name) || name.starts_with("image ");
        let by_file = || self.has_file || !self.is_handmade();
        self.before.names().all(is_plain)
            && (self.has_file || self.plan.requirements.is_some())
            && by_file()
    }

    /// Whether it was made by a build file that the store does not have.
    fn is_handmade(&self) -> bool {
        let file = self.builder.store.path(&self.entry.file).ok();
        let archive = file.and_then(|file| Archive::open(&file.absolute()).ok());
        let stack = archive.and_then(Stack::of);
        stack.is_some_and(|stack| below::is_handmade(&stack, &self.entry.name))
    }

    /// Whether an input changed; `built` are names of images that may change in this call.
    fn is_outdated(&self, built: &[String]) -> bool {
        if self.plan.build != BuildSpec::default() || self.before.is_empty() {
            return false;
        }
        let is_new = |input: &str, value: Option<Digest>| {
            let before = self.before.get(input);
            value.is_some_and(|value| before.is_some_and(|before| before != value.short()))
        };
        let base = self.base().filter(|_| self.before.get("base").is_some());
        let base = base.is_some_and(|base| {
            built.contains(&base.name) || (is_new("base", base.image_id) && self.is_there(base))
        });
        if !self.has_file {
            return base;
        }
        let mut named = recipe::named_images(self.plan, self.builder.store).into_iter();
        let named = named.any(|image| {
            let entry = tagged(self.registry, &image);
            entry.is_some_and(|entry| {
                let id = entry.image_id.map(|id| id.to_string());
                let id = id.map(|id| archive::digest_of(id.as_bytes()));
                built.contains(&entry.name) || is_new(&format!("image {image}"), id)
            })
        });
        base || named || self.text.is_none() || is_new("build file", self.text)
    }

    /// Its base, if registered.
    fn base(&self) -> Option<&Entry> {
        self.registry.get(self.entry.base.as_deref()?)
    }

    /// Whether it can be the base again.
    fn is_there(&self, base: &Entry) -> bool {
        let file = self.builder.store.path(&base.file).ok();
        let archive =
            file.map(|file| paths::archive(self.builder.store, self.registry, &file.absolute()));
        archive.is_some_and(|archive| archive.is_ok()) || self.builder.fetcher.is_some()
    }

    /// The plan as a build on the image's base. Accepted missing parts are not required.
    fn build(&self) -> Result<Plan, Failure> {
        let mut plan = self.plan.clone();
        let accepted = plan.missing.take().unwrap_or_default();
        if let Some(wanted) = &mut plan.requirements {
            wanted.packages.retain(|it| !has(&accepted.packages, it));
            wanted.tools.retain(|it| !has(&accepted.tools, it));
        }
        if plan.best_base_image_path.is_none()
            && let Some(base) = self.base()
        {
            let store = self.builder.store;
            let path = store.path(&base.file)?;
            plan.best_base_image_path = Some(store.relative(&path, &ui::working_dir()?));
        }
        plan.needs_build = Some(true);
        Ok(plan)
    }
}
