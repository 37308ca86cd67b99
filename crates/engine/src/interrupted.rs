//! Records the step that an interrupted build may still leave, so that a later command finds it.
//!
//! Docker's legacy builder commits its current step after its client has ended. It cannot be asked whether it is still
//! at that step (20.10). A copy of files may take minutes.
//!
//! The step's image is recognised by all of these:
//!
//! - it did not exist before,
//! - it has no name, and no other image stands on it,
//! - it was made from the step's container, or by the step's instruction on the image below it.
//!
//! So that lower image stays too, if the build made it. After the last step, the daemon also sets the build's tag,
//! which no other image ever has.

use std::collections::BTreeSet;
use std::{fmt, slice};

use naming::{Digest, Reference};
use process::Cleaning;
use serde::{Deserialize, Serialize};

use crate::leftovers::{Failed, New, hex};
use crate::legacy::is_copy;
use crate::{Engine, Error, ImageInfo, several};

/// The possible leftovers of an interrupted build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterruptedBuild {
    /// The engine's program.
    engine: String,
    /// The tag of its result.
    tag: Reference,
    /// Its steps that stay until then, children first.
    steps: Vec<Digest>,
    /// The possible parents of the step; `None` is `scratch`.
    parents: Vec<Option<Digest>>,
    /// The possible file copies of the step.
    copies: Vec<String>,
    /// The step's container.
    container: Option<String>,
    /// Similar images that existed before.
    others: Vec<Digest>,
}

/// Records an interrupted build until all its leftovers are removed.
pub trait Notes: fmt::Debug {
    /// Called before the wait for the engine. Returns whether the build was recorded.
    fn note(&self, build: &InterruptedBuild) -> bool;
    /// Called when the last recorded build has no more leftovers.
    fn forget(&self);
}

impl InterruptedBuild {
    /// Whether its leftovers may be in this engine.
    pub fn is_of(&self, engine: &Engine) -> bool {
        self.engine == engine.program()
    }

    /// The steps that its command left, children first.
    pub fn steps(&self) -> &[Digest] {
        &self.steps
    }

    /// Whether an image has no name except the build's tag.
    pub fn is_unnamed(&self, image: &ImageInfo) -> bool {
        image.is_dangling() || image.tags == slice::from_ref(&self.tag)
    }

    fn is_late(&self, image: &New) -> bool {
        let is_parent = |parent: &Option<Digest>| match (parent, image.parent()) {
            (Some(parent), Some(own)) => parent.hex() == own,
            (None, own) => own.is_none(),
            (Some(_), None) => false,
        };
        let is_other = |other: &Digest| other.hex() == image.hex();
        let by_container = self.container.as_ref().is_some_and(|id| image.is_by(id));
        let by_copy = self.parents.iter().any(is_parent)
            && self.copies.iter().any(|copy| image.is_copy(copy));
        image.is_unnamed(&self.tag)
            && !self.others.iter().any(is_other)
            && (by_container || by_copy)
    }
}

impl Engine {
    /// The images of a recorded build's step, if the engine has committed it. No other image stands on them.
    pub fn late_steps(&self, build: &InterruptedBuild) -> Result<Vec<ImageInfo>, Error> {
        let found = self.inspect(&self.find_late(build)?)?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Removes the given images that have no name except a recorded build's tag. Their parents stay. Also runs after an
    /// interruption.
    pub fn remove_steps(&self, build: &InterruptedBuild, ids: &[Digest]) -> Result<(), Error> {
        let _cleaning = Cleaning::start();
        let engine = self.clean_up();
        let ids: Vec<_> = ids.iter().map(Digest::to_string).collect();
        for image in engine.inspect(&ids)?.into_iter().flatten() {
            let is_result = image.tags == slice::from_ref(&build.tag);
            let name = match is_result {
                true => build.tag.clone(),
                false => match engine.name_to_remove(&image)? {
                    Some(name) => name,
                    None => continue,
                },
            };
            let call = engine.call("rmi").args(["--no-prune", "--"]);
            call.arg(name.to_string()).answer()?;
        }
        Ok(())
    }

    fn find_late(&self, build: &InterruptedBuild) -> Result<Vec<String>, Error> {
        let call = self.call("images");
        let call = call.args(["-q", "--no-trunc", "--filter", "dangling=true"]);
        let answer = several::output(&call)?;
        call.check(answer.status, &answer.stderr.text())?;
        let ids = String::from_utf8_lossy(&answer.stdout);
        let mut ids: BTreeSet<String> = ids.split_whitespace().map(str::to_owned).collect();
        let tagged = self.inspect(&[build.tag.to_string()])?.into_iter();
        ids.extend(tagged.flatten().map(|image| image.id.to_string()));
        let images = self.read_new(&ids.into_iter().collect::<Vec<_>>())?;
        let late = images.iter().filter(|image| build.is_late(image));
        Ok(late.map(|image| image.id.clone()).collect())
    }

    /// The possible leftovers of a build that was just interrupted. `None` if its builder leaves none, or if they cannot be
    /// recognised later.
    pub(crate) fn interrupted(&self, build: &Failed) -> Option<InterruptedBuild> {
        let steps = build.steps;
        let is_ahead = build.may_be_ahead();
        let open = steps.open.iter().filter(|open| is_copy(open));
        let copies: Vec<String> = match is_ahead {
            true => build.copies.to_vec(),
            false => open.cloned().collect(),
        };
        let container = steps.container.clone().filter(|_| steps.open.is_some());
        if !build.cut_off || !steps.from.is_empty() || (copies.is_empty() && container.is_none()) {
            return None;
        }
        let now = self.ids().ok()??;
        let whole = |start: &String| now.iter().find(|id| id.hex().starts_with(start)).copied();
        let made = steps.made.iter().rev().filter_map(whole);
        let made: Vec<_> = made.filter(|id| !build.before.contains(id)).collect();
        let parents = match &steps.last {
            Some(last) => vec![Some(whole(last)?)],
            None if steps.open.is_some() && !is_ahead => vec![None],
            None => {
                let images = self.inspect(build.images).unwrap_or_default();
                let ids = images.into_iter().flatten().map(|image| Some(image.id));
                ids.chain([None]).collect()
            }
        };
        // Most likely the engine has not begun a step, so the build's images need not stay for it.
        if is_ahead
            && made
                .first()
                .is_some_and(|last| parents.contains(&Some(*last)))
        {
            return None;
        }
        let mut interrupted = InterruptedBuild {
            engine: self.program(),
            tag: build.tag.clone(),
            steps: if is_ahead { Vec::new() } else { made },
            parents,
            copies,
            container,
            others: Vec::new(),
        };
        let late = self.find_late(&interrupted).ok()?;
        let late = late.iter().filter_map(|id| Digest::from_hex(hex(id)).ok());
        interrupted.others = late.filter(|id| build.before.contains(id)).collect();
        Some(interrupted)
    }
}
