//! All inputs of a build at one moment: the build file with the keys of its steps, the fingerprint, and the inputs one
//! by one.

use std::collections::BTreeMap;
use std::path::Path;

use camino::Utf8Path;
use chrono::Utc;
use failure::Failure;
use naming::Digest;
use plan::Secret;

use crate::Builder;
use crate::base::BuildBase;
use crate::context::{BuildContext, EntryKind, Ignore};
use crate::fingerprint::Fingerprint;
use crate::inputs::{Before, Inputs};
use crate::own::Own;
use crate::pending::{PendingImage, Way};
use crate::recipe::Recipe;
use crate::sources::Named;
use crate::steps::{self, Keyed, StepKeys};

/// The digest for a build without a base.
const NO_BASE: Digest = Digest::from_bytes([0; 32]);

/// The reason if the build file's text changed.
pub(crate) const BUILD_FILE_CHANGED: &str = "the build file changed";

/// The inputs of one build.
#[derive(Debug)]
pub(crate) struct Ingredients {
    /// The build file, with its steps and their keys.
    pub text: String,
    /// One digest of everything.
    pub fingerprint: Digest,
    /// The inputs in the registry.
    pub inputs: Inputs,
}

impl Builder<'_> {
    /// Collects the inputs of a build. `named` are the images that its build file names besides its base.
    pub(crate) fn gather(
        &self,
        recipe: &Recipe,
        base: &BuildBase,
        named: &[Named],
        before: &Before,
    ) -> Result<Ingredients, Failure> {
        let mut inputs = Inputs::default();
        let mut extra = BTreeMap::new();
        let base_id = base.digest().filter(|_| recipe.uses_base);
        if recipe.uses_base {
            let value = match base {
                BuildBase::Remote { reference } => {
                    extra.insert("pulled base".to_owned(), reference.canonical());
                    archive::digest_of(reference.canonical().as_bytes())
                }
                _ => base_id.unwrap_or(NO_BASE),
            };
            let told = match base {
                BuildBase::Pending(PendingImage {
                    way: Way::Built, ..
                }) => "the base changes",
                _ => "the base changed",
            };
            inputs.add_told("base", value.short(), Some(told.to_owned()));
        }
        let text = archive::digest_of(recipe.text.as_bytes()).short();
        let told = Some(BUILD_FILE_CHANGED.to_owned());
        inputs.add_told("build file", text, told);
        let told = Some("the platform changed".to_owned());
        inputs.add_told("platform", recipe.architecture.platform(), told);
        for (name, value) in &recipe.args {
            let value = archive::digest_of(value.as_bytes());
            inputs.add(format!("argument {name}"), value.short());
        }
        let ids = recipe.secrets.iter().map(Secret::id);
        let wishes = recipe
            .target
            .iter()
            .map(|target| ("target".to_owned(), target.as_str()));
        let wishes = wishes.chain(ids.map(|id| (format!("secret {id}"), "mounted")));
        for (name, value) in wishes {
            inputs.add(&name, archive::digest_of(value.as_bytes()).short());
            extra.insert(name, value.to_owned());
        }
        for Named { reference, image } in named {
            let id = image.digest();
            let id = id.map_or_else(|| "pulled".to_owned(), |id| id.to_string());
            inputs.add(
                format!("image {reference}"),
                archive::digest_of(id.as_bytes()).short(),
            );
            extra.insert(format!("image {reference}"), id);
        }
        let folder = recipe.context.as_deref().filter(|_| recipe.whole_context);
        let context = folder.map(|folder| self.context(folder)).transpose()?;
        let mut input = Fingerprint {
            base: base_id.unwrap_or(NO_BASE),
            build_file: &recipe.text,
            architecture: recipe.architecture,
            args: &recipe.args,
            context: context.as_ref(),
            extra: &extra,
        };
        if let Some(context) = &context {
            add_context(&mut inputs, context);
        }
        let start = input.fingerprint();
        let keys = StepKeys {
            probes: &self.probes,
            reporter: self.reporter,
            context: recipe.context.as_deref(),
            folder: recipe.context.as_deref().unwrap_or(self.store.root()),
            store: self.store,
            whole_context: recipe.whole_context,
            before,
            now: Utc::now(),
            anew: self.options.no_cache,
        };
        let keyed = keys.of(start, &recipe.steps, &mut inputs)?;
        let lines = keyed
            .iter()
            .map(|step| (step.instruction.as_str(), step.key.as_deref()));
        let text = steps::append(&recipe.text, lines)?;
        let with_steps = with_steps(extra.clone(), &keyed);
        input.extra = &with_steps;
        Ok(Ingredients {
            text,
            fingerprint: input.fingerprint(),
            inputs,
        })
    }

    /// The files of a context, without imgpipe's own files: the registry changes with every load.
    fn context(&self, folder: &Utf8Path) -> Result<BuildContext, Failure> {
        let ignore = Ignore::of_folder(folder)?;
        let own = Own::below(self.store, folder);
        let is_own = |path: &Path, is_folder: bool| own.holds(path, is_folder);
        Ok(BuildContext::read(folder, &ignore, &is_own)?)
    }
}

/// The keys of steps are inputs too.
fn with_steps(mut extra: BTreeMap<String, String>, steps: &[Keyed]) -> BTreeMap<String, String> {
    for (index, step) in steps.iter().enumerate() {
        let name = format!("step {}", index + 1);
        if let Some(key) = &step.key {
            extra.insert(format!("{name} key"), key.clone());
        }
        if let Some(content) = step.content {
            extra.insert(format!("{name} content"), content.to_string());
        }
        extra.insert(name, step.instruction.clone());
    }
    extra
}

fn add_context(inputs: &mut Inputs, context: &BuildContext) {
    let entries = context.entries.iter().map(|entry| {
        let (kind, content) = match &entry.kind {
            EntryKind::File(digest) => ("file", digest.hex()),
            EntryKind::Folder => ("folder", String::new()),
            EntryKind::Link(target) => ("link", archive::digest_of(target).hex()),
            EntryKind::Special => ("special", String::new()),
        };
        let what = format!("{} {kind} {content}", entry.mode);
        (&entry.path[..], archive::digest_of(what.as_bytes()))
    });
    let mut all = Vec::new();
    for (path, digest) in entries.clone() {
        all.extend_from_slice(&(path.len() as u64).to_be_bytes());
        all.extend_from_slice(path);
        all.extend_from_slice(digest.as_bytes());
    }
    let told = Some("files of the context changed".to_owned());
    inputs.add_told("files", archive::digest_of(&all).short(), told);
    inputs.add_files("", entries);
}
