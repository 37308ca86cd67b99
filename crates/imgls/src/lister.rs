//! Looks at registered images without reading their layers.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

use camino::Utf8Path;
use engine::Engine;
use registry::{Entry, Registry, Store};
use ui::{Reporter, in_order, processors};

use crate::finding::Finding;
use crate::listed::{AlsoIn, Listed};
use crate::loaded::loaded;
use crate::sharing::Sharing;
use crate::sight::{Looker, Sight};

/// How many images that share a layer to name.
const NAMED: usize = 5;

/// How many archives a thread reads before it passes them on: waking the other thread for each would take longer than
/// reading.
const AT_ONCE: usize = 16;

/// Looks at the images of a registry.
pub struct Lister<'a> {
    /// The store of the archives.
    pub store: &'a Store,
    /// The registry.
    pub registry: &'a Registry,
    /// The working directory, for relative paths.
    pub here: &'a Utf8Path,
    /// The engine to ask for loaded images; `None` asks none.
    pub engine: Option<&'a Engine>,
    /// The holders of leases, by the image's name.
    pub leases: &'a BTreeMap<String, Vec<String>>,
    /// Whether to find the other images of each layer.
    pub also_in: bool,
    /// The receiver of warnings.
    pub reporter: &'a Reporter,
}

impl Lister<'_> {
    /// Looks at these entries of the registry, in their order. To find shared layers, it opens every registered
    /// archive.
    pub fn list<'a>(&self, wanted: &[&'a Entry]) -> Vec<Listed<'a>> {
        let entries = self.registry.entries();
        let sights = self.sights(entries);
        let sharing = Sharing::of(&sights);
        let places: HashMap<_, _> = (entries.iter().enumerate())
            .map(|(place, entry)| (entry.name.as_str(), place))
            .collect();
        let listed = wanted.iter().filter_map(|entry| {
            let place = *places.get(entry.name.as_str())?;
            Some(Listed {
                entry: Cow::Borrowed(*entry),
                shared: sharing.bytes(place),
                loaded: None,
                leased: self.leases.get(&entry.name).cloned().unwrap_or_default(),
                also_in: self.also_in(&sharing, place, &sights[place]),
                sight: sights[place].clone(),
            })
        });
        let mut listed: Vec<_> = listed.collect();
        for image in &listed {
            for problem in image.findings().iter().map(Finding::problem) {
                self.reporter
                    .detail(format!("{}: {problem}", image.entry.name));
            }
        }
        if let Some(engine) = self.engine {
            match loaded(engine, &listed) {
                Ok(loaded) => {
                    for (image, loaded) in listed.iter_mut().zip(loaded) {
                        image.loaded = loaded;
                    }
                }
                Err(error) => self.reporter.warn(format!(
                    "cannot ask the engine which images are loaded: {error}"
                )),
            }
        }
        listed
    }

    fn sights(&self, entries: &[Entry]) -> Vec<Sight> {
        let looker = Looker {
            store: self.store,
            survey: &self.store.survey(),
            registry: self.registry,
            here: self.here,
            glances: true,
        };
        let mut sights = Vec::with_capacity(entries.len());
        let parts: Vec<_> = entries.chunks(AT_ONCE).collect();
        let look = |part: usize| -> Vec<_> {
            let part = parts[part].iter();
            part.map(|entry| looker.look(entry).0).collect()
        };
        let Ok(()) = in_order(parts.len(), processors(), look, |part| {
            sights.extend(part);
            Ok::<_, Infallible>(())
        });
        sights
    }

    fn also_in(&self, sharing: &Sharing, place: usize, sight: &Sight) -> Vec<AlsoIn> {
        let layers = sight.image.iter().flat_map(|image| &image.layers);
        let also_in = layers.filter(|_| self.also_in).map(|layer| {
            let names = sharing.others(place, layer.diff_id).take(NAMED);
            let names = names.map(|other| self.registry.entries()[other].name.clone());
            let names: Vec<_> = names.collect();
            AlsoIn {
                more: sharing.count(place, layer.diff_id) - names.len(),
                names,
            }
        });
        also_in.collect()
    }
}
