//! What a failed build leaves behind, and its removal.
//!
//! Docker's legacy builder commits an image a step and keeps those of a failed build, untagged; podman
//! does the same for its cache. They print each one's ID:
//!
//! ```text
//! Step 2/3 : RUN make
//!  ---> Running in 808f78a413a0
//!  ---> a00c9a396c2f
//! Step 3/3 : ENV A=1
//!  ---> Using cache
//!  ---> c34d4ab4563a
//! ```
//!
//! podman's arrow is `-->`. What a `RUN` step prints can look the same, so an ID counts only if its image was
//! not there before the build, has no tag and did not come from the cache (of another build that
//! runs at the same time). Removal is by ID, without force, the last image first, and takes
//! no parents along: one that somebody uses stays. BuildKit leaves nothing.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use naming::Digest;
use program::Cleaning;

use serde::Deserialize;

use crate::{Engine, Error, Flavor};

/// An engine that was told to stop a build needs a moment to remove the step's container.
const PATIENCE: Duration = Duration::from_secs(3);
/// Somebody may wait for the end: little more than a call takes.
const PAUSE: Duration = Duration::from_millis(30);
/// IDs remembered. Nobody's build file has as many steps; a `RUN` step may print without end.
const MAX_STEPS: usize = 1000;

/// Whether a build failed because somebody removed an image meanwhile, of whatever kind: looking for a step `FROM scratch`
/// in its cache, Docker's legacy builder lists all images without a parent and then reads each (moby 20.10,
/// `image/cache/cache.go`). podman (4.3) does so for every step: `Error: checking if cached image exists from a previous build:
/// getting top layer info: layer not known`. The next attempt lists what is there.
pub(crate) fn lost_a_step(tail: &str) -> bool {
    let mut lines = tail.lines().map(str::trim_start);
    lines.any(|line| {
        line.starts_with("unable to find image \"sha256:")
            || (line.starts_with("Error: checking if cached image exists from a previous build")
                && line.ends_with(" not known"))
    })
}

/// The images that a build says it made, by the beginnings of their IDs, first to last.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    made: Vec<String>,
    cached: bool,
}

impl Steps {
    /// Looks at a line of the build's output.
    pub(crate) fn see(&mut self, line: &str) {
        let Some(said) = line
            .trim_start()
            .strip_prefix("-")
            .and_then(|rest| rest.trim_start_matches('-').strip_prefix("> "))
        else {
            return;
        };
        if said.starts_with("Using cache") {
            self.cached = true;
        } else if (10..=64).contains(&said.len())
            && said
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            if !self.cached && self.made.len() < MAX_STEPS {
                self.made.push(said.to_owned());
            }
            self.cached = false;
        }
    }
}

/// An image as Docker's legacy builder left it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Step {
    parent: Option<String>,
    container_config: Option<StepConfig>,
}

/// What the builder looks for in its cache.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StepConfig {
    cmd: Option<Vec<String>>,
}

/// More steps than an image can have layers and settings.
const MAX_CHAIN: usize = 500;

impl Engine {
    /// Whether Docker's legacy builder finds all steps of an image in its own cache: it made each of them. It makes images of
    /// an image's history too, but those it does not find again (moby 20.10, `image/cache/cache.go`). BuildKit keeps its cache
    /// elsewhere, and an engine that no longer tells (API 1.45) is not known to.
    pub fn knows_steps(&self, image: Digest) -> Result<bool, Error> {
        let mut id = image.to_string();
        for number in 0..MAX_CHAIN {
            if number == 0 && self.inspect(&[&id])?.iter().all(Option::is_none) {
                return Ok(false);
            }
            let call = self.call("image inspect");
            let call = call.args(["--format", "{{json .}}", "--", &id]);
            let answer = call.answer()?;
            let step: Step = serde_json::from_slice(&answer)
                .map_err(|_| call.bad_output(&String::from_utf8_lossy(&answer)))?;
            let Some(parent) = step.parent.filter(|parent| !parent.is_empty()) else {
                // What the first step was done on was loaded, or made of nothing.
                return Ok(number > 0);
            };
            let config = step.container_config.and_then(|config| config.cmd);
            if config.is_none_or(|cmd| cmd.is_empty()) {
                return Ok(false);
            }
            id = parent;
        }
        Ok(false)
    }

