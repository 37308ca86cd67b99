//! Process groups: a child and all that it starts.

use std::os::unix::process::CommandExt as _;
use std::time::Duration;

use duct::{Expression, Handle};

use super::Command;
use crate::Error;

/// Starts a child as the leader of a group of its own.
pub(super) fn spawn(command: &Command, expression: &Expression) -> Result<Handle, Error> {
    expression
        .before_spawn(|child| {
            child.process_group(0);
            Ok(())
        })
        .unchecked()
        .start()
        .map_err(|source| Error::Start {
            program: command.program().into(),
            source,
        })
}

/// Ends a child that leads a group, and all of the group: SIGTERM first, SIGKILL after the grace period.
pub fn end_group(handle: &Handle, grace: Duration) {
    signal_group(handle, "TERM");
    if !matches!(handle.wait_timeout(grace), Ok(Some(_))) {
        signal_group(handle, "KILL");
        // Nothing is left to be done about a child that can be neither ended nor waited for.
        drop(handle.wait_timeout(grace));
    }
}

/// Kills a child and all that it has started, without a word before.
pub fn kill_group(handle: &Handle) {
    signal_group(handle, "KILL");
}

fn signal_group(handle: &Handle, signal: &str) {
    for group in handle.pids() {
        // The shell's own `kill`: a minimal system has no other. It fails when the group has ended already.
        drop(
            duct::cmd!("sh", "-c", format!("kill -{signal} -{group}"))
                .stderr_null()
                .unchecked()
                .run(),
        );
    }
}
