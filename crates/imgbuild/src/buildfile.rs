//! Build files: made from what is missing, or written by hand and looked through before they are
//! built.

mod generate;
mod instructions;
mod packages;
mod scan;
mod variables;

pub use generate::{Generated, generate};
pub use scan::{SCRATCH, Scan, scan};
