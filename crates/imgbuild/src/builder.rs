//! Turns a plan into an archive in the store.
//!
//! Nothing is registered before it was built, saved and inspected. The image is built under a tag of this process, and
//! gets its own tag when it is registered. So a failed build leaves the engine as it was.

use std::time::Duration;

use camino::Utf8PathBuf;
use engine::Engine;
use failure::Failure;
use naming::{Digest, ImageName};
use plan::Plan;
use prune::InForce;
use registry::{Entry, LeaseTerm, Lock, Registry, Store};
use setup::Leases;
use transfer::Session;
use transfer::fetch::Fetcher;
use transfer::save::{Wanted, compliant_name};
use ui::Reporter;

use crate::inside::CompletedEntries;
use crate::keyed_mutex::KeyedMutex;
use crate::paths;
use crate::prepared::{Mode, Prepared, Ready};
use crate::sources::Sources;
use crate::steps::Probes;

/// Builds plans.
pub(crate) struct Builder<'a> {
    /// The destination of archives and entries.
    pub store: &'a Store,
    /// The engine that builds.
    pub engine: &'a Engine,
    /// The receiver of the build's output.
    pub reporter: &'a Reporter,
    /// How long to wait for the registry's lock. There is no limit for another build of the same image.
    pub lock_timeout: Duration,
    /// The leases of this run.
    pub leases: Leases<'a>,
    /// Fetches missing archives, if allowed.
    pub fetcher: Option<Fetcher<'a>>,
    /// The options of a build.
    pub options: BuildOptions,
    /// The answers of cache probes.
    pub probes: Probes,
    /// One lock for each base that is loaded.
    pub bases: KeyedMutex,
    /// The inspected archives.
    pub completed: CompletedEntries,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct BuildOptions {
    /// Build even if the archive is up to date.
    pub rebuild: bool,
    /// Build without the engine's cache.
    pub no_cache: bool,
    /// Let the engine pull bases.
    pub pull: bool,
    /// The network of `RUN` steps.
    pub network: Option<String>,
    /// Use the nearest valid name.
    pub normalize: bool,
    /// Explain for each plan why it is built or up to date.
    pub explain: bool,
    /// The form of archives.
    pub wanted: Wanted,
    /// The limits for making room; `None` makes none.
    pub make_room: Option<InForce>,
}

/// Explains why nothing is built, although the registry listed too little.
pub(crate) fn met_by(name: &str) -> String {
    format!("{name} meets the requirement: it holds more than the registry listed")
}

impl BuildOptions {
    /// Whether an image that is up to date or present is built anyway.
    pub(crate) fn builds_anyway(&self) -> bool {
        self.rebuild || self.no_cache
    }
}

/// An archive that meets a plan.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    /// The registered name, if the archive is registered.
    pub name: Option<String>,
    /// The archive's path, from the working directory.
    pub path: Utf8PathBuf,
    /// Its image, if known.
    pub image_id: Option<Digest>,
    /// Whether it was built by this call.
    pub built: bool,
}

impl<'a> Builder<'a> {
    /// Builds in a session. `term` has the leases' holder, `fetcher` fetches missing archives.
    pub(crate) fn new(
        session: Session<'a>,
        term: Option<LeaseTerm>,
        fetcher: Option<Fetcher<'a>>,
        options: BuildOptions,
    ) -> Self {
        let Session {
            store,
            engine,
            reporter,
            lock_timeout,
        } = session;
        let leases = Leases {
            store,
            term,
            lock_timeout,
            reporter,
        };
        Self {
            store,
            engine,
            reporter,
            lock_timeout,
            leases,
            fetcher,
            options,
            probes: Probes::in_folder(store.root()),
            bases: KeyedMutex::default(),
            completed: CompletedEntries::default(),
        }
    }

