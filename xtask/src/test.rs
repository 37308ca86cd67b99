//! All that CI runs.

use std::panic::resume_unwind;
use std::thread;

use camino::Utf8Path;

use crate::cmd::{Cmd, cargo, cmd};
use crate::debian::{self, TEST_IMAGE};
use crate::engine::{TestEngine, podman};
use crate::folders::{cache, create, workspace};
use crate::several::{self, Run};
use crate::steps::StepTimes;
use crate::{COMMANDS_ARE_BUILT, Error, dependencies, generate, packages, test_programs};

/// What the tests need besides the engine.
const PROGRAMS: &str = "busybox:busybox-static git git-lfs make zsh fish strace skopeo buildah podman zstd \
                        xz:xz-utils docker-registry openssl";
/// The tests that run on podman too: loading, saving, building, and faults. `cargo xtask engines --engine podman` has all.
const WITH_PODMAN: [&str; 7] = [
    "pipeline", "load", "tags", "layers", "build", "costs", "faults",
];
/// How many test programs run at a time. Each spends much of its time waiting for an engine, a disk or a mirror.
const AT_A_TIME: usize = 4;
/// Test programs that assert how soon a command ends. They run after the others.
const TIMED: [&str; 2] = ["interrupt", "remote"];
/// The runs that take longest. They begin first, so that none of them is left alone at the end.
const SLOWEST: [&str; 10] = [
    "build on podman",
    "documents on the engine",
    "build on the engine",
    "crash on the engine",
    "layers on podman",
    "layers on the engine",
    "thin on the engine",
    "prune on the engine",
    "tags on podman",
    "foreign on the engine",
];
/// Engines collect garbage less often (<https://pkg.go.dev/runtime>): each call of podman takes a tenth less processor time.
const GARBAGE: (&str, &str) = ("GOGC", "400");

pub(crate) fn run(target: &Utf8Path, filter: &[String]) -> Result<(), Error> {
    let steps = StepTimes::default();
    if filter.is_empty() {
        has_component("fmt", "rustfmt", "rustfmt")?;
        has_component("clippy", "clippy", "rust-clippy")?;
        thread::scope(|scope| {
            // These have target folders of their own, so Cargo does not let them wait for the others.
            let beside = scope.spawn(|| {
                oldest_rust(target, &steps)?;
                dependencies::check(target, &steps)
            });
            let own = check_sources(target, &steps);
            let beside = beside.join();
            own.and(beside.unwrap_or_else(|panic| resume_unwind(panic)))
        })?;
    }
    let engine = steps.run("engine", || engine(target))?;
    let folder = target.join("engines/podman");
    let podman = match engine.is_podman() {
        true => None,
        false => Some(steps.run("podman", || podman::start(&folder, None))?),
    };
    let units = engine.surround(cargo(
        "test --no-fail-fast --workspace --exclude pipeline-tests",
    ));
    let dashes = (!filter.is_empty()).then_some("--");
    let units = units.args(dashes).args(filter);
    thread::scope(|scope| {
        if filter.is_empty() {
            // Mostly waits for Debian's mirror. If it fails, the tests that need it do, and say why.
            scope.spawn(|| {
                let all = [Some(&engine), podman.as_ref()].into_iter().flatten();
                all.for_each(|engine| drop(debian::base(engine, &cache(target), TEST_IMAGE)));
            });
        }
        steps.run("unit and property tests", || units.run())
    })?;
    steps.run("tests against the engines", || {
        let runs = integration(target, &engine, podman.as_ref(), filter)?;
        let (timed, others) = runs.into_iter().partition(|run: &Run| run.is_timed);
        // Failures of both are reported.
        let others = several::run(others, AT_A_TIME);
        several::run(timed, TIMED.len()).and(others)
    })
}

