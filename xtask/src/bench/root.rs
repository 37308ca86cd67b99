//! The cases around one large base: 500 MB, as an image with a compiler or two has.

use camino::Utf8PathBuf;
use humansize::{DECIMAL, format_size};

use super::options::Case;
use super::random::Random;
use super::result::{Measured, Row, Target, Unit};
use super::scene::{Scene, Store};
use super::tree::Tree;
use super::turns::{Side, in_turns};
use super::{lone, up_to_date};
use crate::Error;
use crate::packages::{self, Program};

pub(crate) const CASES: [Case; 6] = [
    Case::Save,
    Case::SaveZstd,
    Case::Build,
    Case::There,
    Case::NewLayer,
    Case::Cold,
];
const ROOT: &str = "imgpipe-bench-debian-12-root";
const FEW: &str = "imgpipe-bench-debian-12-few";
const MANY: &str = "imgpipe-bench-debian-12-many";
/// What is over in milliseconds is measured this many times as often.
const OFTEN: usize = 4;
/// What the save with zstd is compared with.
const PROGRAMS: [Program; 2] = [
    Program {
        name: "zstd",
        package: "zstd",
    },
    Program {
        name: "gzip",
        package: "gzip",
    },
];

/// An image as both sides keep it.
#[derive(Debug)]
struct Kept {
    /// What `docker save` wrote.
    plain: Utf8PathBuf,
    /// What imgsave wrote.
    own: Utf8PathBuf,
}

pub(crate) fn run(scene: &Scene<'_>, rows: &mut Vec<Row>) -> Result<(), Error> {
    let options = scene.options;
    if !options.wants_any(&CASES) {
        return Ok(());
    }
    let sizes = scene.sizes();
    let mut random = Random::fresh();
    let tree = Tree {
        label: "root",
        bytes: sizes.root,
        os: Some(("debian", "12")),
    };
    scene.import(&mut random, ROOT, &tree)?;
    if options.wants(Case::Save) {
        save(scene, rows)?;
    }
    if options.wants(Case::SaveZstd) {
        save_zstd(scene, rows)?;
    }
    let store = scene.store("store")?;
    if options.wants_any(&[Case::There, Case::NewLayer, Case::Cold, Case::Build]) {
        let root = keep(scene, &store, ROOT)?;
        if options.wants(Case::Build) {
            up_to_date::run(scene, &store, ROOT, &root.own, rows)?;
        }
        if options.wants(Case::There) {
            there(scene, &store, &root, rows)?;
        }
        if options.wants(Case::NewLayer) {
            for (name, label, bytes) in [(FEW, "few", sizes.few), (MANY, "many", sizes.many)] {
                let tree = Tree {
                    label,
                    bytes,
                    os: None,
                };
                scene.build(&mut random, ROOT, name, &tree)?;
                let kept = keep(scene, &store, name)?;
                new_layer(scene, &store, name, bytes, &kept, rows)?;
            }
        }
        if options.wants(Case::Cold) {
            cold(scene, &store, &root, rows)?;
        }
    }
    scene.clear()
}

fn keep(scene: &Scene<'_>, store: &Store, name: &str) -> Result<Kept, Error> {
    Ok(Kept {
        own: scene.save(store, name)?,
        plain: scene.engine_save(&format!("{name}.tar"), [name])?,
    })
}

/// A row of seconds.
pub(crate) fn seconds(case: Case, ours: &Measured, theirs: Measured, target: Target) -> Row {
    Row {
        case,
        unit: Unit::Seconds,
        ours: ours.clone(),
        theirs: Some(theirs),
        target,
    }
}

fn there(scene: &Scene<'_>, store: &Store, kept: &Kept, rows: &mut Vec<Row>) -> Result<(), Error> {
    scene.say(Case::There);
    let size = format_size(scene.sizes().root, DECIMAL);
    let load = || scene.ours(store, ["imgload", ROOT]);
    // A containerd store takes the engine's own archive for another image, which then has the tag.
    let ours = || Side::new(format!("imgload, {size}"), load()).after([load()]);
    let plain = scene.engine(["load", "-i", kept.plain.as_str()]);
    let sides = [ours(), Side::new("docker load -i", plain)];
    let [own, plain] = in_turns(scene.runner, scene.options.rounds(), &sides)?;
    rows.push(seconds(Case::There, &own, plain, Target::Faster(40.0)));

    let inspect = scene.engine(["image", "inspect", ROOT]);
    let sides = [ours(), Side::new("docker image inspect", inspect)];
    let [own, inspect] = in_turns(scene.runner, scene.options.rounds() * OFTEN, &sides)?;
    rows.push(seconds(Case::There, &own, inspect, Target::AtMost(2.0)));
    Ok(())
}

