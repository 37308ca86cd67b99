//! Finds the reason of a failed build in its output.

use failure::{Code, Failure};
use inventory::Manager;
use naming::Architecture;

use crate::possible::emulation;

/// The messages of package managers, engines and programs in steps without a network.
const NO_NETWORK: &[&str] = &[
    // Docker's BuildKit if the daemon has `bridge: none` (20.10).
    "network bridge not found",
    "Temporary failure resolving",
    "Temporary failure in name resolution",
    "Could not resolve",
    "Could not connect",
    "Unable to connect",
    "Network is unreachable",
    "temporary error (try again later)",
    "bad address",
];

/// A package, and its compiler or tool: `g++-21 (for gcc-21)`.
pub(crate) fn named(package: &str, asked: Option<&str>) -> String {
    match asked {
        Some(asked) => format!("{package} (for {asked})"),
        None => package.to_owned(),
    }
}

/// A failed build with the reason in the first line, if its output contains it. `asked_as` returns the compiler or tool
/// of a package with another name, `suggest` the nearest name of a package.
pub(crate) fn explain<'r>(
    error: engine::Error,
    architecture: Architecture,
    asked_as: impl Fn(&str) -> Option<&'r str>,
    suggest: impl FnOnce(&str) -> Option<String>,
) -> Failure {
    let Some(tail) = error.tail().map(str::to_owned) else {
        return error.into();
    };
    let has_network = !NO_NETWORK.iter().any(|words| tail.contains(words));
    let unknown = Manager::unknown_packages(&tail);
    // Without package lists, every package is unknown.
    if let [first, rest @ ..] = &unknown[..]
        && has_network
    {
        let names = unknown.iter().map(|name| named(name, asked_as(name)));
        let names = names.collect::<Vec<_>>().join(", ");
        let failure = Failure::new(Code::Engine, format!("no package {names}; {error}"));
        let near = suggest(first).filter(|_| rest.is_empty());
        let failure = match near {
            Some(near) => failure.with_hint(format!("did you mean {near}?")),
            None => {
                failure.with_hint("check the name: it may differ in this distribution or release")
            }
        };
        return failure.with_tail(tail);
    }
    let failure = Failure::from(error);
    if tail.to_ascii_lowercase().contains("exec format error") {
        return failure.with_hint(emulation(architecture));
    }
    if !has_network {
        return failure.with_hint(
            "the build has no network or no DNS; to use this machine's network, add `--network host`",
        );
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(tail: &str) -> String {
        let error = engine::Error::Failed {
            command: "docker build".into(),
            outcome: "failed with exit status 100".into(),
            tail: tail.into(),
        };
        let near = |name: &str| (name == "libssl-devv").then(|| "libssl-dev".to_owned());
        let asked_as = |name: &str| (name == "g++-21").then_some("gcc-21");
        explain(error, Architecture::Aarch64, asked_as, near).to_string()
    }

    #[test]
    fn the_reason_is_in_the_first_line() {
        for (tail, says) in [
            (
                "Reading package lists...\nE: Unable to locate package libssl-devv\nThe command",
                "no package libssl-devv; `docker build` failed with exit status 100\n  | Reading",
            ),
            (
                "#5 0.9 E: Unable to locate package a1\n#5 0.9 E: Unable to locate package b1",
                "no package a1, b1; ",
            ),
            (
                "E: Unable to locate package g++-21\nE: Unable to locate package gcc-21",
                "no package g++-21 (for gcc-21), gcc-21; ",
            ),
            (
                "exec /bin/sh: exec format error",
                "hint: register an emulator",
            ),
            (
                "executor failed running [/bin/sh -c x]: network bridge not found",
                "hint: the build has no network or no DNS; to use this machine's network, add `--network host`",
            ),
            (
                "W: Failed to fetch http://deb.debian.org/x  Temporary failure resolving 'deb.debian.org'\nE: Unable to locate package git",
                "hint: the build has no network or no DNS",
            ),
            (
                "Err:1 http://m/ x\n  Unable to connect to m:80:\nE: Unable to locate package git",
                "exit status 100\n  | Err:1",
            ),
            (
                "make: *** no rule",
                "`docker build` failed with exit status 100",
            ),
        ] {
            let text = explained(tail);
            assert!(text.contains(says), "{text}");
        }
        let near = explained("E: Unable to locate package libssl-devv");
        assert!(near.ends_with("\nhint: did you mean libssl-dev?"), "{near}");
        assert!(!explained("make: *** no rule").contains("hint"));
    }
}
