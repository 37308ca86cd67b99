//! The key of each step: what has to be another for the step to be done again.

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

/// What is needed to find out keys.
pub(crate) struct StepKeys<'a> {
    pub probes: &'a Probes,
    pub reporter: &'a Reporter,
    /// The folder that `COPY` reads.
    pub context: Option<&'a Utf8Path>,
    /// The folder that `files` are looked for in.
    pub folder: &'a Utf8Path,
    /// Where imgpipe keeps files of its own, which are no input.
    pub store: &'a Store,
    /// Whether all of the context is an input of the build already.
    pub whole_context: bool,
    /// What went into the build before.
    pub before: &'a Before,
    /// The time.
    pub now: DateTime<Utc>,
    /// Whether every step is done again anyway.
    pub anew: bool,
}

/// A step with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keyed {
    /// The instruction of the build file.
    pub instruction: String,
    /// What goes before it.
    pub key: Option<String>,
    /// What else tells it from what it was.
    pub content: Option<Digest>,
}

impl StepKeys<'_> {
    /// The keys of steps in order, and what to remember of them. `start` stands for all that goes before the steps.
    pub(crate) fn of(
        &self,
        start: Digest,
        steps: &[Step],
        inputs: &mut Inputs,
    ) -> Result<Vec<Keyed>, Failure> {
        let mut all = Vec::new();
        // What a step is done on: where that is another, it is done again whatever its key.
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
        // The last answer counts for the very same step alone.
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
                // What goes before is told by itself.
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

    /// The time at which a step was last done, where that is not longer ago than `age`.
    fn since(&self, name: &str, age: std::time::Duration, same: bool) -> String {
        let last = self.before.get(name).filter(|_| same && !self.anew);
        let last = last.and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        let young = last.filter(|last| {
            // A time that is still to come is of a clock that was wrong.
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

    /// What a step copies, unless it is an input of the build anyway.
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
            // What a link stands for may be anywhere.
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

    /// A key that no step had before.
    fn unique(&self) -> String {
        let nanoseconds = self.now.timestamp_nanos_opt().unwrap_or_default();
        format!("{nanoseconds:x}-{:x}", std::process::id())
    }
}

/// The files with their contents, for people.
fn contents(files: &BuildContext) -> impl Iterator<Item = (&[u8], Digest)> + Clone {
    files.entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::File(digest) => Some((&entry.path[..], *digest)),
        EntryKind::Link(target) => Some((&entry.path[..], archive::digest_of(target))),
        EntryKind::Folder | EntryKind::Special => None,
    })
}

impl Keyed {
    /// What stands for a step done on what stands for all below.
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
