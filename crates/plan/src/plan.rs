//! Plans: what `imgplan` prints and `imgbuild` reads, one JSON object a line.

use std::collections::BTreeMap;
use std::io::Read;

use camino::Utf8PathBuf;
use naming::{Compiler, PackageName, Reference, ToolName};
use registry::Entry;
use serde::{Deserialize, Deserializer, Serialize};

use crate::lists::names;
use crate::matching::{Marks, Pick, Selection};
use crate::source::OneOrMany;
use crate::{Error, Requirement};

/// A plan. Only what is checked in [`Plans`] holds for one that a person wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(expecting = "a plan")]
pub struct Plan {
    /// The format's version.
    #[serde(default = "version", deserialize_with = "known_version")]
    pub version: u32,
    /// The name of the image that is wanted.
    #[serde(default)]
    pub name: Option<String>,
    /// What the plan is for, in the words of whoever asked: a matrix entry's name.
    #[serde(default)]
    pub job: Option<String>,
    /// Whether something has to be built. A plan that does not say needs a build unless it names an image.
    #[serde(default, deserialize_with = "truth")]
    pub needs_build: Option<bool>,
    /// The archive that meets the requirement.
    #[serde(default)]
    pub best_image_path: Option<Utf8PathBuf>,
    /// The archive to build on.
    #[serde(default)]
    pub best_base_image_path: Option<Utf8PathBuf>,
    /// The image in the engine to build on, where no archive is.
    #[serde(default, deserialize_with = "reference")]
    pub base_image: Option<String>,
    /// How well the chosen image fits.
    #[serde(default)]
    pub marks: Marks,
    /// What was asked for.
    #[serde(default)]
    pub requirements: Option<Requirement>,
    /// What the chosen image lacks.
    #[serde(default)]
    pub missing: Option<Missing>,
    /// How to build, where not from what is missing.
    #[serde(default)]
    pub build: Build,
}

/// What an image lacks of a requirement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "an object with what is missing")]
pub struct Missing {
    /// Compilers.
    #[serde(default, deserialize_with = "names")]
    pub compilers: Vec<Compiler>,
    /// Packages.
    #[serde(default, deserialize_with = "names")]
    pub packages: Vec<PackageName>,
    /// Tools.
    #[serde(default, deserialize_with = "names")]
    pub tools: Vec<ToolName>,
}

impl Missing {
    /// Whether nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.compilers.is_empty() && self.packages.is_empty() && self.tools.is_empty()
    }
}

/// A build that a person described.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(expecting = "an object that says how to build")]
pub struct Build {
    /// The build file, as it opens from the working directory.
    #[serde(default)]
    pub dockerfile: Option<Utf8PathBuf>,
    /// The folder that `COPY` reads from.
    #[serde(default)]
    pub context: Option<Utf8PathBuf>,
    /// Build arguments.
    #[serde(default)]
    pub args: BTreeMap<String, String>,
    /// Single steps, as they were written.
    #[serde(default)]
    pub steps: Vec<serde_json::Value>,
}

const VERSION: u32 = 1;

fn version() -> u32 {
    VERSION
}

fn known_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        VERSION => Ok(VERSION),
        other => Err(serde::de::Error::custom(format!(
            "plan version {other} is not known, only {VERSION} is"
        ))),
    }
}

fn reference<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    if let Some(text) = &text {
        text.parse::<Reference>()
            .map_err(serde::de::Error::custom)?;
    }
    Ok(text)
}

/// A boolean, or the words `true` and `false` that a shell script writes.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    struct Truth;

    impl serde::de::Visitor<'_> for Truth {
        type Value = Option<bool>;

        fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
            f.write_str("true or false")
        }

        fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
            Ok(Some(value))
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            text.parse()
                .map(Some)
                .map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_any(Truth)
}

impl Plan {
    /// Whether something has to be built.
    pub fn needs_build(&self) -> bool {
        self.needs_build.unwrap_or(self.best_image_path.is_none())
    }

    /// What to install where the plan has no build file of its own: what it says is missing, or else all
    /// that was asked for.
    pub fn to_install(&self) -> Missing {
        let asked = self.requirements.as_ref().map(|asked| Missing {
            compilers: asked.compilers.clone(),
            packages: asked.packages.clone(),
            tools: asked.tools.clone(),
        });
        self.missing.clone().or(asked).unwrap_or_default()
    }

