//! What a failed or interrupted build leaves in the engine, and its removal.
//!
//! Docker's legacy builder commits an image a step and keeps those of a failed build, untagged; podman does the same for its cache. An
//! image is the build's own if it was not there before, has no tag but the build's, and
//!
//! - the build printed its ID and did not take it from the cache (of another build that runs at the same time),
//! - or it was made from the container of the build's last step, or on an image of the build: the daemon commits the step that it is
//!   at after its client is gone, and prints it to no one (20.10),
//! - or it is the file copy that had begun: done on the same image, by the same instruction. The client may end before it has printed
//!   the step that the daemon is at. Then it is any file copy of the build file, on the last image that was printed, or on one that was
//!   there before.
//!
//! Removal is by ID, without force, children first, and takes no parents along: an image that somebody uses stays. BuildKit leaves nothing.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use naming::{Digest, Reference};
use process::Cleaning;
use serde::Deserialize;

use crate::flavor::Flavor;
use crate::interrupted::Notes;
use crate::legacy::{Steps, is_copy};
use crate::{Engine, Error};

/// An engine that was told to stop a build needs a moment to remove the step's container.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long a file copy may take that the daemon is at. It commits what it has begun, seconds later on a busy machine (5 s for 5 MB
/// with fuse-overlayfs), and can't be asked whether it still is at it.
const COPYING: Duration = Duration::from_secs(8);
/// The same for a copy that may not have begun: this is mostly in vain.
const AHEAD: Duration = Duration::from_secs(3);
/// Somebody may wait for the end: little more than a call takes.
const PAUSE: Duration = Duration::from_millis(30);

/// A build that failed.
pub(crate) struct Failed<'a> {
    /// The tag of its result.
    pub(crate) tag: &'a Reference,
    /// What it said of its steps.
    pub(crate) steps: &'a Steps,
    /// The images that were there before.
    pub(crate) before: &'a BTreeSet<Digest>,
    /// When it began.
    pub(crate) since: SystemTime,
    /// Whether it was ended before its time.
    pub(crate) cut_off: bool,
    /// The file copies of its build file.
    pub(crate) copies: &'a [String],
    /// The images that its build file names.
    pub(crate) images: &'a [String],
    /// Where is noted what it may leave later.
    pub(crate) notes: Option<&'a dyn Notes>,
}

impl Failed<'_> {
    /// Whether the daemon may be at a step that the client did not print.
    pub(crate) fn may_be_ahead(&self) -> bool {
        self.cut_off && self.steps.may_be_ahead()
    }

    /// Whether the daemon may commit a copy of files later than anybody waits.
    fn may_be_late(&self) -> bool {
        let open = self.steps.open.as_ref();
        let is_copying = self.steps.container.is_none() && open.is_some_and(|open| is_copy(open));
        self.cut_off && (is_copying || (self.may_be_ahead() && !self.copies.is_empty()))
    }

    /// Whether an image was there before.
    fn had(&self, image: Option<&str>) -> bool {
        image.is_some_and(|id| {
            self.before
                .iter()
                .any(|before| hex(&before.to_string()) == id)
        })
    }
}

/// An image that was not there before.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct New {
    pub(crate) id: String,
    repo_tags: Option<Vec<String>>,
    parent: Option<String>,
    /// Whose changes it holds. Docker's API tells until 1.44.
    container: Option<String>,
    container_config: Option<Made>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Made {
    cmd: Option<Vec<String>>,
}

impl New {
    pub(crate) fn hex(&self) -> &str {
        hex(&self.id)
    }

    /// Whether it has no name but the one that the build gives.
    pub(crate) fn is_unnamed(&self, tag: &Reference) -> bool {
        let mut tags = self.repo_tags.iter().flatten();
        tags.all(|name| name.parse().as_ref() == Ok(tag))
    }

    pub(crate) fn parent(&self) -> Option<&str> {
        self.parent.as_deref().map(hex).filter(|id| !id.is_empty())
    }

    pub(crate) fn is_by(&self, container: &str) -> bool {
        let own = self.container.as_deref();
        own.is_some_and(|own| own.starts_with(container))
    }

    /// Whether it was made by this instruction, as far as the daemon keeps its words: `COPY file:3f2a… in /to `.
    pub(crate) fn is_copy(&self, instruction: &str) -> bool {
        let cmd = self
            .container_config
            .as_ref()
            .and_then(|it| it.cmd.as_ref());
        let cmd = cmd.map(|words| words.join(" ")).unwrap_or_default();
        let mut words = instruction.split_whitespace();
        let (verb, to) = (words.next().unwrap_or_default(), words.next_back());
        let to = to.map(|to| to.trim_matches(['"', ']', '[', '\'']));
        is_copy(instruction)
            && cmd.contains(&format!("#(nop) {} ", verb.to_ascii_uppercase()))
            && to.is_some_and(|to| cmd.trim_end().ends_with(to))
    }
}

pub(crate) fn hex(id: &str) -> &str {
    id.strip_prefix("sha256:").unwrap_or(id)
}

/// The images of a build.
#[derive(Debug, Default, PartialEq, Eq)]
struct Own {
    /// Their IDs, children first.
    ids: Vec<String>,
    /// Whether there is one that it never printed.
    has_unsaid: bool,
}

