//! Removes the leftovers of a failed or interrupted build from the engine.
//!
//! Docker's legacy builder commits an image a step, and keeps those of a failed build untagged. podman does the same for
//! its cache. An image belongs to the build if it did not exist before, has no tag except the build's, and
//!
//! - the build printed its ID and did not reuse it from the cache (of another build at the same time),
//! - or it was made from the container of the build's last step, or on an image of the build. The daemon commits its
//!   current step after its client has ended, and prints it to no client (20.10),
//! - or it is the file copy that had begun: made on the same image, by the same instruction. The client may end before it
//!   has printed the daemon's current step. Then it is any file copy of the build file, on the last printed image or on
//!   one that existed before.
//!
//! Images are removed by ID, without force, children first, and without their parents: an image in use stays. BuildKit
//! leaves no images.

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

/// The time for an engine to remove the step's container after it was told to stop a build.
const PATIENCE: Duration = Duration::from_secs(4);
/// The time for the daemon's current file copy. The daemon commits a copy that it has begun, seconds later on a busy machine (5 s
/// for 5 MB with fuse-overlayfs). It cannot be asked whether it is still at it.
const COPYING: Duration = Duration::from_secs(8);
/// The time for a copy that may not have begun. It is shorter, because mostly there is none.
const AHEAD: Duration = Duration::from_secs(3);
/// Little longer than a call, since the user may be waiting.
const PAUSE: Duration = Duration::from_millis(30);

/// A build that failed.
pub(crate) struct Failed<'a> {
    /// The tag of its result.
    pub(crate) tag: &'a Reference,
    /// The steps from its output.
    pub(crate) steps: &'a Steps,
    /// The images that existed before.
    pub(crate) before: &'a BTreeSet<Digest>,
    /// When it began.
    pub(crate) since: SystemTime,
    /// Whether it was aborted.
    pub(crate) cut_off: bool,
    /// The file copies of its build file.
    pub(crate) copies: &'a [String],
    /// The images in its build file.
    pub(crate) images: &'a [String],
    /// Records its possible later leftovers.
    pub(crate) notes: Option<&'a dyn Notes>,
}

impl Failed<'_> {
    /// Whether the daemon may be at a step that the client did not print.
    pub(crate) fn may_be_ahead(&self) -> bool {
        self.cut_off && self.steps.may_be_ahead()
    }

    /// Whether the daemon may commit a copy of files after the wait.
    fn may_be_late(&self) -> bool {
        let open = self.steps.open.as_ref();
        let is_copying = self.steps.container.is_none() && open.is_some_and(|open| is_copy(open));
        self.cut_off && (is_copying || (self.may_be_ahead() && !self.copies.is_empty()))
    }

    /// Whether an image existed before.
    fn had(&self, image: Option<&str>) -> bool {
        image.is_some_and(|id| {
            self.before
                .iter()
                .any(|before| hex(&before.to_string()) == id)
        })
    }
}

/// An image that did not exist before.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct New {
    pub(crate) id: String,
    repo_tags: Option<Vec<String>>,
    parent: Option<String>,
    /// The container of its changes. Docker's API includes it up to 1.44.
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

    /// Whether it has no name except the build's tag.
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

    /// Whether it was made by this instruction, as far as the daemon keeps its text: `COPY file:3f2a… in /to `.
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
    /// Whether there is one that the build never printed.
    has_unsaid: bool,
}

/// The new images that belong to the build.
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
    /// Removes the leftovers of a build. If that fails, they stay: the build's own failure is reported.
    ///
    /// If podman could not end a build in order, it leaves the container of the last step (4.3: `podman ps --external`), which
    /// uses the step's image. It is removed with the image, by force, if the build was aborted. Otherwise it may be in use.
    pub(crate) fn remove_leftovers(&self, build: &Failed) {
        let _cleaning = Cleaning::start();
        let flavor = self.flavor();
        let ended_podman = build.cut_off && flavor.is_ok_and(|flavor| flavor == Flavor::Podman);
        if ended_podman {
            self.remove_working_containers(build);
        }
        // Recorded before the wait, which may be interrupted.
        let notes = build.notes.zip(self.interrupted(build));
        let noted = notes.filter(|(notes, later)| notes.note(later));
        let is_done = self.remove_when_done(build, noted.is_some(), ended_podman);
        if let Some((notes, _)) = noted.filter(|_| is_done) {
            notes.forget();
        }
    }

    /// Waits until the engine has aborted a build, and removes its leftovers. Returns whether no more can come. If more can
    /// come, and the build is recorded, the steps that identify them stay.
    fn remove_when_done(&self, build: &Failed, is_noted: bool, force: bool) -> bool {
        let began = Instant::now();
        let mut is_committed = false;
        loop {
            // Checked before the images are listed, so that the list includes a commit that ends meanwhile. Its parent stays
            // until then, since it identifies the image.
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

    /// The images that a build left, children first; `None` if the engine cannot list them.
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
