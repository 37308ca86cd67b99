//! Builds, by whatever builder the engine's command line has: BuildKit, Docker's legacy builder,
//! podman's. Only flags that all of them take are used; BuildKit's own wishes go by environment.
//!
//! stdout and stderr of a build are one stream of lines (builders do not agree on which is which),
//! given to the caller as they come.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::{Duration, SystemTime};

use camino::Utf8Path;
use naming::{Architecture, Reference};
use process::{Call, Chunks, Cleaning, Lines, Streams, TAIL, Tail};

use crate::flavor::{Flavor, Version};
use crate::interrupted::Notes;
use crate::leftovers::Failed;
use crate::legacy::{self, Steps};
use crate::{Engine, Error, ImageInfo, arguments, complaint};

/// Where the build file is.
#[derive(Clone, Copy, Debug)]
pub enum BuildFile<'a> {
    /// Its text.
    Text(&'a str),
    /// A file, not necessarily inside the context. The engine looks for `FILE.dockerignore` beside it.
    Path(&'a Utf8Path),
}

impl BuildFile<'_> {
    /// Its instructions that copy files. None if it can't be read.
    fn copies(self) -> Vec<String> {
        match self {
            BuildFile::Text(text) => legacy::copies(text),
            BuildFile::Path(path) => legacy::copies(&fs::read_to_string(path).unwrap_or_default()),
        }
    }
}

/// What to build. Without a context, `COPY` from it finds nothing.
#[derive(Clone, Debug)]
pub struct Build<'a> {
    /// The build file.
    pub file: BuildFile<'a>,
    /// The folder that `COPY` and `ADD` read.
    pub context: Option<&'a Utf8Path>,
    /// The tag of the result. No image may have it: so what has it afterwards is the result.
    pub tag: &'a Reference,
    /// Values for `ARG`. Never shown in errors, nor on the engine's command line.
    pub args: BTreeMap<String, String>,
    /// Whether steps go by `args`, rather than `FROM` alone.
    pub args_in_steps: bool,
    /// Labels of the result.
    pub labels: BTreeMap<String, String>,
    /// Build for another architecture than the engine's.
    pub platform: Option<Architecture>,
    /// Run every step anew.
    pub no_cache: bool,
    /// Ask registries for newer base images. Without it Docker still pulls a base that is not there.
    pub pull: bool,
    /// An image, not older steps of this engine alone, from which steps are taken that are the same. Docker's legacy builder then
    /// looks nowhere else.
    pub cache_from: Option<&'a Reference>,
    /// The network of `RUN` steps: `none`, `host`, a network's name.
    pub network: Option<&'a str>,
    /// Secrets for `RUN --mount=type=secret`, as engines take them: `id=ID,src=PATH`, `id=ID,env=NAME`.
    pub secrets: Vec<String>,
    /// The images that the build file names.
    pub images: Vec<String>,
    /// Where is noted what it may leave if it is interrupted.
    pub notes: Option<&'a dyn Notes>,
}

impl<'a> Build<'a> {
    /// A build of `file` as `tag`, without anything else.
    pub fn new(file: BuildFile<'a>, tag: &'a Reference) -> Self {
        Self {
            file,
            context: None,
            tag,
            args: BTreeMap::new(),
            args_in_steps: false,
            labels: BTreeMap::new(),
            platform: None,
            no_cache: false,
            pull: false,
            cache_from: None,
            network: None,
            secrets: Vec::new(),
            images: Vec::new(),
            notes: None,
        }
    }
}

/// How often a build is tried that failed because another image was removed meanwhile, and the pause between.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);

impl Engine {
    /// Builds an image and returns it. Every line of output, harmless to a terminal, goes to
    /// `on_output` as it comes; the last of them are in the error, too.
    ///
    /// A failed build leaves no container, no tag and no image that was not there before.
    pub fn build(
        &self,
        build: &Build,
        mut on_output: impl FnMut(&str),
    ) -> Result<ImageInfo, Error> {
        for _ in 1..ATTEMPTS {
            match self.build_once(build, &mut on_output) {
                Err(error) if error.tail().is_some_and(legacy::lost_a_step) => {
                    // The tag was free before: whatever bears it now is what came of this attempt.
                    let _ = self.untag(build.tag);
                    thread::sleep(PAUSE);
                }
                built => return built,
            }
        }
        self.build_once(build, &mut on_output)
    }

