//! Collects the input of the decision, and removes images.
//!
//! The engine is asked before the registry is locked, because it may be slow. Entries, leases and files in use are read
//! under the lock. Other commands lease and register images under the same lock, so nothing changes between decision
//! and removal.

mod reporting;

use std::collections::HashMap;
use std::time::Duration;

use chrono::Utc;
use engine::Engine;
use failure::Failure;
use registry::{Entry, Holder, Lease, LeaseList, Registry, Store, StorePath};
use ui::Reporter;

use crate::engine_uses::{EngineUses, LoadedCopy};
use crate::entries::{Entries, Holds};
use crate::{Disk, InForce, PrunePlan, Report, Why, select};

/// Keeps a store under its limits.
pub struct Pruner<'a> {
    /// The store.
    pub store: &'a Store,
    /// The engine whose containers use images. With `None`, no engine is asked.
    pub engine: Option<&'a Engine>,
    /// The receiver of messages.
    pub reporter: &'a Reporter,
    /// How long to wait for the registry's lock.
    pub lock_timeout: Duration,
}

/// What to do besides keeping limits.
#[derive(Debug, Clone, Default)]
pub struct PruneOptions {
    /// Remove nothing.
    pub dry_run: bool,
    /// Also remove loaded copies, and dangling images in the engine.
    pub rmi: bool,
    /// Also remove archives without entries, and temporary files.
    pub orphans: bool,
    /// Also remove entries without archives.
    pub missing: bool,
    /// Expire leases after this time if their holder cannot be checked.
    pub lease: Option<Duration>,
    /// End the leases of these runs.
    pub released: Vec<Holder>,
}

/// The images to remove, and the input of the decision.
struct Decision {
    selection: PrunePlan,
    entries: Entries,
    /// The entries to remove, in order, with the reasons.
    going: Vec<(Entry, Vec<String>)>,
    /// The entries without archives to remove.
    missing: Vec<Entry>,
    /// Entries that should be removed but stay, and why.
    held: Vec<(String, Vec<Why>)>,
}

impl Decision {
    /// The names of the entries to remove, in order.
    fn names(&self) -> impl Iterator<Item = &str> {
        let images = self.going.iter().map(|(entry, _)| entry);
        images.chain(&self.missing).map(|entry| entry.name.as_str())
    }
}

