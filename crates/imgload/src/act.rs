//! `--act`: the image that act (nektos/act) is to run a runner's jobs in.

use failure::Failure;
use ui::Context;

/// A runner's label, and the image that it was given last. act takes one image a label.
#[derive(Debug)]
pub(crate) struct Runner {
    label: String,
    given: Option<String>,
}

impl Runner {
    /// A label as act takes it.
    pub(crate) fn new(label: String) -> Result<Self, Failure> {
        if label.is_empty() || label.contains(char::is_whitespace) {
            return Err(Failure::usage(format!(
                "`--act '{label}'`: a runner label must be one word"
            )));
        }
        Ok(Self { label, given: None })
    }

    /// What act takes for an image.
    pub(crate) fn line(&self, reference: &str) -> String {
        format!("-P {}={reference}", self.label)
    }

    /// Whether an image is to be printed: not where it was the last time. With another one before, a warning says so.
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
