//! A small file system, for what happens where a disk is full or can't be written.

use crate::{Invocation, Sandbox};

/// A file system of its own below a sandbox, as the folder `small`, for as long as this lives. Needs root.
#[derive(Debug)]
pub struct SmallDisk<'a> {
    sandbox: &'a Sandbox,
}

impl<'a> SmallDisk<'a> {
    /// With room for so much, as `mount -o size=` takes it.
    ///
    /// # Panics
    /// Where it can't be mounted.
    #[must_use]
    pub fn new(sandbox: &'a Sandbox, size: &str) -> Self {
        let line = format!("mkdir small && mount -t tmpfs -o size={size} tmpfs small");
        sandbox.sh(&line).ok();
        Self { sandbox }
    }

    /// A command that runs there.
    pub fn command(&self, program: &str) -> Invocation {
        self.sandbox.command(program).folder("small")
    }

    /// Takes all room that is left.
    pub fn fill(&self) {
        // Twice: the first write ends where a whole block does not fit.
        self.sandbox
            .sh("for f in a b; do cat /dev/zero > small/full.$f 2> /dev/null; done");
    }

    /// Lets nobody write any more.
    ///
    /// # Panics
    /// Where it can't be mounted anew.
    pub fn seal(&self) {
        self.sandbox.sh("mount -o remount,ro small").ok();
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        self.sandbox.sh("umount small");
    }
}
