//! Random references, archives and engine states, with kills, interrupts and rivals. At any time, each tag points to
//! its old image, or to a loadable image that was requested under it.
//!
//! `ROUNDS` sets the number of calls; `SEED` repeats those of a run.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use archive::compose::{manifest_digest, plain_manifest_digest};
use pipeline_tests::{Invocation, Sandbox, Tally, Whom, engine, seed};
use rustix::process::Signal;
use samples::{Dice, TestImage};

use super::{Layout, damage, image, manifest, write};

/// The default number of calls.
const ROUNDS: usize = 24;
/// The size of a layer: large enough to be interrupted.
const LENGTH: usize = 3_000_000;
/// The approximate duration of a call.
const USUAL: Duration = Duration::from_millis(900);
/// How long a graph driver may continue after its client is gone.
const AFTERWARDS: Duration = Duration::from_millis(500);
const WRONG: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

type Tags = BTreeMap<String, Option<String>>;

struct World<'a> {
    s: &'a Sandbox,
    dice: Dice,
    images: Vec<TestImage>,
    tags: Vec<String>,
}

/// A call of imgload, and its request.
#[derive(Debug)]
struct Call {
    words: Vec<String>,
    /// The config's digest of the archive's image.
    id: String,
    /// The requested tags.
    tags: Vec<String>,
    /// Whether a digest is wrong.
    wrong: bool,
    /// Whether the archive is damaged: only an image that the engine has gets tags.
    damaged: bool,
    force: bool,
    /// Whether the engine has the image before the call.
    was_held: bool,
}

impl World<'_> {
    fn now(&self) -> Tags {
        let id = |tag: &String| (tag.clone(), engine().id(tag));
        self.tags.iter().map(id).collect()
    }

    /// A random archive, and a random call for it.
    fn call(&mut self, path: &str) -> Call {
        let dice = &mut self.dice;
        let image = dice.pick(&self.images).clone();
        let id = image.image_id().to_string();
        let layout = *dice.pick(&[Layout::Docker, Layout::Oci]);
        let mut wrong = false;
        let (mut names, mut tags) = (Vec::new(), Vec::new());
        for tag in &self.tags {
            if dice.below(2) == 0 {
                continue;
            }
            let host = *dice.pick(&["", "", "docker.io/library/"]);
            let digest = match dice.below(6) {
                0 => Some(id.clone()),
                1 if layout == Layout::Oci => Some(manifest(&image)),
                2 => Some(WRONG.to_owned()),
                _ => None,
            };
            wrong |= digest.as_deref() == Some(WRONG);
            let digest = digest.map(|digest| format!("@{digest}"));
            names.push(format!("{host}{tag}{}", digest.unwrap_or_default()));
            tags.push(tag.clone());
        }
        write(self.s, path, &image, layout, &names);
        let damaged = dice.below(4) == 0;
        if damaged {
            damage(self.s, path, &image);
        }
        let mut words = vec![path.to_owned(), "--no-lease".to_owned()];
        let force = dice.below(3) > 0;
        if force {
            words.push("--force".into());
        }
        if dice.below(4) == 0 {
            let tag = dice.pick(&self.tags).clone();
            words.push(format!("--tag={tag}@{id}"));
            tags.push(tag);
        }
        Call {
            words,
            tags,
            wrong,
            damaged,
            force,
            was_held: is_held(self.s, path, &id),
            id,
        }
    }

    fn command(&self, call: &Call) -> Invocation {
        self.s.command("imgload").args(&call.words)
    }

    /// Checks the tags until `until` returns true, and once more.
    fn watch(&self, before: &Tags, calls: &[Call], mut until: impl FnMut() -> bool) -> Tags {
        loop {
            let is_last = until();
            let now = self.now();
            for (tag, id) in &now {
                let asked = calls
                    .iter()
                    .any(|call| call.may_move(tag, id, before, calls));
                assert!(
                    *id == before[tag] || asked,
                    "{tag} is on {id:?} and was on {:?}: {calls:?}",
                    before[tag]
                );
            }
            if is_last {
                return now;
            }
        }
    }
}

