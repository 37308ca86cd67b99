//! The tasks' flags, and the way from a result to an exit code.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::process::Runner;
use crate::{Error, bench, clean, demo, dist, engines, generate, install, soak, test};

/// The project's own tasks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Flags {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Show the whole pipeline at work: a Debian base into a store, an image with gcc built on it, loaded, and used
    ///
    /// Everything is kept below `target/demo/`; images in the engine are called `imgpipe-demo-…`. Where no engine answers, a
    /// private one is started for as long as the demo runs (as root on Debian or Ubuntu; elsewhere it says what to install).
    Demo {
        /// Remove what earlier demos made, and nothing else
        #[arg(long)]
        clean: bool,
    },
    /// Run all that CI runs: format, generated documents, lints, docs, dependencies, unit and property tests, and tests against a real engine
    ///
    /// The first failure ends it, with the failed program's code. Where no engine answers, a private one is started for as
    /// long as the tests run. Example: `cargo xtask test -- truncated`.
    #[command(visible_alias = "ci")]
    Test {
        /// Run only tests whose names contain one of these, and leave out all before them
        #[arg(last = true)]
        filter: Vec<String>,
    },
    /// Bring what is made of the commands' flags up to date: README's tables and docs/flags.md
    Generate {
        /// Write nothing, and fail where something is old
        #[arg(long)]
        check: bool,
    },
    /// Build the commands, and install them with man pages and completions for bash, zsh and fish
    ///
    /// Example: `cargo xtask install --prefix ~/.local`, and `cargo xtask install --prefix ~/.local --uninstall`.
    Install(install::Options),
    /// Make a tarball and a Debian package of everything, with checksums, in `target/dist`
    ///
    /// Times in them are SOURCE_DATE_EPOCH, or else the commit's, and paths of this machine are not in them. `--check` makes all of
    /// it again in another folder, and fails where a byte differs.
    Dist(dist::Options),
    /// Measure the commands against what one would type without them, and print a table of medians and ratios
    ///
    /// Builds the release programs, makes its own images in the engine (`imgpipe-bench-…`, with content that no engine has
    /// seen), runs the sides of each case in turns, and removes the images and files at the end. Ctrl-C does the same as
    /// soon as the command that runs has ended. It takes about a quarter of an hour and up to 10 GB of disk; a machine that does nothing else gives the better numbers. The rounds of all
    /// cases are in `target/bench/results.json`. A target that is missed is told in the table and fails nothing; a command
    /// that fails does, after all else was measured. Example: `cargo xtask bench --only there --only cold --rounds 9`.
    Bench(bench::Options),
    /// Kill commands at random moments, run many at once, and damage archives in more ways than the tests do
    ///
    /// imgsave, imgbuild, imgload, imgprune, imgfetch and imgpush are each killed so many times, with all that they have
    /// started; after each, every registered archive must be whole and the next run must need no help. Sixteen commands over one store follow,
    /// archives with damage in them, and an image of 10 GB, for which there must be 30 GB of room. A failure keeps nothing
    /// from being tried. At the end stands what was tried and what was lost, with the seed that gives the same moments again.
    /// It takes an hour or two. Example: `cargo xtask soak --kills 500 --large 0`.
    Soak(soak::Options),
    /// Run the tests against every engine that can be brought up here, and print a table of engine against test
    ///
    /// Besides the engine that answers: this machine's podman, as root and as a user who is not; and the Docker (with a graph
    /// driver and with containerd's store) and podman of Debian 13 and of Debian unstable, each in a folder below
    /// `target/engines/`, which takes root, Debian's mirrors and some minutes the first time. The tests then take about as
    /// long for each as `cargo xtask test`. Example: `cargo xtask engines --engine podman --test load -- damaged`.
    Engines(engines::Options),
    /// Remove what the demo, the tests and the bench keep: their images, the private engine's folder, the cached Debian base
    Clean,
}

/// Runs the task that the command line names.
#[must_use]
pub fn main() -> ExitCode {
    match run(Flags::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            if let Some(hint) = error.hint() {
                eprintln!("hint: {hint}");
            }
            ExitCode::from(error.code())
        }
    }
}

fn run(task: Task) -> Result<(), Error> {
    let mut runner = Runner::with_signals()?;
    let target = crate::folders::target().map_err(Error::io("target folder"))?;
    match task {
        Task::Demo { clean: false } => demo::run(&mut runner, &target),
        Task::Demo { clean: true } => demo::clean(&runner, &target),
        Task::Test { filter } => test::run(&mut runner, &target, &filter),
        Task::Generate { check } => generate::run(&runner, check),
        Task::Install(options) => install::run(&runner, &target, &options),
        Task::Dist(options) => dist::run(&mut runner, &target, &options),
        Task::Bench(options) => bench::run(&mut runner, &target, &options),
        Task::Soak(options) => soak::run(&mut runner, &target, options),
        Task::Engines(options) => engines::run(&mut runner, &target, &options),
        Task::Clean => clean::run(&runner, &target),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn flags_are_consistent() {
        super::Flags::command().debug_assert();
    }
}
