//! How an image is built: by the plan's build file, the store's, or a generated one.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use failure::Failure;
use inventory::Manager;
use naming::{Architecture, ImageName, PackageName, Reference};
use plan::{Plan, Secret, Step, StepAction};
use registry::Store;

use crate::base::BuildBase;
use crate::buildfile::{Generated, SCRATCH, generate, installs, scan};
use crate::sources::Sources;
use crate::{paths, steps};

/// The argument for the base of a build file.
pub(crate) const BASE_IMAGE: &str = "BASE_IMAGE";

/// The largest accepted build file, in bytes.
const MAX_BUILD_FILE: u64 = 1 << 20;

/// All inputs of a build, except the bytes of its base.
#[derive(Debug)]
pub(crate) struct Recipe {
    /// The build file's text, without the steps.
    pub text: String,
    /// The steps after it.
    pub steps: Vec<Step>,
    /// The folder that `COPY` reads.
    pub context: Option<Utf8PathBuf>,
    /// Whether the engine needs it.
    pub sends_context: bool,
    /// Whether the whole context may get into the image, or only files that steps copy.
    pub whole_context: bool,
    /// The plan's build arguments.
    pub args: BTreeMap<String, String>,
    /// The architecture of the image.
    pub architecture: Architecture,
    /// Images that the build file itself names, besides its base.
    pub images: BTreeSet<Reference>,
    /// Whether the base is part of the image.
    pub uses_base: bool,
    /// Whether a `FROM` has its own platform: then the base may be for another one.
    pub names_platform: bool,
    /// Whether programs of the image's architecture are run.
    pub runs: bool,
    /// The stage to build; `None` is the last.
    pub target: Option<String>,
    /// The network of `RUN` steps.
    pub network: Option<String>,
    /// Secrets that `RUN` steps may mount.
    pub secrets: Vec<Secret>,
    /// The packages that a generated build file installs. If a package has another name than its compiler or tool, that
    /// is the value.
    pub packages: BTreeMap<PackageName, Option<String>>,
}

impl Recipe {
    /// Decides how a plan is built.
    pub(crate) fn of(
        plan: &Plan,
        name: &ImageName,
        sources: &Sources,
        base: &BuildBase,
    ) -> Result<Self, Failure> {
        let store = sources.builder.store;
        let steps = plan.build.steps.clone();
        let architecture = wanted_architecture(plan)
            .or_else(|| base.architecture())
            .unwrap_or_else(Architecture::host);
        let args = plan.build.args.clone();
        for (name, value) in &args {
            check_argument(name, value).map_err(|failure| failure.about(plan.subject()))?;
        }
        let context = plan
            .build
            .context
            .as_ref()
            .map(|path| paths::inside(store, path, "build context"))
            .transpose()?;
        if context.as_ref().is_some_and(|folder| !folder.is_dir()) {
            return Err(
                Failure::invalid("the plan's build context is not a folder").about(plan.subject())
            );
        }
        let copies = steps
            .iter()
            .any(|step| matches!(step.action, StepAction::Copy { .. }));
        if copies && context.is_none() {
            return Err(Failure::invalid(
                "a step copies files, but the plan has no `build.context`",
            )
            .about(plan.subject()));
        }
        let steps_run = steps
            .iter()
            .any(|step| !matches!(step.action, StepAction::Copy { .. }));
        // As for a build file that is generated.
        let recipe = Self {
            text: String::new(),
            steps,
            context,
            sends_context: copies,
            whole_context: false,
            args,
            architecture,
            images: BTreeSet::new(),
            uses_base: true,
            names_platform: false,
            runs: steps_run,
            target: None,
            network: plan.build.network.clone(),
            secrets: plan.build.secrets.clone(),
            packages: BTreeMap::new(),
        };
        let Some(file) = build_file(plan, name, store)? else {
            if let Some(target) = &plan.build.target {
                return Err(Failure::invalid(format!(
                    "`build.target` is `{target}`, but the plan has no build file"
                ))
                .with_hint("set `build.dockerfile`")
                .about(plan.subject()));
            }
            let (text, packages) = generated(plan, name, sources, base, architecture)?;
            return Ok(Self {
                runs: steps_run || text.contains("\nRUN "),
                text,
                packages,
                ..recipe
            });
        };
        let mut text = read(&file)?;
        let target = plan.build.target.clone();
        let mut args = recipe.args.clone();
        let mut known = args.clone();
        let named = match base {
            BuildBase::Scratch => Some(SCRATCH.to_owned()),
            base => base.reference().map(|reference| reference.to_string()),
        };
        known.extend(named.map(|base| (BASE_IMAGE.to_owned(), base)));
        let scan = scan(&text, &known, architecture, target.as_deref())
            .map_err(|error| Failure::from(error).about(file.as_str()))?;
        if scan.uses_base && matches!(base, BuildBase::Scratch) {
            args.insert(BASE_IMAGE.to_owned(), SCRATCH.to_owned());
        }
        let mut images = scan.images;
        if scan.uses_base
            && let Some(base) = base.reference()
        {
            images.remove(&base);
        }
        let checked = steps::append(&text, recipe.steps.iter().map(|_| ("RUN true", None)));
        checked.map_err(|error| Failure::from(error).about(file.as_str()))?;
        // No builder builds the stages after the target, so they are cut off. Docker's legacy builder (20.10) finds no
        // stage by its number, and podman none in another case. Steps follow the target stage, and see its arguments.
        if let Some(line) = scan.rest {
            let lines = text.lines().take(line - 1);
            text = lines.map(|line| format!("{line}\n")).collect();
        }
        Ok(Self {
            text,
            sends_context: recipe.context.is_some(),
            whole_context: recipe.context.is_some(),
            args,
            images,
            uses_base: scan.uses_base,
            names_platform: scan.names_platform,
            runs: scan.runs || (steps_run && !scan.names_platform),
            target,
            ..recipe
        })
    }

