//! The cases around eight images on two bases, as a matrix of compilers has them.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::lone;
use super::options::Case;
use super::random::Random;
use super::result::{Measured, Row, Target, Unit};
use super::root::seconds;
use super::scene::{Scene, Store};
use super::tree::Tree;
use super::turns::{Side, failed, in_turns};
use crate::Error;

pub(crate) const CASES: [Case; 3] = [Case::MatrixCold, Case::MatrixWarm, Case::Thin];
/// System, version, and the variants on it.
const SYSTEMS: [(&str, &str, [&str; 4]); 2] = [
    ("debian", "12", ["gcc11", "gcc12", "clang15", "clang16"]),
    ("ubuntu", "24.04", ["gcc13", "gcc14", "clang17", "clang18"]),
];

/// The images' names.
#[derive(Debug, Default)]
struct Names {
    bases: Vec<String>,
    /// Each with its base.
    tops: Vec<(String, String)>,
}

impl Names {
    fn tops(&self) -> impl Iterator<Item = &str> {
        self.tops.iter().map(|(name, _)| name.as_str())
    }

    fn bases(&self) -> impl Iterator<Item = &str> {
        self.bases.iter().map(String::as_str)
    }
}

pub(crate) fn run(scene: &Scene<'_>, rows: &mut Vec<Row>) -> Result<(), Error> {
    let options = scene.options;
    if !options.wants_any(&CASES) {
        return Ok(());
    }
    let names = make(scene)?;
    let store = scene.store("store")?;
    let mut own = Vec::new();
    for name in names.bases().chain(names.tops()) {
        own.push(scene.save(&store, name)?);
    }
    let mut plain = Vec::new();
    for name in names.tops() {
        plain.push(scene.engine_save(&format!("{name}.tar"), [name])?);
    }
    if options.wants(Case::Thin) {
        thin(scene, &names, &own, &plain, rows)?;
    }
    if options.wants(Case::MatrixCold) {
        cold(scene, &store, &names, &plain, rows)?;
    }
    if options.wants(Case::MatrixWarm) {
        warm(scene, &store, &names, &plain, rows)?;
    }
    scene.clear()
}

fn make(scene: &Scene<'_>) -> Result<Names, Error> {
    let mut random = Random::fresh();
    let mut names = Names::default();
    for (os, version, variants) in SYSTEMS {
        let base = format!("imgpipe-bench-{os}-{version}-base");
        let tree = Tree {
            label: "base",
            bytes: scene.sizes().matrix_base,
            os: Some((os, version)),
        };
        scene.import(&mut random, &base, &tree)?;
        for variant in variants {
            let name = format!("imgpipe-bench-{os}-{version}-{variant}");
            let tree = Tree {
                label: variant,
                bytes: scene.sizes().matrix_own,
                os: None,
            };
            scene.build(&mut random, &base, &name, &tree)?;
            names.tops.push((name, base.clone()));
        }
        names.bases.push(base);
    }
    Ok(names)
}

fn imgload(scene: &Scene<'_>, store: &Store, names: &Names) -> crate::process::Command {
    scene.ours(store, ["imgload"].into_iter().chain(names.tops()))
}

fn loop_over(scene: &Scene<'_>, plain: &[Utf8PathBuf]) -> crate::process::Command {
    let line = "for f; do \"$E\" load -i \"$f\" || exit; done";
    scene.shell(line, plain.iter().map(|path| path.as_str()))
}

fn cold(
    scene: &Scene<'_>,
    store: &Store,
    names: &Names,
    plain: &[Utf8PathBuf],
    rows: &mut Vec<Row>,
) -> Result<(), Error> {
    scene.say(Case::MatrixCold);
    let together = scene.engine_save("together.tar", names.tops())?;
    scene.forget()?;
    let before = || {
        [
            scene.absent(names.tops().chain(names.bases())),
            scene.settled(),
        ]
    };
    let sides = [
        Side::new("imgload of eight", imgload(scene, store, names)).after(before()),
        Side::new("for f; do docker load -i $f", loop_over(scene, plain)).after(before()),
        Side::new(
            "one docker load -i of the distinct layers",
            scene.engine(["load", "-i", together.as_str()]),
        )
        .after(before()),
    ];
    let [own, each, once] = in_turns(scene.runner, scene.options.rounds(), &sides)?;
    rows.push(seconds(Case::MatrixCold, &own, each, Target::Faster(1.8)));
    rows.push(seconds(Case::MatrixCold, &own, once, Target::AtMost(1.15)));
    Ok(())
}

