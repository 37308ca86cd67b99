//! All that CI runs.

use camino::Utf8Path;

use crate::engine::Engine;
use crate::engine::podman::Podman;
use crate::folders::workspace;
use crate::packages::{self, Program};
use crate::process::{Command, Runner, command};
use crate::several::{self, Run};
use crate::steps::Steps;
use crate::{COMMANDS_ARE_BUILT, Error, dependencies, generate, test_programs};

/// What the tests need besides the engine.
const PROGRAMS: &[Program] = &[
    Program {
        name: "busybox",
        package: "busybox-static",
    },
    Program {
        name: "git",
        package: "git",
    },
    Program {
        name: "git-lfs",
        package: "git-lfs",
    },
    Program {
        name: "make",
        package: "make",
    },
    Program {
        name: "zsh",
        package: "zsh",
    },
    Program {
        name: "fish",
        package: "fish",
    },
    Program {
        name: "strace",
        package: "strace",
    },
    Program {
        name: "skopeo",
        package: "skopeo",
    },
    Program {
        name: "buildah",
        package: "buildah",
    },
    Program {
        name: "podman",
        package: "podman",
    },
    Program {
        name: "zstd",
        package: "zstd",
    },
    Program {
        name: "xz",
        package: "xz-utils",
    },
    Program {
        name: "docker-registry",
        package: "docker-registry",
    },
    Program {
        name: "openssl",
        package: "openssl",
    },
];
/// The tests that run against podman as well: what loads, saves and builds, and what misbehaves. `cargo xtask engines --engine podman` has all.
const WITH_PODMAN: [&str; 7] = [
    "pipeline", "load", "tags", "layers", "build", "costs", "faults",
];

/// Test programs that run at a time. Each spends much of its time waiting for an engine or a disk.
const AT_A_TIME: usize = 3;
/// The test programs that assert how soon a command ends, which run alone.
const TIMED: [&str; 2] = ["interrupt", "remote"];
/// The test programs that take longest, which begin first.
const SLOWEST: [&str; 6] = ["documents", "crash", "build", "pipeline", "list", "foreign"];

pub(crate) fn run(runner: &mut Runner, target: &Utf8Path, filter: &[String]) -> Result<(), Error> {
    let mut steps = Steps::default();
    if filter.is_empty() {
        tool(runner, "fmt", "rustfmt", "rustfmt")?;
        tool(runner, "clippy", "clippy", "rust-clippy")?;
        steps.run("format", || runner.run(&cargo("fmt --all --check")))?;
        steps.run("generated documents", || generate::run(runner, true))?;
        let checks: [(&str, Command); 2] = [
            (
                "lints",
                cargo("clippy --workspace --all-targets -- -D warnings"),
            ),
            (
                "docs",
                cargo("doc --workspace --no-deps").variable("RUSTDOCFLAGS", "-D warnings"),
            ),
        ];
        for (title, command) in checks {
            steps.run(title, || runner.run(&command))?;
        }
        dependencies::check(runner, target, &mut steps)?;
        steps.run("fuzz targets", || runner.run(&fuzz_targets(target)))?;
    }
    let engine = steps.run("engine", || engine(runner, target))?;
    let with_filter = |line: &str| {
        let words = line
            .split(' ')
            .chain(if filter.is_empty() { None } else { Some("--") });
        cargo_words(words.map(str::to_owned).chain(filter.iter().cloned()))
    };
    steps.run("unit and property tests", || {
        runner.run(&with_filter(
            "test --no-fail-fast --workspace --exclude pipeline-tests",
        ))
    })?;
    let folder = target.join("engines/podman");
    let podman = match engine.is_podman() {
        true => None,
        false => Some(steps.run("podman", || Podman::start(runner, &folder, None))?),
    };
    steps.run("tests against the engines", || {
        let runs = integration(runner, target, &engine, podman.as_ref(), filter)?;
        let (timed, others) = runs.into_iter().partition(|run: &Run| run.is_timed);
        // Failures of both are told.
        let others = several::run(runner, others, AT_A_TIME);
        several::run(runner, timed, 1).and(others)
    })
}

/// The tests of whole commands: all on the engine that was found, some on podman too.
fn integration(
    runner: &Runner,
    target: &Utf8Path,
    engine: &Engine,
    podman: Option<&Podman>,
    filter: &[String],
) -> Result<Vec<Run>, Error> {
    let mut programs = test_programs::build(runner, &[])?;
    programs.sort_by_key(|program| {
        let place = SLOWEST.iter().position(|slow| *slow == program.name);
        place.unwrap_or(SLOWEST.len())
    });
    let logs = target.join("test-logs");
    std::fs::create_dir_all(&logs).map_err(Error::io(&logs))?;
    let mut runs = Vec::new();
    for program in &programs {
        let words = [program.path.to_string()];
        let test = command(words.into_iter().chain(filter.iter().cloned()))
            .variable(COMMANDS_ARE_BUILT, "1")
            .folder(program.folder.clone());
        let is_timed = TIMED.contains(&program.name.as_str());
        let run = |engine: &str, command| Run {
            is_timed,
            title: format!("{} on {engine}", program.name),
            log: logs.join(format!("{}-{engine}.log", program.name)),
            command,
        };
        let found = test.clone().variable("IMG_ENGINE", engine.program());
        runs.push(run("the engine", found));
        if let Some(podman) = podman
            && WITH_PODMAN.contains(&program.name.as_str())
        {
            runs.push(run("podman", podman.surround_command(test)));
        }
    }
    Ok(runs)
}

/// A private engine, or the one that answers, and what the tests need beside it.
pub(crate) fn engine(runner: &mut Runner, target: &Utf8Path) -> Result<Engine, Error> {
    packages::ensure(runner, PROGRAMS, &[])?;
    Engine::start_or_find(runner, target)
}

/// Sees that the fuzz targets can be built. What they call is run by the tests of `probes`.
fn fuzz_targets(target: &Utf8Path) -> Command {
    let words = "check --manifest-path fuzz/Cargo.toml --target-dir".split(' ');
    let words = words.map(str::to_owned).chain([target.to_string()]);
    // Nothing is linked, so libFuzzer itself, which takes a C++ compiler, is not built.
    cargo_words(words).variable("CUSTOM_LIBFUZZER_PATH", "/dev/null")
}

fn cargo(line: &str) -> Command {
    cargo_words(line.split(' ').map(str::to_owned))
}

/// Cargo, as the one that runs this task.
pub(crate) fn cargo_words(words: impl Iterator<Item = String>) -> Command {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    command([program].into_iter().chain(words)).folder(workspace())
}

fn tool(runner: &Runner, name: &str, component: &str, package: &str) -> Result<(), Error> {
    if runner.succeeds(&cargo(&format!("{name} --version")))? {
        return Ok(());
    }
    Err(Error::Missing {
        what: format!("`cargo {name}` is not installed"),
        hint: format!(
            "rustup component add {component}, or, where Rust came from Debian, apt-get install {package}"
        ),
    })
}
