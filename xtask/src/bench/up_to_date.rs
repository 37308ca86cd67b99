//! `imgbuild` with nothing to do, against what a script does that knows of no registry: build again, from the engine's
//! cache, and save again.

use camino::Utf8Path;
use serde_json::json;

use super::options::Case;
use super::result::{Row, Target};
use super::root::seconds;
use super::scene::{Scene, Store};
use super::turns::{Side, in_turns};
use crate::Error;

const NAME: &str = "imgpipe-bench-debian-12-built";
/// What the engine's side calls its image.
const PLAIN: &str = "imgpipe-bench-debian-12-plain";
const BUILD_FILE: &str = "\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
ENV CC=gcc CXX=g++
COPY files /opt/tool
COPY Dockerfile /opt/tool/
LABEL org.opencontainers.image.title=tool
";
/// Files of the context, of 10 kB each.
const FILES: usize = 20;

/// The build file's folder, and then the plan, are inside the store: a plan reaches nothing else.
pub(crate) fn run(
    scene: &Scene<'_>,
    store: &Store,
    base: &str,
    base_archive: &Utf8Path,
    rows: &mut Vec<Row>,
) -> Result<(), Error> {
    scene.say(Case::Build);
    let context = store.folder.join("context");
    let files = context.join("files");
    std::fs::create_dir_all(&files).map_err(Error::io(&files))?;
    for number in 0..FILES {
        let path = files.join(format!("{number}.sh"));
        std::fs::write(&path, format!("echo {number:07}\n").repeat(800))
            .map_err(Error::io(&path))?;
    }
    let build_file = context.join("Dockerfile");
    std::fs::write(&build_file, BUILD_FILE).map_err(Error::io(&build_file))?;
    let plan = json!({
        "name": NAME,
        "best_base_image_path": base_archive,
        "build": { "dockerfile": build_file, "context": context },
    });
    let plan_file = store.folder.join("plan.json");
    std::fs::write(&plan_file, format!("{plan}\n")).map_err(Error::io(&plan_file))?;

    let out = scene.file("built.tar");
    let line = "\"$E\" build -q -t \"$1\" --build-arg \"BASE_IMAGE=$2\" \"$3\" && \"$E\" save -o \"$4\" \"$1\"";
    let words = [PLAIN, base, context.as_str(), out.as_str()];
    let sides = [
        (
            "imgbuild, up to date",
            scene.ours(store, ["imgbuild", plan_file.as_str()]),
        ),
        (
            "docker build, all cached; docker save -o",
            scene.shell(line, words),
        ),
    ];
    // The first run of each builds. One that fails will fail again, where that is told.
    for (_, command) in &sides {
        scene.runner.succeeds(command)?;
    }
    let sides = sides.map(|(what, command)| Side::new(what, command));
    let [own, plain] = in_turns(scene.runner, scene.options.rounds(), &sides)?;
    rows.push(seconds(Case::Build, &own, plain, Target::Faster(50.0)));
    scene.runner.run_quietly(&scene.absent([NAME, PLAIN]))?;
    scene.runner.run_quietly(&scene.gone(&out))
}
