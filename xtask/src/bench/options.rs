//! The flags of the bench, and the sizes of its images.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

/// A megabyte as image sizes are given.
const MB: u64 = 1_000_000;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often each side of a case runs
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) rounds: u16,

    /// Run this case alone; may be given several times
    #[arg(long, value_name = "CASE")]
    pub(crate) only: Vec<Case>,

    /// A smoke test: small images and one round, whose numbers mean nothing
    #[arg(long)]
    pub(crate) quick: bool,

    /// Also write the results to FILE, besides target/bench/results.json
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<Utf8PathBuf>,

    /// Also draw a chart of what was measured against docker load and docker save, as SVG
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<Utf8PathBuf>,

    /// Measure nothing: draw the chart of what an earlier run wrote, like target/bench/results.json
    #[arg(long, value_name = "FILE", requires = "plot", conflicts_with_all = ["rounds", "only", "quick", "json", "markdown"])]
    pub(crate) from: Option<Utf8PathBuf>,

    /// Print the table in Markdown
    #[arg(long)]
    pub(crate) markdown: bool,
}

impl Options {
    pub(crate) fn wants(&self, case: Case) -> bool {
        self.only.is_empty() || self.only.contains(&case)
    }

    pub(crate) fn wants_any(&self, cases: &[Case]) -> bool {
        cases.iter().any(|case| self.wants(*case))
    }

    pub(crate) fn rounds(&self) -> usize {
        if self.quick {
            1
        } else {
            usize::from(self.rounds)
        }
    }

    pub(crate) fn sizes(&self) -> &'static Sizes {
        if self.quick { &QUICK } else { &FULL }
    }
}

/// A case, which may be measured against several others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Case {
    /// imgload of an image that the engine has
    There,
    /// imgload of a new layer on a base that the engine has
    NewLayer,
    /// imgload of an image of which the engine has nothing
    Cold,
    /// imgload of eight images on two bases, of which the engine has nothing
    MatrixCold,
    /// imgload of eight images on two bases that the engine has
    MatrixWarm,
    /// imgsave, uncompressed
    Save,
    /// imgsave with zstd
    SaveZstd,
    /// What eight thin archives and their two bases take on disk
    Thin,
    /// The peak memory of imgload and imgsave
    Memory,
    /// Reading the index of a large archive
    Index,
    /// imgbuild with nothing to do
    Build,
    /// Every command over a registry of ten thousand entries
    Registry,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.to_possible_value() {
            Some(value) => f.write_str(value.get_name()),
            None => Ok(()),
        }
    }
}

/// How large the images are, in bytes of their files.
#[derive(Debug)]
pub(crate) struct Sizes {
    /// The one base of most cases.
    pub(crate) root: u64,
    /// A few packages on top of it.
    pub(crate) few: u64,
    /// Many packages on top of it.
    pub(crate) many: u64,
    /// Each of the two bases of the matrix.
    pub(crate) matrix_base: u64,
    /// The own layer of each of its eight images.
    pub(crate) matrix_own: u64,
    /// The two images whose memory is compared, the smaller first.
    pub(crate) memory: [u64; 2],
    /// The entries of a registry that has many.
    pub(crate) entries: usize,
}

const FULL: Sizes = Sizes {
    root: 500 * MB,
    few: 10 * MB,
    many: 300 * MB,
    matrix_base: 150 * MB,
    matrix_own: 15 * MB,
    memory: [200 * MB, 2000 * MB],
    entries: 10_000,
};
const QUICK: Sizes = Sizes {
    root: 20 * MB,
    few: MB,
    many: 12 * MB,
    matrix_base: 8 * MB,
    matrix_own: MB,
    memory: [8 * MB, 40 * MB],
    entries: 500,
};
