//! A test's own store and names.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;
use xtask::folders;

use crate::engine::{self, engine};
use crate::{Invocation, Outcome};

/// A folder with a space in its path, and a unique project name.
#[derive(Debug)]
pub struct Sandbox {
    _temporary: TempDir,
    root: Utf8PathBuf,
    project: String,
    engine: bool,
}

impl Sandbox {
    /// A sandbox whose commands reach the engine.
    ///
    /// # Panics
    /// If no engine answers.
    #[must_use]
    pub fn new() -> Self {
        engine();
        Self::create(true)
    }

    /// A sandbox for commands that need no engine: starting one fails.
    #[must_use]
    pub fn without_engine() -> Self {
        Self::create(false)
    }

    fn create(engine: bool) -> Self {
        // Below the target folder, not in the system's temporary folder, which may be small and in memory.
        let parent = folders::target()
            .expect("a test runs from Cargo's target folder")
            .join("tmp");
        std::fs::create_dir_all(&parent).expect("the target folder is writable");
        let temporary = tempfile::Builder::new()
            .prefix("imgpipe test ")
            .tempdir_in(&parent)
            .expect("a folder for the test");
        let root = Utf8PathBuf::from_path_buf(temporary.path().to_owned())
            .expect("the target folder's path is UTF-8");
        Self {
            _temporary: temporary,
            root,
            project: unique_project(),
            engine,
        }
    }

    pub(crate) fn uses_engine(&self) -> bool {
        self.engine
    }

    /// The store's folder, the working directory of commands.
    #[must_use]
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// The project of this sandbox's image names.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The name of this sandbox's image, on Debian 12: `<project>-debian-12-<variant>`.
    #[must_use]
    pub fn image(&self, variant: &str) -> String {
        format!("{}-debian-12-{variant}", self.project)
    }

    /// The path of [`Sandbox::image`]'s archive, from the store's folder.
    #[must_use]
    pub fn archive(&self, variant: &str) -> String {
        format!("images/{}/{}.tar", self.project, self.image(variant))
    }

    /// A path inside the sandbox.
    #[must_use]
    pub fn path(&self, path: impl AsRef<Utf8Path>) -> Utf8PathBuf {
        self.root.join(path)
    }

    /// Writes a file, and creates the folders above it.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> Utf8PathBuf {
        let path = self.path(path);
        let folder = path.parent().expect("a file is in a folder");
        std::fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
        std::fs::write(&path, bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
        path
    }

    /// Writes an executable script, for example a stand-in engine for faults that a real one does not produce on
    /// demand.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn script(&self, path: &str, text: &str) -> Utf8PathBuf {
        // By another process: if a thread of another test forks while this process has the program open for writing, it
        // cannot be run ("text file busy").
        self.command("sh")
            .args(["-c", "cat > \"$0\" && chmod 755 \"$0\"", path])
            .input(format!("#!/bin/sh\n{text}"))
            .run()
            .ok();
        self.path(path)
    }

    /// Reads a text file.
    ///
    /// # Panics
    /// If it does not exist.
    #[must_use]
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        String::from_utf8_lossy(&self.read_bytes(path)).into_owned()
    }

    /// Reads a text file; an empty text if it does not exist.
    #[must_use]
    pub fn read_if_there(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    /// Reads a file.
    ///
    /// # Panics
    /// If it does not exist.
    #[must_use]
    #[track_caller]
    pub fn read_bytes(&self, path: &str) -> Vec<u8> {
        let path = self.path(path);
        match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => panic!("{path}: {error}"),
        }
    }

    /// The length of a variant's archive.
    ///
    /// # Panics
    /// If it does not exist.
    #[must_use]
    #[track_caller]
    pub fn size(&self, variant: &str) -> u64 {
        self.read_bytes(&self.archive(variant)).len() as u64
    }

    /// Removes a file.
    ///
    /// # Panics
    /// If it does not exist.
    #[track_caller]
    pub fn remove(&self, path: &str) {
        std::fs::remove_file(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// All files below a folder of the sandbox, sorted, from the sandbox's folder; empty if the folder does not exist.
    #[must_use]
    pub fn files(&self, folder: &str) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.path(folder)];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(entry.path().to_owned());
                } else {
                    files.push(
                        entry
                            .path()
                            .strip_prefix(&self.root)
                            .unwrap_or(entry.path())
                            .to_string(),
                    );
                }
            }
        }
        files.sort();
        files
    }

    /// A command, to be given arguments and run.
    pub fn command(&self, program: &str) -> Invocation {
        Invocation::new(self, program)
    }

    /// Runs a command.
    pub fn run(&self, program: &str, words: impl IntoIterator<Item = impl AsRef<str>>) -> Outcome {
        self.command(program).args(words).run()
    }

    /// Runs a line of shell with the commands on the PATH.
    pub fn sh(&self, line: &str) -> Outcome {
        self.run("sh", ["-c", line])
    }

    /// The living processes in the sandbox, as their arguments.
    ///
    /// # Panics
    /// If there is no `/proc`.
    #[must_use]
    pub fn processes(&self) -> Vec<String> {
        let root = self.root().canonicalize().expect("the sandbox is there");
        let entries = std::fs::read_dir("/proc").expect("/proc can be read");
        let here = entries.flatten().filter(|entry| {
            std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&root))
        });
        let words = here.map(|entry| {
            let words = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&words).replace('\0', " ")
        });
        // A finished process has no arguments.
        words.filter(|words| !words.is_empty()).collect()
    }

    /// Removes an image of this sandbox from the engine, so that it must be loaded again.
    ///
    /// # Panics
    /// If it belongs to another sandbox, or cannot be removed.
    pub fn forget(&self, reference: &str) {
        let repository = reference.split(':').next().unwrap_or(reference);
        assert!(
            repository.starts_with(&self.project),
            "{reference} is not of this sandbox"
        );
        let removed = engine().read(&["rmi", reference]);
        assert!(removed.is_some(), "{reference} could not be removed");
    }

    /// Removes the leftovers of this sandbox's killed builds from the engine: the tags of builds, and their steps,
    /// which have no tag.
    pub fn sweep(&self) {
        let tags = engine().images_of(&self.project).into_iter();
        let tags = tags.filter(|image| image.starts_with("imgpipe-build/"));
        // If the engine still uses a step, the next call removes it.
        remove_all(tags.chain(engine().nameless_of(&self.project)));
    }

    /// The same for those of several images that the engine has, the last first.
    ///
    /// # Panics
    /// As [`Sandbox::forget`].
    pub fn forget_all(&self, references: &[String]) {
        let there = references.iter().rev().filter(|image| engine().has(image));
        there.for_each(|image| self.forget(image));
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let Some(engine) = engine::in_use().filter(|_| self.engine) else {
            return;
        };
        let nameless = engine.nameless_of(&self.project);
        // A failed test may leave a container that uses one; the test's own failure is more helpful.
        remove_all(engine.names_of(&self.project).into_iter().chain(nameless));
    }
}

/// Removes images, as far as the engine allows. One call, because each takes podman a tenth of a second.
fn remove_all(images: impl Iterator<Item = String>) {
    let mut words = vec!["rmi".to_owned()];
    words.extend(images);
    if words.len() > 1 {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        drop(engine().read(&words));
    }
}

/// Unique on this machine, and random: an engine may serve several machines, and process numbers are reused.
fn unique_project() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let random = RandomState::new().hash_one(count) & 0xffff;
    format!("pt{}n{count}r{random:04x}", std::process::id())
}
