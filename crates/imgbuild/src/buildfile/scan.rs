//! Finds the images that a hand-written build file needs.
//!
//! An engine pulls missing images without asking, so they are found first. These are the images of every stage, of
//! `COPY --from=` and of `RUN --mount=…,from=`. The legacy builder builds even stages that the last one does not need.
//! A name in these may be an earlier stage's name or number, or else an image. `# syntax=` names an image too, which
//! only BuildKit uses.

use std::collections::{BTreeMap, BTreeSet};

use naming::{Architecture, Reference};

use super::instructions::{self, Instruction, unquoted, words};
use super::variables::Variables;
use crate::error::Result;

/// The argument for the base of a build file.
const BASE_IMAGE: &str = "BASE_IMAGE";

/// No image: an empty base.
pub const SCRATCH: &str = "scratch";

/// The needs of a build file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The images, sorted, each once. Without `scratch`.
    pub images: BTreeSet<Reference>,
    /// BuildKit's own front end, if `# syntax=` names one.
    pub syntax: Option<Reference>,
    /// Whether a `FROM` uses the argument `BASE_IMAGE`. Otherwise the plan's base is ignored.
    pub uses_base: bool,
    /// Whether it runs programs, in stages of the image's own architecture as far as known.
    pub runs: bool,
    /// Whether a `FROM` has its own `--platform`.
    pub names_platform: bool,
    /// The first line of the stage after the target, from 1, if there is one.
    pub rest: Option<usize>,
}

/// Scans a build file, with the values of the build's arguments. Undeclared arguments have no effect, as in the
/// builders. Stages after `target` are skipped: no builder builds them.
pub fn scan(
    text: &str,
    args: &BTreeMap<String, String>,
    architecture: Architecture,
    target: Option<&str>,
) -> Result<Scan> {
    let file = instructions::parse(text)?;
    let mut scanner = Scanner::new(args, architecture, file.escape);
    let mut rest = None;
    for instruction in &file.list {
        if instruction.name == "FROM" && target.is_some_and(|target| scanner.is_at(target)) {
            rest = Some(instruction.line);
            break;
        }
        scanner.take(instruction)?;
    }
    if !scanner.in_stage {
        let line = file.list.last().map_or(1, |last| last.line);
        let reason = "there is no `FROM`".into();
        return Err(crate::Error::BuildFile { line, reason });
    }
    if let Some(target) = target.filter(|target| !scanner.is_at(target)) {
        return Err(crate::Error::NoStage {
            target: target.to_owned(),
            stages: scanner.stages,
        });
    }
    let syntax = file.syntax.map(|name| {
        let name = name
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned();
        name.parse()
            .map_err(|error: naming::NameError| crate::Error::BuildFile {
                line: 1,
                reason: error.to_string(),
            })
    });
    Ok(Scan {
        images: scanner.images,
        syntax: syntax.transpose()?,
        uses_base: scanner.uses_base,
        // With its own platform, a stage may run programs of the engine's machine.
        runs: scanner.runs && !scanner.names_platform,
        names_platform: scanner.names_platform,
        rest,
    })
}

struct Scanner<'a> {
    args: &'a BTreeMap<String, String>,
    escape: char,
    variables: Variables,
    /// The names of the stages so far; empty for a stage without a name.
    stages: Vec<String>,
    in_stage: bool,
    images: BTreeSet<Reference>,
    uses_base: bool,
    runs: bool,
    names_platform: bool,
}

impl<'a> Scanner<'a> {
    fn new(args: &'a BTreeMap<String, String>, architecture: Architecture, escape: char) -> Self {
        let mut variables = Variables::default();
        // Set by BuildKit before any `ARG` ("Automatic platform ARGs in the global scope").
        let (arch, variant) = architecture.oci();
        for side in ["TARGET", "BUILD"] {
            variables.set(&format!("{side}PLATFORM"), architecture.platform());
            variables.set(&format!("{side}OS"), "linux".into());
            variables.set(&format!("{side}ARCH"), arch.into());
            variables.set(
                &format!("{side}VARIANT"),
                variant.unwrap_or_default().into(),
            );
        }
        Self {
            args,
            escape,
            variables,
            stages: Vec::new(),
            in_stage: false,
            images: BTreeSet::new(),
            uses_base: false,
            runs: false,
            names_platform: false,
        }
    }

