//! Measures the commands against what a person would type without them.
//!
//! All images are the bench's own, with content that no engine has seen. Sides run in turns, and what one
//! needs to be as before is restored outside the time. Everything is below `target/bench/work`, which goes when
//! the bench ends, as do the images; the results stay.

mod clean;
mod json;
mod large;
mod lone;
mod many;
mod matrix;
mod memory;
mod options;
mod plot;
mod random;
mod result;
mod root;
mod scene;
mod stats;
mod table;
mod tree;
mod turns;
mod up_to_date;

use camino::Utf8Path;
use serde_json::Value;

use crate::Error;
use crate::engine::Engine;
use crate::folders::remove;
use crate::process::{Runner, command};
use crate::test::cargo_words;
pub(crate) use clean::images as clean_images;
pub(crate) use options::Options;
use result::{Row, Verdict};
use scene::Scene;

/// Where the bench keeps its things.
pub(crate) fn folder(target: &Utf8Path) -> camino::Utf8PathBuf {
    target.join("bench")
}

/// Runs the bench.
pub(crate) fn run(runner: &mut Runner, target: &Utf8Path, options: &Options) -> Result<(), Error> {
    if let (Some(from), Some(to)) = (&options.from, &options.plot) {
        return plot::write(&plot::read(from)?, to);
    }
    eprintln!("building the commands");
    let build = "build --quiet --release --package imgload --package imgsave --package imgbuild --package imgplan --package imgls --package imgprune --package imgcat --package imgfetch";
    runner.run(&cargo_words(build.split(' ').map(str::to_owned)))?;
    let engine = Engine::find_or_start(runner, target)?;
    let folder = folder(target);
    let work = folder.join("work");
    remove(&work)?;
    clean::images(runner, engine.program())?;

    let mut rows = Vec::new();
    let patient = runner.patient();
    let measured = Scene::new(
        &patient,
        options,
        engine.program(),
        work.clone(),
        &target.join("release"),
    )
    .and_then(|scene| measure(&scene, &mut rows));
    let reported = report(runner, &engine, &folder, options, &rows);
    // Also after a signal, which the runner would tell again instead of running anything.
    let cleaned = clean::images(&runner.regardless(), engine.program());
    let removed = remove(&work);
    measured.and(reported).and(cleaned).and(removed)?;

    let failed = count(&rows, Verdict::Failed);
    if failed > 0 {
        return Err(Error::Wrong(format!(
            "{failed} of {} comparisons failed",
            rows.len()
        )));
    }
    Ok(())
}

/// Runs one group of cases after the other. One that can't be set up keeps no other from running.
fn measure(scene: &Scene<'_>, rows: &mut Vec<Row>) -> Result<(), Error> {
    let mut result = Ok(());
    for group in [root::run, matrix::run, large::run, many::run] {
        match group(scene, rows) {
            Ok(()) => {}
            Err(interrupted @ Error::Interrupted { .. }) => return Err(interrupted),
            Err(error) => {
                eprintln!("the other cases of this group are left out: {error}");
                scene.clear()?;
                result = result.and(Err(error));
            }
        }
    }
    result
}

/// Prints and writes what there is, after an interruption too.
fn report(
    runner: &Runner,
    engine: &Engine,
    folder: &Utf8Path,
    options: &Options,
    rows: &[Row],
) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let setting = json::Setting {
        engine: about(&runner.regardless(), engine)?,
        rounds: options.rounds(),
        quick: options.quick,
    };
    let document = json::document(&setting, rows);
    let file = folder.join("results.json");
    for path in [Some(&file), options.json.as_ref()].into_iter().flatten() {
        json::write(path, &document)?;
    }
    if let Some(path) = &options.plot {
        plot::write(&document, path)?;
    }
    eprintln!();
    if options.markdown {
        print!("{}", table::markdown(rows));
    } else {
        print!("{}", table::plain(rows));
    }
    let (met, missed) = (count(rows, Verdict::Met), count(rows, Verdict::Missed));
    eprintln!("\n{met} targets met, {missed} missed; all rounds are in {file}");
    Ok(())
}

/// The engine's version and storage driver; what it does not tell under that name is left open.
fn about(runner: &Runner, engine: &Engine) -> Result<Value, Error> {
    let read = |command_name: &str, format: &str| {
        let words = [engine.program(), command_name, "--format", format];
        match runner.read_all(&command(words)) {
            Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            Err(Error::Failed { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    };
    let client = read("version", "{{.Client.Version}}")?;
    Ok(serde_json::json!({
        "program": engine.program(),
        // podman without a service has no server.
        "version": read("version", "{{.Server.Version}}")?.or(client),
        "driver": read("info", "{{.Driver}}")?,
    }))
}

fn count(rows: &[Row], verdict: Verdict) -> usize {
    rows.iter().filter(|row| row.verdict() == verdict).count()
}
