//! The sources of requirements: files, standard input, or flags.

use camino::Utf8Path;
use failure::Failure;
use plan::parse_requirements;
use serde_json::json;

use crate::request::{PlanRequest, PlanRequests};
use crate::text::{self, STDIN};

/// The requirements of a file, or of standard input for `-`. With `null`, NUL separates texts.
pub(crate) fn from_operand(path: &Utf8Path, null: bool) -> Result<PlanRequests, Failure> {
    let (text, subject) = text::read(path)?;
    Ok(parse(&text, subject, null))
}

/// The requirements on standard input.
pub(crate) fn from_stdin(null: bool) -> Result<PlanRequests, Failure> {
    Ok(parse(&text::of_stdin()?, STDIN, null))
}

fn parse(text: &str, subject: &str, null: bool) -> PlanRequests {
    let end = if null { "\0" } else { "" };
    let texts: Vec<_> = match text.strip_suffix(end).unwrap_or(text) {
        text if null => text.split('\0').collect(),
        text => vec![text],
    };
    let several = texts.len() > 1;
    let mut all = Vec::new();
    for (number, text) in texts.into_iter().enumerate() {
        let subject = if several {
            format!("{subject}: record {}", number + 1)
        } else {
            subject.to_owned()
        };
        let read = parse_requirements(text);
        let alone = read.len() == 1;
        for (number, read) in read.into_iter().enumerate() {
            let place = match alone {
                true => subject.clone(),
                false => format!("{subject}: requirement {}", number + 1),
            };
            let named = read.and_then(|requirement| {
                requirement.image_name()?;
                Ok(PlanRequest {
                    requirement,
                    place,
                    job: None,
                })
            });
            all.push(named.map_err(|error| Failure::from(error).about(&subject)));
        }
    }
    all
}

/// A requirement given by flags.
#[derive(Debug, Clone, clap::Args)]
pub struct Given {
    /// Set the project part of the name
    ///
    /// Default for a workflow: `plan.project` of the config, or else the name of the repository's folder.
    #[arg(long)]
    pub(crate) project: Option<String>,

    /// Require this system, like ubuntu:25.04
    ///
    /// Also a runner's label, like ubuntu-24.04.
    #[arg(long, requires = "project")]
    os: Option<String>,

    /// Require this architecture
    ///
    /// Default: the runner's, or else the host's.
    #[arg(
        long,
        requires = "project",
        value_name = "ARCH",
        hide_short_help = true
    )]
    architecture: Option<String>,

    /// Require this compiler; can be repeated
    #[arg(long = "compiler", requires = "project", value_name = "COMPILER")]
    compilers: Vec<String>,

    /// Require this package; can be repeated
    #[arg(
        long = "package",
        requires = "project",
        value_name = "PACKAGE",
        hide_short_help = true
    )]
    packages: Vec<String>,

    /// Require this tool; can be repeated
    #[arg(
        long = "tool",
        requires = "project",
        value_name = "TOOL",
        hide_short_help = true
    )]
    tools: Vec<String>,

    /// Require this variant, like asan; can be repeated
    #[arg(
        long = "variant",
        requires = "project",
        value_name = "VARIANT",
        hide_short_help = true
    )]
    variants: Vec<String>,
}

impl Given {
    /// Whether the flags name a system, and so give a requirement.
    pub(crate) fn has_os(&self) -> bool {
        self.os.is_some()
    }

    /// The requirement of the flags, if any. It is parsed like one in a file, so that both have the same meaning and
    /// errors.
    pub(crate) fn requirement(&self) -> Option<Result<PlanRequest, Failure>> {
        self.os.as_ref()?;
        let written = json!({
            "project": self.project,
            "os": self.os,
            "architecture": self.architecture,
            "compilers": self.compilers,
            "packages": self.packages,
            "tools": self.tools,
            "variants": self.variants,
        });
        let read = serde_json::from_value(written);
        let wanted = read.map(|requirement| PlanRequest {
            requirement,
            place: "the flags".to_owned(),
            job: None,
        });
        Some(wanted.map_err(|error| plan::Error::Requirement(error.to_string()).into()))
    }
}

#[cfg(test)]
mod tests {
    use failure::Code;

    use super::*;

    fn projects(text: &str, null: bool) -> Vec<Result<String, String>> {
        parse(text, "job.yml", null)
            .into_iter()
            .map(|read| match read {
                Ok(wanted) => Ok(wanted.requirement.project),
                Err(failure) => Err(failure.to_string()),
            })
            .collect()
    }

    #[test]
    fn nul_ends_records_when_asked() {
        let two = "project: a\nos: debian:12\n\0project: b\nos: debian:12\n\0";
        assert_eq!(projects(two, true), [Ok("a".into()), Ok("b".into())]);
        assert!(projects(two, false)[0].is_err());
        let bad = "project: a\nos: debian:12\0project: b\0";
        let read = projects(bad, true);
        assert!(
            matches!(&read[..], [Ok(_), Err(message)] if message.starts_with("job.yml: record 2: ")),
            "{read:?}"
        );
    }

    #[test]
    fn flags_mean_what_a_file_means() {
        let given = Given {
            project: Some("a".into()),
            os: Some("ubuntu-24.04-arm".into()),
            architecture: None,
            compilers: vec!["GCC-13".into()],
            packages: vec!["git".into(), "git".into()],
            tools: vec![],
            variants: vec!["coverage".into()],
        };
        let file =
            "project: a\nos: ubuntu-24.04-arm\ncompiler: gcc-13\npackages: [git]\nvariants: cov";
        assert_eq!(
            given
                .requirement()
                .expect("given")
                .expect("valid")
                .requirement,
            parse(file, "x", false)
                .remove(0)
                .expect("valid")
                .requirement
        );
        let hostile = Given {
            compilers: vec!["gcc-12; rm -rf /".into()],
            ..given
        };
        let failure = hostile.requirement().expect("given").expect_err("hostile");
        assert_eq!(failure.code(), Code::Invalid);
    }
}
