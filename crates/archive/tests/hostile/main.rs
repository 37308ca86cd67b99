//! Archives that mean harm. Each is read in every way there is by a process of its own, which may use 64 MiB and some
//! seconds, and may write nothing; what is wrong comes back as one line.

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
