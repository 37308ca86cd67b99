//! The images that containers use, running or not.

use std::collections::BTreeSet;

use naming::Digest;
use serde::Deserialize;

use crate::{Engine, Error};

/// A container, in any state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its ID, in hexadecimal digits.
    pub id: String,
    /// Its image, in the form of [`ImageInfo::id`](crate::ImageInfo::id).
    pub image: Digest,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawContainer {
    id: String,
    image: String,
}

impl Engine {
    /// All containers. A container that is removed meanwhile may be missing.
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
        // The whole object: podman's templates name fields differently (`.ID`) than its JSON.
        let call = || {
            self.call("inspect")
                .args(["--type", "container", "--format", "{{json .}}"])
        };
        let containers = self.ask_of_all(&ids, call, |answer| {
            let containers = answer.documents(read)?;
            // A container that is skipped silently may use an image.
            answer.check_count(containers.len())?;
            Ok(containers)
        })?;
        Ok(containers.into_iter().flatten().collect())
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Reads a container; `None` if it is invalid. Skips containers without an image: the first steps of a build from
/// scratch run in them.
fn read(raw: RawContainer) -> Option<Option<Container>> {
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
mod tests;
