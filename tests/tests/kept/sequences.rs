//! Random sequences of all changes of a store, with kills and two at a time. After each step every registered image is
//! readable from the store alone, or the step was refused and changed nothing.
//!
//! `SEQUENCES` sets the number of sequences, `SEED` repeats those of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use pipeline_tests::remote::publish;
use pipeline_tests::{Image, Invocation, Registry, Tally, engine, seed};
use samples::{Dice, Tar};

use super::*;

/// The default number of sequences.
const SEQUENCES: u64 = 8;
/// The steps of a sequence, and of one with builds, which take longer.
const STEPS: usize = 16;
const STEPS_WITH_BUILDS: usize = 10;
/// The names of images. Few, so that they replace each other often.
const VARIANTS: [&str; 4] = ["a", "b", "c", "d"];
/// The longest time before a command is killed, in milliseconds: about its duration.
const LONGEST: usize = 150;

/// A store, and its possible images.
struct World<'a> {
    s: Sandbox,
    dice: Dice,
    images: Vec<TestImage>,
    /// A remote registry with some of the images, and their references.
    remote: Option<(&'a Registry, Vec<String>)>,
    /// The steps so far, for failure messages.
    trail: Vec<String>,
    files: usize,
}

/// A command that changes the store.
struct Step {
    program: &'static str,
    words: Vec<String>,
    /// Whether it may remove an entry.
    removes: bool,
}

impl<'a> World<'a> {
    fn new(s: Sandbox, seed: u64, remote: Option<&'a Registry>) -> Self {
        let mut dice = Dice::new(seed);
        let images = images(&mut dice);
        let mut world = Self {
            s,
            dice,
            images,
            remote: None,
            trail: vec![format!("seed {seed}")],
            files: 0,
        };
        world.remote = remote.map(|registry| {
            let publish = |(number, image): (usize, &TestImage)| {
                publish(&world.s, registry, image, &format!("s{seed}/{number}:1"))
            };
            let references = world.images.iter().take(4).enumerate().map(publish);
            (registry, references.collect())
        });
        world
    }

    fn variant(&mut self) -> &'static str {
        let at = self.dice.below(VARIANTS.len());
        VARIANTS[at]
    }

    fn name(&mut self) -> String {
        let variant = self.variant();
        self.s.image(variant)
    }

    fn archive(&mut self) -> String {
        let variant = self.variant();
        self.s.archive(variant)
    }

    /// An archive of one of the images, to be saved.
    fn file(&mut self) -> String {
        let image = self.dice.pick(&self.images).classic();
        self.files += 1;
        let file = format!("own{}.tar", self.files % 2);
        self.s.write(&file, image);
        file
    }

    fn compress(&mut self) -> String {
        self.dice
            .pick(&["none", "none", "gzip", "zstd"])
            .to_string()
    }

    /// A step that saves, converts, fetches or removes.
    fn step(&mut self) -> Step {
        let step = |program, words: Vec<String>| Step {
            program,
            words,
            removes: program == "imgprune",
        };
        let text = |words: &[&str]| words.iter().map(|&word| word.into()).collect::<Vec<_>>();
        let (name, compress) = (self.name(), self.compress());
        match self.dice.below(12) {
            0..3 => {
                let file = self.file();
                step(
                    "imgsave",
                    text(&["--name", &name, "--compress", &compress, &file]),
                )
            }
            3..6 => {
                let (file, base) = (self.file(), self.name());
                step(
                    "imgsave",
                    text(&["--thin", "--base", &base, "--name", &name, &file]),
                )
            }
            6 => step("imgsave", text(&["--full", &name])),
            7 => {
                let archive = self.archive();
                step("imgsave", text(&["--compress", &compress, &archive]))
            }
            8 | 9 => {
                let (archive, base) = (self.archive(), self.name());
                step("imgsave", text(&["--thin", "--base", &base, &archive]))
            }
            10 => match &self.remote {
                Some((_, references)) => {
                    let reference = self.dice.pick(references).clone();
                    let words = ["--insecure", "--update", "--name", &name, &reference];
                    step("imgfetch", text(&words))
                }
                None => step("imgsave", text(&["--full", &name])),
            },
            _ => {
                let size = format!("{}kB", self.dice.below(150));
                let limits = text(&["--no-engine", "--max-size", &size, "--orphans"]);
                step("imgprune", limits)
            }
        }
    }

    fn command(&mut self, step: &Step) -> Invocation {
        self.trail
            .push(format!("{} {}", step.program, step.words.join(" ")));
        self.s.command(step.program).args(&step.words)
    }

    /// Renames an entry, as a person might; its layers stay.
    fn rename_entry(&mut self) {
        let (old, new) = (self.name(), self.name());
        let text = self.s.read_if_there("image-registry.yml");
        let line = |name: &str| format!("- name: {name}\n");
        let is_free = |name: &str| {
            let archive = format!("file: images/{}/{name}.tar\n", self.s.project());
            !text.contains(&line(name)) && !text.contains(&archive)
        };
        if text.contains(&line(&old)) && is_free(&new) {
            self.trail.push(format!("{old} renamed to {new}"));
            let text = text.replace(&line(&old), &line(&new));
            self.s.write("image-registry.yml", text);
        }
    }

    /// One step, or two at once, or a killed one.
    fn go(&mut self) {
        if self.dice.below(5) == 0 {
            self.rename_entry();
            self.check();
        }
        let before = (state(&self.s), registered(&self.s));
        let step = self.step();
        match self.dice.below(6) {
            0 => {
                let after = Duration::from_millis(self.dice.below(LONGEST) as u64);
                self.trail.push(format!("killed after {after:?}:"));
                self.command(&step).run_until_killed(after);
            }
            1 => {
                let other = self.step();
                self.trail.push("at once:".into());
                let commands = [&step, &other].map(|step| self.command(step));
                std::thread::scope(|scope| {
                    for command in commands {
                        scope.spawn(|| command.run());
                    }
                });
            }
            _ => {
                let outcome = self.command(&step).run();
                let trail = self.trail.join("\n");
                assert!([0, 3, 4, 6].contains(&outcome.code), "{trail}\n{outcome}");
                let refused = outcome.code != 0 && !step.removes;
                assert!(!refused || state(&self.s) == before.0, "{trail}\n{outcome}");
                self.others_stay(&step, &before.1);
            }
        }
        self.check();
    }

    /// Other entries still have their images.
    fn others_stay(&self, step: &Step, before: &BTreeMap<String, String>) {
        if step.removes {
            return;
        }
        let now = registered(&self.s);
        for (name, id) in before {
            let archive = format!("images/{}/{name}.tar", self.s.project());
            let operand = step.words.last().filter(|word| **word == archive);
            let is_about = step.words.contains(name) || operand.is_some();
            let stays = now.get(name) == Some(id);
            assert!(is_about || stays, "{name}\n{}", self.trail.join("\n"));
        }
    }

    /// Reads every registered image completely.
    fn check(&self) {
        if !self.s.path("image-registry.yml").exists() {
            return;
        }
        let words = ["--check", "--no-engine", "--jobs", "1"];
        let checked = self.s.run("imgls", words);
        assert_eq!(checked.code, 0, "{}\n{checked}", self.trail.join("\n"));
    }

    /// A build on a registered base, or a replacement of a base.
    fn build(&mut self, number: usize) {
        let before = (state(&self.s), registered(&self.s));
        self.s.write("data", format!("{number}"));
        let (name, base) = (self.name(), self.archive());
        let plan = format!(
            r#"{{"name":"{name}","best_base_image_path":"{base}","build":{{"dockerfile":"Dockerfile","context":"."}}}}"#
        );
        self.trail.push(format!("imgbuild {plan}"));
        let thin: &[&str] = if self.dice.below(3) > 0 {
            &["--thin"]
        } else {
            &[]
        };
        let build = self.s.command("imgbuild").args(thin).arg("--no-lease");
        let outcome = build.input(plan).run();
        let trail = self.trail.join("\n");
        assert!([0, 3, 4].contains(&outcome.code), "{trail}\n{outcome}");
        assert!(
            outcome.code == 0 || state(&self.s) == before.0,
            "{trail}\n{outcome}"
        );
        let step = Step {
            program: "imgbuild",
            words: vec![name],
            removes: false,
        };
        self.others_stay(&step, &before.1);
        self.check();
    }
}

