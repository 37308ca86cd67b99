//! `--cost` and `--view`: how images are ranked, and where they may come from.

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
    /// From the engine.
    Engine,
    /// From either.
    Both,
}

/// How images are ranked, and where they may come from.
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

/// The rules for choosing images.
pub(crate) struct Availability<'a> {
    pub view: View,
    /// Whether missing archives are fetched on demand.
    fetches: bool,
    /// `None` if nothing depends on the engine; then it is not asked.
    engine: Option<&'a Engine>,
}

/// Facts about the images of a registry.
pub(crate) struct Found {
    /// The names of the images in the engine.
    pub held: HashSet<String>,
    bytes: Option<HashMap<String, u64>>,
}

impl CostFlags {
    /// The costs of the flag, or else of the config.
    pub(crate) fn costs(&self, config: &Config) -> Result<Vec<Cost>, Failure> {
        if self.cost.is_empty() {
            return configured_costs(config);
        }
        let costs = Cost::list(&self.cost.join(","));
        costs.map_err(|why| Failure::usage(format!("`--cost`: {why}")))
    }

    /// The values of the flags, or else of the config.
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
    /// Whether an image with a missing archive counts as present.
    pub(crate) fn fetches(&self, entry: &Entry) -> bool {
        self.fetches && entry.remote.is_some()
    }

    /// Asks the engine, if necessary. The bytes of an unreadable archive are unknown.
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
                    // On a containerd store, the archive is needed to see whether the engine has the image.
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

    /// Whether an entry may be chosen, with or without an archive.
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
    /// The input of costs.
    pub(crate) fn known<'a>(&'a self, registry: &'a Registry) -> CostData<'a> {
        CostData {
            bytes: self.bytes.as_ref(),
            recorded: registry.entries(),
        }
    }
}
