//! An operand for an image: an archive, a name or a reference, or an object that another command printed with `--json`.

use failure::Failure;
use serde_json::{Map, Value};

/// The keys that identify an object's image; the first one present counts.
const KEYS: [&str; 5] = ["path", "name", "reference", "image_id", "remote"];

/// Keys that only plans have.
const OF_PLANS: [&str; 6] = [
    "needs_build",
    "best_image_path",
    "best_base_image_path",
    "base_image",
    "missing",
    "build",
];

/// How much of an object a message repeats, in characters.
const SHOWN: usize = 100;

/// An image, and its purpose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operand {
    /// The archive's path, a registered name, a reference, or an image ID.
    pub text: String,
    /// The reference in the engine, if an object has it.
    pub reference: Option<String>,
    /// The reference in a remote registry, if an object has it.
    pub remote: Option<String>,
    /// The job of the plan, if an object has it.
    pub job: Option<String>,
}

impl Operand {
    /// Parses a word of the command line. For a file with a name like an object, write `./{…`.
    pub fn of_word(text: String) -> Result<Self, Failure> {
        match serde_json::from_str(&text) {
            Ok(object) => Self::of_object(&text, &object),
            Err(_) => Ok(Self {
                text,
                ..Self::default()
            }),
        }
    }

    /// Parses a record of standard input: an object, a line of imgls with tabs, or a plain word.
    pub fn of_record(text: String) -> Result<Self, Failure> {
        if is_json(&text) {
            let object = serde_json::from_str(&text).map_err(|error| {
                let message = format!("`{}` is not a JSON object: {error}", shown(&text));
                Failure::invalid(message).with_hint(
                    "print each object on one line: `jq -c .`, or `jq -c '.[]'` for a list",
                )
            })?;
            return Self::of_object(&text, &object);
        }
        let text = match text.split_once('\t') {
            Some((name, _)) if !name.is_empty() && !name.contains('/') => name.to_owned(),
            _ => text,
        };
        Ok(Self {
            text,
            ..Self::default()
        })
    }

    fn of_object(text: &str, object: &Map<String, Value>) -> Result<Self, Failure> {
        let field = |key: &str| match object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(value)) => Ok(Some(value.clone())),
            Some(_) => Err(Failure::invalid(format!(
                "`{}`: `{key}` must be a string",
                shown(text)
            ))),
        };
        if OF_PLANS.iter().any(|key| object.contains_key(*key)) {
            let plan = Failure::invalid("this is a plan: pipe it through imgbuild");
            return Err(match field("name")? {
                Some(name) => plan.about(name),
                None => plan,
            });
        }
        let mut found = None;
        for key in KEYS {
            found = found.or(field(key)?);
        }
        let none = || {
            let keys = KEYS.map(|key| format!("`{key}`")).join(", ");
            let message = format!("`{}` has none of the keys {keys}", shown(text));
            Failure::invalid(message)
        };
        Ok(Self {
            text: found.filter(|text| !text.is_empty()).ok_or_else(none)?,
            reference: field("reference")?,
            remote: field("remote")?,
            job: field("job")?,
        })
    }
}

/// Whether a line begins like an object, or like a list of objects.
fn is_json(line: &str) -> bool {
    let line = line.trim();
    let item = line.strip_prefix('[').map(str::trim_start);
    line.starts_with('{') || item.is_some_and(|item| item.is_empty() || item.starts_with('{'))
}

fn shown(text: &str) -> String {
    let mut shown = naming::visible(text.chars().take(SHOWN));
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use failure::Code;

    use super::*;

    #[test]
    fn a_line_is_a_word_or_an_object_about_an_image() {
        for (line, text, job) in [
            ("images/a.tar", "images/a.tar", None),
            ("./{a}.tar", "./{a}.tar", None),
            ("a-debian-12-x\timages/a.tar\t7", "a-debian-12-x", None),
            ("./a\tb.tar", "./a\tb.tar", None),
            (
                r#"{"path":"a.tar","job":"GCC 15","built":true}"#,
                "a.tar",
                Some("GCC 15"),
            ),
            (r#" {"path":"a.tar","job":null}"#, "a.tar", None),
            (r#"{"name":"a","path":"a.tar"}"#, "a.tar", None),
            (r#"{"name":"a","path":null}"#, "a", None),
            (r#"{"reference":"a:1","image_id":"sha256:1"}"#, "a:1", None),
            (
                r#"{"image_id":"sha256:1","remote":"r/a"}"#,
                "sha256:1",
                None,
            ),
            (r#"{"remote":"r/a"}"#, "r/a", None),
        ] {
            let found = Operand::of_record(line.into()).expect(line);
            assert_eq!((&*found.text, found.job.as_deref()), (text, job), "{line}");
        }
        let word = |text: &str| Operand::of_word(text.into());
        assert_eq!(word("a\tb").map(|found| found.text), Ok("a\tb".into()));
        assert_eq!(word("{a}").map(|found| found.text), Ok("{a}".into()));
        assert_eq!(
            word(r#"{"name":"a"}"#).map(|found| found.text),
            Ok("a".into())
        );
    }

    #[test]
    fn what_names_no_image_is_said() {
        for (text, says) in [
            ("{", "`{` is not a JSON object: "),
            ("[", "`[` is not a JSON object: "),
            (
                r#"[{"path":"a"}]"#,
                r#"`[{"path":"a"}]` is not a JSON object: "#,
            ),
            (
                r#"{"path":"a"} x"#,
                r#"`{"path":"a"} x` is not a JSON object: "#,
            ),
            ("{}", "`{}` has none of the keys `path`, "),
            (r#"{"path":""}"#, r#"`{"path":""}` has none of the keys"#),
            (r#"{"path":7}"#, r#"`{"path":7}`: `path` must be a string"#),
            (
                r#"{"path":"a","job":[]}"#,
                r#"`{"path":"a","job":[]}`: `job` must be a string"#,
            ),
            (r#"{"name":"a","needs_build":true}"#, "a: this is a plan: "),
            (
                r#"{"best_image_path":"a.tar"}"#,
                "this is a plan: pipe it through imgbuild",
            ),
            (r#"{"name":"a","build":{}}"#, "a: this is a plan: "),
        ] {
            let failure = Operand::of_record(text.into()).expect_err(text);
            assert_eq!(failure.code(), Code::Invalid, "{text}");
            assert!(failure.to_string().starts_with(says), "{failure}");
        }
    }
}
