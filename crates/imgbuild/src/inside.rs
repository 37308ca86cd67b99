//! Inspects archives whose entries may list too little, before anything is built.
//!
//! imgplan uses the registry's lists. A hand-written list may be incomplete. An image of imgbuild lists the required
//! contents, without their dependencies. So before a build, the archives that could meet the requirement are read, and
//! their entries completed.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, PoisonError};

use archive::{Archive, RootFs, Stack};
use camino::Utf8Path;
use failure::Failure;
use inventory::Inventory;
use naming::Digest;
use plan::{AcceptMissing, Plan, Requirement, score, select};
use registry::{Edit, Entry, Registry, Store};

use crate::Builder;
use crate::asked::{self, Purpose, requested, strings};
use crate::earlier::Earlier;
use crate::prepared::Ready;

/// How many archives to read for one plan, besides its base and its own image. Each takes up to some seconds if it is
/// compressed.
const MAX_LOOKS: usize = 8;

/// The entries that this call inspected, so that each is read once, and the additional contents found.
#[derive(Debug, Default)]
pub(crate) struct CompletedEntries(Mutex<HashMap<Key, Option<Entry>>>);

/// An entry's name and its image.
type Key = (String, Option<Digest>);

/// An entry that now lists all contents of its image.
#[derive(Debug)]
pub(crate) enum Inside {
    /// It meets the requirement.
    Meets(Entry),
    /// It is the base's, and less is missing than the registry listed.
    Base(Entry),
}

impl Builder<'_> {
    /// Looks for the missing parts of a plan in images that could meet it, and in its base.
    pub(crate) fn look_inside(
        &self,
        plan: &Plan,
        ready: &Ready,
        registry: &Registry,
    ) -> Option<Inside> {
        let all = ready.purpose.plan.requirements.as_ref()?;
        let earlier = ready.earlier.as_ref();
        if plan.build != plan::BuildSpec::default() {
            // No other image has the results of a custom build.
            let fingerprint = Some(ready.ingredients.fingerprint);
            let same = earlier.filter(|it| it.entry.fingerprint == fingerprint);
            return self.meets_itself(all, same, registry).map(Inside::Meets);
        }
        if let Some(entry) = self.meets_inside(plan, earlier, registry) {
            return Some(Inside::Meets(entry));
        }
        let base = ready.base.entry()?;
        let completed = self.completed_entry(all, base, registry)?;
        let lacks_less = score(all, &completed).missing != score(all, base).missing;
        lacks_less.then_some(Inside::Base(completed))
    }

    /// An image that meets a plan's requirement, although the registry lists too little: that of its name, or another
    /// one for the same system, the best first. Needs no base.
    pub(crate) fn meets_inside(
        &self,
        plan: &Plan,
        earlier: Option<&Earlier>,
        registry: &Registry,
    ) -> Option<Entry> {
        // If a plan found its image and is built anyway, the build is for that image.
        let is_rebuilt = plan.best_image_path.is_some() || self.options.builds_anyway();
        if plan.build != plan::BuildSpec::default() || is_rebuilt {
            return None;
        }
        let wanted = plan.requirements.as_ref()?;
        let own = earlier.map(|earlier| &earlier.entry);
        let all = Purpose::of(plan, own, None).ok()?.plan.requirements?;
        if let Some(entry) = self.meets_itself(&all, earlier, registry) {
            return Some(entry);
        }
        let own = plan.name.as_deref();
        let mut others = select(wanted, registry.entries()).candidates;
        others.retain(|it| it.is_usable() && it.missing_variants.is_empty());
        others.retain(|it| Some(it.entry.name.as_str()) != own);
        others.sort_by_key(|it| {
            let marks = it.marks;
            (it.unasked, Reverse(marks.essential), Reverse(marks.extra))
        });
        others.iter().take(MAX_LOOKS).find_map(|candidate| {
            let completed = self.completed_entry(wanted, candidate.entry, registry);
            completed.filter(|entry| meets(wanted, entry))
        })
    }

    fn meets_itself(
        &self,
        all: &Requirement,
        earlier: Option<&Earlier>,
        registry: &Registry,
    ) -> Option<Entry> {
        if self.options.builds_anyway() {
            return None;
        }
        let earlier = earlier.filter(|it| it.stack.is_some())?;
        let mut entry = self.completed_entry(all, &earlier.entry, registry)?;
        entry.requested = requested(&all.contents());
        meets(all, &entry).then_some(entry)
    }

    /// An entry that lists all contents of its image; `None` if it did so before this call, lists all required
    /// contents, or cannot be read.
    pub(crate) fn completed_entry(
        &self,
        wanted: &Requirement,
        entry: &Entry,
        registry: &Registry,
    ) -> Option<Entry> {
        let key = (entry.name.clone(), entry.image_id);
        // The lock is held during the read: another plan of this call waits for the result.
        let mut looked = (self.completed.0.lock()).unwrap_or_else(PoisonError::into_inner);
        if !looked.contains_key(&key) {
            if score(wanted, entry).missing.is_empty() {
                return None;
            }
            let found = self.read(entry, registry).unwrap_or_else(|failure| {
                let detail = format!("{}: cannot look into it: {failure}", entry.name);
                self.reporter.detail(detail);
                None
            });
            looked.insert(key.clone(), found);
        }
        let found = looked.get(&key)?.as_ref()?;
        Some(union(entry, found))
    }

    fn read(&self, entry: &Entry, registry: &Registry) -> Result<Option<Entry>, Failure> {
        let path = self.store.path(&entry.file)?.absolute();
        let inventory = inventory(self.store, registry, &path, entry.image_id)?;
        let found = inventory.map(|inventory| with_inventory(entry, &inventory));
        Ok(found.filter(|found| union(entry, found) != *entry))
    }

    /// Writes the found contents into the registry.
    pub(crate) fn register(&self, found: &Entry) -> Result<(), Failure> {
        let is_new = self.store.update(self.lock_timeout, |registry| {
            let entry = registry.get(&found.name);
            let is_same =
                |entry: &&Entry| (&entry.file, entry.image_id) == (&found.file, found.image_id);
            let completed = entry.filter(is_same).map(|entry| union(entry, found));
            let new = completed.filter(|completed| Some(completed) != entry);
            let is_new = new.is_some();
            Ok::<_, Failure>((new.map(Edit::Put).into_iter().collect(), is_new))
        })?;
        if is_new {
            let name = &found.name;
            let message =
                format!("{name}: holds more than the registry listed; completed its entry");
            self.reporter.info(message);
        }
        Ok(())
    }
}

