//! The system of an entry: its container's, or else its runner's.

use naming::{Architecture, Os};
use plan::System as Linux;

/// The prefixes of GitHub's runners without Linux (actions/runner-images, "Available Images").
const OTHERS: [&str; 2] = ["windows", "macos"];

/// The system of an entry.
#[derive(Debug, PartialEq)]
pub(super) enum System {
    /// A Linux distribution, and the architecture if the container's image or the runner names it.
    Linux(Linux),
    /// Not Linux, because of this label.
    Other(String),
}

/// The system for a runner's labels, with or without a container. `own` are the labels that the project defines.
pub(super) fn system(
    labels: &Result<Vec<String>, String>,
    container: &Result<Option<String>, String>,
    own: &[(String, Os)],
) -> Result<System, String> {
    let begins = |label: &str, with: &str| {
        let beginning = label.get(..with.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(with))
    };
    let mut all = labels.iter().flatten();
    if let Some(label) = all.find(|label| OTHERS.iter().any(|other| begins(label, other))) {
        return Ok(System::Other(label.clone()));
    }
    let container = container.as_ref().map_err(Clone::clone)?.as_deref();
    let labels = match (labels, container) {
        (Ok(labels), _) => &labels[..],
        // Containers run only on Linux, whatever the runner's label.
        (Err(_), Some(_)) => &[],
        (Err(why), None) => return Err(why.clone()),
    };
    let known = labels.iter().find_map(|label| naming::runner(label));
    let architecture = of_runner(labels);
    if let Some(image) = container {
        let system = Linux::of_image(image).map_err(|error| {
            let hint = error.hint().map(|hint| format!(" ({hint})"));
            let hint = hint.unwrap_or_default();
            format!("invalid container `{image}`: {error}{hint}")
        })?;
        return Ok(System::Linux(Linux {
            // A 64-bit runner also runs 32-bit containers.
            architecture: system.architecture.or(architecture),
            ..system
        }));
    }
    let own = own
        .iter()
        .find(|(label, _)| labels.iter().any(|one| one.eq_ignore_ascii_case(label)));
    match (own, known) {
        (Some((_, os)), _) => Ok(bare(os.clone(), architecture)),
        (None, Some((os, architecture))) => Ok(bare(os, Some(architecture))),
        (None, None) => Err(format!(
            "the system of the runner `{}` is unknown",
            labels.join(", ")
        )),
    }
}

/// The architecture in a runner's labels.
pub(super) fn of_runner(labels: &[String]) -> Option<Architecture> {
    let known = labels.iter().find_map(|label| naming::runner(label));
    let said = || labels.iter().find_map(|label| label.parse().ok());
    known.map(|(_, architecture)| architecture).or_else(said)
}

fn bare(os: Os, architecture: Option<Architecture>) -> System {
    let image = None;
    System::Linux(Linux {
        os,
        architecture,
        image,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_counts_before_the_runner() {
        let own = [("big".to_owned(), "debian:12".parse().expect("os"))];
        let linux = |os: &str, architecture| Ok(bare(os.parse().expect(os), architecture));
        let other = |label: &str| Ok(System::Other(label.into()));
        let (x86, arm) = (Some(Architecture::X86_64), Some(Architecture::Aarch64));
        let unknown = |label: &str| Err(format!("the system of the runner `{label}` is unknown"));
        for (labels, container, expected) in [
            (&["ubuntu-latest"][..], "", linux("ubuntu:24.04", x86)),
            (&["Ubuntu-22.04"], "", linux("ubuntu:22.04", x86)),
            (&["ubuntu-24.04-arm"], "", linux("ubuntu:24.04", arm)),
            (
                &["ubuntu-latest"],
                "ubuntu:25.04",
                linux("ubuntu:25.04", x86),
            ),
            (&["ubuntu-24.04-arm"], "debian:12", linux("debian:12", arm)),
            (
                &["self-hosted", "linux", "ARM64"],
                "debian:12",
                linux("debian:12", arm),
            ),
            (
                &["self-hosted", "linux", "x64"],
                "",
                unknown("self-hosted, linux, x64"),
            ),
            (&["big"], "", linux("debian:12", None)),
            (&["BIG", "arm64"], "", linux("debian:12", arm)),
            (&["ubuntu-24.04-16core"], "", unknown("ubuntu-24.04-16core")),
            (
                &["ubuntu-24.04-16core"],
                "alpine:3.20",
                linux("alpine:3.20", None),
            ),
            (&["windows-2022"], "", other("windows-2022")),
            (&["windows-latest"], "ubuntu:25.04", other("windows-latest")),
            (&["macOS-15"], "", other("macOS-15")),
            (&["self-hosted", "macos"], "", other("macos")),
        ] {
            let labels: Vec<_> = labels.iter().map(|label| (*label).to_owned()).collect();
            let container = Some(container.to_owned()).filter(|image| !image.is_empty());
            let found = system(&Ok(labels.clone()), &Ok(container), &own);
            assert_eq!(found, expected, "{labels:?}");
        }
        let windows = Ok(vec!["windows-2025".into()]);
        let found = system(&windows, &Err("?".into()), &own);
        assert_eq!(found, other("windows-2025"));
        let unread = Err("?".to_owned());
        let image = Ok(Some("debian:12".to_owned()));
        assert_eq!(system(&unread, &image, &own), linux("debian:12", None));
        assert_eq!(system(&unread, &Ok(None), &own), Err("?".into()));
        assert_eq!(
            system(&Ok(vec!["big".into()]), &Err("?".into()), &own),
            Err("?".into())
        );
    }
}
