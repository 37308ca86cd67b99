//! The layers that the engine holds.
//!
//! `.RootFS` is requested as a whole: `.RootFS.Layers` is an error on Docker 28 for an incomplete image.

use naming::Digest;

use crate::image::RawRootFs;
use crate::{Engine, Error};

/// A complete image in the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The engine's ID: the config's digest, on containerd stores the manifest's.
    pub id: Digest,
    /// The digests of its uncompressed layers, lowest first.
    pub diff_ids: Vec<Digest>,
}

impl Engine {
    /// All images, tagged or not, in two calls for the first few hundred. Skips incomplete ones. If podman has incomplete
    /// ones, skips untagged ones too.
    pub fn held(&self) -> Result<Vec<Held>, Error> {
        let ids: Vec<_> = self.known_ids()?.iter().map(Digest::to_string).collect();
        let call = || {
            self.call("image inspect")
                .args(["--format", "{{.Id}} {{json .RootFS}}"])
        };
        let held = self.ask_of_all(&ids, call, |answer| {
            let text = String::from_utf8_lossy(&answer.stdout);
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            lines
                .map(|line| parse(line).ok_or_else(|| answer.call.bad_output(line).into()))
                .collect()
        })?;
        Ok(held.into_iter().flatten().collect())
    }
}

/// Parses `ID JSON`. The inner `None` is an incomplete image.
fn parse(line: &str) -> Option<Option<Held>> {
    let (id, root_fs) = line.split_once(' ')?;
    let id = Digest::from_hex(id.strip_prefix("sha256:").unwrap_or(id)).ok()?;
    let root_fs: Option<RawRootFs> = serde_json::from_str(root_fs).ok()?;
    let diff_ids = root_fs.and_then(RawRootFs::diff_ids);
    Some(diff_ids.map(|diff_ids| Held { id, diff_ids }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_engine_are_read() {
        let hex = "1".repeat(64);
        let id = Digest::from_hex(&hex).expect("a digest");
        let layers = format!(r#"{{"Type":"layers","Layers":["sha256:{hex}"]}}"#);
        for (line, expected) in [
            (format!("sha256:{hex} {layers}"), Some(Some(1))),
            (format!("{hex} {layers}"), Some(Some(1))),
            (format!(r#"{hex} {{"Type":"layers"}}"#), Some(Some(0))),
            (format!("{hex} {{}}"), Some(None)),
            (format!("{hex} null"), Some(None)),
            (format!("{hex} nonsense"), None),
            ("sha256:1 {}".to_owned(), None),
            (hex.clone(), None),
        ] {
            let found = parse(&line);
            let count = found
                .as_ref()
                .map(|held| held.as_ref().map(|held| held.diff_ids.len()));
            assert_eq!(count, expected, "{line}");
            assert!(found.flatten().is_none_or(|held| held.id == id));
        }
    }
}
