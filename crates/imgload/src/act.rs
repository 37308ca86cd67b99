//! `--act`: the image in which act (nektos/act) runs a runner's jobs.

use failure::Failure;
use ui::Context;

/// A runner's label, and its last image. act takes one image for each label.
#[derive(Debug)]
pub(crate) struct Runner {
    label: String,
    given: Option<String>,
}

impl Runner {
    /// Checks a label for act.
    pub(crate) fn new(label: String) -> Result<Self, Failure> {
        if label.is_empty() || label.contains(char::is_whitespace) {
            return Err(Failure::usage(format!(
                "`--act '{label}'`: a runner label must be one word"
            )));
        }
        Ok(Self { label, given: None })
    }

    /// act's argument for an image.
    pub(crate) fn line(&self, reference: &str) -> String {
        format!("-P {}={reference}", self.label)
    }

    /// Whether to print an image: not again if it was the last one. If there was another before, it warns.
    pub(crate) fn give(&mut self, reference: &str, context: &Context) -> bool {
        match self.given.replace(reference.to_owned()) {
            Some(before) if before == reference => false,
            Some(before) => {
                context.reporter.warn(format!(
                    "act accepts one image per runner; {} already has `{before}`",
                    self.label
                ));
                true
            }
            None => true,
        }
    }
}