/// Whether an entry lists all required contents.
fn meets(wanted: &Requirement, entry: &Entry) -> bool {
    score(wanted, entry).meets(AcceptMissing::default())
}

/// The contents of an archive's image; `None` if the archive has another image.
pub(crate) fn inventory(
    store: &Store,
    registry: &Registry,
    path: &Utf8Path,
    image_id: Option<Digest>,
) -> Result<Option<Inventory>, Failure> {
    let Some(stack) = stack(store, registry, path, image_id)? else {
        return Ok(None);
    };
    inventory_of(stack).map(Some)
}

pub(crate) fn inventory_of(stack: Stack) -> Result<Inventory, Failure> {
    let files = RootFs::keeping(stack, &Inventory::wants)?;
    Ok(Inventory::read(&files)?)
}

/// The layers of an archive's image: the first one or the one with this ID.
pub(crate) fn stack(
    store: &Store,
    registry: &Registry,
    path: &Utf8Path,
    image_id: Option<Digest>,
) -> Result<Option<Stack>, Failure> {
    let archive = Archive::open(path)?;
    let images = archive.images().iter();
    let mut ids = images.map(|image| image.image_id);
    let Some(index) = ids.position(|id| image_id.is_none_or(|wanted| wanted == id)) else {
        return Ok(None);
    };
    let stack = Stack::new(archive.into(), index);
    Ok(stack
        .map(|stack| thin::complete(store, registry, stack))
        .transpose()?)
}

pub(crate) fn with_inventory(entry: &Entry, inventory: &Inventory) -> Entry {
    let mut found = entry.clone();
    found.requested = None;
    found.compilers = strings(&inventory.compilers);
    found.packages = inventory.packages.keys().cloned().collect();
    found.tools = strings(&inventory.tools);
    found
}

/// An entry with the contents of another added. Its own stay as written.
fn union(entry: &Entry, found: &Entry) -> Entry {
    let mut entry = entry.clone();
    for (list, more) in [
        (&mut entry.compilers, &found.compilers),
        (&mut entry.packages, &found.packages),
        (&mut entry.tools, &found.tools),
    ] {
        *list = asked::union(mem::take(list), more.clone());
    }
    entry.requested = found.requested.clone().or(entry.requested);
    entry
}
