//! A custom build: `build` of a requirement or a plan.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use camino::{Utf8Path, Utf8PathBuf};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::Step;
use crate::strict::strict;
use crate::values::or_default;

/// A custom build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self", expecting = "an object that says how to build")]
pub struct BuildSpec {
    /// The build file, from the working directory.
    #[serde(default)]
    pub dockerfile: Option<Utf8PathBuf>,
    /// The folder that `COPY` reads from.
    #[serde(default)]
    pub context: Option<Utf8PathBuf>,
    /// Build arguments.
    #[serde(default, deserialize_with = "or_default")]
    pub args: BTreeMap<String, String>,
    /// The stage of the build file to build; `None` is the last.
    #[serde(
        default,
        deserialize_with = "word",
        skip_serializing_if = "Option::is_none"
    )]
    pub target: Option<String>,
    /// The network of its steps, by the engine's name: `host`, `none`.
    #[serde(
        default,
        deserialize_with = "word",
        skip_serializing_if = "Option::is_none"
    )]
    pub network: Option<String>,
    /// Secrets that its steps may mount; each ID once.
    #[serde(
        default,
        deserialize_with = "secrets",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub secrets: Vec<Secret>,
    /// Single steps after everything else.
    #[serde(default, deserialize_with = "or_default")]
    pub steps: Vec<Step>,
}

strict!(BuildSpec);

/// A secret that steps of a build mount by its ID. Its text, `id=ID,src=PATH` or `id=ID,env=NAME`, is the engines'
/// argument of `--secret`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    id: String,
    source: SecretSource,
}

/// The source of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A file, from the working directory.
    File(Utf8PathBuf),
    /// An environment variable.
    Variable(String),
}

impl Secret {
    /// Its ID in build files.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its source.
    pub fn source(&self) -> &SecretSource {
        &self.source
    }

    fn new(id: &str, source: SecretSource) -> Result<Self, String> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if id.is_empty() || !id.chars().all(is_word) {
            return Err(format!(
                "secret ID `{}` must be letters, digits, `.`, `_` and `-`",
                id.escape_debug()
            ));
        }
        let (text, what) = match &source {
            SecretSource::File(path) => (path.as_str(), "path"),
            SecretSource::Variable(name) => (name.as_str(), "variable"),
        };
        // The engine parses the text as comma-separated values.
        let is_odd = |c: char| c.is_control() || matches!(c, ',' | '"');
        if text.is_empty() || text.contains(is_odd) {
            return Err(format!(
                "secret `{id}`: {what} `{}` must not be empty or hold commas, quotes or control characters",
                text.escape_debug()
            ));
        }
        Ok(Self {
            id: id.to_owned(),
            source,
        })
    }
}

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut id, mut source) = (None, None);
        for pair in text.split(',') {
            match pair.split_once('=') {
                Some(("id", value)) if id.is_none() => id = Some(value),
                Some(("src" | "source", path)) if source.is_none() => {
                    source = Some(SecretSource::File(path.into()));
                }
                Some(("env", name)) if source.is_none() => {
                    source = Some(SecretSource::Variable(name.into()));
                }
                Some(("type", "file" | "env")) => {}
                _ => {
                    return Err(format!(
                        "secret `{}` is not `id=ID,src=PATH` or `id=ID,env=NAME`",
                        text.escape_debug()
                    ));
                }
            }
        }
        match (id, source) {
            (Some(id), Some(source)) => Self::new(id, source),
            _ => Err(format!(
                "secret `{}` needs `id=` and `src=` or `env=`",
                text.escape_debug()
            )),
        }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match &self.source {
            SecretSource::File(path) => write!(f, "id={},src={path}", self.id),
            SecretSource::Variable(name) => write!(f, "id={},env={name}", self.id),
        }
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A list of texts, one text, or a mapping from IDs to paths.
fn secrets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Secret>, D::Error> {
    deserializer.deserialize_any(Secrets(PhantomData))
}

struct Secrets(PhantomData<Secret>);

fn add<E: Error>(all: &mut Vec<Secret>, secret: Result<Secret, String>) -> Result<(), E> {
    let secret = secret.map_err(E::custom)?;
    if all.iter().any(|there| there.id == secret.id) {
        return Err(E::custom(format!("secret `{}` is given twice", secret.id)));
    }
    all.push(secret);
    Ok(())
}

impl<'de> Visitor<'de> for Secrets {
    type Value = Vec<Secret>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of secrets like `id=ID,src=PATH`")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(vec![text.parse().map_err(E::custom)?])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(text) = list.next_element::<String>()? {
            add(&mut all, text.parse())?;
        }
        Ok(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some((id, path)) = map.next_entry::<String, String>()? {
            let source = SecretSource::File(Utf8Path::new(&path).to_owned());
            add(&mut all, Secret::new(&id, source))?;
        }
        Ok(all)
    }
}

/// A word for the engine's command line.
fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let word = Option::<String>::deserialize(deserializer)?;
    let is_odd = |c: char| c.is_control() || c.is_whitespace();
    match word {
        Some(word) if word.is_empty() || word.starts_with('-') || word.contains(is_odd) => {
            let word = word.escape_debug();
            Err(D::Error::custom(format!(
                "`{word}` must be one word and must not start with `-`"
            )))
        }
        word => Ok(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<BuildSpec, String> {
        serde_yaml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_build_names_its_stage_network_and_secrets() {
        let text =
            "target: test\nnetwork: host\nsecrets: ['id=a,src=./a.txt', 'type=env,id=b,env=B']\n";
        let build = read(text).expect("a build");
        assert_eq!(build.target.as_deref(), Some("test"));
        assert_eq!(build.network.as_deref(), Some("host"));
        let said: Vec<_> = build.secrets.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["id=a,src=./a.txt", "id=b,env=B"]);
        let mapping = read("secrets: {a: ./a.txt}").expect("a mapping");
        assert_eq!(mapping.secrets, build.secrets[..1]);
        let one = read("secrets: id=b,env=B").expect("one");
        assert_eq!(one.secrets, build.secrets[1..]);
        let json = serde_json::to_string(&build).expect("JSON");
        assert_eq!(
            serde_json::from_str::<BuildSpec>(&json).expect("read"),
            build
        );
        // Plans without these keys are printed as before.
        let none = serde_json::to_string(&BuildSpec::default()).expect("JSON");
        assert_eq!(
            none,
            r#"{"dockerfile":null,"context":null,"args":{},"steps":[]}"#
        );
    }

    #[test]
    fn what_could_be_a_flag_or_another_secret_is_refused() {
        for (text, says) in [
            ("target: --push", "must be one word"),
            ("target: ''", "must be one word"),
            ("network: 'a b'", "must be one word"),
            ("secrets: [a]", "is not `id=ID,src=PATH`"),
            ("secrets: [id=a]", "needs `id=` and `src=` or `env=`"),
            ("secrets: ['id=a,src=b,src=c']", "is not `id=ID"),
            ("secrets: ['id=a/b,src=b']", "secret ID `a/b` must be"),
            ("secrets: {a: 'b,env=C'}", "path `b,env=C` must not"),
            (
                "secrets: ['id=a,src=b', 'id=a,env=C']",
                "secret `a` is given twice",
            ),
            ("secrets: 7", "a list of secrets like"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