    /// Removes the images that `steps` made, as far as they were not there `before`. What cannot be
    /// removed stays: the build's own failure is the one to report.
    ///
    /// A build that podman could not end in order leaves the container of its last step (4.3: `podman ps --external`), which holds
    /// the step's image. It goes with the image, by force, where the build was `cut_off`: else somebody may need it.
    pub(crate) fn remove_steps(&self, steps: &Steps, before: &BTreeSet<Digest>, cut_off: bool) {
        let _cleaning = Cleaning::start();
        let force = cut_off && self.flavor().is_ok_and(|flavor| flavor == Flavor::Podman);
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            match self.strays(steps, before) {
                Ok(Some(strays)) if strays.is_empty() => return,
                Ok(Some(strays)) => drop(self.remove_alone(&strays, force)),
                // Maybe it can be told in a moment.
                Ok(None) => {}
                Err(_) => return,
            }
            thread::sleep(PAUSE);
        }
    }

    /// The untagged images of the steps, last to first; `None` where the engine can't tell.
    fn strays(
        &self,
        steps: &Steps,
        before: &BTreeSet<Digest>,
    ) -> Result<Option<Vec<Digest>>, Error> {
        if steps.made.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let Some(now) = self.ids()? else {
            return Ok(None);
        };
        let ours = |made: &String| {
            now.difference(before)
                .find(|id| id.hex().starts_with(made))
                .copied()
        };
        let ids: Vec<_> = steps
            .made
            .iter()
            .rev()
            .filter_map(ours)
            .map(|id| id.to_string())
            .collect();
        let images = self.inspect(&ids)?.into_iter().flatten();
        let strays = images.filter(|image| image.tags.is_empty());
        Ok(Some(strays.map(|image| image.id).collect()))
    }

    fn remove_alone(&self, ids: &[Digest], force: bool) -> Result<(), Error> {
        let call = self.call("rmi").arg("--no-prune");
        let call = call.args(force.then_some("--force")).arg("--");
        call.args(ids.iter().map(Digest::to_string)).answer()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_step_is_told_from_an_image_that_is_not_there() {
        assert!(lost_a_step(
            "Step 2/3 : COPY a /a\nunable to find image \"sha256:7eb0dfb3be99\""
        ));
        assert!(lost_a_step(
            "STEP 4/5: ARG A\nError: checking if cached image exists from a previous build: getting top layer info: layer not known"
        ));
        assert!(!lost_a_step("Error: x: image not known"));
        assert!(!lost_a_step(
            "pull access denied for x, repository does not exist"
        ));
        assert!(!lost_a_step("Unable to find image 'x:latest' locally"));
    }

    #[test]
    fn reads_ids_of_steps_that_were_run() {
        let mut steps = Steps::default();
        for line in [
            "Step 1/4 : FROM debian:12",
            " ---> c1a59be7baf5",
            "Step 2/4 : ENV A=1",
            " ---> Using cache",
            " ---> c34d4ab4563a",
            "Step 3/4 : RUN make",
            " ---> Running in 808f78a413a0",
            "Removing intermediate container 808f78a413a0",
            " ---> a00c9a396c2f",
            "---> hello",
            " ---> ",
            " ---> --force",
            "--> 0768dec5a19",
            "-> 0768dec5a19a",
            "STEP 2/2: RUN x",
        ] {
            steps.see(line);
        }
        assert_eq!(
            steps.made,
            [
                "c1a59be7baf5",
                "a00c9a396c2f",
                "0768dec5a19",
                "0768dec5a19a"
            ]
        );
    }
}
