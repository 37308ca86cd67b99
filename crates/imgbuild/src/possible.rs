//! What can't be built is refused before a base is loaded and anything is built.

use engine::Build;
use failure::{Code, Failure};
use naming::{Architecture, ImageName};
use plan::{Plan, Secret, SecretSource};
use registry::Registry;

use crate::base::Base;
use crate::foreseen::Foreseen;
use crate::recipe::{Recipe, wanted_architecture};
use crate::sources::Sources;
use crate::{Builder, complaint, contradiction};

impl Builder<'_> {
    pub(crate) fn check_possible(
        &self,
        name: &ImageName,
        recipe: &Recipe,
        base: &Base,
        build: &Build,
    ) -> Result<(), Failure> {
        self.check_architecture(name, recipe, base)?;
        self.check_packages(recipe, base)?;
        recipe.secrets.iter().try_for_each(check_secret)?;
        Ok(self.engine.check_build(build)?)
    }

    /// Refuses a plan that needs a build for an architecture that the engine can't build. Other failures are left to the build.
    pub(crate) fn refuse_foreign(
        &self,
        plan: &Plan,
        registry: &Registry,
        foreseen: &Foreseen,
    ) -> Result<(), Failure> {
        let foreign = wanted_architecture(plan).filter(|wanted| *wanted != Architecture::host());
        let can_run = foreign.map(|wanted| self.engine.can_run(wanted));
        let (Some(Ok(Some(false) | None)), Ok(name)) = (can_run, self.name(plan)) else {
            return Ok(());
        };
        let sources = Sources {
            // A base that is nowhere makes no difference to what the engine can run.
            pull: true,
            foreseen: Some(foreseen),
            ..self.sources(registry)
        };
        let Ok((earlier, _)) = self.earlier_foreseen(registry, &name, foreseen) else {
            return Ok(());
        };
        match self.ready(plan, &name, &sources, earlier) {
            Ok(ready) if ready.is_built() => {
                let checked = self.check_architecture(&name, &ready.recipe, &ready.base);
                checked.map_err(|failure| failure.about(plan.subject()))?;
                foreseen.expect(plan, self.store, registry);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn check_architecture(
        &self,
        name: &ImageName,
        recipe: &Recipe,
        base: &Base,
    ) -> Result<(), Failure> {
        let wanted = recipe.architecture;
        match self.engine.can_run(wanted)? {
            Some(false) if recipe.runs => return Err(can_not_run(wanted)),
            _ => check_base(recipe, base)?,
        }
        contradiction::check_architecture(name, wanted)
    }

    /// A misspelt package fails only when all before it is downloaded. It is told from one that a newer list would have by its
    /// neighbour.
    fn check_packages(&self, recipe: &Recipe, base: &Base) -> Result<(), Failure> {
        if recipe.packages.is_empty() {
            return Ok(());
        }
        let Some(offered) = base.offered(self.store)? else {
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

/// Engines take no note of a base for another architecture, or pull one instead.
fn check_base(recipe: &Recipe, base: &Base) -> Result<(), Failure> {
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

/// The builder's own words for a secret that is not there differ, and podman takes an empty one.
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

/// What makes a machine run another one's programs.
pub(crate) fn emulation(wanted: Architecture) -> String {
    let (name, _) = wanted.oci();
    format!(
        "register an emulator with binfmt_misc on the engine's machine (Debian's qemu-user-static, or \
         `docker run --privileged --rm tonistiigi/binfmt --install {name}`), build on a machine that is {wanted}, or \
         `imgfetch --platform {}` an image that others built",
        wanted.platform()
    )
}