    /// The compiler or tool of a package with another name.
    pub(crate) fn asked_as(&self, package: &str) -> Option<&str> {
        let mut packages = self.packages.iter();
        let (_, asked) = packages.find(|(name, _)| name.name() == package)?;
        asked.as_deref()
    }

    /// Whether there are arguments besides the base's, which only `FROM` uses.
    pub(crate) fn has_args_of_its_own(&self) -> bool {
        self.args.keys().any(|name| name != BASE_IMAGE)
    }

    /// The arguments of the build, with the base's reference.
    pub(crate) fn args_on(&self, base: Option<&Reference>) -> BTreeMap<String, String> {
        let mut args = self.args.clone();
        if let Some(base) = base.filter(|_| self.uses_base) {
            args.insert(BASE_IMAGE.to_owned(), base.to_string());
        }
        args
    }
}

/// Whether a build argument can be passed to an engine, which takes `NAME=VALUE` as one word and reads the name as a
/// variable's. A value may be anything without a NUL: no shell sees it.
fn check_argument(name: &str, value: &str) -> Result<(), Failure> {
    let mut characters = name.chars();
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_variable = characters.next().is_some_and(is_start)
        && characters.all(|c| is_start(c) || c.is_ascii_digit() || matches!(c, '.' | '-'));
    let refuse = |why: &str| {
        Err(Failure::invalid(format!(
            "the build argument `{name}` {why}"
        )))
    };
    if name.starts_with(steps::ARGUMENT) {
        refuse("is reserved for steps")
    } else if name == BASE_IMAGE {
        let failure = refuse("is reserved for the base");
        failure.map_err(|failure| {
            failure.with_hint("imgbuild sets it; set the base with the plan's `base_image` or `best_base_image_path`")
        })
    } else if !is_variable {
        let failure = refuse("is not a valid variable name");
        failure.map_err(|failure| {
            failure.with_hint("use a letter or `_`, then letters, digits, `_`, `.` and `-`")
        })
    } else if value.contains('\0') {
        refuse("holds a NUL byte")
    } else {
        Ok(())
    }
}

