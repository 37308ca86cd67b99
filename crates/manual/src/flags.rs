//! Flags as tables in Markdown.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command};

/// The help's heading of the common flags.
const COMMON: &str = "Common options";

/// The common flags of a command, or its other flags.
pub(crate) fn flags(command: &Command, common: bool) -> impl Iterator<Item = &Arg> {
    let wanted = move |arg: &&Arg| is_common(arg) == common;
    let shown = |arg: &&Arg| !arg.is_positional() && !arg.is_hide_set();
    command.get_arguments().filter(shown).filter(wanted)
}

fn is_common(arg: &Arg) -> bool {
    let general = matches!(
        arg.get_action(),
        ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
    );
    general || arg.get_help_heading() == Some(COMMON)
}

/// A table of flags and their meanings.
pub(crate) fn table<'a>(flags: impl Iterator<Item = &'a Arg>) -> String {
    let mut table = "| flag | meaning |\n|---|---|\n".to_owned();
    for arg in flags {
        let _ = writeln!(table, "| {} | {} |", spelled(arg), meaning(arg));
    }
    table
}

/// A table of commands and their own flags.
pub(crate) fn by_command(commands: &[Command]) -> String {
    let mut table = "| command | flags |\n|---|---|\n".to_owned();
    for command in commands {
        let names = flags(command, false).flat_map(names);
        let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        let _ = writeln!(table, "| `{}` | {} |", command.get_name(), names.join(", "));
    }
    table
}

/// `-l` and `--long`.
fn names(arg: &Arg) -> impl Iterator<Item = String> + use<> {
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    short.into_iter().chain(long)
}

/// `` `-l`, `--long FILE` (`IMG_LONG`) ``.
fn spelled(arg: &Arg) -> String {
    let names: Vec<String> = names(arg).collect();
    let value = arg.get_value_names().unwrap_or_default();
    let value = match (arg.get_action().takes_values(), value) {
        (true, [value, ..]) => format!(" {}", value.replace('|', "\\|")),
        _ => String::new(),
    };
    let variable = arg.get_env().map(|name| name.to_string_lossy());
    let variable = variable.map_or_else(String::new, |name| format!(" (`{name}`)"));
    format!("`{}{value}`{variable}", names.join("`, `"))
}

/// The help on one line, with the default.
fn meaning(arg: &Arg) -> String {
    let help = arg.get_long_help().or_else(|| arg.get_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let paragraphs = help.split("\n\n").map(|paragraph| {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        words.join(" ").trim_end_matches('.').replace('|', "\\|")
    });
    let mut meaning = paragraphs.collect::<Vec<_>>().join(". ");
    if arg.get_action().takes_values()
        && let [default, ..] = arg.get_default_values()
    {
        let _ = write!(meaning, ". Default: `{}`", default.to_string_lossy());
    }
    meaning
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::builder::OsStr;

    #[test]
    fn a_flag_is_a_row() {
        let size = Arg::new("size").short('s').long("size").value_name("A|B");
        let size = size.env("IMG_SIZE").default_value(OsStr::from("1"));
        let size = size.long_help("How\nlarge\n\nOr | not.");
        let plain = Arg::new("all").long("all").action(ArgAction::SetTrue);
        let table = table([&size, &plain.help("All")].into_iter());
        assert_eq!(
            table,
            "| flag | meaning |\n|---|---|\n\
             | `-s`, `--size A\\|B` (`IMG_SIZE`) | How large. Or \\| not. Default: `1` |\n\
             | `--all` | All |\n"
        );
    }
}
