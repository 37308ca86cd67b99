//! `--act`: the images in which act (nektos/act) runs entries.
//!
//! act takes `-P LABEL=IMAGE` for the runners of jobs without a container, one image for each label. A job with a
//! container runs in the workflow's image, regardless of `-P`.

use std::collections::HashMap;

use failure::Failure;
use serde_json::json;
use ui::Context;

/// The image of an entry's runner.
pub(crate) struct Mapping<'a> {
    pub job: Option<&'a str>,
    /// `None` if act takes the image from the workflow.
    pub runner: Option<&'a str>,
    pub image: String,
}

/// The images of the runners so far.
#[derive(Debug, Default)]
pub(crate) struct Runners {
    given: HashMap<String, String>,
}

impl Runners {
    /// Prints act's argument for an entry, once for each runner and image; with `--json` an object for every entry.
    pub(crate) fn print(&mut self, context: &Context, mapping: &Mapping) -> Result<(), Failure> {
        let job = mapping.job.unwrap_or_default();
        let line = mapping
            .runner
            .map(|runner| format!("-P {runner}={}", mapping.image));
        let known = mapping.runner.and_then(|runner| {
            self.given
                .insert(runner.to_ascii_lowercase(), mapping.image.clone())
        });
        let is_json = context.out.is_json();
        match &known {
            _ if is_json => {}
            Some(image) if *image == mapping.image => return Ok(()),
            Some(image) => context.reporter.warn(format!(
                "`{job}`: act accepts one image per runner, and this runner already has `{image}`; select entries with --filter"
            )),
            None => {}
        }
        match (&line, is_json) {
            (None, false) => {
                context.reporter.info(format!(
                    "`{job}`: act runs it in the workflow's container; use `imgload --tag` to give that name to {}",
                    mapping.image
                ));
                Ok(())
            }
            _ => context.out.record(line.as_deref().unwrap_or_default(), || {
                json!({
                    "job": mapping.job,
                    "runner": mapping.runner,
                    "image": mapping.image,
                    "act": line,
                })
            }),
        }
    }
}
