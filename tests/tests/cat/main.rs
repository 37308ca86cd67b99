//! `imgcat`: files of archives, as a container of the image would see them.

#![expect(clippy::expect_used, reason = "in tests, and in what they share")]

mod failures;
mod odd;
mod reading;
mod tree;