    /// What the plan is called in messages.
    pub fn subject(&self) -> &str {
        let path = self.best_image_path.as_ref().map(|path| path.as_str());
        self.name
            .as_deref()
            .or(self.job.as_deref())
            .or(path)
            .unwrap_or("plan")
    }

    fn check(self) -> Result<Self, Error> {
        let refuse = |why: &str| Err(Error::Plan(format!("{}: {why}", self.subject())));
        if !self.needs_build() {
            return if self.best_image_path.is_some() {
                Ok(self)
            } else {
                refuse("`needs_build` is false, and there is no `best_image_path`")
            };
        }
        if self.name.is_none() {
            return refuse("has neither `best_image_path` nor a `name` to build");
        }
        Ok(self)
    }
}

/// Plans as they come: JSON lines, JSON arrays, pretty-printed objects. Each is handed on as soon as it is
/// complete, so that a pipeline builds the first while the second is still written.
pub struct Plans<R: Read> {
    objects: serde_json::StreamDeserializer<'static, serde_json::de::IoRead<R>, OneOrMany<Plan>>,
    ready: std::vec::IntoIter<Plan>,
    failed: bool,
}

impl<R: Read> Plans<R> {
    /// Reads plans. `reader` should be buffered.
    pub fn new(reader: R) -> Self {
        Self {
            objects: serde_json::Deserializer::from_reader(reader).into_iter(),
            ready: Vec::new().into_iter(),
            failed: false,
        }
    }
}

impl<R: Read> Iterator for Plans<R> {
    type Item = Result<Plan, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(plan) = self.ready.next() {
                return Some(plan.check());
            }
            if self.failed {
                return None;
            }
            match self.objects.next()? {
                Ok(OneOrMany(plans)) => self.ready = plans.into_iter(),
                Err(error) => {
                    // Where the next object would begin is not known any more.
                    self.failed = true;
                    return Some(Err(if error.is_io() {
                        Error::Read(error.into())
                    } else {
                        Error::Plan(error.to_string())
                    }));
                }
            }
        }
    }
}

