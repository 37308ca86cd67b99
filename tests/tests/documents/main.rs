//! Runs the examples of README.md and docs/ as they are.
//!
//! How to write a document that can be run:
//!
//! - A block of kind `console`, or an indented one that begins with `$ `, is a part of a session. A line after `$ ` is
//!   a command, and lines after `> ` continue it. The rest is its complete output, on both streams. A document is one
//!   session in an empty folder.
//! - Digits, digests and the width of gaps may differ. A line `…` stands for any lines, `…` inside a line for any text.
//! - A command that fails shows its error message. With `<!-- Docker alone fails: why -->` before the block, its
//!   commands succeed on other engines.
//! - `cat FILE` of a missing file creates it, as a reader would. So does a block whose first line is `# FILE`.
//! - `<!-- run: … -->` is run and not shown. `<!-- not run: why -->` precedes a block that is not run.
//! - `capy` is the sandbox's project, and `imgsave … debian:12` saves the Debian that all tests share.

#![expect(clippy::expect_used, reason = "in tests, and in what they share")]

mod alike;
mod document;
mod examples;
mod session;