    /// Provides the archive of a plan in the store.
    pub(crate) fn build(&self, plan: &Plan, registry: Registry) -> Result<Built, Failure> {
        let registry = self.fetch_missing(plan, registry)?;
        match plan.passed() {
            Some(path) => self.pass(plan, path, registry),
            None => self.make(plan, registry),
        }
    }

    pub(crate) fn name(&self, plan: &Plan) -> Result<ImageName, Failure> {
        let text = plan
            .name
            .as_deref()
            .ok_or_else(|| Failure::invalid("the plan has no `name`"))?;
        compliant_name(text, self.options.normalize)
    }

    /// The sources of images.
    pub(crate) fn sources<'s>(&'s self, registry: &'s Registry, mode: Mode<'s>) -> Sources<'s> {
        Sources {
            builder: self,
            registry,
            mode,
        }
    }

    fn make(&self, plan: &Plan, mut registry: Registry) -> Result<Built, Failure> {
        let prepare =
            |registry: &Registry| Prepared::new(plan, &self.sources(registry, Mode::Build));
        // Before the lock: an impossible plan must not wait for another build.
        let mut ready = match prepare(&registry)? {
            Prepared::Met { entry, .. } => return self.found(plan, &entry),
            Prepared::Ready(ready) => ready,
        };
        let (_lock, changed) = self.lock(&ready, &registry)?;
        if let Some(changed) = changed {
            registry = changed;
            ready = match prepare(&registry)? {
                Prepared::Met { entry, .. } => return self.found(plan, &entry),
                Prepared::Ready(ready) => ready,
            };
        }
        if let Some(earlier) = &ready.earlier
            && let Some(fault) = &earlier.fault
        {
            self.reporter.warn(format!("{}: {fault}", earlier.path));
        }
        if let Some(base) = &ready.completed {
            self.register(base)?;
        }
        self.explain(ready.name.as_str(), &ready.lines());
        match ready.earlier {
            Some(earlier) if ready.reasons.is_empty() => {
                self.reporter.detail(format!("{}: up to date", ready.name));
                Ok(earlier.into())
            }
            _ => {
                self.check_saved(plan, &ready)?;
                self.make_locked(&ready, &registry)
            }
        }
    }

    /// Locks an image, and leases it with its base and named images. Returns the current registry, if the preparation
    /// with `before` may be outdated.
    fn lock(&self, ready: &Ready, before: &Registry) -> Result<(Lock, Option<Registry>), Failure> {
        let name = ready.name.as_str();
        match self.store.lock_image(name, Some(Duration::ZERO)) {
            Ok(lock) => {
                let now = self.leases.hold(&ready.leased())?;
                let is_same = now.text() == before.text();
                Ok((lock, Some(now).filter(|_| !is_same)))
            }
            Err(registry::Error::LockTimeout { .. }) => {
                // The base stays while another build is waited for.
                self.leases.hold(&ready.leased())?;
                let lock = self.store.lock_image(name, None)?;
                Ok((lock, Some(self.store.read_or_empty()?)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// An image that meets the requirement, although the registry listed too little.
    fn found(&self, plan: &Plan, entry: &Entry) -> Result<Built, Failure> {
        self.register(entry)?;
        let registry = self.leases.hold(&[&entry.name])?;
        let file = self.store.path(&entry.file)?;
        let path = self.store.relative(&file, self.store.cwd());
        let target = paths::archive(self.store, &registry, &path)?;
        let name = &entry.name;
        self.explain(plan.subject(), &[met_by(name)]);
        Ok(Built {
            name: Some(entry.name.clone()),
            path: target.path,
            image_id: entry.image_id,
            built: false,
        })
    }

    /// Explains why an image is built or not, if requested.
    pub(crate) fn explain(&self, name: &str, reasons: &[String]) {
        if !self.options.explain {
            return;
        }
        match reasons {
            [] => self.reporter.explain(name, &["up to date".to_owned()]),
            reasons => self.reporter.explain(name, reasons),
        }
    }
}
