//! Builds with the builder of the engine's command line: BuildKit, Docker's legacy builder, or podman's. Uses only
//! flags that all of them accept. Settings of BuildKit alone are passed in the environment.
//!
//! stdout and stderr of a build are one stream of lines, since builders use them differently. The caller gets the lines
//! as they come.

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

/// The build file.
#[derive(Clone, Copy, Debug)]
pub enum BuildFile<'a> {
    /// A text.
    Text(&'a str),
    /// A path, inside the context or not. The engine looks for `FILE.dockerignore` beside it.
    Path(&'a Utf8Path),
}

impl BuildFile<'_> {
    /// Its instructions that copy files; none if it cannot be read.
    fn copies(self) -> Vec<String> {
        match self {
            BuildFile::Text(text) => legacy::copies(text),
            BuildFile::Path(path) => legacy::copies(&fs::read_to_string(path).unwrap_or_default()),
        }
    }
}

/// A build. Without a context, `COPY` from it finds no files.
#[derive(Clone, Debug)]
pub struct Build<'a> {
    /// The build file.
    pub file: BuildFile<'a>,
    /// The folder for `COPY` and `ADD`.
    pub context: Option<&'a Utf8Path>,
    /// The tag of the result. It must be free before, so its image afterwards is the result.
    pub tag: &'a Reference,
    /// Values for `ARG`. They never appear in errors, nor on the engine's command line.
    pub args: BTreeMap<String, String>,
    /// Whether steps depend on `args`, not only `FROM`.
    pub args_in_steps: bool,
    /// Labels of the result.
    pub labels: BTreeMap<String, String>,
    /// Build for another architecture than the engine's.
    pub platform: Option<Architecture>,
    /// Run every step again.
    pub no_cache: bool,
    /// Check registries for newer base images. Without it, Docker still pulls a missing base.
    pub pull: bool,
    /// An image whose equal steps are reused, in addition to older steps of this engine. Docker's legacy builder then uses only
    /// that image.
    pub cache_from: Option<&'a Reference>,
    /// The network of `RUN` steps: `none`, `host`, a network's name.
    pub network: Option<&'a str>,
    /// Secrets for `RUN --mount=type=secret`, in the form of engines: `id=ID,src=PATH`, `id=ID,env=NAME`.
    pub secrets: Vec<String>,
    /// The images in the build file.
    pub images: Vec<String>,
    /// Records leftovers of an interrupted build.
    pub notes: Option<&'a dyn Notes>,
}

impl<'a> Build<'a> {
    /// A build of `file` as `tag`, with default settings.
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

/// The number of attempts if another image is removed during the build, and the pause between them.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);

impl Engine {
    /// Builds an image and returns it. Each line of output goes to `on_output` as it comes, in a form that is safe for
    /// a terminal. The last lines are also in the error.
    ///
    /// A failed build leaves no container, no tag and no image that did not exist before.
    pub fn build(
        &self,
        build: &Build,
        mut on_output: impl FnMut(&str),
    ) -> Result<ImageInfo, Error> {
        for _ in 1..ATTEMPTS {
            match self.build_once(build, &mut on_output) {
                Err(error) if error.tail().is_some_and(legacy::lost_a_step) => {
                    // The tag was free before, so its image now comes from this attempt.
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
        // A client may need a long time to end. This process stays alive until the leftovers of the build are removed.
        let _cleaning = Cleaning::start();
        let built = self.run_build(build, &version, &mut steps, on_output);
        let image = built.and_then(|()| self.inspect(&[&name]));
        match image.map(|mut images| images.pop().flatten()) {
            Ok(Some(image)) => Ok(image),
            Ok(None) => Err(Error::NotBuilt {
                tag: build.tag.clone(),
            }),
            Err(error) => {
                // If the earlier images are unknown, all images stay.
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
    /// Whether the builder would reuse a step of other arguments for one of these.
    fn misleads_cache(&self, version: &Version) -> bool {
        self.args_in_steps && !self.args.is_empty() && version.caches_without_arguments()
    }

    /// The call, and its standard input.
    fn call(&self, call: Call, version: &Version) -> Result<(Call, Option<Vec<u8>>), Error> {
        // Values are joined to their flags, so they cannot be parsed as flags.
        let labels = self.labels.iter();
        let labels = labels.map(|(key, value)| format!("--label={key}={value}"));
        let call = arguments::pass(call, &self.args)
            .ended_by(version.ends_builds())
            .env("BUILDKIT_PROGRESS", "plain")
            // Attestations turn an image into an index, with another ID each time.
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

/// The folder in a form that no builder parses as a URL or as `-`.
fn local(folder: &Utf8Path) -> String {
    Utf8Path::new(".").join(folder).into_string()
}
