//! Reading plans: JSON lines, JSON arrays, pretty-printed objects one after the other.

use std::io::BufRead;

use naming::ImageName;
use serde_json::Value;

use crate::frames::{FrameError, Frames, at};
use crate::{Error, Plan, texts};

/// The plans of a stream. Each is returned as soon as it is complete, so that a pipeline builds the first while the
/// second is still written. After a wrong plan, the next one is still read; text that is not JSON ends the stream.
pub struct Plans<R> {
    objects: Frames<R>,
    ended: bool,
}

impl<R: BufRead> Plans<R> {
    /// Reads plans from a stream.
    pub fn new(reader: R) -> Self {
        Self {
            objects: Frames::new(reader),
            ended: false,
        }
    }

    fn read(&mut self) -> Option<Result<Plan, FrameError>> {
        Some(self.objects.next()?.and_then(|object| {
            let plan = object.parse();
            let plan: Plan = plan.or_else(|fault| completed(object.text()).ok_or(fault))?;
            match contradiction(&plan) {
                None => Ok(plan),
                Some(why) => {
                    let subject = plan.subject().escape_debug();
                    Err(FrameError::Content(at(
                        &format!("`{subject}` {why}"),
                        object.place,
                    )))
                }
            }
        }))
    }
}

impl<R: BufRead> Iterator for Plans<R> {
    type Item = Result<Plan, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let plan = self.read()?;
        self.ended = matches!(plan, Err(FrameError::Read(_) | FrameError::Syntax(_)));
        Some(plan.map_err(|fault| match fault {
            FrameError::Read(error) => Error::Read(error),
            FrameError::Syntax(message) | FrameError::Content(message) => Error::Plan(message),
        }))
    }
}

/// A plan whose requirements omit the project and the system, which its name contains.
fn completed(text: &[u8]) -> Option<Plan> {
    let mut plan: Value = serde_json::from_slice(text).ok()?;
    let name: ImageName = plan.get("name")?.as_str()?.parse().ok()?;
    let wanted = plan.get_mut("requirements")?.as_object_mut()?;
    for (key, said) in [
        ("project", name.project().to_owned()),
        ("os", name.os().to_string()),
    ] {
        let value = wanted.entry(key).or_insert(Value::Null);
        if value.is_null() {
            *value = said.into();
        }
    }
    texts::spell(&mut plan);
    serde_json::from_value(plan).ok()
}

/// A contradiction inside a plan, independent of store and engine.
fn contradiction(plan: &Plan) -> Option<&'static str> {
    let (says, image, name) = (plan.needs_build, &plan.best_image_path, &plan.name);
    match (says, image, name) {
        (Some(false), None, _) => Some("needs no build, but has no `best_image_path`"),
        (Some(true), _, None) => Some("needs a build, but has no `name`"),
        (None, None, None) => Some("has neither `best_image_path` nor `name`"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