/// The layer of 300 MB is there for comparison: what is won is the share of the bytes that are not sent.
fn new_layer(
    scene: &Scene<'_>,
    store: &Store,
    name: &str,
    bytes: u64,
    kept: &Kept,
    rows: &mut Vec<Row>,
) -> Result<(), Error> {
    let size = format_size(bytes, DECIMAL);
    scene.say(format_args!("{}, {size}", Case::NewLayer));
    let alone = scene.file("lone.tar");
    lone::write(&kept.own, &alone)?;
    let before = || {
        [
            scene.absent([name]),
            scene.ours(store, ["imgload", ROOT]),
            scene.settled(),
        ]
    };
    let load = |path: &Utf8PathBuf| scene.engine(["load", "-i", path.as_str()]);
    let sides = [
        Side::new(
            format!("imgload, {size} new"),
            scene.ours(store, ["imgload", name]),
        )
        .after(before()),
        Side::new("docker load -i", load(&kept.plain)).after(before()),
        Side::new("docker load -i of that layer alone", load(&alone)).after(before()),
    ];
    let [own, whole, alone] = in_turns(scene.runner, scene.options.rounds(), &sides)?;
    let (faster, at_most) = if name == FEW {
        (Target::Faster(5.0), Target::AtMost(1.6))
    } else {
        (Target::Information, Target::Information)
    };
    rows.push(seconds(Case::NewLayer, &own, whole, faster));
    rows.push(seconds(Case::NewLayer, &own, alone, at_most));
    scene.runner.run_quietly(&scene.absent([name]))
}

fn cold(scene: &Scene<'_>, store: &Store, kept: &Kept, rows: &mut Vec<Row>) -> Result<(), Error> {
    scene.say(Case::Cold);
    let size = format_size(scene.sizes().root, DECIMAL);
    scene.forget()?;
    let before = || [scene.absent([ROOT]), scene.settled()];
    let plain = scene.engine(["load", "-i", kept.plain.as_str()]);
    let sides = [
        Side::new(
            format!("imgload, {size}, verified"),
            scene.ours(store, ["imgload", ROOT]),
        )
        .after(before()),
        Side::new("docker load -i", plain).after(before()),
    ];
    let [own, plain] = in_turns(scene.runner, scene.options.rounds(), &sides)?;
    rows.push(seconds(Case::Cold, &own, plain, Target::AtMost(1.05)));
    Ok(())
}

fn save(scene: &Scene<'_>, rows: &mut Vec<Row>) -> Result<(), Error> {
    scene.say(Case::Save);
    let size = format_size(scene.sizes().root, DECIMAL);
    let store = scene.store("save")?;
    let file = scene.file("save.tar");
    let before = || {
        [
            scene.gone(&store.folder.join("images")),
            scene.gone(&store.folder.join("image-registry.yml")),
            scene.gone(&file),
            scene.settled(),
        ]
    };
    let line = "\"$E\" save -o \"$1\" \"$2\" && sync \"$1\"";
    let sides = [
        Side::new(
            format!("imgsave, {size}, synced"),
            scene.ours(&store, ["imgsave", ROOT]),
        )
        .after(before()),
        Side::new(
            "docker save -o",
            scene.engine(["save", "-o", file.as_str(), ROOT]),
        )
        .after(before()),
        Side::new(
            "docker save -o, sync",
            scene.shell(line, [file.as_str(), ROOT]),
        )
        .after(before()),
    ];
    let [own, plain, synced] = in_turns(scene.runner, scene.options.rounds(), &sides)?;
    rows.push(seconds(Case::Save, &own, plain, Target::AtMost(1.05)));
    rows.push(seconds(Case::Save, &own, synced, Target::Information));
    for command in before() {
        scene.runner.run_quietly(&command)?;
    }
    Ok(())
}

fn save_zstd(scene: &Scene<'_>, rows: &mut Vec<Row>) -> Result<(), Error> {
    scene.say(Case::SaveZstd);
    packages::ensure(scene.runner, &PROGRAMS, &[])?;
    let size = format_size(scene.sizes().root, DECIMAL);
    let store = scene.store("save")?;
    let file = scene.file("save.tar.compressed");
    let before = || {
        [
            scene.gone(&store.folder.join("images")),
            scene.gone(&store.folder.join("image-registry.yml")),
            scene.gone(&file),
            scene.settled(),
        ]
    };
    let piped = |program: &str| {
        let line = format!("\"$E\" save \"$2\" | {program} > \"$1\"");
        scene.shell(&line, [file.as_str(), ROOT])
    };
    let ours = scene.ours(&store, ["imgsave", "--compress", "zstd", ROOT]);
    let sides = [
        Side::new(format!("imgsave --compress zstd, {size}"), ours).after(before()),
        Side::new("docker save | zstd -T0 -3", piped("zstd -q -T0 -3")).after(before()),
        Side::new("docker save | gzip", piped("gzip")).after(before()),
    ];
    let [own, zstd, gzip] = in_turns(scene.runner, scene.options.rounds(), &sides)?;
    rows.push(seconds(Case::SaveZstd, &own, zstd, Target::AtMost(1.0)));
    rows.push(seconds(Case::SaveZstd, &own, gzip, Target::Faster(4.0)));
    for command in before() {
        scene.runner.run_quietly(&command)?;
    }
    Ok(())
}
