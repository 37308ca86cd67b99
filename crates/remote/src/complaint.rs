//! What `skopeo` means by what it says when it fails.
//!
//! Its last line is `time="…" level=fatal msg="…"` in a pipe. The reasons inside are those of registries
//! (OCI distribution specification, error codes), of Go's network library and of containers/image; the texts
//! here were seen with skopeo 1.9 and 1.18.

use naming::Reference;
use process::one_line;

use crate::Error;

/// Characters of a reason that are shown.
const REASON: usize = 400;

/// What the registry does not have.
const UNKNOWN: [&str; 7] = [
    "manifest unknown",
    "name unknown",
    "repository name not known",
    "blob unknown",
    // Of a blob, whose reason is not read, and of what answers in another manner.
    "404 (not found)",
    "404 not found",
    "statuscode: 404",
];
/// Who is not let in. `denied` is the code; Docker Hub says it of repositories that are not there, too.
const DENIED: [&str; 7] = [
    "unauthorized",
    "authentication required",
    "denied",
    "403 (forbidden)",
    "statuscode: 403",
    "statuscode: 401",
    "invalid username/password",
];
/// Of what answers and is no registry.
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
/// Of a blob that is neither in the registry nor in the layout.
const LACKS: [&str; 1] = ["no such file or directory"];
const NO_POLICY: [&str; 1] = ["policy.json"];

/// The error that a failed call's output stands for.
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
    // The reference is said by the error, and whose parser it went through is nobody's business.
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
