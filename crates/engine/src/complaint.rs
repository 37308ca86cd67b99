//! Error messages of engines, with the versions that print them.

/// The line that says that the engine is unreachable. Docker 20.10 to 28 print `Cannot connect to the Docker daemon` or
/// `permission denied while trying to connect`. Docker 29 prints `failed to connect to the docker API`. podman's remote
/// client prints `unable to connect to Podman socket`.
pub(crate) fn unreachable_line(stderr: &str) -> Option<&str> {
    stderr.lines().map(str::trim).find(|line| {
        let line = line.to_ascii_lowercase();
        let starts = [
            "cannot connect to ",
            "failed to connect to the docker api",
            "error during connect",
            "unable to connect to podman",
        ];
        let line = line.trim_start_matches("error: ");
        starts.iter().any(|start| line.starts_with(start))
            || line.contains("permission denied while trying to connect to the docker")
    })
}

/// Whether a line is the legacy builder's warning about only the argument of [`Version::keeps_cache`] (20.10).
pub(crate) fn is_about_cache(line: &str) -> bool {
    line.trim() == "[Warning] One or more build-args [BUILDKIT_INLINE_CACHE] were not consumed"
}

/// Whether all errors are about missing images or containers, and there is at least one. For containers, Docker prints
/// `Error: No such container: …`, podman `Error: no such container …` or `… no such object: …`.
pub(crate) fn only_missing(stderr: &str) -> bool {
    let mut complaints = stderr
        .lines()
        .map(str::to_ascii_lowercase)
        .filter(|line| !is_noise(line))
        .peekable();
    complaints.peek().is_some() && complaints.all(|line| is_missing(&line))
}

fn is_missing(line: &str) -> bool {
    // podman 5 prints `Error: ` before the last of several lines only.
    let bare = line.strip_suffix(": image not known");
    if bare.is_some_and(|name| !name.contains(' ')) {
        return true;
    }
    line.starts_with("error")
        && [
            "no such image",
            "image not known",
            "no such container",
            "no such object",
        ]
        .iter()
        .any(|words| line.contains(words))
}

/// Whether an image was removed while an engine inspected several: then it returns none of the others either.
///
/// podman (4.3) prints `layer not known`, or `reading image "…": locating image with ID "…": image not known`. Docker with the
/// containerd store (28) prints `NotFound: content digest sha256:…: not found`. With a graph driver it skips such an image. If
/// two calls set the same tag at the same time there, one fails (28): `failed to create an image … after deleting the existing
/// one: AlreadyExists: …`.
pub(crate) fn lost_an_image(stderr: &str) -> bool {
    [
        "layer not known",
        "locating image with ID",
        "NotFound: content digest",
        "after deleting the existing one: AlreadyExists",
    ]
    .iter()
    .any(|words| stderr.contains(words))
}

/// Whether podman fails because of a damaged image. A `load` leaves one if it is killed between writing the image and its
/// manifest (4.3).
///
/// It prints `checking if image "…" is dangling: locating item named "manifest" for image with ID "…" (consider removing the
/// image to resolve the issue): file does not exist`. podman can still load and build, and another load of that image repairs
/// it.
/// For an image that a build is making, it prints `retrieving label for image "…": you may need to remove the image to resolve
/// the error: …: size is not known`.
pub(crate) fn has_damaged_image(stderr: &str) -> bool {
    let mut complaints = stderr
        .lines()
        .filter(|line| !is_noise(&line.to_ascii_lowercase()));
    complaints.any(|line| {
        line.contains("consider removing the image to resolve the issue")
            || line.contains("may need to remove the image to resolve the error")
    })
}

/// Lines that any call may print: the greeting of `podman-docker`, and warnings of either engine.
fn is_noise(line: &str) -> bool {
    line.trim().is_empty()
        || line.starts_with("emulate docker cli using podman")
        || line.starts_with("warning")
        || (line.starts_with("time=") && line.contains("level=warning"))
}

/// The line of `load` that reports a failure although it exits with 0. Docker 28 and 29 with the containerd store print
/// it after `Loaded image: …`, for a missing or damaged layer.
pub(crate) fn load_complaint(output: &str) -> Option<&str> {
    let complaints = [
        "error unpacking image",
        "invalid diffid",
        "unexpected eof",
        "error processing tar file",
    ];
    output.lines().map(str::trim).find(|line| {
        let line = line.to_ascii_lowercase();
        complaints.iter().any(|complaint| line.contains(complaint))
    })
}

#[cfg(test)]
mod tests;
