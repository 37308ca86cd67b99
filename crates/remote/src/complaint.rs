//! Maps the output of a failed `skopeo` call to an error.
//!
//! In a pipe, its last line is `time="…" level=fatal msg="…"`. The reasons inside come from registries (OCI
//! distribution specification, error codes), from Go's network library and from containers/image. The texts here were
//! seen with skopeo 1.9 and 1.18.

use naming::Reference;
use process::one_line;

use crate::Error;

/// The largest length of a reason in an error, in characters.
const REASON: usize = 400;

/// Messages if the registry lacks the image.
const UNKNOWN: [&str; 7] = [
    "manifest unknown",
    "name unknown",
    "repository name not known",
    "blob unknown",
    // For a blob, whose reason is not read, and for servers that answer in another manner.
    "404 (not found)",
    "404 not found",
    "statuscode: 404",
];
/// Messages if access is denied. `denied` is the error code. Docker Hub also sends it for repositories that do not exist.
const DENIED: [&str; 7] = [
    "unauthorized",
    "authentication required",
    "denied",
    "403 (forbidden)",
    "statuscode: 403",
    "statuscode: 401",
    "invalid username/password",
];
/// The message if a server answers that is no registry.
const NO_REGISTRY: [&str; 1] = ["pinging container registry"];
const INSECURE: [&str; 3] = [
    "server gave http response to https client",
    "x509:",
    "tls: ",
];
const DAMAGED: [&str; 4] = [
    "digest did not match",
    "does not match expected",
    "manifest does not match",
    "doesn't match",
];
const NO_ROOM: [&str; 2] = ["no space left on device", "disk quota exceeded"];
/// The message if a blob is neither in the registry nor in the layout.
const LACKS: [&str; 1] = ["no such file or directory"];
const NO_POLICY: [&str; 1] = ["policy.json"];

/// The error for the output of a failed call.
pub(crate) fn error(reference: &Reference, tail: &str) -> Error {
    let reason = one_line(&message(tail), REASON);
    let lower = reason.to_lowercase();
    let says = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
    let reference = reference.to_string();
    if says(&NO_ROOM) {
        Error::NoRoom { reference, reason }
    } else if says(&DAMAGED) {
        Error::Damaged { reference, reason }
    } else if says(&UNKNOWN) && !says(&NO_REGISTRY) {
        Error::Unknown { reference, reason }
    } else if says(&INSECURE) {
        Error::Insecure { reference, reason }
    } else if says(&DENIED) {
        Error::Denied { reference, reason }
    } else if says(&NO_POLICY) {
        Error::NoPolicy { reference, reason }
    } else if says(&LACKS) {
        Error::Lacks { reference, reason }
    } else {
        Error::Failed { reference, reason }
    }
}

/// The message of the last fatal line, else the last line.
fn message(tail: &str) -> String {
    let last = tail.lines().rev().find(|line| !line.trim().is_empty());
    let fatal = tail
        .lines()
        .rev()
        .find(|line| line.contains("level=fatal") || line.starts_with("FATA"));
    let line = fatal.or(last).unwrap_or("it failed without a message");
    let quoted = line
        .split_once("msg=\"")
        .and_then(|(_, rest)| rest.strip_suffix('"'));
    let text = match quoted {
        Some(quoted) => quoted.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => {
            let plain = line.split_once("] ").filter(|_| line.starts_with("FATA"));
            plain.map_or(line, |(_, text)| text).to_owned()
        }
    };
    // The error already shows the reference. The name of the parser does not help the user.
    match text.strip_prefix("Error parsing image name \"") {
        Some(rest) => rest
            .split_once("\": ")
            .map_or(text.as_str(), |(_, reason)| reason)
            .to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests;
