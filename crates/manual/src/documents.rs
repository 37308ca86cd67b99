//! The documents with tables of flags.

use std::fmt::Write as _;
use std::io;

use camino::Utf8Path;
use clap::Command;

use crate::block::replace;
use crate::flags::{by_command, flags, table};
use crate::{Made, commands};

/// The first document that people read.
const README: &str = "README.md";
/// Every flag of every command.
const FLAGS: &str = "docs/flags.md";

/// The documents as they should be; `root` is the folder of the sources.
///
/// # Errors
/// If a document cannot be read, or has lost one of its blocks.
pub fn documents(root: &Utf8Path) -> io::Result<Vec<Made>> {
    let commands = commands();
    let built: Vec<Command> = commands.into_iter().map(built).collect();
    let mut readme = std::fs::read_to_string(root.join(README))?;
    let common = built
        .iter()
        .take(1)
        .flat_map(|command| flags(command, true));
    let blocks = [
        ("the flags of every command", table(common)),
        ("each command's own flags", by_command(&built)),
    ];
    for (name, text) in blocks {
        let new = replace(&readme, name, &text);
        readme = new.ok_or_else(|| io::Error::other(format!("{README} has no block `{name}`")))?;
    }
    Ok(vec![made(README, readme), made(FLAGS, all_flags(&built))])
}

fn built(mut command: Command) -> Command {
    command.build();
    command
}

fn made(path: &str, text: String) -> Made {
    Made {
        path: path.into(),
        text: text.into_bytes(),
    }
}

fn all_flags(commands: &[Command]) -> String {
    let mut text = "\
# Flags

Every flag of every command, as `--help` says it. Made by `cargo xtask generate`: changes by hand are lost.

## Every command

"
    .to_owned();
    let common = commands.iter().take(1);
    text.push_str(&table(common.flat_map(|command| flags(command, true))));
    for command in commands {
        let about = command.get_about().map(ToString::to_string);
        let usage = command.clone().render_usage().to_string();
        let _ = write!(
            text,
            "\n## {}\n\n{}.\n\n    {}\n\n{}",
            command.get_name(),
            about.unwrap_or_default(),
            usage.trim_start_matches("Usage: "),
            table(flags(command, false))
        );
    }
    text
}
