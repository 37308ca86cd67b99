//! Refuses impossible builds before a base is loaded.

use engine::Build;
use failure::{Code, Failure};
use naming::Architecture;
use plan::{Plan, Secret, SecretSource};
use registry::Registry;

use crate::base::BuildBase;
use crate::prepared::{Prepared, Ready};
use crate::recipe::{Recipe, wanted_architecture};
use crate::sources::Sources;
use crate::{Builder, complaint, contradiction};

impl Builder<'_> {
    pub(crate) fn check_possible(
        &self,
        ready: &Ready,
        registry: &Registry,
        build: &Build,
    ) -> Result<(), Failure> {
        self.check_architecture(ready)?;
        self.check_packages(&ready.recipe, &ready.base, registry)?;
        ready.recipe.secrets.iter().try_for_each(check_secret)?;
        Ok(self.engine.check_build(build)?)
    }

    /// Refuses a plan that needs a build for an architecture that the engine cannot build. Other failures are left to
    /// the build.
    pub(crate) fn refuse_foreign(&self, plan: &Plan, sources: &Sources) -> Result<(), Failure> {
        let foreign = wanted_architecture(plan).filter(|wanted| *wanted != Architecture::host());
        let can_run = foreign.map(|wanted| self.engine.can_run(wanted));
        let Some(Ok(Some(false) | None)) = can_run else {
            return Ok(());
        };
        match Prepared::new(plan, sources) {
            Ok(Prepared::Ready(ready)) if !ready.reasons.is_empty() => {
                let checked = self.check_architecture(&ready);
                checked.map_err(|failure| failure.about(plan.subject()))?;
                if let Some(pending) = sources.mode.pending() {
                    pending.expect(plan, self.store, sources.registry);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn check_architecture(&self, ready: &Ready) -> Result<(), Failure> {
        let wanted = ready.recipe.architecture;
        match self.engine.can_run(wanted)? {
            Some(false) if ready.recipe.runs => return Err(can_not_run(wanted)),
            _ => check_base(&ready.recipe, &ready.base)?,
        }
        contradiction::check_architecture(&ready.name, wanted)
    }

    /// A misspelt package would fail only after all downloads. A similar name in the lists shows that it is misspelt,
    /// and not just newer than the lists.
    fn check_packages(
        &self,
        recipe: &Recipe,
        base: &BuildBase,
        registry: &Registry,
    ) -> Result<(), Failure> {
        if recipe.packages.is_empty() {
            return Ok(());
        }
        let Some(offered) = base.offered(self.store, registry)? else {
            return Ok(());
        };
        let mut unknown = recipe.packages.keys().filter(|name| !offered.has(name));
        let near = unknown.find_map(|package| {
            let name = package.name();
            let asked = recipe.asked_as(name);
            let near = asked.and_then(|asked| offered.nearest(asked));
            Some((name, asked, near.or_else(|| offered.nearest(name))?))
        });
        match near {
            Some((name, asked, near)) => Err(Failure::new(
                Code::Engine,
                format!(
                    "no package {} in the base's package lists",
                    complaint::named(name, asked)
                ),
            )
            .with_hint(format!("did you mean {near}?"))),
            None => Ok(()),
        }
    }
}

/// Engines ignore a base's wrong architecture, or pull another image instead.
fn check_base(recipe: &Recipe, base: &BuildBase) -> Result<(), Failure> {
    let wanted = recipe.architecture;
    let counts = recipe.uses_base && !recipe.names_platform;
    match base.architecture().filter(|own| counts && *own != wanted) {
        Some(own) => {
            let base = base.words().unwrap_or_default();
            Err(Failure::invalid(format!(
                "the base {base} is for {own}, not for {wanted}"
            ))
            .with_hint(format!(
                "choose a base for {wanted} (`imgfetch --platform {}` downloads one), or ask for `architecture: {own}`",
                wanted.platform()
            )))
        }
        None => Ok(()),
    }
}

/// Builders' messages for a missing secret differ, and podman uses an empty one.
fn check_secret(secret: &Secret) -> Result<(), Failure> {
    let refuse = |why: String| {
        Err(Failure::invalid(format!(
            "the secret `{}` {why}",
            secret.id()
        )))
    };
    match secret.source() {
        SecretSource::File(path) => match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => Ok(()),
            Ok(_) => refuse(format!("can't be read: {path} is not a file")),
            Err(error) => refuse(format!("can't be read: {path}: {error}")),
        },
        SecretSource::Variable(name) if ui::is_set(name) => Ok(()),
        SecretSource::Variable(name) => refuse(format!("has no value: `{name}` is not set")),
    }
}

fn can_not_run(wanted: Architecture) -> Failure {
    Failure::new(
        Code::Engine,
        format!("the engine's machine cannot run {wanted} programs"),
    )
    .with_hint(emulation(wanted))
}

/// How to let a machine run programs of another architecture.
pub(crate) fn emulation(wanted: Architecture) -> String {
    let (name, _) = wanted.oci();
    format!(
        "register an emulator with binfmt_misc on the engine's machine (Debian's qemu-user-static, or \
         `docker run --privileged --rm tonistiigi/binfmt --install {name}`), build on a machine that is {wanted}, or \
         `imgfetch --platform {}` an image that others built",
        wanted.platform()
    )
}
