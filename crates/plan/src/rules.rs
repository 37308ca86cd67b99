//! How images are chosen: what a project or a call has decided.

use std::collections::HashMap;
use std::str::FromStr;

use registry::Entry;

use crate::{Cost, Requirement};

/// How images are chosen.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// What the best image costs least of; the first counts most.
    pub costs: Vec<Cost>,
    /// What an image may lack.
    pub accept_missing: AcceptMissing,
    /// Whether an image that was built for more than the requirement is refused.
    pub exact: bool,
    /// The names of the images that this call plans to build, each with that of its base, if that is registered.
    pub planned: HashMap<String, Option<String>>,
}

impl Rules {
    /// Why an image is not taken as it is, whatever it holds.
    pub(crate) fn no_image(
        &self,
        requirement: &Requirement,
        entry: &Entry,
    ) -> Option<&'static str> {
        if requirement.build.is_some() {
            return Some("the requirement has its own `build`");
        }
        self.holds_more(requirement, entry)
    }

    /// Why a requirement that is for itself alone can't have an image.
    pub(crate) fn holds_more(
        &self,
        requirement: &Requirement,
        entry: &Entry,
    ) -> Option<&'static str> {
        let requested = entry.requested.as_ref().filter(|_| self.exact)?;
        (!requirement.covers(requested)).then_some("it was built for other requirements too")
    }
}

/// What an image may lack without a build. Nothing, unless said otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AcceptMissing {
    /// Packages: jobs install them.
    pub packages: bool,
    /// Tools: jobs install them.
    pub tools: bool,
}

impl FromStr for AcceptMissing {
    type Err = String;

    /// `packages`, `tools`, or both with a comma between.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut accepted = Self::default();
        for word in text.split(',') {
            match word.trim() {
                "packages" => accepted.packages = true,
                "tools" => accepted.tools = true,
                other => {
                    let other = naming::visible(other.chars());
                    return Err(format!("`{other}` is not `packages` or `tools`"));
                }
            }
        }
        Ok(accepted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_tools_alone_can_be_accepted() {
        let accepted = |packages, tools| Ok(AcceptMissing { packages, tools });
        assert_eq!("packages".parse(), accepted(true, false));
        assert_eq!("tools".parse(), accepted(false, true));
        assert_eq!("tools, packages".parse(), accepted(true, true));
        for text in ["", "compilers", "packages,", "variants,tools", "PACKAGES"] {
            assert!(text.parse::<AcceptMissing>().is_err(), "{text}");
        }
    }
}
