//! Hostile archives. A separate process reads each in every way. It may use 64 MiB and some seconds, and may write no
//! file. An error must be one line.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may end where it fails, and a child answers on its standard output"
)]

mod bombs;
mod child;
mod crowds;
mod digests;
mod documents;
mod judge;
mod members;
mod names;
