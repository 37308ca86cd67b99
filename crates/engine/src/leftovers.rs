//! What a failed or interrupted build leaves in the engine, and its removal.
//!
//! Docker's legacy builder commits an image a step and keeps those of a failed build, untagged; podman does the same for its cache. An
//! image is the build's own if it was not there before, has no tag, and
//!
//! - the build printed its ID and did not take it from the cache (of another build that runs at the same time),
//! - or it was made from the container of the build's last step, or on an image of the build: the daemon commits the step that it is
//!   at after its client is gone, and prints it to no one (20.10),
//! - or it is the file copy that had begun: done on the same image, by the same instruction.
//!
//! Removal is by ID, without force, children first, and takes no parents along: an image that somebody uses stays. BuildKit leaves nothing.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use naming::Digest;
use program::Cleaning;
use serde::Deserialize;

use crate::flavor::Flavor;
use crate::legacy::Steps;
use crate::{Engine, Error};

/// An engine that was told to stop a build needs a moment to remove the step's container.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a file copy may take that the daemon is at. It can't be asked whether it still is.
const COPYING: Duration = Duration::from_secs(2);
/// Somebody may wait for the end: little more than a call takes.
const PAUSE: Duration = Duration::from_millis(30);

/// A build that failed.
pub(crate) struct Failed<'a> {
    /// What it said of its steps.
    pub(crate) steps: &'a Steps,
    /// The images that were there before.
    pub(crate) before: &'a BTreeSet<Digest>,
    /// When it began.
    pub(crate) since: SystemTime,
    /// Whether it was ended before its time.
    pub(crate) cut_off: bool,
}

/// An image that was not there before.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct New {
    id: String,
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
    fn hex(&self) -> &str {
        hex(&self.id)
    }

    fn parent(&self) -> Option<&str> {
        self.parent.as_deref().map(hex).filter(|id| !id.is_empty())
    }

    fn is_by(&self, container: &str) -> bool {
        let own = self.container.as_deref();
        own.is_some_and(|own| own.starts_with(container))
    }

    /// Whether it was made by this instruction, as far as the daemon keeps its words: `COPY file:3f2a… in /to `.
    fn is_copy(&self, instruction: &str) -> bool {
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

fn is_copy(instruction: &str) -> bool {
    let verb = instruction.split_whitespace().next().unwrap_or_default();
    ["COPY", "ADD"]
        .iter()
        .any(|copy| verb.eq_ignore_ascii_case(copy))
}

fn hex(id: &str) -> &str {
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
fn own(new: &[New], steps: &Steps) -> Own {
    let untagged: Vec<_> = new
        .iter()
        .filter(|image| image.repo_tags.as_ref().is_none_or(Vec::is_empty))
        .collect();
    let printed = steps.made.iter().rev().filter_map(|made| {
        let mut images = untagged.iter();
        images.find(|image| image.hex().starts_with(made))
    });
    let printed: Vec<&New> = printed.copied().collect();
    let is_unsaid = |image: &&&New| {
        let is_child = |of: &&New| image.parent() == Some(of.hex());
        let on_last = match (&steps.last, image.parent()) {
            (Some(last), Some(parent)) => parent.starts_with(last.as_str()),
            (None, None) => true,
            _ => false,
        };
        steps.container.as_ref().is_some_and(|id| image.is_by(id))
            || printed.iter().any(is_child)
            || (on_last && steps.open.as_ref().is_some_and(|open| image.is_copy(open)))
    };
    let unsaid: Vec<&New> = untagged
        .iter()
        .filter(|image| printed.iter().all(|other| other.id != image.id))
        .filter(is_unsaid)
        .copied()
        .collect();
    Own {
        has_unsaid: !unsaid.is_empty(),
        ids: unsaid
            .iter()
            .chain(&printed)
            .map(|image| image.id.clone())
            .collect(),
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
        let began = Instant::now();
        let mut is_told = false;
        while began.elapsed() < PATIENCE {
            // Asked before the images are: what it commits is then among them. Its parent stays until then, since an image whose
            // parent is gone does not tell it.
            let works = build.cut_off && !is_told && self.is_at_work(build.steps, began.elapsed());
            match self.left(build) {
                Ok(Some(left)) if works && !left.has_unsaid => {}
                Ok(Some(left)) if left.ids.is_empty() => return,
                Ok(Some(left)) => {
                    is_told = true;
                    drop(self.remove_images(&left.ids, ended_podman));
                }
                // Maybe it can be told in a moment.
                Ok(None) => {}
                Err(_) => return,
            }
            thread::sleep(PAUSE);
        }
    }

    /// Whether the daemon may still commit a step.
    fn is_at_work(&self, steps: &Steps, waited: Duration) -> bool {
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
        if build.steps.made.is_empty() && build.steps.open.is_none() {
            return Ok(Some(Own::default()));
        }
        let Some(now) = self.ids()? else {
            return Ok(None);
        };
        let new = now.difference(build.before).map(Digest::to_string);
        let call = || self.call("image inspect").args(["--format", "{{json .}}"]);
        let new: Vec<New> = self.ask_of_all(&new.collect::<Vec<_>>(), call, |answer| {
            answer.documents(Some)
        })?;
        Ok(Some(own(&new, build.steps)))
    }

    fn remove_images(&self, ids: &[String], force: bool) -> Result<(), Error> {
        let call = self.call("rmi").arg("--no-prune");
        let call = call.args(force.then_some("--force")).arg("--");
        call.args(ids).answer()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image that is ID, parent, container and instruction, in that order.
    fn new(words: [&str; 4]) -> New {
        let [id, parent, container, cmd] = words.map(str::to_owned);
        New {
            id: format!("sha256:{id}"),
            repo_tags: None,
            parent: Some(parent),
            container: Some(container),
            container_config: Some(Made {
                cmd: Some(vec![cmd]),
            }),
        }
    }

    #[test]
    fn only_what_the_build_made_is_its_own() {
        let base = "0000000000000";
        let made = "1111111111111";
        let new = |words| new(words);
        let mut tagged = new(["2222222222222", made, "", ""]);
        tagged.repo_tags = Some(vec!["x:1".into()]);
        let images = [
            new([made, base, "", ""]),
            tagged,
            new(["3333333333333", made, "", ""]),
            new(["4444444444444", base, "aaaaaaaaaaaaaaa", ""]),
            new(["5555555555555", base, "bbbbbbbbbbbbbbb", "RUN x"]),
            new(["6666666666666", base, "", "#(nop) COPY file:1 in /to "]),
            new(["7777777777777", base, "", "#(nop) COPY file:1 in /other "]),
            new(["8888888888888", "", "", "#(nop) COPY file:1 in /to "]),
        ];
        let ids = |steps: &Steps| {
            let own = own(&images, steps);
            own.ids
                .iter()
                .map(|id| hex(id)[..1].to_owned())
                .collect::<String>()
        };
        let mut steps = Steps {
            last: Some(base[..12].into()),
            ..Steps::default()
        };
        assert_eq!(ids(&steps), "");
        steps.container = Some("aaaaaaaaaaaa".into());
        assert_eq!(ids(&steps), "4");
        steps.container = None;
        steps.open = Some("copy [\"a\", \"/to\"]".into());
        assert_eq!(ids(&steps), "6");
        steps.last = None;
        assert_eq!(ids(&steps), "8");
        steps.open = None;
        steps.made = vec![made[..12].into()];
        assert_eq!(ids(&steps), "31");
    }
}
