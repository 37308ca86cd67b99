//! Interrupts: a prompt end, its own exit code, and no files left behind.
//!
//! Every command that can take long gets SIGINT and SIGTERM during its work: alone, as by `kill`, and with its
//! descendants, as by Ctrl-C. `TIMES=FILE` records the milliseconds of each.

#![expect(
    clippy::expect_used,
    reason = "a test reports what is wrong by panicking"
)]

mod case;
mod late;

use std::fs::File;

use pipeline_tests::{Image, Running, Sandbox, engine};

use case::Case;

/// The size of an image that takes long.
const LARGE: usize = 200_000_000;

/// The control sequence that clears a line and everything below.
const WIPE: &str = "\r\u{1b}[J";
/// The width of a terminal that does not report it, such as the one of `script`.
const COLUMNS: usize = 80;

/// The final text of a terminal whose lines are cleared and rewritten.
fn settled(written: &str) -> String {
    let mut shown = String::new();
    for piece in written.split(WIPE) {
        shown.truncate(shown.rfind('\n').map_or(0, |end| end + 1));
        shown.push_str(piece);
    }
    shown
}

/// Whether the command has started this subcommand of the engine.
fn engine_does(subcommand: &'static str) -> impl Fn(&Running) -> bool {
    move |running| {
        let others = running.others();
        let mut words = others.iter().map(|process| &process.words);
        words.any(|words| words.get(1).is_some_and(|word| word == subcommand))
    }
}

/// Whether the command has written so many bytes of an archive.
fn has_written(s: &Sandbox, bytes: usize) -> impl Fn(&Running) -> bool {
    move |_| {
        let unfinished = s.files("images/.imgpipe/unfinished");
        let mut lengths = unfinished
            .iter()
            .filter_map(|path| s.path(path).metadata().ok());
        lengths.any(|file| file.len() > bytes as u64)
    }
}

#[test]
fn imgsave() {
    let s = Sandbox::new();
    let image = Image::new().random("data", LARGE).build(&s, "a");
    s.sh(&format!("$IMG_ENGINE save {image} > saved.tar")).ok();
    let name = s.image("saved");
    for compress in ["none", "zstd"] {
        let save = |word: &str| {
            let words = ["--name", &name, "--compress", compress, word];
            s.command("imgsave").args(words)
        };
        let what = |of: &str| format!("imgsave --compress {compress} {of}");
        let image = || save(&image);
        Case::new(&what("IMAGE"), &image, &engine_does("save")).try_in(&s);
        Case::new(&what("IMAGE, written"), &image, &has_written(&s, 1_000_000)).try_in(&s);
        Case::new(
            &what("FILE"),
            &|| save("saved.tar"),
            &has_written(&s, 1_000_000),
        )
        .try_in(&s);
    }
}

#[test]
fn an_engine_that_does_not_listen() {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "a");
    // A signal that the shell ignores is also ignored by the program that replaces it.
    for (what, instead) in [
        ("a deaf engine", "trap '' INT TERM; exec sleep 60"),
        ("an engine behind a script", "sleep 60; false"),
        (
            "an engine behind a deaf script",
            "trap '' INT TERM; sleep 60; false",
        ),
    ] {
        let text = format!(
            "[ \"$1\" = save ] || exec '{}' \"$@\"\n{instead}\n",
            engine().program()
        );
        let script = s.script("instead", &text);
        let save = || {
            s.command("imgsave")
                .args(["--engine", script.as_str(), &image])
        };
        Case::new(&format!("imgsave, {what}"), &save, &sleeps).try_in(&s);
    }
}

fn sleeps(running: &Running) -> bool {
    let mut others = running.others().into_iter();
    others.any(|process| process.words.starts_with(&["sleep".into(), "60".into()]))
}

