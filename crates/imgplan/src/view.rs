//! `--cost` and `--view`: what is best, and where an image may come from.

use std::collections::{HashMap, HashSet};

use config::Config;
use engine::Engine;
use failure::Failure;
use plan::{Cost, CostData};
use registry::{Entry, Registry, Store};
use transfer::load::EngineState;
use ui::Reporter;

/// Where an image may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum View {
    /// From its archive.
    Archives,
    /// From the engine, which holds it.
    Engine,
    /// From either.
    Both,
}

/// What is best, and where it may come from.
#[derive(Debug, Clone, clap::Args)]
pub struct CostFlags {
    /// How to rank usable images
    ///
    /// `marks`: the most packages and tools. `missing`: the fewest things to install. `bytes`: the fewest bytes to bring into
    /// the engine. `build-time`: the shortest expected build. `newest`: the last created image. Several, with commas or repeated: the
    /// first counts most. Images that meet the requirement come before all others, and images with fewer compilers and variants
    /// that it does not ask for before any cost. Default: `plan.cost` of the config, else `marks`.
    #[arg(long, value_name = "COST[,COST]", hide_short_help = true)]
    cost: Vec<String>,

    /// Where an image may come from: archives, engine or both
    ///
    /// `engine` takes registered images that the engine holds, with an archive or without. Default: `plan.view` of the
    /// config, else `archives`.
    #[arg(
        long,
        value_enum,
        value_name = "VIEW",
        hide_short_help = true,
        hide_possible_values = true
    )]
    view: Option<View>,
}

/// How images are chosen.
pub(crate) struct Availability<'a> {
    pub view: View,
    /// Whether archives that are missing are fetched by whoever needs them.
    fetches: bool,
    /// `None` where nothing depends on it: it is not asked then.
    engine: Option<&'a Engine>,
}

/// What was found out about the images of a registry.
pub(crate) struct Found {
    /// The names of those that the engine holds.
    pub held: HashSet<String>,
    bytes: Option<HashMap<String, u64>>,
}

impl CostFlags {
    /// The costs that the flag names, or else the config.
    pub(crate) fn costs(&self, config: &Config) -> Result<Vec<Cost>, Failure> {
        if self.cost.is_empty() {
            return configured_costs(config);
        }
        let costs = Cost::list(&self.cost.join(","));
        costs.map_err(|why| Failure::usage(format!("`--cost`: {why}")))
    }

    /// What the flags say, or else the config.
    pub(crate) fn choice<'a>(
        &self,
        costs: &[Cost],
        config: &Config,
        engine: &'a Engine,
    ) -> Result<Availability<'a>, Failure> {
        let view = match (self.view, &config.plan.view) {
            (Some(view), _) => view,
            (None, None) => View::Archives,
            (None, Some(said)) => <View as clap::ValueEnum>::from_str(&said.value, false)
                .map_err(|_| at(config, said, "must be archives, engine or both"))?,
        };
        let asks = view != View::Archives || costs.iter().any(|cost| cost.name() == "bytes");
        Ok(Availability {
            view,
            fetches: config.fetch == Some(true),
            engine: Some(engine).filter(|_| asks),
        })
    }
}

fn configured_costs(config: &Config) -> Result<Vec<Cost>, Failure> {
    let said = &config.plan.cost;
    let texts: Vec<_> = said.iter().map(|cost| cost.value.as_str()).collect();
    match said.first() {
        None => Ok(Vec::new()),
        Some(first) => Cost::list(&texts.join(",")).map_err(|why| at(config, first, &why)),
    }
}

pub(crate) fn at(config: &Config, said: &config::Setting<String>, why: &str) -> Failure {
    let path = config.path.as_deref().unwrap_or("".into());
    let (line, column) = (said.at.line, said.at.column);
    Failure::invalid(format!("{path}:{line}:{column}: `{}`: {why}", said.key))
}

impl Availability<'_> {
    /// Whether an image whose archive is missing is as good as there.
    pub(crate) fn fetches(&self, entry: &Entry) -> bool {
        self.fetches && entry.remote.is_some()
    }

    /// Asks the engine, where that is needed. What an archive that can't be read would bring is not known.
    pub(crate) fn find_out(
        &self,
        store: &Store,
        registry: &Registry,
        reporter: &Reporter,
    ) -> Result<Found, Failure> {
        let mut found = Found {
            held: HashSet::new(),
            bytes: None,
        };
        let Some(engine) = self.engine else {
            return Ok(found);
        };
        let state = EngineState::of(engine)?;
        let mut all = HashMap::new();
        for entry in registry.entries() {
            if state.has_image_of(entry) {
                found.held.insert(entry.name.clone());
                all.insert(entry.name.clone(), 0);
                continue;
            }
            match state.missing_bytes(store, registry, entry) {
                Ok(bytes) => {
                    // An engine with a containerd store is told by the archive what it has.
                    if bytes == 0 {
                        found.held.insert(entry.name.clone());
                    }
                    all.insert(entry.name.clone(), bytes);
                }
                Err(failure) => reporter.detail(failure.about(&entry.name)),
            }
        }
        found.bytes = Some(all);
        Ok(found)
    }

    /// Whether an entry may be taken, which has its archive or not.
    pub(crate) fn takes(&self, entry: &Entry, has_archive: bool, found: &Found) -> bool {
        let is_held = found.held.contains(&entry.name);
        match self.view {
            View::Archives => has_archive,
            View::Engine => is_held,
            View::Both => has_archive || is_held,
        }
    }
}

impl Found {
    /// What costs are reckoned from.
    pub(crate) fn known<'a>(&'a self, registry: &'a Registry) -> CostData<'a> {
        CostData {
            bytes: self.bytes.as_ref(),
            recorded: registry.entries(),
        }
    }
}