/// The images among the new ones that are the build's own.
fn own(new: &[New], build: &Failed) -> Own {
    let steps = build.steps;
    let untagged: Vec<_> = new
        .iter()
        .filter(|image| image.is_unnamed(build.tag))
        .collect();
    let printed = steps.made.iter().rev().filter_map(|made| {
        let mut images = untagged.iter();
        images.find(|image| image.hex().starts_with(made))
    });
    let printed: Vec<&New> = printed.copied().collect();
    let is_unsaid = |image: &New, own: &[&New]| {
        let is_child = |of: &&New| image.parent() == Some(of.hex());
        let on_last = match (&steps.last, image.parent()) {
            (Some(last), Some(parent)) => parent.starts_with(last.as_str()),
            (None, None) => true,
            _ => false,
        };
        steps.container.as_ref().is_some_and(|id| image.is_by(id))
            || own.iter().any(is_child)
            || (on_last && steps.open.as_ref().is_some_and(|open| image.is_copy(open)))
            || (build.may_be_ahead()
                && (on_last || (steps.last.is_none() && build.had(image.parent())))
                && build.copies.iter().any(|copy| image.is_copy(copy)))
    };
    // Children first.
    let mut own: Vec<&New> = printed.clone();
    while let Some(unsaid) = untagged
        .iter()
        .find(|image| own.iter().all(|other| other.id != image.id) && is_unsaid(image, &own))
    {
        own.insert(0, unsaid);
    }
    Own {
        has_unsaid: own.len() > printed.len(),
        ids: own.iter().map(|image| image.id.clone()).collect(),
    }
}

impl Engine {
    /// Removes what a build left. What cannot be removed stays: the build's own failure is the one to report.
    ///
    /// A build that podman could not end in order leaves the container of its last step (4.3: `podman ps --external`), which holds
    /// the step's image. It goes with the image, by force, if the build was cut off: else somebody may need it.
    pub(crate) fn remove_leftovers(&self, build: &Failed) {
        let _cleaning = Cleaning::start();
        let flavor = self.flavor();
        let ended_podman = build.cut_off && flavor.is_ok_and(|flavor| flavor == Flavor::Podman);
        if ended_podman {
            self.remove_working_containers(build);
        }
        // Noted before the wait, which may be ended.
        let notes = build.notes.zip(self.interrupted(build));
        let noted = notes.filter(|(notes, later)| notes.note(later));
        let is_done = self.remove_when_done(build, noted.is_some(), ended_podman);
        if let Some((notes, _)) = noted.filter(|_| is_done) {
            notes.forget();
        }
    }

    /// Waits for the engine to give a build up and removes what it left. Returns whether nothing can come any more; if something
    /// can, and is noted, the steps that tell it stay.
    fn remove_when_done(&self, build: &Failed, is_noted: bool, force: bool) -> bool {
        let began = Instant::now();
        let mut is_committed = false;
        loop {
            // Asked before the images are: what it commits is then among them. Its parent stays until then, since an image whose
            // parent is gone does not tell it.
            let works = build.cut_off && !is_committed && self.is_at_work(build, began.elapsed());
            let left = match self.left(build) {
                Ok(left) => left,
                Err(_) => return false,
            };
            is_committed |= left.as_ref().is_some_and(|left| left.has_unsaid);
            let is_done = is_committed || !build.may_be_late();
            if let Some(left) = left.filter(|_| is_committed || !works) {
                let stay = is_noted && !is_done && !build.may_be_ahead();
                if stay || left.ids.is_empty() {
                    return is_done;
                }
                drop(self.remove_images(&left.ids, force));
            }
            if !works && began.elapsed() >= PATIENCE {
                return is_done;
            }
            thread::sleep(PAUSE);
        }
    }

    /// Whether the daemon may still commit a step.
    fn is_at_work(&self, build: &Failed, waited: Duration) -> bool {
        let steps = build.steps;
        if build.may_be_ahead() {
            return !build.copies.is_empty() && waited < AHEAD;
        }
        match (&steps.open, &steps.container) {
            (Some(_), Some(container)) => {
                let words = ["-aq", "--no-trunc", "--filter", &format!("id={container}")];
                let answer = self.call("ps").args(words).answer();
                answer.is_ok_and(|ids| !ids.trim_ascii().is_empty())
            }
            (Some(instruction), None) => is_copy(instruction) && waited < COPYING,
            (None, _) => false,
        }
    }

    /// The images that a build left, children first; `None` if the engine can't tell.
    fn left(&self, build: &Failed) -> Result<Option<Own>, Error> {
        let may_be_ahead = build.may_be_ahead() && !build.copies.is_empty();
        if build.steps.made.is_empty() && build.steps.open.is_none() && !may_be_ahead {
            return Ok(Some(Own::default()));
        }
        let Some(now) = self.ids()? else {
            return Ok(None);
        };
        let new = now.difference(build.before).map(Digest::to_string);
        let new = self.read_new(&new.collect::<Vec<_>>())?;
        Ok(Some(own(&new, build)))
    }

    pub(crate) fn read_new(&self, ids: &[String]) -> Result<Vec<New>, Error> {
        let call = || self.call("image inspect").args(["--format", "{{json .}}"]);
        self.ask_of_all(ids, call, |answer| answer.documents(Some))
    }

    fn remove_images(&self, ids: &[String], force: bool) -> Result<(), Error> {
        let call = self.call("rmi").arg("--no-prune");
        let call = call.args(force.then_some("--force")).arg("--");
        call.args(ids).answer()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
