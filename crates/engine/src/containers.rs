//! Which images containers use, running or not.

use std::collections::BTreeSet;

use naming::Digest;
use serde::Deserialize;

use crate::call::Output;
use crate::inspect::{MAX_BYTES, MAX_NAMES};
use crate::{Engine, Error};

/// The bytes of a container's ID on a command line.
const ID_BYTES: usize = 64 + 1;

/// A container, in whatever state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its ID, in hexadecimal digits.
    pub id: String,
    /// The image that it was made from, as [`ImageInfo::id`](crate::ImageInfo::id) names it.
    pub image: Digest,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawContainer {
    id: String,
    image: String,
}

impl Engine {
    /// All containers. One that goes away meanwhile may be missing.
    pub fn containers(&self) -> Result<Vec<Container>, Error> {
        let call = self.call("ps").args(["-aq", "--no-trunc"]);
        let answer = call.answer()?;
        let ids: BTreeSet<String> = String::from_utf8_lossy(&answer)
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        if let Some(odd) = ids.iter().find(|id| !is_id(id)) {
            return Err(call.bad_output(odd));
        }
        let ids: Vec<_> = ids.into_iter().collect();
        let mut containers = Vec::new();
        for ids in ids.chunks(MAX_NAMES.min(MAX_BYTES / ID_BYTES)) {
            containers.extend(self.containers_of(ids)?);
        }
        Ok(containers)
    }

    fn containers_of(&self, ids: &[String]) -> Result<Vec<Container>, Error> {
        let call = self
            .call("inspect")
            .args(["--type", "container", "--format"])
            .arg(r#"{"Id":{{json .Id}},"Image":{{json .Image}}}"#)
            .arg("--")
            .args(ids.iter().cloned());
        let Output {
            status,
            stdout,
            stderr,
        } = call.output()?;
        let complaints = stderr.text();
        if !status.success() && !only_gone(&complaints) {
            call.check(status, &complaints)?;
        }
        let text = String::from_utf8_lossy(&stdout);
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let mut containers = Vec::new();
        for line in lines {
            containers.extend(parse(line).ok_or_else(|| call.bad_output(line))?);
        }
        Ok(containers)
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Docker says `Error: No such container: …`, podman `Error: no such container …` or `… no such object: …`.
fn only_gone(complaints: &str) -> bool {
    let mut lines = complaints.lines().filter(|line| !line.trim().is_empty());
    lines.all(|line| {
        let line = line.to_ascii_lowercase();
        line.contains("no such container") || line.contains("no such object")
    })
}

/// The inner `None` is a container of no image: the first steps of a build from scratch run in such.
fn parse(line: &str) -> Option<Option<Container>> {
    let raw: RawContainer = serde_json::from_str(line).ok()?;
    if raw.image.is_empty() {
        return Some(None);
    }
    let hex = raw.image.strip_prefix("sha256:").unwrap_or(&raw.image);
    Some(Some(Container {
        id: raw.id,
        image: Digest::from_hex(hex).ok()?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_of_every_engine_are_read() {
        let hex = "1".repeat(64);
        for image in [hex.clone(), format!("sha256:{hex}")] {
            let line = format!(r#"{{"Id":"abc","Image":"{image}"}}"#);
            let container = parse(&line).flatten().expect("a container");
            assert_eq!(container.id, "abc");
            assert_eq!(container.image.hex(), hex);
        }
        assert_eq!(parse(r#"{"Id":"abc","Image":""}"#), Some(None));
        assert_eq!(parse(r#"{"Id":"abc","Image":"nonsense"}"#), None);
    }

    #[test]
    fn what_went_away_is_no_failure() {
        assert!(only_gone("Error: No such container: abc\n"));
        assert!(only_gone("Error: no such object: \"abc\"\n"));
        assert!(!only_gone("Cannot connect to the Docker daemon\n"));
    }
}