/// Images on each other, with their own layers, and with other configs of the same layers.
fn images(dice: &mut Dice) -> Vec<TestImage> {
    let release = "ID=debian\nVERSION_ID=\"12\"\n";
    let roots = [0, 1].map(|root| {
        let tar = Tar::new().folder("etc").file("etc/os-release", release);
        image(vec![
            tar.file(&format!("root{root}"), dice.bytes(9000)).bytes(),
        ])
    });
    let mut images = roots.to_vec();
    for number in 0..8 {
        let below = dice.pick(&images).clone();
        images.push(match number % 3 {
            0 => alike(&below),
            _ => {
                let own = Tar::new().file(&format!("own{number}"), dice.bytes(3000));
                let mut layers = below.layers;
                layers.push(own.bytes());
                image(layers)
            }
        });
    }
    images
}

/// The registered names, each with its image.
fn registered(s: &Sandbox) -> BTreeMap<String, String> {
    let text = s.read_if_there("image-registry.yml");
    let registry: serde_yaml::Value = serde_yaml::from_str(&text).expect("YAML");
    let entries = registry["images"].as_sequence().into_iter().flatten();
    let told = |entry: &serde_yaml::Value| {
        let told = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        (told("name"), told("image_id"))
    };
    entries.map(told).collect()
}

#[test]
fn every_image_is_whole_after_each_step() {
    let said = std::env::var("SEQUENCES").ok();
    let sequences = said.and_then(|said| said.parse().ok()).unwrap_or(SEQUENCES);
    let remote = Registry::start();
    let mut tally = Tally::new("steps of random sequences");
    for number in 0..sequences {
        // Publishing takes as long as the rest of a sequence.
        let remote = (number % 4 == 0).then_some(&remote);
        let seed = seed() + number;
        let mut world = World::new(Sandbox::without_engine(), seed, remote);
        for _ in 0..STEPS {
            world.go();
            tally.add(1);
        }
    }
}

#[test]
fn every_image_is_whole_after_each_build() {
    let mut tally = Tally::new("steps of a random sequence with builds");
    let mut world = World::new(Sandbox::new(), seed(), None);
    let base = Image::new().build(&world.s, "a");
    world.s.run("imgsave", [&base]).ok();
    world.s.forget(&base);
    world.s.write(
        "Dockerfile",
        format!(
            "ARG BASE_IMAGE\nFROM $BASE_IMAGE\nLABEL imgpipe.test={}\nCOPY data /data\n",
            world.s.project()
        ),
    );
    world.s.write(
        ".dockerignore",
        "images\nimage-registry.yml\n.image-registry*\n",
    );
    for number in 0..STEPS_WITH_BUILDS {
        match number % 3 {
            2 => world.go(),
            _ => world.build(number),
        }
        tally.add(1);
    }
    let images = engine().images_of(world.s.project());
    world.s.forget_all(&images);
    world.s.sweep();
}
