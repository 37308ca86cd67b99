//! A small file system, for tests of full and read-only disks.

use crate::{Invocation, Sandbox};

/// A separate file system below a sandbox, as the folder `small`, until this is dropped. Needs root.
#[derive(Debug)]
pub struct SmallDisk<'a> {
    sandbox: &'a Sandbox,
    folder: String,
}

impl<'a> SmallDisk<'a> {
    /// With this size, in the syntax of `mount -o size=`.
    ///
    /// # Panics
    /// If it cannot be mounted.
    #[must_use]
    pub fn new(sandbox: &'a Sandbox, size: &str) -> Self {
        Self::at(sandbox, "small", size)
    }

    /// The same as another folder.
    ///
    /// # Panics
    /// If it cannot be mounted.
    #[must_use]
    pub fn at(sandbox: &'a Sandbox, folder: &str, size: &str) -> Self {
        let mount = format!("mount -t tmpfs -o size={size} tmpfs {folder}");
        sandbox.sh(&format!("mkdir -p {folder} && {mount}")).ok();
        let folder = folder.to_owned();
        Self { sandbox, folder }
    }

    /// A command that runs there.
    pub fn command(&self, program: &str) -> Invocation {
        self.sandbox.command(program).folder(&self.folder)
    }

    /// Fills the remaining space.
    pub fn fill(&self) {
        // Twice: the first write ends at the last whole block.
        let full = format!("{}/full", self.folder);
        self.sandbox.sh(&format!(
            "for f in a b; do cat /dev/zero > {full}.$f 2> /dev/null; done"
        ));
    }

    /// Makes it read-only.
    ///
    /// # Panics
    /// If it cannot be mounted again.
    pub fn seal(&self) {
        let line = format!("mount -o remount,ro {}", self.folder);
        self.sandbox.sh(&line).ok();
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        self.sandbox.sh(&format!("umount {}", self.folder));
    }
}