    fn build_once(
        &self,
        build: &Build,
        on_output: &mut dyn FnMut(&str),
    ) -> Result<ImageInfo, Error> {
        let version = self.probe()?;
        self.check_build(build)?;
        let name = build.tag.to_string();
        if self.inspect(&[&name])?.iter().any(Option::is_some) {
            return Err(Error::TagTaken {
                tag: build.tag.clone(),
            });
        }
        let before = self.ids()?;
        let since = SystemTime::now();
        let mut steps = Steps::default();
        // A client may take long to end. Nothing ends this process before what the build left is removed.
        let _cleaning = Cleaning::start();
        let built = self.run_build(build, &version, &mut steps, on_output);
        let image = built.and_then(|()| self.inspect(&[&name]));
        match image.map(|mut images| images.pop().flatten()) {
            Ok(Some(image)) => Ok(image),
            Ok(None) => Err(Error::NotBuilt {
                tag: build.tag.clone(),
            }),
            Err(error) => {
                // Where it is not known what was there, all stays.
                if let Some(before) = before {
                    self.clean_up().remove_leftovers(&Failed {
                        tag: build.tag,
                        steps: &steps,
                        before: &before,
                        since,
                        cut_off: error.is_cut_off(),
                        copies: &match version.server_flavor {
                            Flavor::Docker => build.file.copies(),
                            Flavor::Podman => Vec::new(),
                        },
                        images: &build.images,
                        notes: build.notes,
                    });
                }
                Err(error)
            }
        }
    }

    fn run_build(
        &self,
        build: &Build,
        version: &Version,
        steps: &mut Steps,
        mut on_output: impl FnMut(&str),
    ) -> Result<(), Error> {
        let (call, _spool) = self.spooled_call("build")?;
        let (call, text) = build.call(call, version)?;
        let stdin = text.map(|text| call.pipe_with(text)).transpose()?;
        let (output, stdout) = call.pipe()?;
        let stderr = call.io(stdout.try_clone())?;
        let running = call.start(Streams {
            stdin,
            stdout,
            stderr,
        })?;
        let child = running.child();
        let chunks = call.io(Chunks::start(output, child))?;
        call.watch(child)?;

        let mut tail = Tail::new(TAIL);
        let mut lines = Lines::default();
        let mut show = |line: &str| {
            steps.see(line);
            if !complaint::is_about_cache(line) {
                on_output(line);
            }
        };
        while let Some(chunk) = chunks.next() {
            tail.push(&chunk);
            lines.push(&chunk, &mut show);
        }
        lines.finish(&mut show);
        child.resume();
        let status = call.io(child.wait(call.timeout()))?;
        Ok(call.judge(child, status, &tail.text())?)
    }
}

impl Build<'_> {
    /// Whether the builder would take a step of other arguments for one of these.
    fn misleads_cache(&self, version: &Version) -> bool {
        self.args_in_steps && !self.args.is_empty() && version.caches_without_arguments()
    }

    /// The command line, and what it is to read on its standard input.
    fn call(&self, call: Call, version: &Version) -> Result<(Call, Option<Vec<u8>>), Error> {
        // Values are joined to their flags: they cannot be taken for flags themselves.
        let labels = self.labels.iter();
        let labels = labels.map(|(key, value)| format!("--label={key}={value}"));
        let call = arguments::pass(call, &self.args)
            .ended_by(version.ends_builds())
            .env("BUILDKIT_PROGRESS", "plain")
            // Attestations turn an image into an index of one, with another ID each time.
            .env("BUILDX_NO_DEFAULT_ATTESTATIONS", "1")
            .env("DOCKER_CLI_HINTS", "false")
            .arg("--force-rm")
            .arg(format!("--tag={}", self.tag))
            .args(labels)
            .args(
                self.secrets
                    .iter()
                    .map(|secret| format!("--secret={secret}")),
            )
            .args(
                self.platform
                    .map(|platform| format!("--platform={}", platform.platform())),
            )
            .args(self.network.map(|network| format!("--network={network}")))
            .args((self.no_cache || self.misleads_cache(version)).then_some("--no-cache"))
            .args(self.cache_from.map(|image| format!("--cache-from={image}")))
            .args(version.keeps_cache())
            .args(if self.pull {
                Some("--pull")
            } else {
                version.never_pull()
            });
        Ok(match (self.context, self.file) {
            (Some(context), BuildFile::Text(text)) => (
                call.args(["--file=-", "--", &local(context)]),
                Some(text.into()),
            ),
            (Some(context), BuildFile::Path(path)) => (
                call.args([&format!("--file={path}"), "--", &local(context)]),
                None,
            ),
            (None, BuildFile::Text(text)) => (call.args(["--", "-"]), Some(text.into())),
            (None, BuildFile::Path(path)) => {
                let text = fs::read(path).map_err(|source| Error::File {
                    path: path.to_owned(),
                    source,
                })?;
                (call.args(["--", "-"]), Some(text))
            }
        })
    }
}

/// The folder so written that no builder takes it for a URL or for `-`.
fn local(folder: &Utf8Path) -> String {
    Utf8Path::new(".").join(folder).into_string()
}
