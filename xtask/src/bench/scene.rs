//! What all cases share: the folders, the commands as a user would type them, and the engine's images.

use camino::{Utf8Path, Utf8PathBuf};

use super::clean;
use super::options::{Options, Sizes};
use super::random::Random;
use super::tree::Tree;
use crate::Error;
use crate::process::{Command, Runner, command};

/// What all of the bench's images carry, and those that are built on them: nothing else tells an image without a tag.
pub(crate) const LABEL: &str = "imgpipe.bench";

/// The surroundings of the cases.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) runner: &'a Runner,
    pub(crate) options: &'a Options,
    engine: &'a str,
    folder: Utf8PathBuf,
    path: String,
}

impl<'a> Scene<'a> {
    /// `programs` is where the commands are that are measured.
    pub(crate) fn new(
        runner: &'a Runner,
        options: &'a Options,
        engine: &'a str,
        folder: Utf8PathBuf,
        programs: &Utf8Path,
    ) -> Result<Self, Error> {
        std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        let path = format!("{programs}:{}", runner.variable("PATH").unwrap_or_default());
        Ok(Self {
            runner,
            options,
            engine,
            folder,
            path,
        })
    }

    pub(crate) fn sizes(&self) -> &'static Sizes {
        self.options.sizes()
    }

    /// A file or folder of this run.
    pub(crate) fn file(&self, name: &str) -> Utf8PathBuf {
        self.folder.join(name)
    }

    /// A command of imgpipe, in a store.
    pub(crate) fn ours<W: Into<String>>(
        &self,
        store: &Store,
        words: impl IntoIterator<Item = W>,
    ) -> Command {
        self.surround(command(words))
            .folder(&store.folder)
            .variable("IMG_REGISTRY", store.folder.join("image-registry.yml"))
    }

    /// A command of the engine.
    pub(crate) fn engine<W: Into<String>>(&self, words: impl IntoIterator<Item = W>) -> Command {
        let words = words.into_iter().map(Into::into);
        self.surround(command([self.engine.to_owned()].into_iter().chain(words)))
    }

    /// A line of the shell, where `$E` is the engine and `$@` what `words` holds.
    pub(crate) fn shell<'w>(
        &self,
        line: &'w str,
        words: impl IntoIterator<Item = &'w str>,
    ) -> Command {
        let words = ["sh", "-c", line, "sh"].into_iter().chain(words);
        self.surround(command(words)).variable("E", self.engine)
    }

    fn surround(&self, command: Command) -> Command {
        command
            .folder(&self.folder)
            .variable("PATH", &self.path)
            .variable("IMG_ENGINE", self.engine)
    }

    /// Takes images from the engine. Engines differ in what they say of one that is not there, so they are not asked to.
    pub(crate) fn absent<'w>(&self, references: impl IntoIterator<Item = &'w str>) -> Command {
        let line = "for i; do if \"$E\" image inspect \"$i\" > /dev/null 2>&1; then \"$E\" rmi --force \"$i\" || exit; fi; done";
        self.shell(line, references)
    }

    /// Brings what earlier commands wrote to the disk, so that the next one does not wait for it.
    pub(crate) fn settled(&self) -> Command {
        command(["sync"])
    }

    /// Removes a file or folder of this run.
    pub(crate) fn gone(&self, path: &Utf8Path) -> Command {
        command(["rm", "-rf", path.as_str()])
    }

    /// Takes all images of the bench from the engine, those without a tag too: any of them may hold a layer.
    pub(crate) fn forget(&self) -> Result<(), Error> {
        clean::images(self.runner, self.engine)
    }

    /// Ends a group of cases: nothing of it stays, in the engine or on disk.
    pub(crate) fn clear(&self) -> Result<(), Error> {
        self.forget()?;
        std::fs::remove_dir_all(&self.folder).map_err(Error::io(&self.folder))?;
        std::fs::create_dir_all(&self.folder).map_err(Error::io(&self.folder))
    }

    /// Tells which case comes.
    pub(crate) fn say(&self, case: impl std::fmt::Display) {
        eprintln!("\n==> {case}");
    }

    /// A store, empty at first.
    pub(crate) fn store(&self, name: &str) -> Result<Store, Error> {
        let folder = self.file(name);
        std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        Ok(Store { folder })
    }

    /// Puts an image into a store, and returns the archive.
    pub(crate) fn save(&self, store: &Store, name: &str) -> Result<Utf8PathBuf, Error> {
        let printed = self
            .runner
            .read_all(&self.ours(store, ["imgsave", "--quiet", name]))?;
        Ok(store.folder.join(printed))
    }

    /// Saves images with the engine alone, into one file.
    pub(crate) fn engine_save<'w>(
        &self,
        file: &str,
        names: impl IntoIterator<Item = &'w str>,
    ) -> Result<Utf8PathBuf, Error> {
        let path = self.file(file);
        let names = names.into_iter().map(str::to_owned);
        let words = ["save".into(), "-o".into(), path.to_string()];
        let words = words.into_iter().chain(names);
        self.runner.run_quietly(&self.engine(words))?;
        Ok(path)
    }

    /// Makes an image of one layer, like a distribution's.
    pub(crate) fn import(
        &self,
        random: &mut Random,
        name: &str,
        tree: &Tree<'_>,
    ) -> Result<(), Error> {
        eprintln!("making {name}");
        let tar = self.file("layer.tar");
        tree.write(random, &tar)?;
        let change = format!("LABEL {LABEL}=1");
        let words = ["import", "--change", &change, tar.as_str(), name];
        self.runner.run_quietly(&self.engine(words))?;
        std::fs::remove_file(&tar).map_err(Error::io(tar))
    }

    /// Makes an image of one more layer, as a package manager's run leaves it.
    pub(crate) fn build(
        &self,
        random: &mut Random,
        base: &str,
        name: &str,
        tree: &Tree<'_>,
    ) -> Result<(), Error> {
        eprintln!("making {name}");
        let context = self.file("context");
        std::fs::create_dir_all(&context).map_err(Error::io(&context))?;
        tree.write(random, &context.join("layer.tar"))?;
        let file = context.join("Dockerfile");
        std::fs::write(&file, format!("FROM {base}\nADD layer.tar /\n"))
            .map_err(Error::io(file))?;
        let words = ["build", "--quiet", "--tag", name, context.as_str()];
        self.runner.run_quietly(&self.engine(words))?;
        std::fs::remove_dir_all(&context).map_err(Error::io(context))
    }
}

/// A folder with a registry and archives.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) folder: Utf8PathBuf,
}
