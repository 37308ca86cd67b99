//! Steps that Docker's legacy builder commits after the command has ended.

use std::fs::File;
use std::thread::sleep;
use std::time::{Duration, Instant};

use pipeline_tests::{Image, Sandbox, Whom, engine};
use rustix::process::Signal;

/// How long the daemon may take for a copy on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The size of a copy that takes seconds.
const SIZE: u64 = 200_000_000;

/// All images of a sandbox without their own name, including steps below other images.
fn unnamed(s: &Sandbox) -> Vec<String> {
    let label = format!("label=imgpipe.test={}", s.project());
    let words = ["images", "-aq", "--no-trunc", "--filter", &label];
    let format = "{{.Id}} {{json .RepoTags}}";
    let ids = engine().read(&words).expect("the engine answers");
    let mut all: Vec<&str> = ids.lines().collect();
    all.sort_unstable();
    all.dedup();
    let images = all.iter().filter_map(|id| {
        // One that is removed meanwhile does not exist.
        engine().read(&["image", "inspect", "--format", format, id])
    });
    let unnamed = images.filter_map(|line| {
        let (id, tags) = line.split_once(' ')?;
        (tags == "[]" || tags.starts_with("[\"imgpipe-build/")).then(|| id.to_owned())
    });
    unnamed.collect()
}

/// A store with a build file of these steps, and the images without a name before the build.
fn prepared(steps: &str) -> (Sandbox, Vec<String>) {
    let s = Sandbox::new();
    let base = Image::new().busybox().build(&s, "base");
    s.write("files/other", "other");
    s.write("Dockerfile", format!("FROM {base}\n{steps}\n"));
    let name = s.image("late");
    let plan =
        format!(r#"{{"name":"{name}","build":{{"dockerfile":"Dockerfile","context":"files"}}}}"#);
    s.write("plan.json", plan);
    s.sh(&format!("imgsave -q {base}")).ok();
    // The same instruction on the same image, in a foreign build.
    s.write("elsewhere/big", "small");
    let foreign = format!("FROM {base}\nCOPY big /big\nRUN false\n");
    s.write("elsewhere/Dockerfile", foreign);
    s.sh("DOCKER_BUILDKIT=0 $IMG_ENGINE build --force-rm elsewhere")
        .code(1);
    let before = unnamed(&s);
    (s, before)
}

/// The notes of interrupted builds.
fn notes(s: &Sandbox) -> Vec<String> {
    let files = s.files("images/.imgpipe/builds").into_iter();
    files.filter(|file| file.ends_with(".json")).collect()
}

/// Interrupts a build at its copy and ends the command before the daemon commits. Returns the images without a name
/// afterwards.
fn interrupted(s: &Sandbox, before: &[String]) -> Vec<String> {
    let sizes = (0..4).map(|doubled| SIZE << doubled);
    let mut late = sizes.map(|size| late_step(s, before, size));
    late.find_map(|left| left)
        .expect("a copy that takes its time")
}

/// The same with a file of this size; `None` if the daemon was too fast.
fn late_step(s: &Sandbox, before: &[String], size: u64) -> Option<Vec<String>> {
    let file = File::create(s.path("files/big")).expect("a file");
    file.set_len(size).expect("a large file");
    let build = s.command("imgbuild").args(["plan.json", "--no-cache"]);
    let running = build.launch();
    running.wait_until("copying", |it| it.said().contains("COPY big /big"));
    running.send(Signal::INT, Whom::Alone);
    running.wait_until("noted", |_| !notes(s).is_empty());
    drop(running);
    let is_late = |id: &String| {
        let format = "{{.ContainerConfig.Cmd}}";
        let made = engine().read(&["image", "inspect", "--format", format, id]);
        !before.contains(id) && made.unwrap_or_default().contains("in /big")
    };
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let now = unnamed(s);
        if now.iter().any(is_late) {
            return Some(now);
        }
        sleep(Duration::from_millis(100));
    }
    notes(s).iter().for_each(|note| s.remove(note));
    None
}

/// Other builders do not have this problem.
fn is_other_builder() -> bool {
    let builds = std::env::var("DOCKER_BUILDKIT").unwrap_or_default();
    engine().is_podman() || builds == "1"
}

#[test]
fn a_step_that_comes_late_is_removed_by_the_next_command() {
    if is_other_builder() {
        return;
    }
    // The engine gives the build's name to the last step's image.
    for (steps, next) in [
        ("COPY big /big", "imgprune --rmi"),
        (
            "LABEL a=1\nCOPY big /big\nLABEL b=1",
            "imgbuild -q other.json",
        ),
    ] {
        let (s, before) = prepared(steps);
        let left = interrupted(&s, &before);
        let plan = format!(
            r#"{{"name":"{}","base_image":"{}","build":{{"context":"files","steps":[{{"copy":["other","/o"]}}]}}}}"#,
            s.image("other"),
            s.image("base")
        );
        s.write("other.json", plan);
        s.sh("imgprune --rmi --dry-run").ok();
        assert_eq!(unnamed(&s), left, "{steps}: a dry run");
        s.sh(next).ok();
        let now = unnamed(&s);
        let new = left.iter().filter(|id| !before.contains(id));
        let stay: Vec<_> = new.filter(|id| now.contains(id)).collect();
        assert!(stay.is_empty(), "{steps}: {stay:?} of {left:?}");
        let gone: Vec<_> = before.iter().filter(|id| !now.contains(id)).collect();
        assert!(gone.is_empty(), "{steps}: {gone:?} were not ours");
        assert_eq!(notes(&s), [""; 0]);
    }
}

#[test]
fn a_step_that_comes_late_stays_if_something_uses_it() {
    if is_other_builder() {
        return;
    }
    let (s, before) = prepared("COPY big /big\nLABEL b=1");
    let left = interrupted(&s, &before);
    let late = left.iter().find(|id| !before.contains(id));
    let late = late.expect("the late step");
    let container = engine().read(&["create", late, "true"]);
    let container = container.expect("a container");
    s.sh("imgprune --rmi").ok();
    assert_eq!(unnamed(&s), left, "it has a container");
    engine().read(&["rm", &container]);
    s.write("on/Dockerfile", format!("FROM {late}\nLABEL b=1\n"));
    let on = format!("{}:latest", s.image("on"));
    s.sh(&format!("DOCKER_BUILDKIT=0 $IMG_ENGINE build -t {on} on"))
        .ok();
    s.sh("imgprune --rmi").ok();
    assert!(unnamed(&s).contains(late), "an image stands on it");
    s.forget(&on);
}
