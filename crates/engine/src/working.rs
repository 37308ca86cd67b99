//! The working containers of podman's builds.
//!
//! podman makes one a stage, called `NAME-working-container` after the base image of the stage, and removes it at the build's end. A
//! build that is killed during a copy or a commit leaves it (4.3 to 6.1). `podman ps --external` lists it, but not its build.
//!
//! So a container is removed only if it was made since the build began, on an image that the build named. Also, no builder of podman's
//! may be running on this machine: then no process uses the container.

use std::fs;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde::Deserialize;

use crate::flavor::Kernel;
use crate::leftovers::Failed;
use crate::{Engine, Error};

/// The time to wait for other builds: those of this process are ended at the same time.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// The base image of a stage without a base.
const SCRATCH: &str = "scratch";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
    id: String,
    names: Option<Vec<String>>,
    command: Option<Vec<String>>,
    /// Seconds since 1970.
    created: Option<i64>,
}

impl Container {
    fn is_of(&self, from: &[String], since: i64) -> bool {
        let is_builders = self.command.iter().flatten().eq(["buildah"]);
        let is_new = self.created.is_some_and(|created| created >= since);
        let mut names = self.names.iter().flatten();
        let is_named = |name: &String| from.iter().any(|image| is_called(name, image));
        is_builders && is_new && names.any(is_named)
    }
}

/// Whether a working container with this name may be based on an image: `debian-working-container-2` is on
/// `docker.io/library/debian:12`.
fn is_called(name: &str, image: &str) -> bool {
    let image = image.rsplit('/').next().unwrap_or(image);
    let image = image.split(['@', ':']).next().unwrap_or(image);
    let start = match image {
        SCRATCH => "working-container".to_owned(),
        image => format!("{image}-working-container"),
    };
    let number = name.strip_prefix(&start);
    number.is_some_and(|rest| {
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

impl Engine {
    /// Removes the working containers of podman's build if it was aborted.
    pub(crate) fn remove_working_containers(&self, build: &Failed) {
        let is_here = self
            .probe()
            .is_ok_and(|version| version.kernel == Kernel::Own);
        let began = Instant::now();
        while is_here && is_building() && began.elapsed() < PATIENCE {
            thread::sleep(PAUSE);
        }
        if is_here && !is_building() {
            // They stay if podman cannot list or remove them: no process uses them.
            drop(self.try_remove_working(build));
        }
    }

    fn try_remove_working(&self, build: &Failed) -> Result<(), Error> {
        let call = self.call("ps");
        let call = call.args(["--all", "--external", "--format", "json"]);
        let answer = call.answer()?;
        let containers: Option<Vec<Container>> = serde_json::from_slice(&answer)
            .map_err(|_| call.bad_output(&String::from_utf8_lossy(&answer)))?;
        let since = build.since.duration_since(SystemTime::UNIX_EPOCH);
        let since = since.map_or(0, |since| since.as_secs());
        let since = i64::try_from(since).unwrap_or(i64::MAX);
        let containers = containers.unwrap_or_default();
        let own = containers
            .iter()
            .filter(|it| it.is_of(&build.steps.from, since));
        let ids: Vec<_> = own.map(|container| container.id.clone()).collect();
        if !ids.is_empty() {
            let call = self.call("rm").args(["--force", "--"]);
            call.args(ids).answer()?;
        }
        Ok(())
    }
}

/// Whether a builder of podman's runs on this machine, for any user.
fn is_building() -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.any(|line| is_builder(&line))
}

/// Whether a command line, with a NUL after each word, belongs to a builder.
fn is_builder(line: &[u8]) -> bool {
    let mut words = line.split(|byte| *byte == 0);
    let program = words
        .next()
        .and_then(|path| path.rsplit(|byte| *byte == b'/').next());
    let is_podman = matches!(program, Some(b"podman" | b"buildah"));
    is_podman && words.any(|word| matches!(word, b"build" | b"bud"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_containers_are_called_after_their_images() {
        for (name, image, expected) in [
            (
                "debian-working-container",
                "docker.io/library/debian:12",
                true,
            ),
            ("debian-working-container-2", "debian@sha256:12", true),
            ("working-container-1", "scratch", true),
            (
                "debian-working-container",
                "localhost:5000/x/ubuntu:1",
                false,
            ),
            ("debian-working-container-x", "debian", false),
            ("working-container", "debian", false),
        ] {
            assert_eq!(is_called(name, image), expected, "{name} {image}");
        }
    }

    #[test]
    fn only_new_ones_of_builders() {
        let read = |command: &str, created: i64| -> Container {
            let json = format!(
                r#"{{"Id":"a","Names":["x-working-container"],"Command":["{command}"],"Created":{created}}}"#
            );
            serde_json::from_str(&json).unwrap()
        };
        let from = ["localhost/x:latest".to_owned()];
        assert!(read("buildah", 7).is_of(&from, 7));
        assert!(!read("buildah", 6).is_of(&from, 7));
        assert!(!read("sleep", 7).is_of(&from, 7));
        assert!(!read("buildah", 7).is_of(&[], 7));
    }

    #[test]
    fn builders_by_their_command_lines() {
        for (line, expected) in [
            ("/usr/bin/podman\0build\0--tag=x\0", true),
            ("buildah\0bud\0.\0", true),
            ("podman\0load\0", false),
            ("vi\0build\0", false),
            ("", false),
        ] {
            assert_eq!(is_builder(line.as_bytes()), expected, "{line:?}");
        }
    }
}
