//! The examples of README.md and docs/, run as they stand there.
//!
//! How a document is written so that it can be run:
//!
//! - A block of kind `console`, or an indented one that begins with `$ `, is a piece of a session: a line after `$ ` is a
//!   command, those after `> ` continue it, what follows is all that it prints, on both streams. A document is one session
//!   in an empty folder.
//! - Digits, digests and the width of gaps may be others. A line `…` stands for any lines, `…` inside a line for
//!   any text.
//! - A command that fails shows the message that says so. With `<!-- Docker alone fails: why -->` before the block, its
//!   commands do what they are for on other engines.
//! - `cat FILE` of a file that is not there makes it, as its reader would. So does a block whose first line is `# FILE`.
//! - `<!-- run: … -->` is run and not shown. `<!-- not run: why -->` stands before a block that is not run.
//! - `capy` is the sandbox's project, and what `imgsave` saves as `debian:12` is the Debian that all tests share.

#![expect(clippy::expect_used, reason = "in tests, and in what they share")]

mod alike;
mod document;
mod examples;
mod session;
