//! Orphans: archives without an entry, and files of interrupted commands.

use std::time::Duration;

use failure::Failure;
use registry::{Stray, StrayKind};

use crate::bases::Lacking;
use crate::display_paths::DisplayPaths;
use crate::{Gone, GoneKind, PruneOptions, Pruner, Report};

/// Younger blobs are left alone.
const RECENT: Duration = Duration::from_secs(60 * 60);

impl Pruner<'_> {
    /// Removes or counts orphans.
    pub(crate) fn remove_strays(
        &self,
        options: &PruneOptions,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let shown = DisplayPaths::new(self.store)?;
        report.asked_for_strays = options.orphans;
        let registry = self.store.read_or_empty()?;
        let mut lacking = None;
        for stray in self.store.strays(&registry)? {
            // Their deletion failed already, and the failure is reported.
            let mut stuck = report.stuck.iter();
            if stuck.any(|file| file.components().eq(stray.path.components())) {
                continue;
            }
            let path = shown.path(&stray.path);
            if !options.orphans || self.is_used(&stray)? {
                report.strays.0 += 1;
                report.strays.1 += stray.bytes;
                continue;
            }
            if stray.kind == StrayKind::Archive {
                let lacking = lacking.get_or_insert_with(|| Lacking::of(self.store, &registry));
                if let Some(needed_by) = lacking.needs(&self.store.stray_path(&stray)?) {
                    self.reporter.warn(format!(
                        "{path}: kept this orphan: it holds layers of {needed_by}, whose base is not registered"
                    ));
                    continue;
                }
            }
            let (kind, reason) = match stray.kind {
                StrayKind::Archive => (GoneKind::Orphan, "orphan: not in the registry"),
                StrayKind::Unfinished => (GoneKind::Unfinished, "left by an interrupted command"),
                StrayKind::Transfer => (GoneKind::Unfinished, "left by an interrupted transfer"),
            };
            match self.remove_stray(&stray, options.dry_run) {
                Ok(true) => report.gone.push(Gone {
                    kind,
                    name: None,
                    path,
                    bytes: stray.bytes,
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
    fn is_used(&self, stray: &Stray) -> Result<bool, Failure> {
        match stray.kind {
            StrayKind::Unfinished => Ok(false),
            // An interrupted command may resume soon.
            StrayKind::Transfer => Ok(stray
                .modified
                .is_none_or(|modified| modified.elapsed().is_ok_and(|age| age < RECENT))),
            StrayKind::Archive => Ok(self
                .store
                .survey()
                .is_busy("", &self.store.stray_path(stray)?)?),
        }
    }

    fn remove_stray(&self, stray: &Stray, dry_run: bool) -> Result<bool, Failure> {
        if dry_run {
            return Ok(true);
        }
        match stray.kind {
            StrayKind::Unfinished | StrayKind::Transfer => self.store.remove_unfinished(stray)?,
            StrayKind::Archive => {
                let path = self.store.stray_path(stray)?;
                return Ok(self.store.remove_stray(&path, self.lock_timeout)?.is_some());
            }
        }
        Ok(true)
    }
}