/// Checks the sources, with one target folder.
fn check_sources(target: &Utf8Path, steps: &StepTimes) -> Result<(), Error> {
    steps.run("format", || cargo("fmt --all --check").run())?;
    steps.run("generated documents", || generate::run(true))?;
    let lints = cargo("clippy --workspace --all-targets -- -D warnings");
    steps.run("lints", || lints.run())?;
    let docs = cargo("doc --workspace --no-deps").variable("RUSTDOCFLAGS", "-D warnings");
    steps.run("docs", || docs.run())?;
    let fuzz = cargo("check --manifest-path fuzz/Cargo.toml --target-dir").arg(target);
    // Nothing is linked, so libFuzzer, which needs a C++ compiler, is not built.
    let fuzz = fuzz.variable("CUSTOM_LIBFUZZER_PATH", "/dev/null");
    steps.run("fuzz targets", || fuzz.run())
}

/// Checks that the oldest Rust that the workspace declares compiles it.
fn oldest_rust(target: &Utf8Path, steps: &StepTimes) -> Result<(), Error> {
    const VERSION: &str = env!("CARGO_PKG_RUST_VERSION");
    let title = format!("Rust {VERSION}");
    let there = cmd("rustup run").args([VERSION, "rustc", "--version"]);
    let install = cmd("rustup toolchain install --profile=minimal").arg(VERSION);
    if !there.succeeds()? && !install.succeeds()? {
        steps.leave_out(&title, "rustup can't install this version");
        return Ok(());
    }
    // Cargo sets these variables for this task. They name its own compiler.
    let check = cmd("env -u RUSTC -u CARGO -u RUSTUP_TOOLCHAIN rustup run").arg(VERSION);
    let check = check.args("cargo check --workspace --locked --target-dir".split(' '));
    let check = check.arg(target.join("oldest")).folder(workspace());
    // Optimising the dependencies' C takes a fifth of the time, and nothing of it runs.
    let check = check.variable("CFLAGS", "-O0");
    steps.run(&title, || check.run())
}

/// The tests of whole commands: all on the engine that was found, some on podman too.
fn integration(
    target: &Utf8Path,
    engine: &TestEngine,
    podman: Option<&TestEngine>,
    filter: &[String],
) -> Result<Vec<Run>, Error> {
    let programs = test_programs::build(&[])?;
    let logs = target.join("test-logs");
    create(&logs)?;
    let mut runs = Vec::new();
    for program in &programs {
        let name = program.name.as_str();
        let podman = podman.filter(|_| WITH_PODMAN.contains(&name));
        for (title, engine) in [("the engine", Some(engine)), ("podman", podman)] {
            let Some(engine) = engine else { continue };
            let test = Cmd::of(&program.path).args(filter);
            runs.push(Run {
                is_timed: TIMED.contains(&name),
                title: format!("{name} on {title}"),
                log: logs.join(format!("{name}-{title}.log")),
                command: surround_test(engine, test),
            });
        }
    }
    runs.sort_by_key(|run| {
        let place = SLOWEST.iter().position(|slow| *slow == run.title);
        place.unwrap_or(SLOWEST.len())
    });
    Ok(runs)
}

/// Makes a test program use an engine, in the folder that Cargo runs it in.
pub(crate) fn surround_test(engine: &TestEngine, test: Cmd) -> Cmd {
    let test = engine.surround(test).variable(COMMANDS_ARE_BUILT, "1");
    let test = test.variable(GARBAGE.0, GARBAGE.1);
    test.folder(workspace().join("tests"))
}

/// A private engine, or the one that answers, and the programs that the tests need.
pub(crate) fn engine(target: &Utf8Path) -> Result<TestEngine, Error> {
    packages::ensure(PROGRAMS, "")?;
    TestEngine::start_or_find(target)
}

fn has_component(name: &str, component: &str, package: &str) -> Result<(), Error> {
    if cargo(name).arg("--version").succeeds()? {
        return Ok(());
    }
    let debian = format!("apt-get install {package} if Debian's Rust is installed");
    Err(Error::missing(
        format!("`cargo {name}` is not installed"),
        format!("rustup component add {component}, or {debian}"),
    ))
}
