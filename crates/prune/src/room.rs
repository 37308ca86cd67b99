//! What other commands need from pruning: room for an archive, and the end of a run's leases.

use failure::Failure;
use registry::{Holder, Lease, StorePath};

use crate::{InForce, Limits, PruneOptions, Pruner, Report};

impl Pruner<'_> {
    /// Ends the leases of runs.
    pub fn release(&self, runs: &[Holder], dry_run: bool) -> Result<(), Failure> {
        // Fails if there is no registry: releasing leases in the wrong folder must not succeed.
        self.store.read()?;
        for holder in runs {
            let is_of = |lease: &Lease| lease.holder == *holder;
            let ended = if dry_run {
                self.store
                    .leases()?
                    .leases
                    .iter()
                    .filter(|lease| is_of(lease))
                    .count()
            } else {
                self.store.end_leases(self.lock_timeout, is_of)?.len()
            };
            if ended == 0 {
                self.reporter.warn(format!("{holder} has no leases"));
            } else {
                self.reporter.info(format!("{holder}: {ended} released"));
            }
        }
        Ok(())
    }

    /// Makes room for `bytes` more at the place of an archive, by removing the least recently used images there. Leased
    /// images stay.
    pub fn make_room(
        &self,
        bytes: u64,
        place: &StorePath,
        in_force: &InForce,
    ) -> Result<Report, Failure> {
        let reserve = in_force.limits.min_free.unwrap_or_default();
        let in_force = InForce {
            limits: Limits {
                min_free: Some(bytes.saturating_add(reserve)),
                ..Limits::default()
            },
            keep: in_force.keep.clone(),
            ..InForce::default()
        };
        // Try first: if the room cannot be made, remove nothing.
        let tried = PruneOptions {
            dry_run: true,
            ..PruneOptions::default()
        };
        let tried = self.run_for(&in_force, &tried, Some(place))?;
        if !tried.unmet.is_empty() {
            return Ok(tried);
        }
        let report = self.run_for(&in_force, &PruneOptions::default(), Some(place))?;
        for gone in &report.gone {
            let name = gone.name.as_deref().unwrap_or(gone.path.as_str());
            self.reporter.info(format!("{name}: removed to make room"));
        }
        match report.failures.first() {
            Some(failure) => Err(failure.clone()),
            None => Ok(report),
        }
    }
}
