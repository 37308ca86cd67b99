//! Keeps the layers of thin archives if another image replaces their base.
//!
//! The thin archives that would lose layers are made whole first, each by its own replacement. So every image can still be
//! read if the process is killed at any time. A dependent's image lock is not taken, since its holder may wait for the lock
//! that this process holds. Its entry is compared under the registry's lock instead.

use std::collections::BTreeMap;
use std::fs::File;

use archive::compose::manifest_digest;
use archive::{Archive, Draft, Options, Stack};
use failure::{Code, Failure};
use inventory::Inventory;
use registry::{Entry, Registry, StorePath};

use crate::save::Saver;
use crate::save::entry::megabytes;
use crate::save::room::{need, stack_bytes};

/// The number of attempts to make a dependent whole if other processes change it.
const ATTEMPTS: usize = 10;

impl Saver<'_> {
    /// Makes the archives whole that would lose layers if `new` replaced the archive of `name`. Returns the names of those
    /// that cannot be read: they have no layers to lose.
    pub(crate) fn keep_layers(
        &self,
        name: &str,
        path: &StorePath,
        new: &Stack,
    ) -> Result<Vec<String>, Failure> {
        let mut unreadable = Vec::new();
        let mut is_room_checked = false;
        let mut attempts = 0;
        while attempts < ATTEMPTS {
            let registry = self.session.store.read_or_empty()?;
            let losses = thin::losses(self.session.store, &registry, name, path, new)
                .map_err(replaced_meanwhile)?;
            refuse_pointers(name, &losses.pointers)?;
            let mut losing = losses.entries;
            losing.retain(|entry| !unreadable.contains(&entry.name));
            if losing.is_empty() {
                break;
            }
            if !is_room_checked {
                self.ensure_room_for(name, path, &registry, &losing)?;
                is_room_checked = true;
            }
            // If the lowest archive is whole, the archives above it may need no change: all are checked again.
            let lowest = &losing[0];
            match self.make_whole(&registry, lowest, path) {
                Ok(true) => self.session.reporter.warn(format!(
                    "{}: is no longer thin, because its base {name} is replaced; rebuild it to make it thin",
                    lowest.name
                )),
                Ok(false) => attempts += 1,
                Err(failure) if failure.code() == Code::Archive => {
                    let part = format!("cannot read this thin archive on {name}");
                    let failure = failure.in_part(&part).about(&lowest.name);
                    self.session.reporter.warn_of(&failure);
                    unreadable.push(lowest.name.clone());
                }
                Err(failure) => return Err(failure.about(&lowest.name)),
            }
        }
        Ok(unreadable)
    }

    /// Refuses to replace an archive with `new` if `new` stands on itself, if others lose layers, or if the path belongs to
    /// another image. Call it under the registry's lock. `unreadable` has the names of those that cannot be read anyway.
    pub(crate) fn guard(
        &self,
        registry: &Registry,
        name: &str,
        path: &StorePath,
        new: &Stack,
        unreadable: &[String],
    ) -> Result<(), Failure> {
        if let Some(base) = new.image().base.as_ref() {
            thin::check_base(registry, name, &base.name)?;
        }
        let losses = thin::losses(self.session.store, registry, name, path, new)
            .map_err(replaced_meanwhile)?;
        refuse_pointers(name, &losses.pointers)?;
        let losing = losses.entries.iter().map(|entry| entry.name.as_str());
        let losing: Vec<_> = losing
            .filter(|name| !unreadable.iter().any(|known| known == name))
            .collect();
        if !losing.is_empty() {
            let message = format!(
                "cannot replace `{name}`: thin archives would lose layers: {}",
                losing.join(", ")
            );
            let hint = format!("make them whole with imgsave --full {}", losing.join(" "));
            return Err(Failure::invalid(message).with_hint(hint));
        }
        self.check_place(registry, name, path, new)
    }

    /// Refuses to write an image to the path of another entry's archive.
    pub(crate) fn check_place(
        &self,
        registry: &Registry,
        name: &str,
        path: &StorePath,
        new: &Stack,
    ) -> Result<(), Failure> {
        let survey = self.session.store.survey();
        let place = survey.real(path);
        for other in registry.entries().iter().filter(|it| it.name != name) {
            if other.file.file_name() == path.as_path().file_name()
                && let Ok(theirs) = self.session.store.path(&other.file)
                && survey.real(&theirs) == place
                && !holds(other, &theirs, new)
            {
                let message = format!("`{}` is also the archive of `{}`", other.file, other.name);
                return Err(Failure::invalid(message)
                    .with_hint("give each entry its own `file:` in the registry"));
            }
        }
        Ok(())
    }

    /// Rewrites the archive of a registered image with all layers, before the file at `replaced` is removed. `false` if
    /// the entry changed meanwhile.
    fn make_whole(
        &self,
        registry: &Registry,
        entry: &Entry,
        replaced: &StorePath,
    ) -> Result<bool, Failure> {
        let path = self.session.store.path(&entry.file)?;
        let stack = self.registered(registry, entry, replaced)?;
        let options = Options {
            compress: None,
            base: None,
        };
        let mut unfinished = self.session.store.create_for(&path)?;
        let write = |file: &mut File| Draft::from_stack(&stack, file, &options, &Inventory::wants);
        let what = format!("making {} whole", entry.name);
        let layers = self.watched(what, unfinished.file_mut(), write)?;
        let tag = std::slice::from_ref(&entry.docker_tag);
        let size = layers.seal(unfinished.file_mut(), tag)?;
        unfinished.sync()?;
        let whole = crate::save::saver::only_image(Archive::open(unfinished.path())?)?;
        let mut is_changed = false;
        let installed =
            self.session
                .store
                .install(unfinished, &path, self.session.lock_timeout, |registry| {
                    let now = registry.get(&entry.name).filter(|now| {
                        (&now.file, now.image_id, now.manifest)
                            == (&entry.file, entry.image_id, entry.manifest)
                    });
                    is_changed = now.is_none();
                    let changed = || Failure::invalid("its entry has changed in the meantime");
                    let mut now = now.ok_or_else(changed)?.clone();
                    self.guard(registry, &entry.name, &path, &whole, &[])?;
                    now.thin = false;
                    now.size_mb = Some(megabytes(size));
                    now.digest = None;
                    now.manifest = manifest_digest(whole.image());
                    Ok(now)
                });
        match installed {
            Err(_) if is_changed => Ok(false),
            installed => installed.map(|()| true),
        }
    }

    /// The image of an entry, with the archives that hold its left-out layers, before the file at `replaced` is
    /// removed.
    fn registered(
        &self,
        registry: &Registry,
        entry: &Entry,
        replaced: &StorePath,
    ) -> Result<Stack, Failure> {
        let stack = thin::open(self.session.store, entry)?;
        Ok(thin::complete_beside(
            self.session.store,
            registry,
            stack,
            replaced,
        )?)
    }

    fn ensure_room_for(
        &self,
        name: &str,
        path: &StorePath,
        registry: &Registry,
        losing: &[Entry],
    ) -> Result<(), Failure> {
        let mut needs: BTreeMap<u64, (StorePath, u64, Vec<&str>)> = BTreeMap::new();
        for entry in losing {
            let Ok(stack) = self.registered(registry, entry, path) else {
                continue;
            };
            let place = self.session.store.path(&entry.file)?;
            let disk = self.session.store.disk(Some(&place))?.id;
            let (_, bytes, names) = needs.entry(disk).or_insert((place, 0, Vec::new()));
            *bytes = bytes.saturating_add(need(stack_bytes(&stack), None));
            names.push(&entry.name);
        }
        needs.values().try_for_each(|(place, bytes, names)| {
            self.ensure_free(*bytes, place).map_err(|failure| {
                let names = names.join(", ");
                failure.about(format!("to keep the layers of {name} for {names}"))
            })
        })
    }
}

/// The error if a base lost layers since it was last checked.
fn replaced_meanwhile(error: thin::Error) -> Failure {
    match error {
        thin::Error::Archive(archive::Error::LeftOut { base, .. }) => {
            let message = format!("its base `{base}` was replaced in the meantime");
            Failure::new(Code::Archive, message).with_hint("try again")
        }
        error => error.into(),
    }
}

/// Refuses if there are Git LFS pointers: the layers that these thin archives need are unknown.
fn refuse_pointers(name: &str, pointers: &[String]) -> Result<(), Failure> {
    if pointers.is_empty() {
        return Ok(());
    }
    let pointers = pointers.join(", ");
    let message =
        format!("cannot replace `{name}`: thin archives on it are Git LFS pointers: {pointers}");
    Err(Failure::invalid(message).with_hint("git lfs pull"))
}

/// Whether the image of another entry is the one to be written to its path.
fn holds(other: &Entry, path: &StorePath, new: &Stack) -> bool {
    let new = new.image().image_id;
    match other.image_id {
        Some(id) => id == new,
        None => Archive::open(&path.absolute())
            .is_ok_and(|archive| archive.images().iter().all(|image| image.image_id == new)),
    }
}
