//! The tasks' flags, and their exit codes.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{Error, bench, clean, cmd, demo, dist, engines, generate, install, soak, test};

/// The project's own tasks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Flags {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Show the whole pipeline at work: save a Debian base, build an image with gcc on it, load it, and use it
    ///
    /// All files are below `target/demo/`; images in the engine are called `imgpipe-demo-…`. If no engine answers, a private
    /// one is started until the demo ends (as root on Debian or Ubuntu).
    Demo {
        /// Remove the files and images of earlier demos, and nothing else
        #[arg(long)]
        clean: bool,
    },
    /// Run all that CI runs: format, generated documents, lints, docs, dependencies, unit and property tests, and tests with a real engine
    ///
    /// The first failure ends it, with the failed program's code. If no engine answers, a private one is started until the
    /// tests end. Example: `cargo xtask test -- truncated`.
    #[command(visible_alias = "ci")]
    Test {
        /// Run only tests whose names contain one of these, and no steps before them
        #[arg(last = true)]
        filter: Vec<String>,
    },
    /// Update the documents that are made from the commands' flags: README's tables and docs/flags.md
    Generate {
        /// Write nothing, and fail if a document is stale
        #[arg(long)]
        check: bool,
    },
    /// Build the commands, and install them with man pages and completions for bash, zsh and fish
    ///
    /// Example: `cargo xtask install --prefix ~/.local`, and `cargo xtask install --prefix ~/.local --uninstall`.
    Install(install::Args),
    /// Make a tarball and a Debian package of everything, with checksums, in `target/dist`
    ///
    /// They are reproducible. Their times are SOURCE_DATE_EPOCH, else the commit's.
    Dist(dist::Args),
    /// Measure the commands against what you would type without them, and print a table of medians and ratios
    ///
    /// It builds the release programs, and makes its own images in the engine (`imgpipe-bench-…`, with random content).
    /// It runs the sides of each case in turns. At the end, also after Ctrl-C, it removes the images and files. It takes about a quarter of
    /// an hour and up to 10 GB of disk. The results are better if the machine does nothing else. A missed target is no failure;
    /// a failed command is. Example: `cargo xtask bench --only there --only cold --rounds 9`.
    Bench(bench::Args),
    /// Kill commands at random moments, run many at once, and damage archives in more ways than the tests do
    ///
    /// It kills imgsave, imgbuild, imgload, imgprune, imgfetch and imgpush, with all that they have started. After each kill,
    /// every registered archive must be complete, and the next run must need no help. Then it runs sixteen commands at once on
    /// one store, reads damaged archives, and moves an image of 10 GB, which needs 30 GB of disk. It continues after a failure.
    /// At the end it reports attempts and losses, with the seed that repeats the same moments. It takes an hour or two.
    /// Example: `cargo xtask soak --times 2 --large 0`.
    Soak(soak::Args),
    /// Run the tests on every engine that can be started here, and print a table of engines and tests
    ///
    /// Besides the engine that answers: this machine's podman, as root and as another user; and the Docker (with a graph driver
    /// and with containerd's store) and podman of Debian 13 and of Debian unstable, each in a folder below `target/engines/`.
    /// These need root, Debian's mirrors, and some minutes the first time. The tests then take about as long for each as
    /// `cargo xtask test`. Example: `cargo xtask engines --engine podman --test load -- damaged`.
    Engines(engines::Args),
    /// Remove what the demo, the tests and the bench keep: images, the private engine's folder, the cached Debian base
    Clean,
}

/// Runs the task in the command line.
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
    cmd::watch_signals()?;
    let target = crate::folders::target().map_err(Error::io("target folder"))?;
    match task {
        Task::Demo { clean: false } => demo::run(&target),
        Task::Demo { clean: true } => demo::clean(&target),
        Task::Test { filter } => test::run(&target, &filter),
        Task::Generate { check } => generate::run(check),
        Task::Install(options) => install::run(&target, &options),
        Task::Dist(options) => dist::run(&target, &options),
        Task::Bench(options) => bench::run(&target, &options),
        Task::Soak(options) => soak::run(&target, &options),
        Task::Engines(options) => engines::run(&target, &options),
        Task::Clean => clean::run(&target),
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