/// The plan for a requirement and what was selected for it. `path_of` gives the path of an entry's archive,
/// as it opens from the working directory.
pub fn plan_for(
    requirement: &Requirement,
    selection: &Selection,
    path_of: impl Fn(&Entry) -> Utf8PathBuf,
) -> Result<Plan, Error> {
    let name = requirement.image_name()?;
    let mut plan = Plan {
        version: VERSION,
        name: Some(name.to_string()),
        job: None,
        needs_build: Some(true),
        best_image_path: None,
        best_base_image_path: None,
        base_image: Some(requirement.os.to_string()),
        marks: Marks::default(),
        requirements: Some(requirement.clone()),
        missing: Some(Missing {
            compilers: requirement.compilers.clone(),
            packages: requirement.packages.clone(),
            tools: requirement.tools.clone(),
        }),
        build: Build::default(),
    };
    match &selection.pick {
        Pick::Image(candidate) => {
            plan.needs_build = Some(false);
            plan.best_image_path = Some(path_of(candidate.entry));
            plan.marks = candidate.marks;
            plan.missing = Some(candidate.missing.clone());
        }
        Pick::Base(candidate) => {
            plan.best_base_image_path = Some(path_of(candidate.entry));
            plan.marks = candidate.marks;
            plan.missing = Some(candidate.missing.clone());
        }
        Pick::Nothing => {}
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{parse_requirements, select};

    fn read(text: &str) -> Vec<Result<Plan, String>> {
        Plans::new(text.as_bytes())
            .map(|plan| plan.map_err(|error| error.to_string()))
            .collect()
    }

    #[test]
    fn prints_what_the_format_says() {
        let wanted = "project: capy\nos: ubuntu:25.04\narchitecture: x86_64\ncompiler: gcc-15\npackages: [libssl-dev]\ntools: [cmake]";
        let wanted = parse_requirements(wanted).expect("requirement").remove(0);
        let mut base = Entry::new(
            "capy-ubuntu-25.04-base",
            "images/b.tar",
            "b".parse().expect("tag"),
            "ubuntu:25.04",
            "x86_64",
        );
        base.tools = vec!["cmake".into()];
        let plan = plan_for(&wanted, &select(&wanted, [&base]), |entry| {
            entry.file.clone()
        })
        .expect("plan");
        assert_eq!(
            serde_json::to_string(&plan).expect("json"),
            concat!(
                r#"{"version":1,"name":"capy-ubuntu-25.04-gcc15","job":null,"needs_build":true,"best_image_path":null,"#,
                r#""best_base_image_path":"images/b.tar","base_image":"ubuntu:25.04","marks":{"essential":70,"extra":20},"#,
                r#""requirements":{"project":"capy","os":"ubuntu:25.04","architecture":"x86_64","compilers":["gcc-15"],"#,
                r#""packages":["libssl-dev"],"tools":["cmake"],"variants":[]},"#,
                r#""missing":{"compilers":["gcc-15"],"packages":["libssl-dev"],"tools":[]},"#,
                r#""build":{"dockerfile":null,"context":null,"args":{},"steps":[]}}"#,
            )
        );
        assert_eq!(
            read(&serde_json::to_string_pretty(&plan).expect("json")),
            [Ok(plan)]
        );
    }

    #[test]
    fn reads_hand_written_plans() {
        let one = r#"{"best_image_path":"images/x.tar","somebody":{"elses":1}}"#;
        let two = r#"{"name":"x-debian-12-base","base_image":"debian:12","missing":{"packages":"git"},"needs_build":"true"}"#;
        let forms = [
            format!("{one}\n{two}\n"),
            format!("[{one},{two}]"),
            format!("[{one}]\n[\n{two}]"),
            format!("{one}{two}"),
        ];
        for text in forms {
            let plans: Vec<_> = read(&text)
                .into_iter()
                .map(|plan| plan.expect(&text))
                .collect();
            assert_eq!(
                plans.iter().map(Plan::needs_build).collect::<Vec<_>>(),
                [false, true],
                "{text}"
            );
            assert_eq!(plans[1].to_install().packages.len(), 1);
        }
        assert!(read("").is_empty() && read("\n \n").is_empty() && read("[]").is_empty());
    }

    #[test]
    fn without_missing_everything_is_installed() {
        let text = r#"{"name":"x","base_image":"debian:12","requirements":{"project":"x","os":"debian:12","packages":["git"]}}"#;
        let plan = read(text).remove(0).expect("plan");
        assert_eq!(plan.to_install().packages.len(), 1);
    }

    #[test]
    fn refusals_say_where() {
        let table = [
            ("{", "line 1 column 1"),
            ("nonsense", "line 1 column 2"),
            (
                "{\n \"needs_build\": \"maybe\"}",
                "expected true or false at line 2 column 23",
            ),
            ("{\"best_image_path\": 7}", "line 1 column 22"),
            (
                "{\"best_image_path\":\"x\"}\n{\"name\": []}",
                "line 2 column 10",
            ),
            ("{\"version\": 2}", "version 2 is not known"),
            ("{\"needs_build\": false}", "no `best_image_path`"),
            (
                "{\"base_image\": \"debian:12\"}",
                "neither `best_image_path` nor a `name`",
            ),
            (
                "{\"name\":\"x\",\"base_image\":\"--privileged\"}",
                "image reference",
            ),
            (
                "{\"name\":\"x\",\"missing\":{\"packages\":[\"$(x)\"]}}",
                "package `$(x)`",
            ),
            ("[7]", "expected a plan"),
            ("7", "expected an object or a list of objects"),
        ];
        for (text, says) in table {
            let last = read(text).pop().expect(text).expect_err(text);
            assert!(last.contains(says), "{text}: {last}");
        }
        let deep = format!("{{\"build\":{{\"steps\":{}", "[".repeat(10_000));
        assert!(
            read(&deep)
                .pop()
                .expect("deep")
                .expect_err("deep")
                .contains("recursion limit")
        );
    }

    #[test]
    fn a_plan_is_handed_on_before_the_next_is_written() {
        let (reader, mut writer) = std::io::pipe().expect("pipe");
        let mut plans = Plans::new(std::io::BufReader::new(reader));
        std::io::Write::write_all(&mut writer, b"{\"best_image_path\":\"x\"}\n").expect("write");
        assert!(plans.next().is_some_and(|plan| plan.is_ok()));
        drop(writer);
        assert!(plans.next().is_none());
    }
}
