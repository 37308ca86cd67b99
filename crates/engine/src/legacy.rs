//! The steps of a build, as Docker's legacy builder and podman print them.
//!
//! Docker's legacy builder commits an image a step, and keeps those of a failed build untagged. podman
//! does the same for its cache. They print the ID of each:
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
//! podman's arrow is `-->`, and its stages begin as `[1/2] STEP 1/3: FROM localhost/x:1 AS a`. BuildKit prints no such lines.

use naming::Digest;
use serde::Deserialize;

use crate::{Engine, Error};

/// The largest number of IDs. No real build file has as many steps, but a `RUN` step may print without end.
const MAX_STEPS: usize = 1000;

/// Whether a build failed because any image was removed meanwhile. For a step `FROM scratch`, Docker's legacy builder lists all
/// images without a parent and then reads each (moby 20.10, `image/cache/cache.go`).
///
/// podman (4.3) does so for every step: `Error: checking if cached image exists from a previous build: getting top layer info:
/// layer not known`. The next attempt lists the current images. The removed image may also be the one below a copy.
pub(crate) fn lost_a_step(tail: &str) -> bool {
    let mut lines = tail.lines().map(str::trim_start);
    lines.any(|line| {
        line.starts_with("unable to find image \"sha256:")
            || line.contains(": unknown parent image ID sha256:")
            || (line.starts_with("Error: checking if cached image exists from a previous build")
                && line.ends_with(" not known"))
    })
}

/// The steps in a build's output.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// The images that it made, by ID prefix, first to last.
    pub(crate) made: Vec<String>,
    /// The image below the next step; `None` for `scratch`.
    pub(crate) last: Option<String>,
    /// The instruction of the legacy builder's current step, whose image was not printed yet.
    pub(crate) open: Option<String>,
    /// Whether it printed a line that only BuildKit prints.
    pub(crate) is_buildkit: bool,
    /// The container of the current step.
    pub(crate) container: Option<String>,
    /// The base images of podman's stages.
    pub(crate) from: Vec<String>,
    pub(crate) cached: bool,
}

impl Steps {
    /// Reads a line of the build's output.
    pub(crate) fn see(&mut self, line: &str) {
        if line.starts_with('#') && self.open.is_none() {
            self.is_buildkit = true;
        } else if let Some(instruction) = instruction(line, "Step ", " : ") {
            if instruction.starts_with("FROM ") {
                self.last = None;
            }
            self.open = Some(instruction.to_owned());
            self.container = None;
        } else if let Some(instruction) = instruction(line, "STEP ", ": ") {
            let image = instruction.strip_prefix("FROM ");
            let image = image.and_then(|rest| rest.split_whitespace().next());
            let image = image.filter(|_| self.from.len() < MAX_STEPS);
            self.from.extend(image.map(str::to_owned));
        }
        let Some(said) = line
            .trim_start()
            .strip_prefix("-")
            .and_then(|rest| rest.trim_start_matches('-').strip_prefix("> "))
        else {
            return;
        };
        if said.starts_with("Using cache") {
            self.cached = true;
        } else if let Some(id) = said.strip_prefix("Running in ") {
            self.container = Some(id).filter(|id| is_id(id)).map(str::to_owned);
        } else if is_id(said) {
            if !self.cached && self.made.len() < MAX_STEPS {
                self.made.push(said.to_owned());
            }
            self.cached = false;
            self.last = Some(said.to_owned());
            self.open = None;
        }
    }

    /// Whether Docker's legacy builder may be at a step after the last printed one: its client ended before.
    pub(crate) fn may_be_ahead(&self) -> bool {
        let is_before_steps = |open: &String| open.starts_with("FROM ");
        !self.is_buildkit && self.from.is_empty() && self.open.as_ref().is_none_or(is_before_steps)
    }
}

