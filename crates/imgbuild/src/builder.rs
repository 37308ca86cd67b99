//! From a plan to an archive in the store.
//!
//! Nothing is registered before it was built, saved and looked into. The image is built under a tag of this
//! process alone and gets its own tag when it is registered, so a build that fails leaves the engine as it
//! was.

use std::time::Duration;

use archive::{Archive, Stack, ThinBase};
use camino::Utf8PathBuf;
use cli::{Failure, Leases, Reporter};
use engine::{Build, BuildFile, Engine};
use imgfetch::Fetcher;
use imgload::Loader;
use imgprune::InForce;
use imgsave::{Form, Naming, Saver, Source, Thin, Wanted, compliant_name};
use naming::{Architecture, Digest, ImageName};
use plan::Plan;
use registry::{Registry, Store};

use crate::base::Base;
use crate::recipe::Recipe;
use crate::{contents, paths, temporary};

/// Builds what plans ask for.
pub struct Builder<'a> {
    /// Where archives and entries go.
    pub store: &'a Store,
    /// The engine that builds.
    pub engine: &'a Engine,
    /// Where the build's output goes.
    pub reporter: &'a Reporter,
    /// How long to wait for the registry's lock. Another build of the same image is waited for however long.
    pub lock_timeout: Duration,
    /// What this run holds.
    pub leases: Leases<'a>,
    /// What fetches archives that are missing, where that is wanted.
    pub fetcher: Option<Fetcher<'a>>,
    /// How to build.
    pub options: Options,
}

/// How to build.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Build although the archive is up to date.
    pub rebuild: bool,
    /// Build, and tell the engine to run every step anew.
    pub no_cache: bool,
    /// Let the engine pull bases.
    pub pull: bool,
    /// The network of `RUN` steps.
    pub network: Option<String>,
    /// Take the nearest name that complies.
    pub normalize: bool,
    /// How archives are written.
    pub wanted: Wanted,
    /// By which limits to make room for them; `None` makes none.
    pub make_room: Option<InForce>,
}

/// An archive that meets a plan.
#[derive(Debug, Clone)]
pub struct Built {
    /// The registered name, where the archive is registered.
    pub name: Option<String>,
    /// The archive, as it opens from the working directory.
    pub path: Utf8PathBuf,
    /// The image in it, where that is known.
    pub image_id: Option<Digest>,
    /// Whether it was built now.
    pub built: bool,
}

