//! Which layers the engine holds.
//!
//! An inspect an image takes minutes for a few thousand images, so all IDs are asked about in one call, or as
//! few as a command line has room for. `.RootFS` is asked for whole: `.RootFS.Layers` is an error on
//! Docker 28 for an incomplete image.

use naming::Digest;
use program::Output;

use crate::flavor;
use crate::image::RawRootFs;
use crate::inspect::{MAX_BYTES, MAX_NAMES};
use crate::{Engine, Error};

/// The bytes of an ID on a command line.
const ID_BYTES: usize = "sha256:".len() + 64 + 1;

/// An image that the engine holds, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The engine's name for it: the config's digest, on containerd stores the manifest's.
    pub id: Digest,
    /// The digests of its uncompressed layers, lowest first.
    pub diff_ids: Vec<Digest>,
}

impl Engine {
    /// All images, tagged or not, in two calls for the first few hundred. Without incomplete ones.
    pub fn held(&self) -> Result<Vec<Held>, Error> {
        let ids: Vec<_> = self.ids()?.into_iter().collect();
        let mut held = Vec::with_capacity(ids.len());
        for ids in ids.chunks(MAX_NAMES.min(MAX_BYTES / ID_BYTES)) {
            held.extend(self.held_of(ids)?);
        }
        Ok(held)
    }

    fn held_of(&self, ids: &[Digest]) -> Result<Vec<Held>, Error> {
        let call = self
            .call("image inspect")
            .args(["--format", "{{.Id}} {{json .RootFS}}", "--"])
            .args(ids.iter().map(Digest::to_string));
        let Output {
            status,
            stdout,
            stderr,
        } = call.output()?;
        // An image may go away between the calls.
        let complaints = stderr.text();
        if !status.success() && !flavor::only_missing(&complaints) {
            call.check(status, &complaints)?;
        }
        let text = String::from_utf8_lossy(&stdout);
        let mut held = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let image = parse(line).ok_or_else(|| call.bad_output(line))?;
            held.extend(image);
        }
        Ok(held)
    }
}

/// Reads `ID JSON`. The inner `None` is an image that is not whole.
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
