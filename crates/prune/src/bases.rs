//! The bases of archives, as the archives themselves name them.
//!
//! `thin:` and `base:` are optional in a registry: a person or another program may have removed them. An archive names
//! its base itself, and cannot be read without it.

use std::collections::HashMap;
use std::convert::Infallible;

use archive::{Archive, Image, Layer};
use naming::Digest;
use registry::{Registry, Store, StorePath};
use ui::{in_order, processors};

use crate::Hold;
use crate::entries::Entries;

/// How many archives a thread opens at a time.
const PART: usize = 64;

impl Entries {
    /// Corrects the bases by the archives. If an archive cannot be read, the registry's base stays.
    pub(crate) fn read_bases(&mut self, store: &Store, registry: &Registry) {
        let candidates = self.candidates.iter().map(|candidate| &candidate.name);
        let names: Vec<&String> = candidates
            .chain(self.odd.iter().map(|(name, _)| name))
            .collect();
        let parts: Vec<_> = names.chunks(PART).collect();
        let bases_of = |name: &&String| {
            let bases = thin::bases(store, registry, registry.get(name)?).ok()?;
            (!bases.is_empty()).then(|| (name.to_string(), bases))
        };
        let look = |part: usize| parts[part].iter().filter_map(bases_of).collect::<Vec<_>>();
        let mut bases: HashMap<String, Vec<String>> = HashMap::new();
        let Ok(()) = in_order(parts.len(), processors(), look, |part| {
            bases.extend(part);
            Ok::<_, Infallible>(())
        });
        for candidate in &mut self.candidates {
            if let Some(bases) = bases.get_mut(&candidate.name) {
                candidate.base = Some(bases.remove(0));
            }
        }
        // An odd entry is no candidate, but it needs its base too. So does an image with several bases.
        for (of, bases) in bases {
            for base in bases {
                let mut candidates = self.candidates.iter_mut();
                if let Some(candidate) = candidates.find(|candidate| candidate.name == base) {
                    let of = of.clone();
                    candidate.holds.push(Hold::Base { of });
                }
            }
        }
    }
}

/// Layers that registered thin archives omit and no registered archive holds, with the name of one such image.
#[derive(Debug, Default)]
pub(crate) struct Lacking(HashMap<Digest, String>);

impl Lacking {
    pub(crate) fn of(store: &Store, registry: &Registry) -> Self {
        let mut lacking = HashMap::new();
        for entry in registry.entries() {
            let Ok(stack) = thin::open(store, entry) else {
                continue;
            };
            if !stack.image().is_thin() || thin::complete(store, registry, stack.clone()).is_ok() {
                continue;
            }
            let left_out = stack.image().layers.iter().filter(|layer| layer.left_out);
            lacking.extend(left_out.map(|layer| (layer.diff_id, entry.name.clone())));
        }
        Self(lacking)
    }

    /// An image that lacks a layer which this archive holds.
    pub(crate) fn needs(&self, path: &StorePath) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        let archive = Archive::open(&path.absolute()).ok()?;
        let layers = archive
            .images()
            .iter()
            .flat_map(|image: &Image| &image.layers);
        let mut held = layers.filter(|layer: &&Layer| !layer.left_out);
        held.find_map(|layer| self.0.get(&layer.diff_id))
            .map(String::as_str)
    }
}
