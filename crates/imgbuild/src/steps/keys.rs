//! The key of each step: the step runs again if its key changes.

use camino::Utf8Path;
use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use failure::Failure;
use naming::Digest;
use plan::{Cache, OnFailure, Probe, Step, StepAction};
use registry::Store;
use sha2::{Digest as _, Sha256};
use ui::{Reporter, duration};

use super::files;
use super::probes::Probes;
use super::written::instruction;
use crate::context::{BuildContext, EntryKind};
use crate::inputs::{Before, Inputs};
use crate::own::Own;

/// The input of keys.
pub(crate) struct StepKeys<'a> {
    pub probes: &'a Probes,
    pub reporter: &'a Reporter,
    /// The folder that `COPY` reads.
    pub context: Option<&'a Utf8Path>,
    /// The folder of `files`.
    pub folder: &'a Utf8Path,
    /// The store with imgpipe's own files, which are no input.
    pub store: &'a Store,
    /// Whether the whole context is an input of the build already.
    pub whole_context: bool,
    /// The inputs of the earlier build.
    pub before: &'a Before,
    /// The time.
    pub now: DateTime<Utc>,
    /// Whether every step runs again anyway.
    pub anew: bool,
}

/// A step with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keyed {
    /// The instruction of the build file.
    pub instruction: String,
    /// The key, which precedes the instruction.
    pub key: Option<String>,
    /// The digest of its other inputs.
    pub content: Option<Digest>,
}

