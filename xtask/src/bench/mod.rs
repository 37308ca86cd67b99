//! Measures the commands against what a person would type without them.
//!
//! All images are the bench's own, with random content. Sides run in turns, so that a slow moment of the machine slows all of
//! them. What a side needs is restored before each round, outside the time. Everything is below `target/bench`, which is
//! removed at the end, with the images.

mod cases;
mod table;

use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use clap::builder::PossibleValuesParser;

use crate::Error;
use crate::cmd::{Cmd, cargo, check, cmd, sh, variable};
use crate::engine::Engine;
use crate::folders::{Temporary, create, remove};
use table::{Table, Target};

/// Which cases, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How often each side of a case runs
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,

    /// Run only this case; can be repeated
    #[arg(long, value_name = "CASE", value_parser = PossibleValuesParser::new(cases::NAMES))]
    only: Vec<String>,

    /// A smoke test: small images and one round, whose numbers mean nothing
    #[arg(long)]
    quick: bool,
}

/// All images of the bench have this label, and images that are built on them inherit it.
const LABEL: &str = "imgpipe.bench";
/// Writes `$1` kilobytes of files below folders `$2`, half noise and half text, and an os-release with `$3`, if given, into
/// `layer.tar`.
const TREE: &str = r#"
set -e
half=$(($1 / 2))
mkdir -p "tree/usr/lib/$2" "tree/usr/share/$2" tree/etc
head -c ${half}k /dev/urandom | split -a 4 -b 160k - "tree/usr/lib/$2/"
od -An -v -tx1 /dev/urandom | head -c ${half}k | split -a 4 -b 160k - "tree/usr/share/$2/"
[ -z "$3" ] || printf "$3" > tree/etc/os-release
tar -cf layer.tar -C tree .
rm -r tree
"#;

/// The surroundings of the cases.
struct Bench<'a> {
    options: &'a Options,
    engine: &'a Engine,
    /// The parent of the folder that commands run in, which is a store.
    work: Utf8PathBuf,
    path: String,
    table: Table,
}

/// A command to be timed.
struct Side {
    what: String,
    line: String,
    /// Lines that run before each round, outside the time.
    before: Vec<String>,
}

fn side(what: impl Into<String>, line: impl Into<String>, before: &[&str]) -> Side {
    let before = before.iter().map(|line| (*line).to_owned()).collect();
    Side {
        what: what.into(),
        line: line.into(),
        before,
    }
}

/// Runs the bench.
pub(crate) fn run(target: &Utf8Path, options: &Options) -> Result<(), Error> {
    eprintln!("building the commands");
    cargo("build --quiet --release --workspace --bins --exclude xtask").run()?;
    let engine = Engine::find_or_start(target)?;
    let work = Temporary(target.join("bench"));
    let path = variable("PATH").unwrap_or_default();
    let mut bench = Bench {
        options,
        engine: &engine,
        work: work.0.clone(),
        path: format!("{target}/release:{path}"),
        table: Table::default(),
    };
    let mut result = bench.clear();
    for (names, case) in cases::ALL {
        if result.is_ok() && names.iter().any(|name| bench.wants(name)) {
            match case(&mut bench) {
                Err(interrupted @ Error::Interrupted { .. }) => result = Err(interrupted),
                Err(error) => bench.table.fail(names, &error),
                Ok(()) => {}
            }
            result = result.and(bench.clear());
        }
    }
    print!("\n{}", bench.table);
    result.and(remove_images(&engine))?;
    bench.table.verdict()
}

/// Removes all images of benches, also if they have no tag.
pub(crate) fn remove_images(engine: &Engine) -> Result<(), Error> {
    let list = engine
        .cmd("images --all --quiet --no-trunc --filter")
        .arg(format!("label={LABEL}"));
    let list = list.cleaning_up();
    let mut before = String::new();
    loop {
        let images = list.read_quietly()?;
        if images.is_empty() {
            return Ok(());
        }
        if images == before {
            let images = images.replace('\n', " ");
            return Err(Error::Wrong(format!(
                "the engine keeps images of the bench: {images}"
            )));
        }
        // An image is removed with its children, so a later one may be missing: the next list tells.
        engine
            .cmd("rmi --force")
            .args(images.lines())
            .cleaning_up()
            .succeeds()?;
        before = images;
    }
}

