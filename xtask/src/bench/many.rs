//! Commands over a registry of ten thousand entries, each with an archive: what they do themselves takes no half a second.
//!
//! All archives are names of one small file. What the engine takes is in the times, where a command asks it.

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::json;

use super::options::Case;
use super::random::Random;
use super::result::{Row, Target, Unit};
use super::scene::{Scene, Store};
use super::tree::Tree;
use super::turns::{Side, in_turns};
use crate::Error;

const BASE: &str = "imgpipe-bench-debian-12-base";
const BUILT: &str = "imgpipe-bench-debian-12-built";
const BASE_BYTES: u64 = 100_000;
const LIMIT: f64 = 0.5;
/// What people write into entries, beside what imgsave finds in an image that has nothing.
const MORE: &str = "    compilers: [gcc-12, clang-15]\n    packages: [libssl-dev, zlib1g-dev, libboost-dev, curl, git]\n    tools: [cmake, ninja]\n";

pub(crate) fn run(scene: &Scene<'_>, rows: &mut Vec<Row>) -> Result<(), Error> {
    if !scene.options.wants(Case::Registry) {
        return Ok(());
    }
    scene.say(Case::Registry);
    let tree = Tree {
        label: "root",
        bytes: BASE_BYTES,
        os: Some(("debian", "12")),
    };
    scene.import(&mut Random::fresh(), BASE, &tree)?;
    let store = scene.store("store")?;
    let archive = scene.save(&store, BASE)?;
    let plan = plan(scene, &store, &archive)?;
    let requirement = store.folder.join("requirement.yml");
    let text =
        "{project: imgpipe-bench, os: 'debian:12', compilers: [gcc-12], packages: [zlib1g-dev]}\n";
    std::fs::write(&requirement, text).map_err(Error::io(&requirement))?;
    let count = scene.sizes().entries;
    let last = multiply(&store, &archive, count)?;
    let full = scene.file("full.yml");
    let registry = store.folder.join("image-registry.yml");
    std::fs::copy(&registry, &full).map_err(Error::io(&full))?;

    let side = |words: &[&str]| {
        let command = scene.ours(&store, words.iter().copied());
        Side::new(words.join(" ").replace(store.folder.as_str(), "."), command)
    };
    // One image less would fit.
    let size = std::fs::metadata(&archive)
        .map_err(Error::io(&archive))?
        .len();
    let most = format!("{}B", size * (count as u64 + 2) - 1);
    // All but those that are held, and a few more.
    let little = format!("{}B", size * 10);
    let restore = "cp \"$1\" \"$2\" && for f in \"$4\"; do [ -e \"$f\" ] || ln \"$3\" \"$f\"; done";
    let words = [
        full.as_str(),
        registry.as_str(),
        archive.as_str(),
        last.as_str(),
    ];
    let restore = || [scene.shell(restore, words), scene.settled()];
    let sides = [
        side(&["imgls", "--no-engine"]),
        side(&["imgls", "-l", "--no-engine"]),
        // Holds nothing: what it finds is what imgprune is to take.
        side(&["imgplan", "--no-lease", requirement.as_str()]),
        side(&["imgload", BASE]),
        side(&["imgsave", BASE]),
        side(&["imgbuild", plan.as_str()]),
        side(&["imgcat", BASE, "/etc/os-release"]),
        side(&["imgfetch", "--offline", BASE]),
        side(&["imgprune", "-n", "--max-size", &little]),
        side(&["imgprune", "--keep", "imgpipe-bench-*", "--max-size", &most]).after(restore()),
    ];
    let measured = in_turns(scene.runner, scene.options.rounds(), &sides)?;
    rows.extend(measured.into_iter().map(|ours| Row {
        case: Case::Registry,
        unit: Unit::Seconds,
        ours,
        theirs: None,
        target: Target::Limit(LIMIT),
    }));
    scene.clear()
}

/// Builds an image on the base, and returns the plan by which it is up to date from then on.
fn plan(scene: &Scene<'_>, store: &Store, base: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    let build_file = store.folder.join("Dockerfile");
    let text = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nENV BUILT=1\n";
    std::fs::write(&build_file, text).map_err(Error::io(&build_file))?;
    let plan = json!({
        "name": BUILT,
        "best_base_image_path": base,
        "build": { "dockerfile": build_file },
    });
    let file = store.folder.join("plan.json");
    std::fs::write(&file, format!("{plan}\n")).map_err(Error::io(&file))?;
    let words = ["imgbuild", "--quiet", file.as_str()];
    scene.runner.run_quietly(&scene.ours(store, words))?;
    Ok(file)
}

/// Registers so many more images, older than those that are there, and returns the archive of the oldest.
fn multiply(store: &Store, archive: &Utf8Path, count: usize) -> Result<Utf8PathBuf, Error> {
    let path = store.folder.join("image-registry.yml");
    let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
    let entry = text
        .find("  - name: ")
        .map(|at| &text[at..])
        .and_then(|rest| rest.split_inclusive("\n  - ").next())
        .map(|entry| entry.trim_end_matches("  - "))
        .ok_or_else(|| Error::Wrong(format!("{path} has no entry")))?;
    // imgfetch wants to know where it would fetch what is there.
    let remote = format!(
        "    remote: registry.invalid/ci/base@sha256:{:064}\n    os: ",
        0
    );
    let mut out = text.replacen("    os: ", &remote, 1);
    let mut oldest = archive.to_owned();
    for number in 0..count {
        let project = format!("p{}", number % 100);
        let name = format!("{project}-debian-12-v{number}");
        let folder = store.folder.join("images").join(&project);
        let file = folder.join(format!("{name}.tar"));
        for line in entry.lines() {
            let (key, _) = line.split_once(':').unwrap_or((line, ""));
            match key {
                "  - name" => out += &format!("  - name: {name}\n"),
                "    file" => out += &format!("    file: images/{project}/{name}.tar\n"),
                "    docker_tag" => out += &format!("    docker_tag: {name}:latest\n{MORE}"),
                // The first is the oldest.
                "    created" => {
                    let (day, hour) = (number / 24 % 28 + 1, number % 24);
                    let year = 2020 + number / (24 * 28 * 12);
                    let month = number / (24 * 28) % 12 + 1;
                    out += &format!("    created: {year}-{month:02}-{day:02}T{hour:02}:00:00Z\n");
                }
                "    compilers" | "    packages" | "    tools" => {}
                _ => out += &format!("{line}\n"),
            }
        }
        std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        std::fs::hard_link(archive, &file).map_err(Error::io(&file))?;
        if number == 0 {
            oldest = file;
        }
    }
    std::fs::write(&path, out).map_err(Error::io(&path))?;
    Ok(oldest)
}
