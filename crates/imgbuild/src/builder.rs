//! From a plan to an archive in the store.
//!
//! Nothing is registered before it was built, saved and looked into. The image is built under a tag of this
//! process alone and gets its own tag when it is registered, so a build that fails leaves the engine as it
//! was.

use std::time::Duration;

use camino::Utf8PathBuf;
use engine::Engine;
use failure::{Code, Failure};
use naming::{Digest, ImageName};
use plan::Plan;
use prune::InForce;
use registry::{Entry, Registry, Store};
use setup::Leases;
use transfer::fetch::Fetcher;
use transfer::save::{Wanted, compliant_name};
use ui::Reporter;

use crate::ingredients::Kitchen;
use crate::inside::{Inside, Looked};
use crate::paths;
use crate::ready::Ready;
use crate::sources::Sources;
use crate::steps::Probes;
use crate::turns::Turns;

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
    /// What cache probes have answered.
    pub probes: Probes,
    /// Bases that are being brought into the engine.
    pub bases: Turns,
    /// Archives that were looked into.
    pub looked: Looked,
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
    /// Say of each plan why it is built, or that it is up to date.
    pub explain: bool,
    /// How archives are written.
    pub wanted: Wanted,
    /// By which limits to make room for them; `None` makes none.
    pub make_room: Option<InForce>,
}

/// Why nothing is built, although the registry did not say that an image meets the requirement.
pub(crate) fn met_by(name: &str) -> String {
    format!("{name} meets the requirement: it holds more than the registry listed")
}

impl Options {
    /// Whether something is built that is up to date, or there already.
    pub(crate) fn builds_anyway(&self) -> bool {
        self.rebuild || self.no_cache
    }
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
        match plan.passed() {
            Some(path) => self.pass(plan, path),
            None => self.make(plan),
        }
    }

    pub(crate) fn kitchen(&self) -> Kitchen<'_> {
        Kitchen {
            store: self.store,
            reporter: self.reporter,
            probes: &self.probes,
            anew: self.options.no_cache,
        }
    }

    pub(crate) fn name(&self, plan: &Plan) -> Result<ImageName, Failure> {
        let text = plan
            .name
            .as_deref()
            .ok_or_else(|| Failure::invalid("the plan has no `name`"))?;
        compliant_name(text, self.options.normalize)
    }

    /// Where a build looks for images.
    pub(crate) fn sources<'s>(&'s self, registry: &'s Registry) -> Sources<'s> {
        Sources {
            store: self.store,
            registry,
            engine: Some(self.engine),
            pull: self.options.pull,
            foreseen: None,
        }
    }

    fn make(&self, plan: &Plan) -> Result<Built, Failure> {
        let name = self.name(plan)?;
        // Before the lock: a plan that can't be built should not wait for one that can.
        let registry = self.store.read_or_empty()?;
        let ready = match self.ready_now(plan, &name, &registry) {
            Ok(ready) => ready,
            // A base that is nowhere is not needed if nothing is built.
            Err(failure) => {
                let earlier = self.earlier(&registry, &name)?;
                let met = self.meets_inside(plan, earlier.as_ref(), &registry);
                let entry = met.filter(|_| failure.code() == Code::Archive);
                let entry = entry.ok_or(failure)?;
                self.register(&entry)?;
                return self.found(plan, &entry);
            }
        };
        let named = ready.named.iter().map(|named| &named.image);
        let below = named.chain([&ready.base]);
        let below = below.filter_map(|base| Some(base.entry()?.name.as_str()));
        let held: Vec<&str> = below.chain([name.as_str()]).collect();
        self.leases.hold(&held)?;
        let _lock = self.store.lock_image(name.as_str(), None)?;
        let registry = self.store.read_or_empty()?;
        let ready = self.ready_now(plan, &name, &registry)?;
        if let Some(earlier) = &ready.earlier
            && let Some(fault) = &earlier.fault
        {
            self.reporter.warn(format!("{}: {fault}", earlier.path));
        }
        if let Some(inside) = &ready.inside {
            self.register(inside.entry())?;
        }
        if let Some(Inside::Meets(entry)) = &ready.inside {
            return self.found(plan, entry);
        }
        self.explain(name.as_str(), &ready.lines());
        match ready.earlier {
            Some(earlier) if ready.reasons.is_empty() => {
                self.reporter.detail(format!("{name}: up to date"));
                Ok(earlier.into())
            }
            _ => {
                self.check_saved(plan, &name, &ready)?;
                self.make_locked(&name, &ready)
            }
        }
    }

    fn ready_now(
        &self,
        plan: &Plan,
        name: &ImageName,
        registry: &Registry,
    ) -> Result<Ready, Failure> {
        let earlier = self.earlier(registry, name)?;
        let ready = self.ready(plan, name, &self.sources(registry), earlier)?;
        if let Some(earlier) = &ready.earlier
            && earlier.entry.fingerprint == Some(ready.ingredients.fingerprint)
        {
            // What is only not here yet is not to be replaced.
            archive::refuse_pointer(&earlier.path)?;
        }
        Ok(ready)
    }

    /// An image that meets the requirement, although the registry did not say so.
    fn found(&self, plan: &Plan, entry: &Entry) -> Result<Built, Failure> {
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

    /// Says why something is built or not, where that was asked for.
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