fn warm(
    scene: &Scene<'_>,
    store: &Store,
    names: &Names,
    plain: &[Utf8PathBuf],
    rows: &mut Vec<Row>,
) -> Result<(), Error> {
    scene.say(Case::MatrixWarm);
    scene
        .runner
        .run_quietly(&scene.ours(store, ["imgload"].into_iter().chain(names.tops())))?;
    let together = scene.engine_save("together.tar", names.tops())?;
    let new = scene.file("new.tar");
    lone::write(&together, &new)?;
    let before = || {
        [
            scene.absent(names.tops()),
            scene.ours(store, ["imgload"].into_iter().chain(names.bases())),
            scene.settled(),
        ]
    };
    let sides = [
        Side::new(
            "imgload of eight, bases present",
            imgload(scene, store, names),
        )
        .after(before()),
        Side::new("for f; do docker load -i $f", loop_over(scene, plain)).after(before()),
        Side::new(
            "one docker load -i of the new layers alone",
            scene.engine(["load", "-i", new.as_str()]),
        )
        .after(before()),
    ];
    let [own, each, alone] = in_turns(scene.runner, scene.options.rounds(), &sides)?;
    rows.push(seconds(Case::MatrixWarm, &own, each, Target::Faster(4.0)));
    rows.push(seconds(Case::MatrixWarm, &own, alone, Target::Information));
    Ok(())
}

/// The bytes of a store with both bases whole and the eight thin.
fn thin(
    scene: &Scene<'_>,
    names: &Names,
    own: &[Utf8PathBuf],
    plain: &[Utf8PathBuf],
    rows: &mut Vec<Row>,
) -> Result<(), Error> {
    scene.say(Case::Thin);
    let outcome = match save_thin(scene, names) {
        Ok(archives) => Ok(vec![total(&archives)?]),
        Err(error) => failed(error)?,
    };
    let ours = Measured {
        what: "imgsave --thin of eight, two bases".into(),
        outcome,
    };
    let sum = |what: &str, bytes| {
        Some(Measured {
            what: what.into(),
            outcome: Ok(vec![bytes]),
        })
    };
    let row = |theirs, target| Row {
        case: Case::Thin,
        unit: Unit::Bytes,
        ours: ours.clone(),
        theirs,
        target,
    };
    let layers = sum("the distinct layers", distinct(own)?);
    rows.push(row(layers, Target::AtMost(1.02)));
    let files = sum("eight docker save -o", total(plain)?);
    rows.push(row(files, Target::Information));
    scene.runner.run_quietly(&scene.gone(&scene.file("thin")))
}

fn save_thin(scene: &Scene<'_>, names: &Names) -> Result<Vec<Utf8PathBuf>, Error> {
    let store = scene.store("thin")?;
    let mut archives = Vec::new();
    for base in names.bases() {
        archives.push(scene.save(&store, base)?);
    }
    for (name, base) in &names.tops {
        let words = ["imgsave", "--thin", "--base", base, "--name", name, name];
        let printed = scene.runner.read_all(&scene.ours(&store, words))?;
        archives.push(store.folder.join(printed));
    }
    Ok(archives)
}

#[expect(clippy::cast_precision_loss, reason = "no file has 2^53 bytes")]
fn total(files: &[Utf8PathBuf]) -> Result<f64, Error> {
    let mut total = 0;
    for file in files {
        total += file.metadata().map_err(Error::io(file))?.len();
    }
    Ok(total as f64)
}

/// The bytes of all layers, each once.
#[expect(clippy::cast_precision_loss, reason = "no image has 2^53 bytes")]
fn distinct(archives: &[Utf8PathBuf]) -> Result<f64, Error> {
    let mut layers = BTreeMap::new();
    for path in archives {
        let archive = archive::Archive::open(path)
            .map_err(|error| Error::Wrong(format!("{path}: {error}")))?;
        for layer in archive.images().iter().flat_map(|image| &image.layers) {
            layers.insert(layer.diff_id.to_string(), layer.stored_size);
        }
    }
    Ok(layers.values().sum::<u64>() as f64)
}
