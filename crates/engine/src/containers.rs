//! Which images containers use, running or not.

use std::collections::BTreeSet;

use naming::Digest;
use program::Output;
use serde::Deserialize;

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
            return Err(call.bad_output(odd).into());
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
            // Whole: podman's templates have other names for the same (`.ID`) than its JSON.
            .args(["--type", "container", "--format", "{{json .}}", "--"])
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
        parse(&stdout).ok_or_else(|| call.bad_output(&String::from_utf8_lossy(&stdout)).into())
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

/// Reads containers one after the other (Docker) or in an array (podman). One of no image is left out: the first steps
/// of a build from scratch run in such.
fn parse(json: &[u8]) -> Option<Vec<Container>> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Document {
        Many(Vec<RawContainer>),
        One(RawContainer),
    }
    let mut containers = Vec::new();
    for document in serde_json::Deserializer::from_slice(json).into_iter() {
        let raw = match document.ok()? {
            Document::Many(raw) => raw,
            Document::One(raw) => vec![raw],
        };
        for raw in raw.into_iter().filter(|raw| !raw.image.is_empty()) {
            let hex = raw.image.strip_prefix("sha256:").unwrap_or(&raw.image);
            containers.push(Container {
                id: raw.id,
                image: Digest::from_hex(hex).ok()?,
            });
        }
    }
    Some(containers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_of_every_engine_are_read() {
        let hex = "1".repeat(64);
        let docker = format!(
            "{{\"Id\":\"a\",\"Image\":\"sha256:{hex}\"}}\n{{\"Id\":\"b\",\"Image\":\"\"}}\n"
        );
        let podman = format!("[{{\"Id\":\"a\",\"Image\":\"{hex}\",\"ImageName\":\"x\"}}]");
        for json in [docker, podman] {
            let containers = parse(json.as_bytes()).expect("containers");
            assert_eq!(containers.len(), 1, "{json}");
            assert_eq!(
                (&*containers[0].id, containers[0].image.hex()),
                ("a", hex.clone())
            );
        }
        for bad in [r#"{"Id":"a","Image":"nonsense"}"#, "[", r#"{"Id":"a"}"#] {
            assert!(parse(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(parse(b"").is_some_and(|none| none.is_empty()));
    }

    #[test]
    fn what_went_away_is_no_failure() {
        assert!(only_gone("Error: No such container: abc\n"));
        assert!(only_gone("Error: no such object: \"abc\"\n"));
        assert!(!only_gone("Cannot connect to the Docker daemon\n"));
    }
}
