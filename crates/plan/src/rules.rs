//! The rules for choosing images, from the project or the call.

use std::collections::HashMap;
use std::str::FromStr;

use registry::Entry;

use crate::{Cost, Requirement};

/// The rules for choosing images.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The costs that rank usable images; the first counts most.
    pub costs: Vec<Cost>,
    /// Missing parts that need no build.
    pub accept_missing: AcceptMissing,
    /// Whether to refuse an image that was built for more than the requirement.
    pub exact: bool,
    /// The names of the images that this call plans to build, each with its base, if registered.
    pub planned: HashMap<String, Option<String>>,
}

impl Rules {
    /// Why an image cannot be used unchanged, regardless of its contents.
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

    /// Why an exact requirement refuses an image.
    pub(crate) fn holds_more(
        &self,
        requirement: &Requirement,
        entry: &Entry,
    ) -> Option<&'static str> {
        let requested = entry.requested.as_ref().filter(|_| self.exact)?;
        (!requirement.covers(requested)).then_some("it was built for other requirements too")
    }
}

/// Missing parts that need no build. Default: none.
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
