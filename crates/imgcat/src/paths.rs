//! The given paths inside an image.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use archive::name_text;
use failure::Failure;
use ui::{Common, Records};

/// The conflict of reading both images and paths from standard input.
const BOTH: &str = "`-` (standard input) is either for images or for paths";

/// Paths in the form of [`name_text`]: from the command line, or one a line from standard input.
pub(crate) enum Paths {
    Given(VecDeque<String>),
    Stdin(Records),
}

impl Paths {
    /// `of_stdin`: standard input has images.
    pub(crate) fn new(
        operands: Vec<OsString>,
        of_stdin: bool,
        common: &Common,
    ) -> Result<Self, Failure> {
        if of_stdin && operands.iter().any(|operand| operand == "-") {
            return Err(Failure::usage(BOTH));
        }
        if operands.iter().any(|operand| operand == "-") {
            let texts = operands.into_iter();
            let texts = texts.map(|operand| operand.to_string_lossy().into_owned());
            return Ok(Self::Stdin(common.input(texts.collect(), "paths")?));
        }
        if operands.iter().any(|operand| operand.is_empty()) {
            return Err(Failure::usage("an operand is empty"));
        }
        let texts = operands.iter().map(|operand| name_text(operand.as_bytes()));
        Ok(Self::Given(texts.collect()))
    }

    /// The same paths for each of several images. Standard input is read once.
    pub(crate) fn for_next(&mut self) -> Self {
        match self {
            Self::Given(paths) => Self::Given(paths.clone()),
            Self::Stdin(_) => std::mem::replace(self, Self::Given(VecDeque::new())),
        }
    }

    /// The image's root if no path was given.
    pub(crate) fn or_all(mut self) -> Self {
        if let Self::Given(paths) = &mut self
            && paths.is_empty()
        {
            paths.push_back(String::new());
        }
        self
    }

    /// The last parts of the known paths. A link's target often has the link's name.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let Self::Given(paths) = self else {
            return BTreeSet::new();
        };
        let paths = paths.iter().map(|path| path.trim_end_matches('/'));
        let names = paths.map(|path| path.rsplit('/').next().unwrap_or(path));
        names.map(str::to_owned).collect()
    }
}

impl Iterator for Paths {
    type Item = Result<String, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Given(paths) => paths.pop_front().map(Ok),
            Self::Stdin(input) => Some(input.next()?.map(|path| name_text(path.as_bytes()))),
        }
    }
}
