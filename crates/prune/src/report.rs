//! The report of a run, for people and for scripts.

use camino::Utf8PathBuf;
use chrono::{DateTime, Utc};
use failure::{Code, Failure};
use serde_json::{Value, json};
use ui::{Reporter, Reprieve, size};

use crate::Unmet;

/// The results of a run or of a dry run.
#[derive(Debug, Default)]
pub struct Report {
    /// The removed files and entries, in order.
    pub gone: Vec<Gone>,
    /// The images that stay, and why.
    pub kept: Vec<Kept>,
    /// Limits that could not be met, and the names of the images that prevent it.
    pub unmet: Vec<(Unmet, Vec<String>)>,
    /// The number of registered images with archives before the run.
    pub images: usize,
    /// Their bytes.
    pub bytes: u64,
    /// How many of them lost their entry.
    pub unregistered: usize,
    /// The free bytes after the run on the file system of the archives; of several, on the fullest.
    pub free: Option<u64>,
    /// Entries without archives that stay.
    pub missing: Vec<String>,
    /// Those of them that should be removed, and why they stay.
    pub held: Vec<Kept>,
    /// The held images that the user named.
    pub(crate) held_named: Vec<String>,
    /// The number and bytes of orphans that stay.
    pub orphans: (usize, u64),
    /// Whether orphans should be removed.
    pub asked_for_orphans: bool,
    /// How many dangling images were removed from the engine.
    pub dangling: usize,
    /// Whether this was a dry run.
    pub dry_run: bool,
    /// Failures that did not stop the run.
    pub failures: Vec<Failure>,
    /// Archives that lost their entry and could not be deleted, with their registered paths.
    pub(crate) stuck: Vec<Utf8PathBuf>,
    /// Delays the end of the process at an interrupt until the report is printed.
    pub(crate) unsaid: Option<Reprieve>,
}

/// A removed file or entry.
#[derive(Debug, Clone)]
pub struct Gone {
    /// Its kind.
    pub kind: GoneKind,
    /// The registered name.
    pub name: Option<String>,
    /// Its former path, from the working directory.
    pub path: Utf8PathBuf,
    /// The freed bytes.
    pub bytes: u64,
    /// Why it was removed.
    pub reasons: Vec<String>,
    /// The image's last use.
    pub last_used: Option<DateTime<Utc>>,
    /// Whether the loaded copy was removed too; `None` if that was not requested.
    pub untagged: Option<bool>,
}

/// The kind of a removed thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoneKind {
    /// An image: its entry and its archive.
    Image,
    /// Only an entry: it had no archive, or another entry shares its archive.
    Entry,
    /// An archive without an entry.
    Orphan,
    /// A temporary file of a command that ended.
    Unfinished,
}

/// An image that stays.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The registered name.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
    /// Why it stays.
    pub why: Vec<String>,
}

impl GoneKind {
    fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Entry => "entry",
            Self::Orphan => "orphan",
            Self::Unfinished => "unfinished",
        }
    }
}

impl Gone {
    /// Whether a file was removed, not only an entry.
    pub fn has_file(&self) -> bool {
        self.kind != GoneKind::Entry
    }

    /// One result as `--json` prints it, also with `--dry-run`.
    pub fn json(&self) -> Value {
        json!({
            "kind": self.kind.word(),
            "name": self.name,
            "path": self.path,
            "size": self.bytes,
            "last_used": self.last_used,
            "reasons": self.reasons,
            "untagged": self.untagged,
        })
    }
}

impl Report {
    fn freed(&self) -> u64 {
        self.gone.iter().map(|gone| gone.bytes).sum()
    }

    fn gone_images(&self) -> impl Iterator<Item = &Gone> {
        self.gone.iter().filter(|gone| gone.kind == GoneKind::Image)
    }

    fn left(&self) -> (usize, u64) {
        let bytes: u64 = self.gone_images().map(|gone| gone.bytes).sum();
        (
            self.images.saturating_sub(self.unregistered),
            self.bytes.saturating_sub(bytes),
        )
    }