/// The instructions of a build file that copy files, each on one line.
pub(crate) fn copies(text: &str) -> Vec<String> {
    let mut copies = Vec::new();
    let mut instruction = String::new();
    for line in text.lines().map(str::trim) {
        // A comment may be between the lines of an instruction.
        if line.starts_with('#') {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(start) => instruction.push_str(start),
            None => {
                instruction.push_str(line);
                copies.extend(Some(std::mem::take(&mut instruction)).filter(|it| is_copy(it)));
            }
        }
    }
    copies
}

pub(crate) fn is_copy(instruction: &str) -> bool {
    let verb = instruction.split_whitespace().next().unwrap_or_default();
    ["COPY", "ADD"]
        .iter()
        .any(|copy| verb.eq_ignore_ascii_case(copy))
}

/// The instruction after `Step 2/3 : `, or after podman's `[1/2] STEP 2/3: `.
fn instruction<'a>(line: &'a str, word: &str, end: &str) -> Option<&'a str> {
    let line = match line.strip_prefix('[') {
        Some(rest) => rest.split_once("] ")?.1,
        None => line,
    };
    let (number, instruction) = line.strip_prefix(word)?.split_once(end)?;
    let is_number = |c: char| c.is_ascii_digit() || c == '/';
    number.chars().all(is_number).then_some(instruction)
}

/// Whether a text is an ID prefix, as builders print it.
fn is_id(text: &str) -> bool {
    (10..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// An image of Docker's legacy builder.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Step {
    parent: Option<String>,
    container_config: Option<StepConfig>,
}

/// The fields by which the builder searches its cache.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StepConfig {
    cmd: Option<Vec<String>>,
}

/// More than the layers and settings of any image.
const MAX_CHAIN: usize = 500;

impl Engine {
    /// Whether Docker's legacy builder finds all steps of an image in its own cache: it made each of them. It also makes
    /// images from an image's history, but does not find those again (moby 20.10, `image/cache/cache.go`).
    ///
    /// BuildKit keeps its cache elsewhere. An engine that omits the field (API 1.45) counts as not finding them.
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
                // The image below the first step was loaded, or is `scratch`.
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
            "failed to export image: failed to set parent sha256:52d1: unknown parent image ID sha256:52d1"
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

    #[test]
    fn file_copies_of_a_build_file() {
        let text =
            "FROM a\n# COPY x /x\nCOPY a /a\nRUN COPY \\\n  b\nadd b \\\n# why\n  /b\nCOPY c /c";
        assert_eq!(copies(text), ["COPY a /a", "add b /b", "COPY c /c"]);
    }

    #[test]
    fn the_step_that_has_no_image_yet() {
        let mut steps = Steps::default();
        let mut after = |lines: &[&str]| {
            lines.iter().for_each(|line| steps.see(line));
            (
                steps.last.clone(),
                steps.open.clone(),
                steps.container.clone(),
            )
        };
        let some = |text: &str| Some(text.to_owned());
        let base = some("c1a59be7baf5");
        assert_eq!(
            after(&["Step 1/4 : FROM debian:12", " ---> c1a59be7baf5"]),
            (base.clone(), None, None)
        );
        assert_eq!(
            after(&["Step 2/4 : COPY a /a"]),
            (base, some("COPY a /a"), None)
        );
        let copied = some("a00c9a396c2f");
        assert_eq!(
            after(&[
                " ---> a00c9a396c2f",
                "Step 3/4 : RUN make",
                " ---> Running in 808f78a413a0"
            ]),
            (copied.clone(), some("RUN make"), some("808f78a413a0"))
        );
        assert_eq!(
            after(&[" ---> c34d4ab4563a", "Step 4/4 : FROM scratch", " ---> "]),
            (None, some("FROM scratch"), None)
        );
        steps.see("[1/2] STEP 1/2: FROM localhost/a/b:latest AS a");
        steps.see("STEP 1/2: FROM scratch");
        steps.see("STEP 2/2: RUN x");
        assert_eq!(steps.from, ["localhost/a/b:latest", "scratch"]);
    }
}