impl Builder<'_> {
    /// Makes sure that the archive that a plan asks for is in the store.
    pub fn build(&self, plan: &Plan) -> Result<Built, Failure> {
        self.fetch_missing(plan)?;
        let registry = self.store.read_or_empty()?;
        match plan
            .best_image_path
            .as_ref()
            .filter(|_| !plan.needs_build())
        {
            Some(path) => {
                let target = paths::archive(self.store, &registry, path)?;
                let target = match &target.entry {
                    // It may have gone before it was held.
                    Some(entry) => {
                        paths::archive(self.store, &self.leases.hold(&[&entry.name])?, path)?
                    }
                    None => target,
                };
                if self.options.rebuild || self.options.no_cache {
                    let path = &target.path;
                    self.reporter.warn(format!(
                        "{path}: the plan found this image and asks for no build; remove the archive to build it again"
                    ));
                }
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
            None => self.make(plan),
        }
    }

    /// The text of the build file that would be used.
    pub fn print(&self, plan: &Plan) -> Result<String, Failure> {
        let registry = self.store.read_or_empty()?;
        let name = self.name(plan)?;
        // Whether the engine has the base matters only to a build.
        let base = Base::find(plan, self.store, &registry, None, true)?;
        Ok(Recipe::of(plan, &name, self.store, &base)?.text)
    }

    fn name(&self, plan: &Plan) -> Result<ImageName, Failure> {
        let text = plan
            .name
            .as_deref()
            .ok_or_else(|| Failure::invalid("the plan has no `name`"))?;
        compliant_name(text, self.options.normalize)
    }

    fn base(&self, plan: &Plan, registry: &Registry) -> Result<Base, Failure> {
        let pull = self.options.pull;
        Base::find(plan, self.store, registry, Some(self.engine), pull)
    }

    fn make(&self, plan: &Plan) -> Result<Built, Failure> {
        let name = self.name(plan)?;
        // Before the lock: a plan that can't be built should not wait for one that can.
        let base = self.base(plan, &self.store.read_or_empty()?)?;
        Recipe::of(plan, &name, self.store, &base)?;
        let below = base.entry().map(|entry| entry.name.as_str());
        let held: Vec<&str> = below.into_iter().chain([name.as_str()]).collect();
        self.leases.hold(&held)?;
        let _lock = self.store.lock_image(name.as_str(), None)?;
        let registry = self.store.read_or_empty()?;
        let base = self.base(plan, &registry)?;
        let recipe = Recipe::of(plan, &name, self.store, &base)?;
        let fingerprint = recipe.fingerprint(&base, self.store, self.engine, self.options.pull)?;
        if !self.options.rebuild
            && !self.options.no_cache
            && let Some(built) = self.up_to_date(&registry, &name, fingerprint)?
        {
            self.reporter.detail(format!("{name}: up to date"));
            return Ok(built);
        }
        self.make_locked(plan, &name, &base, &recipe, fingerprint)
    }

    /// The archive in place, if it came from the very same input.
    fn up_to_date(
        &self,
        registry: &Registry,
        name: &ImageName,
        fingerprint: Digest,
    ) -> Result<Option<Built>, Failure> {
        let Some(entry) = registry
            .get(name.as_str())
            .filter(|entry| entry.fingerprint == Some(fingerprint))
        else {
            return Ok(None);
        };
        let path = self
            .store
            .relative(&self.store.path(&entry.file)?, &cli::working_dir()?);
        // What is only not here yet is not to be replaced.
        archive::refuse_pointer(&path)?;
        // Damaged, gone or without its base: built again, as if it had never been.
        let whole = Archive::open(&path)
            .ok()
            .and_then(Stack::of)
            .is_some_and(|stack| {
                let id = stack.image().image_id;
                entry.image_id.is_none_or(|registered| registered == id)
                    && thin::complete(self.store, registry, stack).is_ok()
            });
        Ok(whole.then(|| Built {
            name: Some(entry.name.clone()),
            path,
            image_id: entry.image_id,
            built: false,
        }))
    }

    /// The base that a thin archive leaves its layers to.
    fn thin_base(&self, base: &Base) -> Result<Option<ThinBase>, Failure> {
        match (self.options.wanted.thin, base.entry()) {
            (Thin::Never, _) | (Thin::WherePossible, None) => Ok(None),
            (_, Some(entry)) => Ok(Some(thin::base(self.store, entry)?)),
            (Thin::Always, None) => {
                Err(Failure::invalid("`--thin` needs a base that is registered")
                    .with_hint("save the base with imgsave first"))
            }
        }
    }

    fn make_locked(
        &self,
        plan: &Plan,
        name: &ImageName,
        base: &Base,
        recipe: &Recipe,
        fingerprint: Digest,
    ) -> Result<Built, Failure> {
        let loader = Loader {
            store: self.store,
            engine: self.engine,
            reporter: self.reporter,
            lock_timeout: self.lock_timeout,
            record: false,
            force: false,
            also: None,
            jobs: 1,
            keep_going: false,
        };
        let thin_base = self.thin_base(base)?;
        let on = if recipe.uses_base {
            base.bring(&loader)?
        } else {
            None
        };
        let temporary = temporary::tag(self.engine, name)?;
        let mut build = Build::new(BuildFile::Text(&recipe.text), temporary.reference());
        build.context = recipe.context.as_deref();
        build.args = recipe.args_on(on.as_ref());
        build.platform = Some(recipe.architecture).filter(|wanted| *wanted != Architecture::host());
        build.no_cache = self.options.no_cache;
        build.pull = self.options.pull;
        build.network = self.options.network.as_deref();
        match &on {
            Some(on) => self.reporter.info(format!("building {name} on {on}")),
            None => self.reporter.info(format!("building {name}")),
        }
        let info = self.engine.build(&build, |line| self.reporter.engine(line));
        let info = info.map_err(|error| match Failure::from(error) {
            failure if self.reporter.shows_engine() => failure.without_tail(),
            failure => failure,
        })?;
        let image_id = info.id;
        let saver = Saver {
            store: self.store,
            engine: self.engine,
            reporter: self.reporter,
            lock_timeout: self.lock_timeout,
            form: Form {
                compress: self.options.wanted.compress,
                base: thin_base,
            },
            make_room: self.options.make_room.clone(),
        };
        let source = Source::Engine {
            reference: temporary.reference().clone(),
            info: Box::new(info),
        };
        let saved = saver.save_locked(&source, &Naming::Given(name.clone()), |found| {
            contents::draft(plan, base.entry(), fingerprint, found)
        })?;
        self.engine.tag(&image_id.to_string(), &saved.reference)?;
        Ok(Built {
            name: Some(saved.name),
            path: saved.path,
            image_id: Some(saved.image_id),
            built: true,
        })
    }
}
