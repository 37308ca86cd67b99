//! Measures the commands against what a person would type without them: the lines of `cases.txt`.
//!
//! All images are the bench's own, with random content. Everything is below `target/bench`, which is removed at the end, with
//! the images.

mod case;
mod table;

use camino::{Utf8Path, Utf8PathBuf};
use clap::builder::PossibleValuesParser;

use crate::Error;
use crate::cmd::{cargo, variable};
use crate::engine::TestEngine;
use crate::folders::{TemporaryFolder, create, remove};
use table::Table;

const CASES: &str = include_str!("cases.txt");
/// `make.sh` gives this label to all images of the bench, and images that are built on them inherit it.
const LABEL: &str = "label=imgpipe.bench";

/// Which cases, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
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
    options: &'a Args,
    engine: &'a TestEngine,
    /// The parent of the store that lines run in.
    work: Utf8PathBuf,
    variables: Vec<(&'static str, String)>,
    table: Table,
}

fn names() -> Vec<&'static str> {
    let lines = CASES.lines();
    let mut names: Vec<_> = lines
        .filter_map(|line| line.strip_prefix("case "))
        .collect();
    names.dedup();
    names
}

/// Runs the bench.
pub(crate) fn run(target: &Utf8Path, options: &Args) -> Result<(), Error> {
    eprintln!("building the commands");
    cargo("build --quiet --release --workspace --bins --exclude xtask").run()?;
    let engine = TestEngine::find_or_start(target)?;
    crate::packages::ensure("zstd gzip", "")?;
    let work = TemporaryFolder(target.join("bench"));
    let mut bench = Bench {
        options,
        engine: &engine,
        work: work.0.clone(),
        variables: variables(target, &engine, options.quick),
        table: Table::default(),
    };
    let mut result = bench.clear();
    for group in CASES.split("\ngroup\n").skip(1) {
        let measured = result.and_then(|()| bench.group(group));
        let cleared = bench.clear();
        result = match measured {
            Err(error) if !matches!(error, Error::Interrupted(_)) => {
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

/// The variables of the lines.
fn variables(target: &Utf8Path, engine: &TestEngine, quick: bool) -> Vec<(&'static str, String)> {
    let (debian, ubuntu) = ("imgpipe-bench-debian-12", "imgpipe-bench-ubuntu-24.04");
    let debians = format!("{debian}-gcc11 {debian}-gcc12 {debian}-clang15 {debian}-clang16");
    let ubuntus = format!("{ubuntu}-gcc13 {ubuntu}-gcc14 {ubuntu}-clang17 {ubuntu}-clang18");
    let many = if engine.is_podman() {
        "--multi-image-archive"
    } else {
        ""
    };
    let path = variable("PATH").unwrap_or_default();
    vec![
        ("D", debian.into()),
        ("U", ubuntu.into()),
        ("E", engine.program.clone()),
        ("EIGHT", format!("{debians} {ubuntus}")),
        ("DEBIANS", debians),
        ("UBUNTUS", ubuntus),
        ("MANY", many.into()),
        ("COUNT", if quick { "500" } else { "10000" }.into()),
        ("PATH", format!("{target}/release:{path}")),
        ("IMG_REGISTRY", "image-registry.yml".into()),
    ]
}

impl Bench<'_> {
    /// Measures the cases of a group that the user wants, after its images are made.
    fn group(&mut self, text: &str) -> Result<(), Error> {
        let mut cases = text.split("\ncase ");
        let setup = cases.next().unwrap_or_default();
        let only = &self.options.only;
        let is_wanted = |name: &str| only.is_empty() || only.iter().any(|one| one == name);
        let cases = cases.filter_map(|case| case.split_once('\n'));
        let wanted: Vec<_> = cases.filter(|(name, _)| is_wanted(name)).collect();
        if !wanted.is_empty() {
            self.case("", setup)?;
        }
        let mut wanted = wanted.into_iter();
        wanted.try_for_each(|(name, lines)| self.case(name, lines))
    }

    /// Removes all files and images, so that no later case finds a layer.
    fn clear(&self) -> Result<(), Error> {
        remove_images(self.engine)?;
        remove(&self.work)?;
        create(&self.work.join("store"))
    }
}

/// Removes all images of benches, also if they have no tag.
pub(crate) fn remove_images(engine: &TestEngine) -> Result<(), Error> {
    let list = engine.cmd("images --all --quiet --no-trunc --filter");
    let list = list.arg(LABEL).cleaning_up();
    let mut before = String::new();
    loop {
        let images = list.read_quietly()?;
        if images.is_empty() {
            return Ok(());
        }
        if images == before {
            let what = format!("the engine keeps images of the bench:\n{images}");
            return Err(Error::Wrong(what));
        }
        // An image is removed with its children, so a later one may be missing: the next list tells.
        let remove = engine.cmd("rmi --force").args(images.lines());
        remove.cleaning_up().succeeds()?;
        before = images;
    }
}
