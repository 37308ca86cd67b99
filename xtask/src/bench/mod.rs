//! Measures the commands against what a person would type without them: the lines of `cases.txt`.
//!
//! All images are the bench's own, with random content. Lines run in turns, so that a slow moment of the machine slows all of
//! them. Everything is below `target/bench`, which is removed at the end, with the images.

mod table;

use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use clap::builder::PossibleValuesParser;

use crate::Error;
use crate::cmd::{Cmd, cargo, check, cmd, sh, variable};
use crate::engine::Engine;
use crate::folders::{Temporary, create, remove};
use table::{Table, Target, bytes, median, seconds};

const CASES: &str = include_str!("cases.txt");
/// All images of the bench have this label, and images that are built on them inherit it.
const LABEL: &str = "imgpipe.bench";
/// Makes an image `$1` with `$2` kilobytes of files, half noise and half text: of a system `$3` `$4`, or on (`$3`) a base `$4`.
const MAKE: &str = r#"
set -e
half=$(($2 / 2))
mkdir -p "tree/usr/lib/$1" "tree/usr/share/$1" tree/etc context
head -c ${half}k /dev/urandom | split -a 4 -b 160k - "tree/usr/lib/$1/"
od -An -v -tx1 /dev/urandom | head -c ${half}k | split -a 4 -b 160k - "tree/usr/share/$1/"
[ "$3" = on ] || printf "ID=%s\nVERSION_ID=%s\n" "$3" "$4" > tree/etc/os-release
tar -cf context/layer.tar -C tree .
printf "FROM %s\nADD layer.tar /\n" "$4" > context/Dockerfile
if [ "$3" = on ]; then
    "$IMG_ENGINE" build -q -t "$1" context
else
    "$IMG_ENGINE" import --change "LABEL imgpipe.bench=1" context/layer.tar "$1"
fi
rm -r tree context
"#;

/// Which cases, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How often each side of a case runs
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,

    /// Run only this case; can be repeated
    #[arg(long, value_name = "CASE", value_parser = PossibleValuesParser::new(names()))]
    only: Vec<String>,

    /// A smoke test: small images and one round, whose numbers mean nothing
    #[arg(long)]
    quick: bool,
}

/// The surroundings of the cases.
struct Bench<'a> {
    options: &'a Options,
    engine: &'a Engine,
    /// The parent of the store that lines run in.
    work: Utf8PathBuf,
    path: String,
    table: Table,
}

fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = CASES
        .lines()
        .filter_map(|line| line.strip_prefix("case "))
        .collect();
    names.dedup();
    names
}

/// Runs the bench.
pub(crate) fn run(target: &Utf8Path, options: &Options) -> Result<(), Error> {
    eprintln!("building the commands");
    cargo("build --quiet --release --workspace --bins --exclude xtask").run()?;
    let engine = Engine::find_or_start(target)?;
    crate::packages::ensure("zstd gzip", "")?;
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
    for group in CASES.split("\ngroup\n").skip(1) {
        let measured = result.and_then(|()| bench.group(group));
        let cleared = bench.clear();
        result = match measured {
            Err(error) if !matches!(error, Error::Interrupted { .. }) => {
                bench.table.fail(&error);
                cleared
            }
            other => other.and(cleared),
        };
    }
    print!("\n{}", bench.table);
    result?;
    bench.table.verdict()
}