#[test]
fn imgload_imgls_and_imgcat() {
    let s = Sandbox::new();
    let image = Image::new().random("data", LARGE).build(&s, "a");
    s.run("imgsave", [&image]).ok();
    let hashes = |running: &Running| running.bytes_read() > 5_000_000;
    let check = || s.command("imgls").args(["--check", "--no-engine"]);
    Case::new("imgls --check", &check, &hashes).try_in(&s);
    let name = s.image("a");
    let words = ["--verify", &name, "/etc/os-release"];
    let read = || s.command("imgcat").args(words);
    Case::new("imgcat --verify", &read, &hashes).try_in(&s);
    let load = || s.command("imgload").arg(s.image("a"));
    s.forget(&image);
    Case::new("imgload, sending", &load, &engine_does("load")).try_in(&s);
}

#[test]
fn imgbuild() {
    let s = Sandbox::new();
    let base = Image::new().busybox().build(&s, "base");
    let build = |variant: &str, steps: &str| {
        let name = s.image(variant);
        let file = format!("Dockerfile.{variant}");
        s.write(&file, format!("FROM {base}\n{steps}\n"));
        let plan = format!("{{\"name\":\"{name}\",\"build\":{{\"dockerfile\":\"{file}\"}}}}");
        s.write("plan.json", plan);
        s.command("imgbuild").arg("plan.json")
    };
    // The step prints it itself: BuildKit lists no container for it. Builders also print the build file, which has the
    // sum but not its result.
    let in_step = |running: &Running| running.said().contains("begun: 42");
    let slow = || build("slow", "ENV A=1\nRUN echo begun: $((A + 41)) && sleep 60");
    Case::new("imgbuild, building", &slow, &in_step).try_in(&s);
    let several = || {
        let plans = ["one", "two", "three"].map(|variant| {
            // No step before: of two builds at once the legacy builder may repeat a cached one.
            drop(build(variant, "RUN echo begun: $((1 + 41)) && sleep 60"));
            s.read("plan.json")
        });
        s.write("plans.json", plans.join("\n"));
        s.command("imgbuild").args(["--jobs", "2", "plans.json"])
    };
    Case::new("imgbuild, building several", &several, &in_step).try_in(&s);
    for probe in [
        r#""sleep","60""#,
        r#""sh","-c","sleep 60; true""#,
        r#""sh","-c","(sleep 60 &); sleep 60; true""#,
        r#""sh","-c","trap '' INT TERM; sleep 60; sleep 60""#,
    ] {
        let probing = || {
            let cache = format!(r#"{{"probe":[{probe}],"timeout":"2m"}}"#);
            let steps = format!(r#""steps":[{{"run":"true","cache":{cache}}}]"#);
            drop(build("probed", ""));
            let plan = s
                .read("plan.json")
                .replace("\"dockerfile\"", &format!("{steps},\"dockerfile\""));
            s.write("plan.json", plan);
            s.command("imgbuild").arg("plan.json")
        };
        Case::new(&format!("imgbuild, probing {probe}"), &probing, &sleeps).try_in(&s);
    }
    // Like another build of the same image.
    let lock = format!("images/.imgpipe/locks/{}.lock", s.image("slow"));
    let file = File::open(s.path(&lock)).expect("a lock's file can be opened");
    file.lock().expect("locked");
    let waits = |running: &Running| running.has_open(&lock);
    Case::new("imgbuild, waiting", &slow, &waits)
        .while_held(&lock)
        .try_in(&s);
}

/// Docker's legacy builder commits the current step after its client is gone, and podman's leaves its container.
#[test]
fn imgbuild_at_steps_that_engines_finish() {
    let s = Sandbox::new();
    let base = Image::new().busybox().build(&s, "base");
    s.write("files/big", vec![7; 30_000_000]);
    s.write(
        "Dockerfile",
        format!(
            "FROM {base}\nLABEL a=1\nCOPY big /big\n\
             RUN head -c 20000000 /dev/zero > /a; echo ended: $((1 + 41))\nRUN sleep 60\n"
        ),
    );
    let name = s.image("copied");
    let plan =
        format!(r#"{{"name":"{name}","build":{{"dockerfile":"Dockerfile","context":"files"}}}}"#);
    s.write("plan.json", plan);
    let build = || s.command("imgbuild").args(["plan.json", "--no-cache"]);
    for (what, said) in [("copying", "COPY big /big"), ("committing", "ended: 42")] {
        let midst = |running: &Running| running.said().contains(said);
        let what = format!("imgbuild, {what}");
        Case::new(&what, &build, &midst).near_the_end().try_in(&s);
    }
    if engine().is_podman() {
        let words = ["ps", "--all", "--external", "--format", "{{.Names}}"];
        let working = engine().read(&words).expect("podman lists its containers");
        assert!(!working.contains(&s.image("base")), "{working}");
    }
}

#[test]
fn imgbuild_that_saves() {
    let s = Sandbox::new();
    let base = Image::new().random("data", LARGE).build(&s, "base");
    s.write("Dockerfile", format!("FROM {base}\nLABEL a=1\n"));
    let name = s.image("large");
    let plan = format!("{{\"name\":\"{name}\",\"build\":{{\"dockerfile\":\"Dockerfile\"}}}}");
    s.write("plan.json", plan);
    let build = || s.command("imgbuild").args(["plan.json", "--no-cache"]);
    Case::new("imgbuild, saving", &build, &engine_does("save")).try_in(&s);
    Case::new("imgbuild, writing", &build, &has_written(&s, 1_000_000)).try_in(&s);
    // The engine is done, but the image has a temporary tag until the archive is on disk.
    let flushes =
        |running: &Running| has_written(&s, LARGE)(running) && running.others().is_empty();
    Case::new("imgbuild, flushing", &build, &flushes)
        .near_the_end()
        .try_in(&s);
}

#[test]
fn what_waits_for_others() {
    let s = Sandbox::without_engine();
    let plan = || s.command("imgplan").silence();
    let reads = |running: &Running| running.bytes_read() > 0 && running.is_asleep();
    Case::new("imgplan, waiting", &plan, &reads).try_in(&s);
    s.write("image-registry.yml", "images: []\n");
    let lock = "images/.imgpipe/registry.lock";
    let file = File::create(s.path(lock)).expect("a lock's file can be made");
    file.lock().expect("locked");
    let prune = || {
        s.command("imgprune")
            .args(["--max-size", "0", "--no-engine"])
    };
    let waits = |running: &Running| running.has_open(lock);
    Case::new("imgprune, waiting", &prune, &waits)
        .while_held(lock)
        .try_in(&s);
}

#[test]
fn ctrl_c_on_a_terminal() {
    let s = Sandbox::new();
    let image = Image::new().random("data", LARGE).build(&s, "a");
    s.sh(&format!("$IMG_ENGINE save {image} > saved.tar")).ok();
    // By the working thread, and by the thread that waits for signals.
    for operand in [image.as_str(), "saved.tar"] {
        s.write(
            "line",
            format!("stty -g; trap : INT; imgsave {operand}; echo code $?; stty -g"),
        );
        // `script` provides a terminal, and types its stdin there. Without `exec`, the shell between the two might
        // handle the Ctrl-C itself.
        let typed = "until [ -n \"$(find images -size +2000k 2> /dev/null)\" ]; do sleep 0.02; done
            printf '\\003'; sleep 2";
        let script = "script --quiet --return --command 'exec sh line' typescript > /dev/null";
        s.sh(&format!("({typed}) | {script}")).ok();
        let shown = s.read("typescript").replace("\r\n", "\n");
        // The bar is gone, the cursor is visible, and the terminal's settings are restored.
        assert!(!shown.contains("\u{1b}[?25l"), "{shown:?}");
        let (before, _) = shown.split_once("^C").expect("Ctrl-C was typed");
        // The terminal shows the typed character at the end of the bar, if it fits: the cleared line is then still the
        // bar's.
        let bar = before.lines().last().expect("what stty said");
        let bar = bar.rsplit(WIPE).next().unwrap_or(bar);
        assert!(bar.chars().count() + "^C".len() < COLUMNS, "{bar:?}");
        let setting = before.lines().nth(1).expect("what stty said");
        let wanted = format!("imgsave: interrupted\ncode 130\n{setting}\n");
        assert!(settled(&shown).contains(&wanted), "{shown:?}");
        assert_eq!(s.files("images/.imgpipe/unfinished"), [""; 0]);
    }
}
