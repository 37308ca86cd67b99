//! Workflows on the command line: chooses entries, and reports the others.

use camino::{Utf8Path, Utf8PathBuf};
use config::Config;
use failure::Failure;
use ui::{Context, Reporter};
use workflow::{Filter, JobEntry, MatrixKeys, Standing, Unread, called, parse_workflow};

use crate::request::{Job, PlanRequest, PlanRequests};
use crate::{listing, project, text};

/// Plans for the entries of a workflow's matrices.
#[derive(Debug, Clone, clap::Args)]
pub struct WorkflowFlags {
    /// Plan for each matrix entry of a GitHub workflow
    ///
    /// Prints a plan for every entry that runs on Linux; `-` reads the workflow from standard input. Entries for
    /// Windows and macOS are skipped with a note. An entry that needs values that only GitHub has is an error.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "os"])]
    workflow: Option<Utf8PathBuf>,

    /// Plan only for this job of the workflow
    ///
    /// By its key, or else by its name, or else for the entries of this name.
    #[arg(long, value_name = "NAME", requires = "workflow")]
    job: Option<String>,

    /// Plan only for entries like compiler=gcc,version=15
    ///
    /// Can be repeated: an entry must have all values. Case does not matter. Keys are `job`, `name`, `runs-on`,
    /// `container`, `architecture` (by any name: `arm64`, `linux/arm64`), and all keys of the matrix.
    #[arg(long = "filter", value_name = "KEY=VALUE", requires = "workflow")]
    filters: Vec<String>,

    /// Print the entries of the workflow, and plan nothing
    #[arg(
        long,
        requires = "workflow",
        conflicts_with_all = ["explain", "act"],
        hide_short_help = true
    )]
    list: bool,

    /// Print `-P RUNNER=name:tag` for act instead of plans
    ///
    /// Prints one line for each runner; with --json an object for every entry. act runs an entry with a container
    /// in the container that the workflow names, so there is no line for it.
    #[arg(long, requires = "workflow", hide_short_help = true)]
    pub(crate) act: bool,
}

/// A workflow whose entries were chosen.
pub(crate) struct Workflow {
    path: Utf8PathBuf,
    entries: Vec<(JobEntry, Standing)>,
    keys: MatrixKeys,
    /// Whether to list its entries only.
    pub list: bool,
}

impl WorkflowFlags {
    /// Reads the workflow, if there is one.
    pub(crate) fn read(
        &self,
        project: Option<&str>,
        config: &Config,
        reporter: &Reporter,
    ) -> Result<Option<Workflow>, Failure> {
        let Some(path) = &self.workflow else {
            // clap checks this too, but not together with a conflicting flag.
            if self.list || self.act || self.job.is_some() || !self.filters.is_empty() {
                return Err(Failure::usage(
                    "`--job`, `--filter`, `--list` and `--act` need a `--workflow`",
                ));
            }
            return Ok(None);
        };
        let filters = filters(&self.filters)?;
        let (text, subject) = text::read(path)?;
        let path = Utf8Path::new(subject);
        let keys = MatrixKeys::new(&config.plan);
        let mut entries = parse_workflow(path, &text)?;
        for filter in &filters {
            filter.check(&entries, &keys).map_err(Failure::usage)?;
        }
        if let Some(name) = &self.job {
            entries = called(entries, name).map_err(|why| Failure::invalid(why).about(subject))?;
        }
        let project = project::of(project, config, path, reporter)?;
        let mut chosen = Vec::new();
        for entry in entries {
            // A skipped entry meets no filter.
            if !filters.is_empty() && entry.is_passed_over() {
                continue;
            }
            let filters = filters.iter().map(|filter| filter.accepts(&entry, &keys));
            let accepted: Vec<_> = filters.collect();
            // One filter that the entry certainly does not meet is enough, even if another is unknown.
            if accepted.contains(&Ok(false)) {
                continue;
            }
            let standing = match accepted.into_iter().find_map(Result::err) {
                None => entry.standing(&project, &keys),
                Some(why) => Standing::Unread(Unread::Unreadable(why)),
            };
            chosen.push((entry, standing));
        }
        let wanted = |(_, standing): &(_, Standing)| {
            !matches!(standing, Standing::Unread(Unread::PassedOver(_)))
        };
        if chosen.is_empty() {
            return Err(Failure::invalid("no entry matches --filter")
                .about(subject)
                .with_hint("list all entries with --list"));
        }
        if !self.list && !chosen.iter().any(wanted) {
            let workflow = Workflow::new(path, chosen, keys, false);
            workflow.wanted(reporter);
            return Err(Failure::invalid("no entry runs on Linux").about(subject));
        }
        Ok(Some(Workflow::new(path, chosen, keys, self.list)))
    }
}