    /// The totals that `--summary` prints at the end.
    pub fn summary(&self) -> Value {
        let (images, bytes) = self.left();
        let kept = self.kept.iter();
        let kept =
            kept.map(|kept| json!({ "name": kept.name, "size": kept.bytes, "why": kept.why }));
        let unmet = self.unmet.iter();
        let unmet = unmet.map(|(unmet, names)| json!({ "limit": unmet.says, "held_by": names }));
        json!({ "summary": {
            "dry_run": self.dry_run,
            "before": { "images": self.images, "bytes": self.bytes },
            "freed": self.freed(),
            "after": { "images": images, "bytes": bytes },
            "free": self.free,
            "missing": self.missing,
            "dangling": self.dangling,
            "strays": { "files": self.orphans.0, "bytes": self.orphans.1 },
            "kept": kept.collect::<Vec<_>>(),
            "unmet": unmet.collect::<Vec<_>>(),
        }})
    }

    /// Prints the report for people.
    pub fn say(&self, reporter: &Reporter) {
        for gone in self.gone.iter().filter(|gone| !gone.has_file()) {
            let name = gone.name.as_deref().unwrap_or_default();
            let verb = if self.dry_run { "would be" } else { "was" };
            let reasons = gone.reasons.join("; ");
            reporter.info(format!("{name}: only the entry {verb} removed: {reasons}"));
        }
        for gone in &self.gone {
            let name = gone.name.as_deref().unwrap_or(gone.path.as_str());
            let verb = if self.dry_run {
                "would be removed"
            } else {
                "removed"
            };
            reporter.detail(format!("{name}: {verb}: {}", gone.reasons.join("; ")));
        }
        for kept in &self.kept {
            reporter.detail(format!("{}: kept: {}", kept.name, kept.why.join("; ")));
        }
        for kept in &self.held {
            let why = kept.why.join("; ");
            reporter.warn(format!(
                "{}: has no archive; kept its entry: {why}",
                kept.name
            ));
        }
        if !self.missing.is_empty() && self.held.is_empty() {
            let names = self.missing.join(", ");
            reporter.warn(format!(
                "no archive for {names} (--missing removes such entries)"
            ));
        }
        if self.dangling > 0 {
            let verb = match (self.dry_run, self.dangling) {
                (true, _) => "would be",
                (false, 1) => "was",
                (false, _) => "were",
            };
            let images = counted(self.dangling, "dangling image");
            reporter.info(format!("{images} of the engine {verb} removed"));
        }
        let (files, bytes) = self.orphans;
        if files > 0 {
            let bytes = size(bytes);
            let files = counted(files, "file");
            let when = match self.asked_for_orphans {
                false => "--orphans removes them",
                true => "kept for now: in use, or changed within the last hour",
            };
            reporter.info(format!("{files} not registered, {bytes} ({when})"));
        }
        let (images, bytes) = self.left();
        let freed = if self.dry_run { "would free" } else { "freed" };
        let free = self
            .free
            .map_or_else(String::new, |free| format!("; {} free on disk", size(free)));
        reporter.info(format!(
            "before {} in {}, {freed} {}, after {} in {}{free}",
            size(self.bytes),
            counted(self.images, "image"),
            size(self.freed()),
            size(bytes),
            counted(images, "image"),
        ));
    }

    /// The result of the command.
    ///
    /// # Errors
    /// The first failure, or else code 6 if a limit could not be met or a named image stays.
    pub fn verdict(&self) -> Result<(), Failure> {
        if let Some(failure) = self.failures.first() {
            return Err(failure.clone());
        }
        if self.unmet.is_empty() && self.held_named.is_empty() {
            return Ok(());
        }
        let mut limits: Vec<_> = self
            .unmet
            .iter()
            .map(|(unmet, _)| unmet.says.clone())
            .collect();
        if !self.held_named.is_empty() {
            limits.push(format!("kept the entry of {}", self.held_named.join(", ")));
        }
        let mut names: Vec<&str> = Vec::new();
        for name in self.unmet.iter().flat_map(|(_, names)| names) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let held = |name: &&str| {
            let kept = self.kept.iter().find(|kept| kept.name == **name);
            kept.map_or_else(
                || (*name).to_owned(),
                |kept| format!("{name} ({})", kept.why.join("; ")),
            )
        };
        let shown: Vec<_> = names.iter().take(SHOWN).map(held).collect();
        let more = names.len().saturating_sub(SHOWN);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let held = match shown.is_empty() {
            true => String::new(),
            false => format!("; held back by {}{more}", shown.join(", ")),
        };
        let message = format!("{}{held}", limits.join("; "));
        Err(Failure::new(Code::Room, message)
            .with_hint("use -v to see why each image was kept; imgls shows pins and leases"))
    }
}

/// How many images an error lists.
const SHOWN: usize = 5;

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}