impl Pruner<'_> {
    /// Removes images by limits and options, except held images.
    pub fn run(&self, in_force: &InForce, options: &PruneOptions) -> Result<Report, Failure> {
        self.run_for(in_force, options, None)
    }

    /// The same. With the path of an archive, `--min-free` applies only to its file system.
    pub(crate) fn run_for(
        &self,
        in_force: &InForce,
        options: &PruneOptions,
        place: Option<&StorePath>,
    ) -> Result<Report, Failure> {
        let registry = self.store.read()?;
        let uses = match self.engine {
            Some(engine) => EngineUses::ask(engine, self.store, &registry, options.rmi)?,
            None => EngineUses::default(),
        };
        in_force.warn_of_idle(&registry, self.reporter);
        for error in self.store.leases()?.unreadable {
            self.reporter.warn_of(&error.into());
        }
        let decide = |registry: &Registry| self.decide(registry, &uses, in_force, options, place);
        let mut removed = Vec::new();
        let mut unsaid = None;
        let (decision, ended) = if options.dry_run {
            let decision = decide(&registry)?;
            removed.extend(decision.names().map(|_| None));
            (decision, None)
        } else {
            let decide = |registry: &Registry| {
                let decision = decide(registry)?;
                Ok::<_, Failure>((decision.names().map(str::to_owned).collect(), decision))
            };
            self.store.remove(self.lock_timeout, decide, |_, outcome| {
                unsaid.get_or_insert_with(ui::reprieve);
                removed.push(Some(outcome));
                !ui::interrupted()
            })?
        };
        let mut report = self.report(&decision, &in_force.limits.named, removed)?;
        report.dry_run = options.dry_run;
        report.unsaid = unsaid;
        let ended = ended.map(Failure::from);
        let stopped = ended.is_some() || ui::interrupted();
        // These come first: they matter more than other failures.
        report.failures.splice(0..0, ended);
        if stopped {
            return Ok(report);
        }
        if options.rmi {
            self.untag(&decision, &uses, &mut report)?;
            self.remove_leftovers(&uses, &mut report)?;
        }
        self.remove_orphans(options, &mut report)?;
        if !options.dry_run {
            let ended = |lease: &Lease| !lease.is_live(Utc::now(), options.lease);
            self.store.end_leases(self.lock_timeout, ended)?;
        }
        let free = self.disks(&decision.entries, place).into_iter();
        report.free = free.filter_map(|disk| disk.free).min();
        Ok(report)
    }

    fn decide(
        &self,
        registry: &Registry,
        uses: &EngineUses,
        in_force: &InForce,
        options: &PruneOptions,
        place: Option<&StorePath>,
    ) -> Result<Decision, Failure> {
        let now = Utc::now();
        let LeaseList {
            mut leases,
            unreadable,
        } = self.store.leases()?;
        leases.retain(|lease| {
            lease.is_live(now, options.lease) && !options.released.contains(&lease.holder)
        });
        let named = &in_force.limits.named;
        let holds = Holds {
            keep: &in_force.keep,
            leases: &leases,
            has_unreadable_leases: !unreadable.is_empty(),
            uses,
            named,
            now,
        };
        let mut entries = Entries::look(self.store, registry, &holds)?;
        let disks = self.disks(&entries, place);
        let mut selection = select(&entries.candidates, &in_force.limits, &disks, now);
        // Reading archives is far slower than reading the registry, so do it only if something is to be removed.
        if !selection.going.is_empty() || (options.missing && !entries.missing.is_empty()) {
            entries.read_bases(self.store, registry);
            selection = select(&entries.candidates, &in_force.limits, &disks, now);
        }
        let going = selection.going.iter().filter_map(|going| {
            let entry = registry.get(&entries.candidates[going.index].name)?;
            Some((entry.clone(), going.reasons.clone()))
        });
        let mut needed_by: HashMap<&str, Vec<String>> = HashMap::new();
        for staying in &selection.staying {
            let image = &entries.candidates[staying.index];
            if let Some(base) = image.base.as_deref() {
                needed_by.entry(base).or_default().push(image.name.clone());
            }
        }
        let (mut missing, mut held) = (Vec::new(), Vec::new());
        let is_asked_for = |name: &String| options.missing || named.contains(name);
        for (name, holds) in (entries.missing.iter()).filter(|(name, _)| is_asked_for(name)) {
            let mut why: Vec<_> = holds.iter().cloned().map(Why::Held).collect();
            why.extend(needed_by.remove(name.as_str()).map(Why::BaseOf));
            match why.as_slice() {
                [] => missing.extend(registry.get(name).cloned()),
                _ => held.push((name.clone(), why)),
            }
        }
        Ok(Decision {
            going: going.collect(),
            missing,
            held,
            selection,
            entries,
        })
    }

    /// The file systems for `--min-free`: that of `place`, else those of archives, else that of the first archive to
    /// come.
    fn disks(&self, entries: &Entries, place: Option<&StorePath>) -> Vec<Disk> {
        let disk = |id: Option<u64>, place: Option<&StorePath>| {
            let found = self.store.disk(place).ok();
            let folder = place.and_then(|place| place.as_path().parent());
            Disk {
                id: id.or(found.map(|found| found.id)).unwrap_or_default(),
                folder: folder.map(ToString::to_string).unwrap_or_default(),
                free: found.map(|found| found.free),
            }
        };
        if place.is_some() || entries.disks.is_empty() {
            return vec![disk(None, place)];
        }
        let disks = entries.disks.iter();
        disks
            .map(|(id, path)| disk(Some(*id), Some(path)))
            .collect()
    }

    /// Removes the tags of removed images from the engine, never by force.
    fn untag(
        &self,
        decision: &Decision,
        uses: &EngineUses,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let Some(engine) = self.engine else {
            return Ok(());
        };
        if decision.going.is_empty() {
            return Ok(());
        }
        for (entry, _) in &decision.going {
            let name = &entry.name;
            let mut untagged = false;
            for tag in entry.tags() {
                match uses.copy(entry, tag) {
                    LoadedCopy::None => {}
                    LoadedCopy::Other => self.reporter.warn(format!(
                        "{name}: kept `{tag}` in the engine: it is another image"
                    )),
                    LoadedCopy::Loaded if report.dry_run => untagged = true,
                    LoadedCopy::Loaded => match engine.untag(tag) {
                        Ok(()) => untagged = true,
                        Err(error) => report.failures.push(Failure::from(error).about(name)),
                    },
                }
            }
            let mut gone = report.gone.iter_mut();
            if let Some(gone) = gone.find(|gone| gone.name.as_ref() == Some(name)) {
                gone.untagged = Some(untagged);
            }
        }
        Ok(())
    }
}
