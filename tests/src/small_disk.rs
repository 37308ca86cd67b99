//! A small file system, for what happens where a disk is full or can't be written.

use crate::{Invocation, Sandbox};

/// A file system of its own below a sandbox, as the folder `small`, for as long as this lives. Needs root.
#[derive(Debug)]
pub struct SmallDisk<'a> {
    sandbox: &'a Sandbox,
    folder: String,
}

impl<'a> SmallDisk<'a> {
    /// With room for so much, as `mount -o size=` takes it.
    ///
    /// # Panics
    /// Where it can't be mounted.
    #[must_use]
    pub fn new(sandbox: &'a Sandbox, size: &str) -> Self {
        Self::at(sandbox, "small", size)
    }

    /// The same as another folder.
    ///
    /// # Panics
    /// Where it can't be mounted.
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

    /// Takes all room that is left.
    pub fn fill(&self) {
        // Twice: the first write ends where a whole block does not fit.
        let full = format!("{}/full", self.folder);
        self.sandbox.sh(&format!(
            "for f in a b; do cat /dev/zero > {full}.$f 2> /dev/null; done"
        ));
    }

    /// Lets nobody write any more.
    ///
    /// # Panics
    /// Where it can't be mounted anew.
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
