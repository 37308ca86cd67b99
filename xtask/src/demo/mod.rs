//! The whole pipeline at work, on real input.

mod pipeline;
mod record;

use std::time::Instant;

use camino::Utf8Path;
use humansize::{DECIMAL, format_size};

use crate::clean::remove;
use crate::engine::Engine;
use crate::process::{Runner, command};
use crate::test::cargo_words;
use crate::{Error, debian, folders};
use pipeline::Demo;
use record::Record;

/// What all of the demo's own images start with.
const PROJECT: &str = "imgpipe-demo";
/// The base, where it has to be made.
const DEBIAN: &str = "imgpipe-demo-debian:12";

/// Runs the demo.
pub(crate) fn run(runner: &mut Runner, target: &Utf8Path) -> Result<(), Error> {
    let folder = target.join("demo");
    let engine = Engine::find_or_start(runner, target)?;
    let record = Record::open(&folder, engine.is_private())?;

    say("building the commands");
    let commands =
        "build --quiet --package imgplan --package imgbuild --package imgload --package imgsave";
    runner.run(&cargo_words(commands.split(' ').map(str::to_owned)))?;

    say("a Debian 12 to start from");
    let base = debian::base(runner, engine.program(), &folders::cache(target), DEBIAN)?;
    if base.made {
        record.image(&base.reference)?;
    }
    eprintln!("using {}", base.reference);

    let demo = Demo::prepare(runner, &engine, &folder)?;
    say("putting it into the store");
    let archive = demo.save(&base.reference)?;
    eprintln!("{archive}");

    say("what is wanted");
    eprint!("{}", pipeline::REQUIREMENT);

    say("the pipeline");
    for image in [demo.image("base"), demo.image("gcc12")] {
        record.image_unless_there(runner, engine.program(), &image)?;
    }
    let first = demo.pipeline()?;
    say("a program, compiled and run in the image that came out");
    demo.compile(&first.reference)?;

    say("the same pipeline again, which has nothing to build and nothing to load");
    let second = demo.pipeline()?;
    second.must_equal(&first)?;

    say("done");
    eprintln!(
        "first time   {:>7.1} s{}",
        first.time.as_secs_f64(),
        if first.built {
            ""
        } else {
            "  (built by an earlier demo)"
        }
    );
    eprintln!("second time  {:>7.1} s", second.time.as_secs_f64());
    eprintln!("in the store, {}:", demo.store());
    for (path, size) in demo.archives()? {
        eprintln!("  {:>10}  {path}", format_size(size, DECIMAL));
    }
    if engine.is_private() {
        eprintln!("the private engine ends now, and its images with it; the store stays");
    }
    eprintln!("`cargo xtask demo --clean` removes all of it");
    Ok(())
}

/// Removes what demos made.
pub(crate) fn clean(runner: &Runner, target: &Utf8Path) -> Result<(), Error> {
    let folder = target.join("demo");
    let images = record::read(&folder)?;
    if !images.is_empty() {
        let Some(engine) = Engine::find(runner)? else {
            return Err(Error::Engine {
                what: format!(
                    "no container engine answers, and the demo left images in it: {}",
                    images.join(", ")
                ),
                hint: format!(
                    "start the engine that the demo used, or remove {folder} to forget them"
                ),
            });
        };
        for image in images {
            if runner.succeeds(&command([engine.program(), "image", "inspect", &image]))? {
                runner.run_quietly(&command([engine.program(), "rmi", &image]))?;
                eprintln!("removed {image} from the engine");
            }
        }
    }
    remove(&folder)
}

fn say(headline: &str) {
    eprintln!("\n==> {headline}");
}

/// Runs what, and says how long it took.
fn timed<T>(what: impl FnOnce() -> Result<T, Error>) -> Result<(T, std::time::Duration), Error> {
    let started = Instant::now();
    Ok((what()?, started.elapsed()))
}