/// Whether the engine has the image of an archive. A containerd store knows it by its manifest.
fn is_held(s: &Sandbox, path: &str, id: &str) -> bool {
    let is_it = |name: &str| engine().id(name).as_deref() == Some(id);
    // Without a name, an OCI layout lists no image.
    let archive = archive::Archive::open(&s.path(path)).ok();
    let image = archive
        .as_ref()
        .and_then(|archive| archive.images().first());
    let manifests = image.and_then(manifest_digest).into_iter();
    let mut manifests = manifests.chain(image.and_then(plain_manifest_digest));
    is_it(id) || manifests.any(|manifest| is_it(&manifest.to_string()))
}

impl Call {
    /// Whether the tag may point to this image.
    fn may_move(&self, tag: &String, id: &Option<String>, before: &Tags, all: &[Self]) -> bool {
        let is_loaded = |other: &Self| other.id == self.id && !other.wrong && !other.damaged;
        let may_be_held = self.was_held || all.iter().any(is_loaded);
        let is_free = |tag: &String| {
            let held = before[tag].as_ref();
            self.force || held.is_none_or(|held| *held == self.id)
        };
        !self.wrong
            && (!self.damaged || may_be_held)
            && self.tags.contains(tag)
            && id.as_ref() == Some(&self.id)
            && self.tags.iter().all(is_free)
    }
}

#[test]
fn a_tag_is_where_it_was_or_on_an_image_that_was_asked_for() {
    let s = Sandbox::new();
    let mut dice = Dice::new(seed());
    let images = (0..3).map(|_| image(&s, &mut dice, LENGTH)).collect();
    let tags = ["t0:1", "t1:1", "t1:2"].map(|tag| format!("{}-{tag}", s.project()));
    let mut world = World {
        s: &s,
        dice,
        images,
        tags: tags.into(),
    };
    let said = std::env::var("ROUNDS").ok();
    let rounds = said.and_then(|said| said.parse().ok()).unwrap_or(ROUNDS);
    let mut tally = Tally::new("calls of imgload with other tags about");
    let mut before = world.now();
    for _ in 0..rounds {
        let first = world.call("first.tar");
        let how = world.dice.below(5);
        let share = world.dice.below(120);
        let moment = USUAL.mul_f64(f64::from(u32::try_from(share).unwrap_or(0)) / 100.0);
        let began = Instant::now();
        let is_over = |after: Duration| began.elapsed() > after + AFTERWARDS;
        before = match how {
            // Complete.
            0 | 1 => {
                let running = world.command(&first);
                let calls = [first];
                let outcome = running.run();
                let now = world.watch(&before, &calls, || true);
                let done = calls[0]
                    .tags
                    .iter()
                    .all(|tag| now[tag].as_ref() == Some(&calls[0].id));
                assert!(outcome.code != 0 || done, "{outcome}\n{now:?}");
                assert!(outcome.code == 0 || now == before, "{outcome}\n{now:?}");
                now
            }
            // Killed.
            2 => {
                let command = world.command(&first);
                drop(command.run_until_killed(moment));
                world.watch(&before, &[first], || is_over(moment))
            }
            // Interrupted.
            3 => {
                let running = world.command(&first).launch();
                let calls = [first];
                world.watch(&before, &calls, || began.elapsed() > moment);
                let signal = *world.dice.pick(&[Signal::INT, Signal::TERM]);
                drop(running.end_by(signal, Whom::Group));
                world.watch(&before, &calls, || is_over(moment))
            }
            // Two at a time.
            _ => {
                let second = world.call("second.tar");
                let rival = world.command(&second).launch();
                let running = world.command(&first);
                let calls = [first, second];
                drop(running.run());
                drop(rival.peak());
                // A tag that was free for both belongs to the first.
                world.watch(&before, &calls, || true)
            }
        };
        for tag in world.tags.clone() {
            if before[&tag].is_some() && world.dice.below(3) == 0 {
                s.forget(&tag);
                before.insert(tag, None);
            }
        }
        tally.add(1);
    }
}