impl StepKeys<'_> {
    /// The keys of steps in order, and the inputs to record. `start` represents everything before the steps.
    pub(crate) fn of(
        &self,
        start: Digest,
        steps: &[Step],
        inputs: &mut Inputs,
    ) -> Result<Vec<Keyed>, Failure> {
        let mut all = Vec::new();
        // The digest of everything before a step: if that changes, the step runs again with any key.
        let mut below = start;
        for (index, step) in steps.iter().enumerate() {
            let name = format!("step {}", index + 1);
            let keyed = self
                .keyed(&name, step, below, inputs)
                .map_err(|failure| failure.in_part(&name))?;
            below = keyed.on(below);
            all.push(keyed);
        }
        Ok(all)
    }

    fn keyed(
        &self,
        name: &str,
        step: &Step,
        below: Digest,
        inputs: &mut Inputs,
    ) -> Result<Keyed, Failure> {
        let instruction = instruction(step);
        let text = archive::digest_of(instruction.as_bytes()).short();
        // The last answer counts only for exactly the same step.
        let same = self.before.get(name) == Some(&text);
        inputs.add(name, text);
        let mut content = None;
        let key = match &step.cache {
            Cache::Always => None,
            Cache::Default => {
                content = self.copied(name, step, inputs)?;
                None
            }
            Cache::Never => {
                let told = format!("{name} is never cached");
                let key = self.unique();
                inputs.add_told(format!("{name} never"), &key, Some(told));
                Some(format!("never-{key}"))
            }
            Cache::Key(text) => {
                let key = archive::digest_of(text.as_bytes()).short();
                let told = format!("{name}: its key changed");
                inputs.add_told(format!("{name} key"), &key, Some(told));
                Some(format!("key-{key}"))
            }
            Cache::MaxAge(age) => {
                let after = format!("{name} after");
                let same = same && self.before.get(&after) == Some(&below.short());
                let key = self.since(&format!("{name} age"), *age, same);
                // Changes before the step are reported separately.
                let told = format!("{name} is older than {}", duration::show(*age));
                inputs.add_told(format!("{name} age"), &key, same.then_some(told));
                inputs.add_told(after, below.short(), None);
                Some(key)
            }
            Cache::Probe(probe) => {
                let told = format!("{name}: its probe gave another answer");
                let name = format!("{name} probe");
                let key = self.answer(&name, probe, same)?;
                inputs.add_told(&name, &key, Some(told));
                Some(format!("probe-{key}"))
            }
            Cache::Files(patterns) => {
                let found = self.find(self.folder, patterns)?;
                let key = files::contents(&found).short();
                inputs.add(format!("{name} files"), &key);
                inputs.add_files(&format!("{name} "), contents(&found));
                Some(format!("files-{key}"))
            }
        };
        Ok(Keyed {
            instruction,
            key,
            content,
        })
    }

    /// The time of a step's last run, if that is not longer ago than `age`.
    fn since(&self, name: &str, age: std::time::Duration, same: bool) -> String {
        let last = self.before.get(name).filter(|_| same && !self.anew);
        let last = last.and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        let young = last.filter(|last| {
            // A time in the future is from a clock that was wrong.
            let passed = (self.now - last.to_utc()).to_std();
            passed.is_ok_and(|passed| passed <= age)
        });
        let time = young.map_or(self.now, |last| last.to_utc());
        time.trunc_subsecs(0)
            .to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    fn answer(&self, name: &str, probe: &Probe, same: bool) -> Result<String, Failure> {
        let failure = match self.probes.ask(probe) {
            Ok(answer) => return Ok(answer.short()),
            Err(failure) => failure,
        };
        let last = self.before.get(name).filter(|_| same);
        match (probe.on_failure, last) {
            (OnFailure::Error, _) => Err(failure
                .with_hint("to continue without the probe, set `on_failure: rebuild` or `reuse` in its `cache`")),
            (OnFailure::Reuse, Some(last)) => {
                let what = "using the earlier result";
                let failure = failure.without_tail();
                self.reporter.warn(format!("{name}: {what}: {failure}"));
                Ok(last.to_owned())
            }
            (OnFailure::Reuse | OnFailure::Rebuild, _) => {
                let what = "running the step again";
                let failure = failure.without_tail();
                self.reporter.warn(format!("{name}: {what}: {failure}"));
                Ok(format!("failed-{}", self.unique()))
            }
        }
    }

    /// The files that a step copies, unless they are an input of the build anyway.
    fn copied(
        &self,
        name: &str,
        step: &Step,
        inputs: &mut Inputs,
    ) -> Result<Option<Digest>, Failure> {
        let (StepAction::Copy { from, .. }, Some(context)) = (&step.action, self.context) else {
            return Ok(None);
        };
        if self.whole_context {
            return Ok(None);
        }
        let mut found = self.find(context, from)?;
        let is_link = |kind: &EntryKind| matches!(kind, EntryKind::Link(_));
        if found.entries.iter().any(|entry| is_link(&entry.kind)) {
            // The target of a link may be anywhere.
            found = self.find(context, &[".".to_owned()])?;
        }
        let digest = files::copied(&found);
        inputs.add(format!("{name} files"), digest.short());
        inputs.add_files(&format!("{name} "), contents(&found));
        Ok(Some(digest))
    }

    fn find(&self, folder: &Utf8Path, patterns: &[String]) -> Result<BuildContext, Failure> {
        let own = Own::below(self.store, folder);
        Ok(files::find(folder, patterns, &|path, is_folder| {
            own.holds(path, is_folder)
        })?)
    }

    /// A unique key.
    fn unique(&self) -> String {
        let nanoseconds = self.now.timestamp_nanos_opt().unwrap_or_default();
        format!("{nanoseconds:x}-{:x}", std::process::id())
    }
}

/// The files with their contents, for explanations.
fn contents(files: &BuildContext) -> impl Iterator<Item = (&[u8], Digest)> + Clone {
    files.entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::File(digest) => Some((&entry.path[..], *digest)),
        EntryKind::Link(target) => Some((&entry.path[..], archive::digest_of(target))),
        EntryKind::Folder | EntryKind::Special => None,
    })
}

impl Keyed {
    /// The digest of a step on top of everything below.
    fn on(&self, below: Digest) -> Digest {
        let mut hash = Sha256::new();
        hash.update(below.as_bytes());
        for part in [
            self.instruction.as_str(),
            self.key.as_deref().unwrap_or_default(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.update(self.content.map_or([0; 32], |content| *content.as_bytes()));
        Digest::from_bytes(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests;
