//! `imgfetch` and `imgpush` against a real registry on this machine, without an engine.

#![expect(clippy::expect_used, reason = "in tests, and in what they share")]

use pipeline_tests::remote as common;

mod documents;
mod engines;
mod faults;
mod fetch;
mod login;
mod names;
mod offline;
mod pinned;
mod platforms;
mod push;
mod read_through;
mod resume;
mod signals;
mod thin;
mod together;
