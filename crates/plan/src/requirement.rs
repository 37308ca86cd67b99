//! What somebody wants an image to hold.

use naming::{Architecture, Compiler, ImageName, NameError, Os, PackageName, ToolName, Variant};
use serde::{Deserialize, Deserializer, Serialize};

use crate::Error;
use crate::lists::names;
use crate::source::read_all;

/// A requirement. Every name in it was checked when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// What the image is for.
    pub project: String,
    /// The operating system, with its version.
    pub os: Os,
    /// Where a requirement names none: that of the runner whose label is its system, else the host's.
    pub architecture: Architecture,
    /// Compilers that must be there.
    pub compilers: Vec<Compiler>,
    /// Packages that should be there.
    pub packages: Vec<PackageName>,
    /// Tools that should be there.
    pub tools: Vec<ToolName>,
    /// Variants, like `asan`.
    pub variants: Vec<Variant>,
}

impl Requirement {
    /// The name of the image that meets it.
    pub fn image_name(&self) -> Result<ImageName, NameError> {
        ImageName::for_requirement(&self.project, &self.os, &self.compilers, &self.variants)
    }
}

/// Reads requirements: YAML documents, a YAML or JSON list, or JSON objects one after the other.
pub fn parse_requirements(text: &str) -> Result<Vec<Requirement>, Error> {
    let all = read_all(text).map_err(Error::Requirement)?;
    if all.is_empty() {
        Err(Error::NoRequirement)
    } else {
        Ok(all)
    }
}

/// A requirement as it is written. Fields that somebody else's tool adds are passed over.
#[derive(Deserialize)]
#[serde(expecting = "a requirement")]
struct Written {
    #[serde(deserialize_with = "project")]
    project: String,
    #[serde(deserialize_with = "os")]
    os: (Os, Option<Architecture>),
    #[serde(default)]
    architecture: Option<Architecture>,
    #[serde(default, deserialize_with = "names")]
    compiler: Vec<Compiler>,
    #[serde(default, deserialize_with = "names")]
    compilers: Vec<Compiler>,
    #[serde(default, deserialize_with = "names")]
    packages: Vec<PackageName>,
    #[serde(default, deserialize_with = "names")]
    tools: Vec<ToolName>,
    #[serde(default, deserialize_with = "names")]
    variants: Vec<Variant>,
}

impl<'de> Deserialize<'de> for Requirement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written {
            project,
            os: (os, of_runner),
            architecture,
            compiler,
            mut compilers,
            packages,
            tools,
            variants,
        } = Written::deserialize(deserializer)?;
        for one in compiler {
            if !compilers.contains(&one) {
                compilers.push(one);
            }
        }
        let architecture = architecture
            .or(of_runner)
            .unwrap_or_else(Architecture::host);
        Ok(Self {
            project,
            os,
            architecture,
            compilers,
            packages,
            tools,
            variants,
        })
    }
}

/// A project's grammar is that of the names it becomes part of.
fn project<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let project = String::deserialize(deserializer)?;
    let os: Os = "scratch".parse().map_err(serde::de::Error::custom)?;
    ImageName::new(&project, &os, "base")
        .map(|_| project.clone())
        .map_err(|error| {
            serde::de::Error::custom(format!(
                "project `{}` {}",
                project.escape_debug(),
                error.rule()
            ))
        })
}

fn os<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(Os, Option<Architecture>), D::Error> {
    let text = String::deserialize(deserializer)?;
    match naming::runner(&text) {
        Some((os, architecture)) => Ok((os, Some(architecture))),
        None => text
            .parse()
            .map(|os| (os, None))
            .map_err(serde::de::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_every_form() {
        let forms = [
            "project: capy\nos: ubuntu:25.04\ncompiler: gcc-15\n",
            "project: capy\nos: ubuntu:25.04\ncompilers: [gcc-15]\nname: ignored\n",
            "- project: capy\n  os: ubuntu-25.04\n  compilers: gcc-15\n",
            "---\nproject: capy\nos: docker.io/library/ubuntu:25.04\ncompilers:\n- gcc-15\n---\n",
            r#"{"project":"capy","os":"ubuntu:25.04","compilers":["gcc-15"]}"#,
            r#"[{"project":"capy","os":"ubuntu:25.04","compiler":"GCC-15"}]"#,
            "{project: capy, os: 'ubuntu:25.04', compiler: gcc-15}",
        ];
        for text in forms {
            let all = parse_requirements(text).expect(text);
            let [one] = &all[..] else { panic!("{text}") };
            assert_eq!(
                one.image_name().expect("name").as_str(),
                "capy-ubuntu-25.04-gcc15",
                "{text}"
            );
            assert_eq!(one.architecture, Architecture::host());
        }
    }

    #[test]
    fn reads_several() {
        let yaml = "project: a\nos: debian:12\n---\nproject: b\nos: debian:12\n---\n- project: c\n  os: debian:12\n";
        let projects = |text: &str| {
            parse_requirements(text)
                .expect(text)
                .into_iter()
                .map(|r| r.project)
                .collect::<Vec<_>>()
        };
        assert_eq!(projects(yaml), ["a", "b", "c"]);
        let json = "{\"project\":\"a\",\"os\":\"debian:12\"}\n{\n \"project\":\"b\",\n \"os\":\"debian:12\"}\n";
        assert_eq!(projects(json), ["a", "b"]);
    }

    #[test]
    fn a_runner_says_its_architecture() {
        let read = |text: &str| parse_requirements(text).expect(text).remove(0);
        assert_eq!(
            read("project: a\nos: ubuntu-24.04-arm").architecture,
            Architecture::Aarch64
        );
        assert_eq!(
            read("project: a\nos: ubuntu-24.04-arm\narchitecture: amd64").architecture,
            Architecture::X86_64
        );
    }

    #[test]
    fn refusals_say_where() {
        let table = [
            ("", "no requirement"),
            ("# only a comment\n", "no requirement"),
            ("project: capy", "missing field `os`"),
            ("os: debian:12", "missing field `project`"),
            (
                "project: capy\nos: debian:12\npackages: {a: b}",
                "line 3 column 11",
            ),
            (
                "project: capy\nos: debian:12\ncompilers: ['gcc-12; rm -rf /']",
                "holds `;`",
            ),
            (
                "project: capy\nos: debian:12\npackages: ['--privileged']",
                "does not start with a letter",
            ),
            (
                "project: capy\nos: debian:12\ntools: ['$(x)']",
                "does not start with a letter",
            ),
            (
                "project: ../../etc/passwd\nos: debian:12",
                "project `../../etc/passwd` holds `/`",
            ),
            ("project: capy\nos: ../../etc/passwd", "operating system"),
            (
                "project: capy\nos: debian:12\narchitecture: vax",
                "`vax` is not known",
            ),
            ("project: capy\nos: [debian]", "line 2 column 5"),
            (
                "project: capy\nos: debian:12\nos: debian:11",
                "duplicate field `os`",
            ),
            ("project: [", "line"),
            ("{\"project\":\"capy\",\"os\":7}", "line 1 column 24"),
            ("just words", "expected an object"),
        ];
        for (text, says) in table {
            let error = parse_requirements(text).expect_err(text);
            assert!(error.to_string().contains(says), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,80}|(project|os|compilers|[:\\[\\]{}\"' \n,a-z0-9-]){0,30}") {
            let _ = parse_requirements(&text);
        }
    }
}
