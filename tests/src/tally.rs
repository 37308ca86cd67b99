//! Counts the repeated attempts of a test, for long runs.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;

/// A seed for the whole process: `SEED`, so that a failure can be repeated.
#[must_use]
pub fn seed() -> u64 {
    static SEED: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    *SEED.get_or_init(|| {
        let said = std::env::var("SEED").ok();
        let said = said.and_then(|said| said.parse().ok());
        said.unwrap_or_else(|| RandomState::new().hash_one("seed") % 1_000_000)
    })
}

/// A number between 0 and 1 for each round, spread evenly, from the seed (SplitMix64).
#[must_use]
pub fn share(round: u32) -> f64 {
    let mut mixed = (seed() << 32 | u64::from(round)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let parts = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or(u32::MAX);
    f64::from(parts) / f64::from(u32::MAX)
}

/// Counts attempts. When dropped, it adds a line to the file `TALLY`, also if the test fails.
#[derive(Debug)]
pub struct Tally {
    what: String,
    attempts: u64,
}

impl Tally {
    /// Starts at zero. `what` is a phrase that follows the count: `kills of imgsave`.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            attempts: 0,
        }
    }

    /// Adds attempts, all successful.
    pub fn add(&mut self, attempts: usize) {
        self.attempts += attempts as u64;
    }
}

impl Drop for Tally {
    #[expect(
        clippy::print_stderr,
        reason = "of a test that fails, the runner shows it"
    )]
    fn drop(&mut self) {
        let failed = std::thread::panicking();
        if failed {
            eprintln!(
                "after {} {}; the same moments: SEED={}",
                self.attempts,
                self.what,
                seed()
            );
        }
        let Some(path) = std::env::var_os("TALLY") else {
            return;
        };
        let line = serde_json::json!({
            "what": self.what, "attempts": self.attempts, "failed": failed, "seed": seed(),
        });
        let file = File::options().append(true).create(true).open(path);
        let written = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        if let Err(error) = written {
            eprintln!("cannot write the tally: {error}");
        }
    }
}
