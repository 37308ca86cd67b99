//! Build files: generated from missing contents, or hand-written and scanned before the build.

mod ending;
mod generate;
mod instructions;
mod packages;
mod scan;
mod variables;

#[cfg(test)]
pub(crate) use ending::operands;
pub(crate) use ending::{is_continued, is_plain_run};
pub(crate) use generate::{Generated, generate, installs};
pub(crate) use scan::{SCRATCH, scan};