impl Bench<'_> {
    fn wants(&self, case: &str) -> bool {
        let only = &self.options.only;
        only.is_empty() || only.iter().any(|name| name == case)
    }

    /// The size of an image in MB.
    fn size(&self, full: u64) -> u64 {
        if self.options.quick {
            full.div_ceil(25)
        } else {
            full
        }
    }

    fn rounds(&self) -> u16 {
        if self.options.quick {
            1
        } else {
            self.options.rounds
        }
    }

    /// A line for the shell, in the store. `$E` is the engine. Simple lines run without a shell, which takes a millisecond.
    fn cmd(&self, line: &str) -> Cmd {
        let line = line.replace("$E", self.engine.program());
        let is_simple = !line.contains([';', '|', '&', '>', '"', '*']);
        let command = if is_simple { cmd(&line) } else { sh(&line) };
        let command = self
            .engine
            .surround(command)
            .folder(self.work.join("store"));
        command
            .variable("PATH", &self.path)
            .variable("IMG_REGISTRY", "image-registry.yml")
    }

    /// Runs a line.
    fn run(&self, line: &str) -> Result<(), Error> {
        self.cmd(line).run_quietly()
    }

    /// Removes all files and images, so that no later case finds a layer.
    fn clear(&self) -> Result<(), Error> {
        remove_images(self.engine)?;
        remove(&self.work)?;
        create(&self.work.join("store"))
    }

    /// Makes an image of one layer, with an os-release, or of one more layer on `base`.
    fn make(&self, name: &str, megabytes: u64, system: &str, base: &str) -> Result<(), Error> {
        eprintln!("making {name}");
        let size = (megabytes * 1000).to_string();
        let tree = sh(TREE)
            .args([size.as_str(), name, system])
            .folder(&self.work);
        tree.run_quietly()?;
        self.run(&match base {
            "" => format!("$E import --change \"LABEL {LABEL}=1\" ../layer.tar {name}"),
            base => format!(
                "printf \"FROM {base}\\nADD layer.tar /\\n\" > ../Dockerfile; mkdir ../context; \
                 mv ../Dockerfile ../layer.tar ../context; $E build -q -t {name} ../context && rm -r ../context"
            ),
        })
    }

    /// Measures sides in turns. The first is compared with each of the others, by a target each.
    fn compare(&mut self, case: &str, sides: &[Side], targets: &[Target]) -> Result<(), Error> {
        eprintln!("\n==> {case}");
        let mut times = vec![Vec::new(); sides.len()];
        for _ in 0..self.rounds() {
            for (side, times) in sides.iter().zip(&mut times) {
                for line in &side.before {
                    self.run(line)?;
                }
                let command = self.cmd(&side.line);
                let started = Instant::now();
                command.run_quietly()?;
                times.push(started.elapsed().as_secs_f64());
            }
        }
        let mut measured = Vec::new();
        for (side, times) in sides.iter().zip(times) {
            eprintln!("  {}: {times:.3?}", side.what);
            measured.push((side.what.as_str(), table::median(times)));
        }
        let others = measured.iter().skip(1).map(|other| Some(*other));
        let others: Vec<_> = if sides.len() == 1 {
            vec![None]
        } else {
            others.collect()
        };
        for (other, target) in others.into_iter().zip(targets) {
            self.table
                .add(case, table::seconds, measured[0], other, *target);
        }
        Ok(())
    }

    /// Runs a command once, and returns the most memory that it used, in bytes: `VmHWM` in `/proc/PID/status`, which is read
    /// until the process ends. `wait4` would count memory that a child shares with this process before it starts its program.
    fn peak(&self, line: &str) -> Result<f64, Error> {
        let log = self.work.join("log");
        let running = self.cmd(line).start(&log, process::SIGTERM)?;
        let mut peak = 0.0_f64;
        let status = loop {
            let path = format!("/proc/{}/status", running.child().pid().unwrap_or_default());
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
            peak = peak.max(kib.unwrap_or_default() * 1024.0);
            if let Some(status) = running.child().wait_briefly(Duration::from_millis(10)) {
                break status;
            }
        };
        check()?;
        eprintln!("  {line}: {peak} bytes");
        match status.success() {
            true => Ok(peak),
            false => Err(Error::Wrong(
                std::fs::read_to_string(&log).map_err(Error::io(log))?,
            )),
        }
    }
}
