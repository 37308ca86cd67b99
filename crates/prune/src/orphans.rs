//! Orphans: archives without an entry, and files of interrupted commands.

use std::time::Duration;

use failure::Failure;
use registry::{Orphan, OrphanKind};

use crate::bases::Lacking;
use crate::display_paths::DisplayPaths;
use crate::{Gone, GoneKind, PruneOptions, Pruner, Report};

/// Younger blobs are left alone.
const RECENT: Duration = Duration::from_secs(60 * 60);

impl Pruner<'_> {
    /// Removes or counts orphans.
    pub(crate) fn remove_orphans(
        &self,
        options: &PruneOptions,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let shown = DisplayPaths::new(self.store)?;
        report.asked_for_orphans = options.orphans;
        let registry = self.store.read_or_empty()?;
        let mut lacking = None;
        for orphan in self.store.orphans(&registry)? {
            // Their deletion failed already, and the failure is reported.
            let mut stuck = report.stuck.iter();
            if stuck.any(|file| file.components().eq(orphan.path.components())) {
                continue;
            }
            let path = shown.path(&orphan.path);
            if !options.orphans || self.is_used(&orphan)? {
                report.orphans.0 += 1;
                report.orphans.1 += orphan.bytes;
                continue;
            }
            if orphan.kind == OrphanKind::Archive {
                let lacking = lacking.get_or_insert_with(|| Lacking::of(self.store, &registry));
                if let Some(needed_by) = lacking.needs(&self.store.orphan_path(&orphan)?) {
                    self.reporter.warn(format!(
                        "{path}: kept this orphan: it holds layers of {needed_by}, whose base is not registered"
                    ));
                    continue;
                }
            }
            let (kind, reason) = match orphan.kind {
                OrphanKind::Archive => (GoneKind::Orphan, "orphan: not in the registry"),
                OrphanKind::Unfinished => (GoneKind::Unfinished, "left by an interrupted command"),
                OrphanKind::Transfer => (GoneKind::Unfinished, "left by an interrupted transfer"),
            };
            match self.remove_orphan(&orphan, options.dry_run) {
                Ok(true) => report.gone.push(Gone {
                    kind,
                    name: None,
                    path,
                    bytes: orphan.bytes,
                    reasons: vec![reason.to_owned()],
                    last_used: None,
                    untagged: None,
                }),
                Ok(false) => {}
                Err(failure) => report.failures.push(failure.about(path.as_str())),
            }
        }
        Ok(())
    }

    /// Whether a command reads an orphan archive. If a temporary file's lock is free, its writer is dead.
    fn is_used(&self, orphan: &Orphan) -> Result<bool, Failure> {
        match orphan.kind {
            OrphanKind::Unfinished => Ok(false),
            // An interrupted command may resume soon.
            OrphanKind::Transfer => Ok(orphan
                .modified
                .is_none_or(|modified| modified.elapsed().is_ok_and(|age| age < RECENT))),
            OrphanKind::Archive => Ok(self
                .store
                .survey()
                .is_busy("", &self.store.orphan_path(orphan)?)?),
        }
    }

    fn remove_orphan(&self, orphan: &Orphan, dry_run: bool) -> Result<bool, Failure> {
        if dry_run {
            return Ok(true);
        }
        match orphan.kind {
            OrphanKind::Unfinished | OrphanKind::Transfer => {
                self.store.remove_unfinished(orphan)?;
            }
            OrphanKind::Archive => {
                let path = self.store.orphan_path(orphan)?;
                return Ok(self
                    .store
                    .remove_orphan(&path, self.lock_timeout)?
                    .is_some());
            }
        }
        Ok(true)
    }
}