/// Removes all images of benches, also if they have no tag.
pub(crate) fn remove_images(engine: &Engine) -> Result<(), Error> {
    let list = engine.cmd("images --all --quiet --no-trunc --filter");
    let list = list.arg(format!("label={LABEL}")).cleaning_up();
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
    /// Measures the cases of a group that the user wants, after its images are made.
    fn group(&mut self, text: &str) -> Result<(), Error> {
        let only = &self.options.only;
        let mut cases = text.split("\ncase ");
        let setup = cases.next().unwrap_or_default();
        let cases = cases.filter_map(|case| case.split_once('\n'));
        let wanted =
            cases.filter(|(name, _)| only.is_empty() || only.iter().any(|one| one == name));
        let wanted: Vec<_> = wanted.collect();
        if !wanted.is_empty() {
            self.case("", setup)?;
        }
        wanted
            .into_iter()
            .try_for_each(|(name, lines)| self.case(name, lines))
    }

    fn case(&mut self, name: &str, text: &str) -> Result<(), Error> {
        if !name.is_empty() {
            eprintln!("\n==> {name}");
        }
        let text = text.replace("\\\n", " ");
        let (mut before, mut sides, mut unit) = (Vec::new(), Vec::new(), None);
        let mut small = (String::new(), 0.0);
        let lines = text
            .split("\n")
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            let (directive, line) = line.split_once(' ').unwrap_or((line, ""));
            let number = || {
                line.split_once(' ')
                    .and_then(|(number, rest)| Some((number.parse().ok()?, rest)))
            };
            let side = |target: fn(f64) -> Target| {
                let (number, line) = number().unwrap_or_default();
                (line.to_owned(), Some(target(number)))
            };
            match directive {
                "make" => self.make(line)?,
                "run" => self.cmd(line).run_quietly()?,
                "each" => before.push(line.to_owned()),
                "absent" => before.push(format!(
                    "for i in {line}; do ! $E image inspect $i > /dev/null 2>&1 || $E rmi --force $i || exit; done"
                )),
                "ours" => sides.push((line.to_owned(), None)),
                "at-most" => sides.push(side(Target::AtMost)),
                "faster" => sides.push(side(Target::Faster)),
                "limit" => sides.push(side(Target::Limit)),
                "info" => sides.push((line.to_owned(), Some(Target::None))),
                "bytes" => unit = Some(bytes as fn(f64) -> String),
                "small" => small = (self.label(line), self.peak(line)?),
                "large" => {
                    let (mebibytes, line): (f64, _) = number().unwrap_or_default();
                    let (label, peak) = (self.label(line), self.peak(line)?);
                    let limit = Target::Limit(mebibytes * 1024.0 * 1024.0);
                    self.table.add(name, bytes, (&label, peak), None, limit);
                    let small = Some((small.0.as_str(), small.1));
                    self.table.add(name, bytes, (&label, peak), small, Target::AtMost(1.2));
                }
                other => return Err(Error::Wrong(format!("cases.txt: `{other}` is no directive"))),
            }
        }
        let mut values = vec![Vec::new(); sides.len()];
        let rounds = if self.options.quick {
            1
        } else {
            self.options.rounds
        };
        for _ in 0..rounds {
            for ((line, _), values) in sides.iter().zip(&mut values) {
                for line in &before {
                    self.cmd(line).run_quietly()?;
                }
                let command = self.cmd(line);
                let started = Instant::now();
                let output = command.read_quietly()?;
                let time = started.elapsed().as_secs_f64();
                values.push(if unit.is_some() {
                    output.parse().unwrap_or_default()
                } else {
                    time
                });
            }
        }
        let mut ours = None;
        for ((line, target), values) in sides.iter().zip(values) {
            let label = self.label(line);
            eprintln!("  {label}: {values:.3?}");
            let measured = (label, median(values));
            let unit = unit.unwrap_or(seconds);
            match (target, &ours) {
                (None, _) => ours = Some(measured),
                (Some(target @ Target::Limit(_)), _) | (Some(target), None) => {
                    self.table
                        .add(name, unit, (&measured.0, measured.1), None, *target);
                }
                (Some(target), Some(ours)) => {
                    let theirs = Some((measured.0.as_str(), measured.1));
                    self.table
                        .add(name, unit, (&ours.0, ours.1), theirs, *target);
                }
            }
        }
        Ok(())
    }

    /// A line as a person would type it, with short names.
    fn label(&self, line: &str) -> String {
        let program = Utf8Path::new(self.engine.program());
        let line = line
            .replace("$EIGHT", "EIGHT")
            .replace("$E", program.file_name().unwrap_or("$E"));
        line.replace("$D-", "")
            .replace("$U-", "ubuntu-")
            .replace("../", "")
    }

    /// A line with the names and programs that `cases.txt` shortens.
    fn expand(&self, line: &str) -> String {
        let tops = |system: &str, variants: [&str; 4]| {
            variants
                .map(|variant| format!("imgpipe-bench-{system}-{variant}"))
                .join(" ")
        };
        let debians = tops("debian-12", ["gcc11", "gcc12", "clang15", "clang16"]);
        let ubuntus = tops("ubuntu-24.04", ["gcc13", "gcc14", "clang17", "clang18"]);
        let many = if self.engine.is_podman() {
            "--multi-image-archive"
        } else {
            ""
        };
        let names = [
            ("$EIGHT", &*format!("{debians} {ubuntus}")),
            ("$DEBIANS", &debians),
            ("$UBUNTUS", &ubuntus),
            ("$MANY", many),
            ("$COUNT", if self.options.quick { "500" } else { "10000" }),
            ("$D", "imgpipe-bench-debian-12"),
            ("$U", "imgpipe-bench-ubuntu-24.04"),
            ("$E", self.engine.program()),
        ];
        names.iter().fold(line.to_owned(), |line, (name, value)| {
            line.replace(name, value)
        })
    }

    /// A line for the shell, in the store. Simple lines run without a shell, which takes a millisecond.
    fn cmd(&self, line: &str) -> Cmd {
        let line = self.expand(line);
        let is_simple = !line.contains([';', '|', '&', '>', '\'']);
        let command = if is_simple { cmd(&line) } else { sh(&line) };
        let command = self
            .engine
            .surround(command)
            .folder(self.work.join("store"));
        command
            .variable("PATH", &self.path)
            .variable("IMG_REGISTRY", "image-registry.yml")
    }

    /// Makes an image: its name, megabytes, and system or base.
    fn make(&self, line: &str) -> Result<(), Error> {
        eprintln!("making {}", self.label(line));
        let line = self.expand(line);
        let words: Vec<_> = line.split(' ').collect();
        let [name, megabytes, system @ ..] = words.as_slice() else {
            return Err(Error::Wrong(format!("cases.txt: make {line}")));
        };
        let zeros = if self.options.quick { "0" } else { "000" };
        let make = sh(MAKE)
            .args([name, &*format!("{megabytes}{zeros}")])
            .args(system);
        self.engine.surround(make).folder(&self.work).run_quietly()
    }

    /// Removes all files and images, so that no later case finds a layer.
    fn clear(&self) -> Result<(), Error> {
        remove_images(self.engine)?;
        remove(&self.work)?;
        create(&self.work.join("store"))
    }

    /// Runs a line, and returns the most memory that it used, in bytes: `VmHWM` in `/proc/PID/status`, which is read until the
    /// process ends. `wait4` would count memory that a child shares with this process before it starts its program.
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
        eprintln!("  {}: {peak} bytes", self.label(line));
        match status.success() {
            true => Ok(peak),
            false => Err(Error::Wrong(
                std::fs::read_to_string(&log).map_err(Error::io(log))?,
            )),
        }
    }
}
