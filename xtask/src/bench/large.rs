//! The cases around images of 200 MB and 2 GB: neither memory nor the time to read an index grows with an image.

use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use humansize::{DECIMAL, format_size};

use super::memory::peak;
use super::options::Case;
use super::random::Random;
use super::result::{Measured, Row, Target, Unit};
use super::scene::Scene;
use super::tree::Tree;
use crate::Error;

pub(crate) const CASES: [Case; 2] = [Case::Memory, Case::Index];
const NAMES: [&str; 2] = [
    "imgpipe-bench-debian-12-small",
    "imgpipe-bench-debian-12-large",
];
/// The most that a command may take, in bytes.
const LIMIT: f64 = 32.0 * 1024.0 * 1024.0;
const LIMIT_ZSTD: f64 = 2.0 * LIMIT;
/// How much two peaks differ though nothing grows: buffers fill up, threads come and go.
const NOISE: f64 = 1.2;
const INDEX_LIMIT: f64 = 0.005;
const INDEX_ROUNDS: usize = 20;

/// What was measured of one image.
struct Peaks {
    archive: Option<Utf8PathBuf>,
    /// In the same order for both images, each with its limit.
    peaks: [(Measured, f64); 3],
}

pub(crate) fn run(scene: &Scene<'_>, rows: &mut Vec<Row>) -> Result<(), Error> {
    let options = scene.options;
    if !options.wants_any(&CASES) {
        return Ok(());
    }
    let [small_size, large_size] = scene.sizes().memory;
    let archive = if options.wants(Case::Memory) {
        scene.say(Case::Memory);
        let small = peaks(scene, NAMES[0], small_size)?;
        let large = peaks(scene, NAMES[1], large_size)?;
        for ((large, limit), (small, _)) in large.peaks.into_iter().zip(small.peaks) {
            let row = |ours: &Measured, theirs, target| Row {
                case: Case::Memory,
                unit: Unit::Bytes,
                ours: ours.clone(),
                theirs,
                target,
            };
            rows.push(row(&large, None, Target::Limit(limit)));
            rows.push(row(&large, Some(small), Target::AtMost(NOISE)));
        }
        large.archive
    } else {
        make(scene, NAMES[1], large_size)?;
        Some(scene.save(&scene.store("store")?, NAMES[1])?)
    };
    if options.wants(Case::Index) {
        scene.say(Case::Index);
        rows.push(index(archive.as_deref(), large_size));
    }
    scene.clear()
}

fn make(scene: &Scene<'_>, name: &str, bytes: u64) -> Result<(), Error> {
    let tree = Tree {
        label: "root",
        bytes,
        os: Some(("debian", "12")),
    };
    scene.import(&mut Random::fresh(), name, &tree)
}

fn peaks(scene: &Scene<'_>, name: &str, bytes: u64) -> Result<Peaks, Error> {
    make(scene, name, bytes)?;
    let size = format_size(bytes, DECIMAL);
    let store = scene.store("store")?;
    let save = scene.ours(&store, ["imgsave", name]);
    let save = peak(scene, format!("imgsave, {size}"), &save)?;
    let compressed = scene.store("compressed")?;
    let zstd = scene.ours(&compressed, ["imgsave", "--compress", "zstd", name]);
    let zstd = peak(scene, format!("imgsave --compress zstd, {size}"), &zstd)?;
    scene.runner.run_quietly(&scene.gone(&compressed.folder))?;
    scene.runner.run_quietly(&scene.absent([name]))?;
    let load = scene.ours(&store, ["imgload", name]);
    let load = peak(scene, format!("imgload, {size}"), &load)?;
    let archive = store
        .folder
        .join(format!("images/imgpipe-bench/{name}.tar"));
    Ok(Peaks {
        archive: archive.is_file().then_some(archive),
        peaks: [(load, LIMIT), (save, LIMIT), (zstd, LIMIT_ZSTD)],
    })
}

/// In this process: what a command takes to start is not part of it.
fn index(archive: Option<&Utf8Path>, bytes: u64) -> Row {
    let profile = if cfg!(debug_assertions) {
        ", unoptimised"
    } else {
        ""
    };
    let outcome = match archive {
        None => Err("there is no archive to open".into()),
        Some(path) => (0..INDEX_ROUNDS)
            .map(|_| {
                let started = Instant::now();
                archive::Archive::open(path)
                    .map(|_| started.elapsed().as_secs_f64())
                    .map_err(|error| error.to_string())
            })
            .collect(),
    };
    Row {
        case: Case::Index,
        unit: Unit::Seconds,
        ours: Measured {
            what: format!(
                "opening an archive, {}{profile}",
                format_size(bytes, DECIMAL)
            ),
            outcome,
        },
        theirs: None,
        target: Target::Limit(INDEX_LIMIT),
    }
}