fn generated(
    plan: &Plan,
    name: &ImageName,
    sources: &Sources,
    base: &BuildBase,
    architecture: Architecture,
) -> Result<(String, BTreeMap<PackageName, Option<String>>), Failure> {
    let wanted = plan.requirements.as_ref();
    let missing = plan.to_install();
    let compilers = wanted.map_or(&missing.compilers, |wanted| &wanted.compilers);
    let has_any = !missing.is_empty() || !compilers.is_empty();
    let reference = base.reference();
    let is_scratch = matches!(base, BuildBase::Scratch);
    let refuse = |why: &str| Err(Failure::invalid(why).about(plan.subject()));
    let has_steps = !plan.build.steps.is_empty();
    if reference.is_none() && (!is_scratch || !has_steps) {
        return refuse(
            "the plan has no base: set `best_base_image_path`, `base_image` or a build file",
        );
    }
    if is_scratch && has_any {
        return refuse("cannot install packages on `scratch`: it has no package manager");
    }
    let os = wanted.map(|wanted| wanted.os.clone()).or_else(|| base.os());
    let manager = match os.as_ref().and_then(Manager::of) {
        _ if is_scratch => None,
        Some(manager) => Some(manager),
        // The name of a custom base (`our-base:3`) has no system, but the name of the image does.
        None if has_any => base
            .manager(sources.builder.store, sources.registry)?
            .or_else(|| Manager::of(name.os())),
        None => Manager::of(name.os()),
    };
    if has_any && manager.is_none() {
        return Err(crate::Error::unknown_manager(os.as_ref(), name).into());
    }
    let generated = Generated {
        name,
        base: reference.as_ref(),
        manager,
        architecture,
        compilers: &missing.compilers,
        default_compiler: compilers.first(),
        packages: &missing.packages,
        tools: &missing.tools,
        variants: wanted.map_or(&[][..], |wanted| &wanted.variants),
    };
    Ok((generate(&generated)?, installs(&generated)?))
}

/// The architecture of a plan. Without one, it is the base's.
pub(crate) fn wanted_architecture(plan: &Plan) -> Option<Architecture> {
    Some(plan.requirements.as_ref()?.architecture)
}

/// The hand-written build file of a plan: its own, or else the store's for the name.
pub(crate) fn build_file(
    plan: &Plan,
    name: &ImageName,
    store: &Store,
) -> Result<Option<Utf8PathBuf>, Failure> {
    if let Some(path) = &plan.build.dockerfile {
        return paths::inside(store, path, "build file").map(Some);
    }
    let folder = store.root().join("images").join(name.project());
    let own = folder.join(format!("Dockerfile.{name}"));
    Ok(Some(own).filter(|path| path.is_file()))
}

pub(crate) fn read(path: &Utf8Path) -> Result<String, Failure> {
    let failed = |why: String| {
        Failure::invalid(format!("cannot read the build file: {why}")).about(path.as_str())
    };
    let metadata = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?;
    if metadata.len() > MAX_BUILD_FILE {
        return Err(failed("it is larger than 1 MiB".to_owned()));
    }
    std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))
}

/// The images that a plan's build file names, except its base, as far as they are known before that. The build reports an invalid file; until then it names nothing.
pub(crate) fn named_images(plan: &Plan, store: &Store) -> BTreeSet<Reference> {
    read_named(plan, store).unwrap_or_default()
}

fn read_named(plan: &Plan, store: &Store) -> Result<BTreeSet<Reference>, Failure> {
    let name: ImageName = plan.name.as_deref().unwrap_or_default().parse()?;
    let Some(file) = build_file(plan, &name, store)? else {
        return Ok(BTreeSet::new());
    };
    let mut args = plan.build.args.clone();
    // The base is not an image that the file names.
    args.insert(BASE_IMAGE.to_owned(), SCRATCH.to_owned());
    let text = read(&file)?;
    let architecture = wanted_architecture(plan).unwrap_or_else(Architecture::host);
    let target = plan.build.target.as_deref();
    Ok(scan(&text, &args, architecture, target)?.images)
}