    fn take(&mut self, instruction: &Instruction) -> Result<()> {
        let words = words(&instruction.rest, self.escape);
        match instruction.name.as_str() {
            name if !(self.in_stage || matches!(name, "ARG" | "FROM")) => {
                Err(instruction.error("only `ARG` is allowed before the first `FROM`"))
            }
            "ARG" if !self.in_stage => self.arg(instruction, &words),
            "FROM" => self.from(instruction, &words),
            "COPY" | "ADD" => {
                for value in flags(&words, "--from=", self.escape) {
                    self.reference(instruction, &value)?;
                }
                Ok(())
            }
            "RUN" => {
                self.runs = true;
                for mount in flags(&words, "--mount=", self.escape) {
                    let fields = mount.split(',').map(|field| field.trim_matches('"'));
                    for value in fields.filter_map(|field| field.strip_prefix("from=")) {
                        self.reference(instruction, value)?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn arg(&mut self, instruction: &Instruction, words: &[String]) -> Result<()> {
        for word in words {
            let (name, default) = match word.split_once('=') {
                Some((name, default)) => (name, Some(default)),
                None => (word.as_str(), None),
            };
            let default = default
                .map(|default| self.variables.expand(default, self.escape))
                .transpose()
                .map_err(|reason| instruction.error(reason))?;
            if let Some(value) = self.args.get(name).cloned().or(default) {
                self.variables.set(name, value);
            }
        }
        Ok(())
    }

    fn from(&mut self, instruction: &Instruction, words: &[String]) -> Result<()> {
        self.names_platform |= flags(words, "--platform=", self.escape).next().is_some();
        let operands: Vec<_> = words
            .iter()
            .skip_while(|word| word.starts_with("--"))
            .collect();
        let (image, name) = match operands[..] {
            [image] => (image, String::new()),
            [image, keyword, name] if keyword.eq_ignore_ascii_case("as") => {
                (image, name.to_ascii_lowercase())
            }
            _ => return Err(instruction.error("expected `FROM image` or `FROM image AS name`")),
        };
        let meant = self
            .variables
            .expand(image, self.escape)
            .map_err(|reason| instruction.error(reason))?;
        self.uses_base |= self.variables.was_used(BASE_IMAGE);
        if meant.is_empty() {
            let image = image.escape_debug();
            return Err(instruction.error(format!(
                "`{image}` gives no image: an argument has no value"
            )));
        }
        // A number is a stage for `COPY --from`, but an image here.
        if meant != SCRATCH && !self.is_stage_name(&meant) {
            self.image(instruction, &meant)?;
        }
        self.stages.push(name);
        self.in_stage = true;
        Ok(())
    }

    /// The meaning of a `from=`.
    fn reference(&mut self, instruction: &Instruction, value: &str) -> Result<()> {
        if value.contains('$') {
            return Err(instruction
                .error("variables are not supported in `from`; name a stage with `FROM … AS`"));
        }
        let is_stage = match value.parse::<usize>() {
            Ok(number) => number < self.stages.len(),
            Err(_) => self.is_stage_name(value),
        };
        if is_stage || value == SCRATCH {
            return Ok(());
        }
        self.image(instruction, value)
    }

    /// Whether the current stage is the target, by its name or its number from 0.
    fn is_at(&self, target: &str) -> bool {
        let Some(name) = self.stages.last() else {
            return false;
        };
        let number = self.stages.len() - 1;
        (!name.is_empty() && name.eq_ignore_ascii_case(target))
            || (target.parse() == Ok(number) && !self.is_stage_name(target))
    }

    fn is_stage_name(&self, name: &str) -> bool {
        self.stages
            .iter()
            .any(|stage| stage.eq_ignore_ascii_case(name) && !stage.is_empty())
    }

    fn image(&mut self, instruction: &Instruction, name: &str) -> Result<()> {
        let reference = name
            .parse()
            .map_err(|error: naming::NameError| instruction.error(error.to_string()))?;
        self.images.insert(reference);
        Ok(())
    }
}

/// The values of a flag before the first operand.
fn flags<'a>(
    words: &'a [String],
    flag: &'a str,
    escape: char,
) -> impl Iterator<Item = String> + use<'a> {
    words
        .iter()
        .take_while(|word| word.starts_with("--") && *word != "--")
        .map(move |word| unquoted(word, escape))
        .filter_map(move |word| word.strip_prefix(flag).map(str::to_owned))
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
