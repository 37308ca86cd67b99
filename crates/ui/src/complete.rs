//! Completion of command lines by the commands themselves.
//!
//! The script that a shell loads runs the command with `IMG_COMPLETE` set, so it knows the currently registered names.
//! The name of a value in the help decides how it is completed: a `NAME` is registered, a `FILE` or an `ARCHIVE` is a
//! path. Without a store there are no names, and no engine is started.

use std::ffi::{OsStr, OsString};
use std::io;

use clap::Arg;
use clap_complete::CompleteEnv;
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter as _,
};
use clap_complete::env::Shells;
use failure::Failure;

use crate::{Flags, Names, command};

/// With this variable, a command completes a command line instead of running it.
const VARIABLE: &str = "IMG_COMPLETE";

/// The shells that [`script`] knows.
pub const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// The script that a shell loads to complete the command lines of `program`, which it finds in its `PATH`.
pub fn script(program: &str, shell: &str) -> io::Result<Vec<u8>> {
    let shells = Shells::builtins();
    let known = shells.completer(shell).ok_or(io::ErrorKind::Unsupported)?;
    let mut script = Vec::new();
    known.write_registration(VARIABLE, program, program, program, &mut script)?;
    if shell == "zsh" {
        // zsh loads the file at the first completion, and expects that completion too.
        let now = format!(
            "[[ $funcstack[1] != _{program} ]] || _clap_dynamic_completer_{program} \"$@\"\n"
        );
        script.extend_from_slice(now.as_bytes());
    }
    Ok(script)
}

/// Completes a command line, if this process was started for that.
pub(crate) fn asked<F: Flags>(names: Names) -> Result<bool, Failure> {
    let here = std::env::current_dir().ok();
    CompleteEnv::with_factory(|| command::<F>(names))
        .var(VARIABLE)
        .bin(F::PROGRAM)
        .completer(F::PROGRAM)
        .try_complete(std::env::args_os(), here.as_deref())
        .map_err(|error| Failure::usage(format!("{VARIABLE}: {error}")))
}

/// Sets the completion of an argument's value, by the value's name.
pub(crate) fn values(arg: Arg, registered: Names) -> Arg {
    let called = arg.get_value_names().unwrap_or_default();
    let called: Vec<&str> = called.iter().flat_map(|name| name.split('|')).collect();
    let is_name = called.contains(&"NAME");
    let is_path = called.contains(&"FILE") || called.contains(&"ARCHIVE");
    match (is_name, is_path) {
        (false, false) => arg,
        (false, true) => arg.add(ArgValueCompleter::new(paths)),
        (true, false) => arg.add(ArgValueCompleter::new(move |current: &OsStr| {
            names(registered, current)
        })),
        (true, true) => arg.add(ArgValueCompleter::new(move |current: &OsStr| {
            let mut found = names(registered, current);
            found.extend(paths(current));
            found
        })),
    }
}

/// Paths with this prefix.
fn paths(current: &OsStr) -> Vec<CompletionCandidate> {
    let mut found = PathCompleter::any().complete(current);
    // No command reads the folder itself.
    found.retain(|candidate| candidate.get_value() != ".");
    found
}

/// Registered names with this prefix.
fn names(registered: Names, current: &OsStr) -> Vec<CompletionCandidate> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let Some(current) = current.to_str() else {
        return Vec::new();
    };
    let fits = |(name, _): &(String, String)| name.starts_with(current) && is_plain(name);
    let candidate =
        |(name, help): (String, String)| CompletionCandidate::new(name).help(Some(help.into()));
    let found = registered(&words).into_iter();
    found.filter(fits).map(candidate).collect()
}

/// Whether a shell needs no quotes for a name: completions are not quoted.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+".contains(c);
    !name.starts_with('-') && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_shell_would_read_is_not_offered() {
        assert!(is_plain("capy-ubuntu-25.04-gcc15"));
        for name in ["$(reboot)", "a b", "-rf", "a;b", "a\u{202e}"] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
