//! Builds the report of a run: which images are removed, and why others stay.

use std::collections::HashSet;

use failure::{Code, Failure};
use registry::Removed;

use super::{Decision, Pruner};
use crate::display_paths::DisplayPaths;
use crate::report::Kept;
use crate::{Gone, GoneKind, Report};

impl Pruner<'_> {
    pub(super) fn report(
        &self,
        decision: &Decision,
        named: &HashSet<String>,
        removed: Vec<Option<Removed>>,
    ) -> Result<Report, Failure> {
        let candidates = &decision.entries.candidates;
        let mut report = Report {
            images: candidates.len(),
            bytes: candidates.iter().map(|candidate| candidate.size).sum(),
            ..Report::default()
        };
        let sizes = decision.selection.going.iter();
        let sizes = sizes.map(|going| candidates[going.index].size);
        let images = decision.going.iter().zip(sizes);
        let images = images.map(|((entry, reasons), bytes)| {
            match decision.entries.shared.contains(&entry.name) {
                true => (GoneKind::Entry, entry, reasons.clone(), 0),
                false => (GoneKind::Image, entry, reasons.clone(), bytes),
            }
        });
        let nothing = || vec!["it has no archive".to_owned()];
        let missing = decision.missing.iter();
        let missing = missing.map(|entry| (GoneKind::Entry, entry, nothing(), 0));
        let shown = DisplayPaths::new(self.store)?;
        report.unregistered = decision.going.len().min(removed.len());
        for ((mut kind, entry, reasons, mut bytes), removed) in images.chain(missing).zip(removed) {
            match removed {
                Some(Removed::Failed(error)) => {
                    let failure = Failure::from(error).about(&entry.name);
                    report.failures.push(failure);
                    report.stuck.push(entry.file.clone());
                    continue;
                }
                Some(Removed::Shared) => (kind, bytes) = (GoneKind::Entry, 0),
                _ => {}
            }
            report.gone.push(Gone {
                kind,
                name: Some(entry.name.clone()),
                path: shown.path(&entry.file),
                bytes,
                reasons,
                last_used: entry.last_used,
                untagged: None,
            });
        }
        report.kept = kept(decision);
        let unmet = decision.selection.unmet.iter();
        report.unmet = unmet
            .map(|unmet| {
                let names = unmet
                    .held_by
                    .iter()
                    .map(|index| candidates[*index].name.clone());
                (unmet.clone(), names.collect())
            })
            .collect();
        let gone: Vec<_> = decision.missing.iter().map(|entry| &entry.name).collect();
        let missing = decision.entries.missing.iter().map(|(name, _)| name);
        report.missing = missing
            .filter(|name| !gone.contains(name))
            .cloned()
            .collect();
        let held = decision.held.iter().map(|(name, _)| name);
        report.held_named = held.filter(|name| named.contains(*name)).cloned().collect();
        let held = decision.held.iter();
        report.held = held
            .map(|(name, why)| Kept {
                name: name.clone(),
                bytes: 0,
                why: why.iter().map(ToString::to_string).collect(),
            })
            .collect();
        report
            .failures
            .extend(decision.entries.invalid.iter().cloned());
        for (name, why) in &decision.entries.odd {
            match named.contains(name) {
                true => (report.failures).push(Failure::new(Code::Other, why.clone()).about(name)),
                false => self.reporter.warn(format!("{name}: skipped: {why}")),
            }
        }
        if let Some(first) = decision.entries.ahead.first() {
            let more = match decision.entries.ahead.len() - 1 {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            };
            self.reporter.warn(format!(
                "{first}{more}: `last_used` is in the future; counted as used now"
            ));
        }
        Ok(report)
    }
}

fn kept(decision: &Decision) -> Vec<Kept> {
    let candidates = &decision.entries.candidates;
    let staying = decision.selection.staying.iter();
    staying
        .map(|staying| Kept {
            name: candidates[staying.index].name.clone(),
            bytes: candidates[staying.index].size,
            why: staying.why.iter().map(ToString::to_string).collect(),
        })
        .collect()
}
