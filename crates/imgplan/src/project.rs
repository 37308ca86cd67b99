//! The project of a workflow's images.

use camino::{Utf8Path, Utf8PathBuf};
use config::Config;
use failure::Failure;
use naming::ImageName;
use ui::Reporter;

/// A repository's folder contains one of these.
const MARKS: [&str; 2] = [".git", ".github"];

/// The project: that of `--project`, else of `plan.project` in the config, else the name of the repository's folder.
pub(crate) fn of(
    named: Option<&str>,
    config: &Config,
    workflow: &Utf8Path,
    reporter: &Reporter,
) -> Result<String, Failure> {
    let configured = config.plan.project.as_ref().map(|project| &*project.value);
    if let Some(project) = named.or(configured) {
        let valid = "scratch"
            .parse()
            .and_then(|os| ImageName::new(project, &os, "base"));
        return match valid {
            Ok(_) => Ok(project.to_owned()),
            Err(error) => Err(Failure::invalid(format!(
                "project `{project}` {}",
                error.rule()
            ))),
        };
    }
    let here = ui::working_dir()?;
    let path = here.join(workflow);
    // Resolve `..`, but no links in other paths: a link's target may have another name than the user sees.
    let path = path.canonicalize_utf8().unwrap_or(path);
    let folder = path
        .ancestors()
        .skip(1)
        .find(|folder| MARKS.iter().any(|mark| folder.join(mark).exists()))
        .map_or(here, Utf8Path::to_owned);
    let project = normalized(&folder);
    let Some(project) = project else {
        let message = format!("cannot make a project name from the folder {folder}");
        return Err(Failure::usage(message).with_hint("set it with --project"));
    };
    reporter.detail(format!("project `{project}`, from the name of the folder"));
    Ok(project)
}

/// A folder's name as a valid project: lower case, other characters become dashes.
fn normalized(folder: &Utf8PathBuf) -> Option<String> {
    let name = folder.file_name()?.to_ascii_lowercase();
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    Some(words.join("-")).filter(|project| !project.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_names_a_project() {
        for (folder, expected) in [
            ("/src/capy", Some("capy")),
            ("/src/Http_Proto.git", Some("http-proto-git")),
            ("/src/-x--y", Some("x-y")),
            ("/src/é", None),
            ("/", None),
        ] {
            assert_eq!(normalized(&folder.into()).as_deref(), expected, "{folder}");
        }
    }
}