impl Workflow {
    fn new(
        path: &Utf8Path,
        entries: Vec<(JobEntry, Standing)>,
        keys: MatrixKeys,
        list: bool,
    ) -> Self {
        Self {
            path: path.to_owned(),
            entries,
            keys,
            list,
        }
    }

    /// Gives different entries different image names.
    pub(crate) fn with_distinct_names(mut self) -> Self {
        for (_, standing) in &mut self.entries {
            if let Standing::Wants(requirement) = standing {
                requirement.distinct = true;
            }
        }
        self
    }

    /// The requirements of its entries. The other entries are reported.
    pub(crate) fn wanted(&self, reporter: &Reporter) -> PlanRequests {
        let mut all = Vec::new();
        for (entry, standing) in &self.entries {
            match standing {
                Standing::Wants(requirement) => {
                    if requirement.pinned().is_some() {
                        let os = &requirement.os;
                        let why = format!(
                            "matching images by {os}; the container's digest counts only for the base of a new build"
                        );
                        reporter.info(entry.unreadable(&self.path, &why));
                    }
                    let has_container = entry.facts(&self.keys).container.is_some();
                    let runner = entry.labels().first().filter(|_| !has_container);
                    all.push(Ok(PlanRequest {
                        requirement: (**requirement).clone(),
                        place: format!("`{}`", naming::visible(entry.name.chars())),
                        job: Some(Job {
                            name: entry.name.clone(),
                            runner: runner.cloned(),
                        }),
                    }));
                }
                Standing::Unread(Unread::PassedOver(why)) => {
                    let said = entry.unreadable(&self.path, why);
                    reporter.info(format!("{said}; passed over"));
                }
                Standing::Unread(Unread::Unreadable(why)) => {
                    let failure = Failure::from(entry.unreadable(&self.path, why));
                    all.push(Err(failure.with_hint(HINT)));
                }
            }
        }
        all
    }

    /// Prints a line for every entry.
    pub(crate) fn print_list(&self, context: &Context) -> Result<(), Failure> {
        for (entry, standing) in &self.entries {
            listing::print(context, entry, standing, &self.keys)?;
        }
        Ok(())
    }
}

/// The hint for an unreadable entry.
const HINT: &str =
    "select other entries with --job or --filter, or plan for the rest with --keep-going";

/// Filters separated by commas. A part without `=` belongs to the value before it.
fn filters(written: &[String]) -> Result<Vec<Filter>, Failure> {
    let mut all: Vec<String> = Vec::new();
    for text in written {
        for (at, piece) in text.split(',').enumerate() {
            match all.last_mut() {
                Some(last) if at > 0 && !piece.contains('=') => {
                    last.push(',');
                    last.push_str(piece);
                }
                _ => all.push(piece.to_owned()),
            }
        }
    }
    let read = all.iter().map(|text| text.parse());
    read.map(|filter: Result<Filter, String>| {
        filter.map_err(|why| Failure::usage(format!("`--filter`: {why}")))
    })
    .collect()
}
