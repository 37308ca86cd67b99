//! Checks the values of one entry against their keys' types.

use std::str::FromStr;

use camino::Utf8PathBuf;
use chrono::{DateTime, Utc};
use naming::{NameError, Reference};
use yaml::{Mark, Node, Plain, Problem, Style, Tree, Value, is_null, plain, shown, text, wrong};

use crate::decode::MAX_ITEMS;
use crate::key::Key;
use crate::{Entry, Requested};

/// One entry's values by key, before they become an [`Entry`].
pub(crate) struct Fields<'a> {
    tree: &'a Tree,
    at: Mark,
    /// The entry's name in messages.
    subject: String,
    values: [Option<&'a Node>; Key::ALL.len()],
}

impl<'a> Fields<'a> {
    pub fn new(tree: &'a Tree, item: &'a Node, index: usize) -> Result<Self, Problem> {
        let node = tree.resolve(item);
        let subject = format!("entry {}", index + 1);
        let Value::Map { pairs, .. } = &node.value else {
            return Err(wrong(
                &subject,
                "a mapping with `name`, `file` and more",
                node,
            ));
        };
        let mut fields = Self {
            tree,
            at: item.at,
            subject,
            values: [None; Key::ALL.len()],
        };
        for (key, value) in pairs {
            if let Some(key) = key.scalar().and_then(Key::from_str) {
                fields.values[key as usize] =
                    Some(tree.resolve(value)).filter(|node| !is_null(node));
            }
        }
        if let Some(name) = fields.get(Key::Name).and_then(Node::scalar) {
            fields.subject = format!("entry `{}`", shown(name));
        }
        Ok(fields)
    }

    pub fn get(&self, key: Key) -> Option<&'a Node> {
        self.values[key as usize]
    }

    pub fn entry(&self, items_left: &mut usize) -> Result<Entry, Problem> {
        Ok(Entry {
            name: self.required(Key::Name)?.to_owned(),
            file: Utf8PathBuf::from(self.required(Key::File)?),
            docker_tag: self.parsed(Key::DockerTag, self.required(Key::DockerTag)?)?,
            aliases: self.references(Key::Aliases, items_left)?,
            os: self.required(Key::Os)?.to_owned(),
            architecture: self.required(Key::Architecture)?.to_owned(),
            compilers: self.list(Key::Compilers, items_left)?,
            packages: self.list(Key::Packages, items_left)?,
            tools: self.list(Key::Tools, items_left)?,
            variants: self.list(Key::Variants, items_left)?,
            size_mb: self.number(Key::SizeMb)?,
            created: self.time(Key::Created)?,
            last_used: self.time(Key::LastUsed)?,
            usage_count: self.count(Key::UsageCount)?,
            image_id: self.optional(Key::ImageId)?,
            manifest: self.optional(Key::Manifest)?,
            digest: self.optional(Key::Digest)?,
            requested: self.requested(items_left)?,
            fingerprint: self.optional(Key::Fingerprint)?,
            build_seconds: self.number(Key::BuildSeconds)?,
            built_because: self.text(Key::BuiltBecause)?.map(str::to_owned),
            inputs: self.list(Key::Inputs, items_left)?,
            base: self.text(Key::Base)?.map(str::to_owned),
            thin: self.flag(Key::Thin)?,
            remote: self.optional(Key::Remote)?,
            pinned: self.flag(Key::Pinned)?,
        })
    }

    fn required(&self, key: Key) -> Result<&'a str, Problem> {
        match self.text(key)? {
            Some("") => Err(Problem::new(
                self.place(key),
                format!(
                    "{}: `{}` must be text, not empty",
                    self.subject,
                    key.as_str()
                ),
            )),
            Some(text) => Ok(text),
            None => Err(Problem::new(
                self.at,
                format!("{} lacks `{}`", self.subject, key.as_str()),
            )),
        }
    }

    fn text(&self, key: Key) -> Result<Option<&'a str>, Problem> {
        self.get(key)
            .map(|node| text(node).ok_or_else(|| self.wrong(key, "text")))
            .transpose()
    }

    fn list(&self, key: Key, items_left: &mut usize) -> Result<Vec<String>, Problem> {
        match self.get(key) {
            Some(node) => self.items(key.as_str(), node, items_left),
            None => Ok(Vec::new()),
        }
    }

    /// The texts of a list, which is the value of `key`.
    fn items(
        &self,
        key: &str,
        node: &Node,
        items_left: &mut usize,
    ) -> Result<Vec<String>, Problem> {
        let Value::List { items, .. } = &node.value else {
            let subject = format!("{}: `{key}`", self.subject);
            return Err(wrong(&subject, "a list, like `[one, two]`", node));
        };
        *items_left = items_left.checked_sub(items.len()).ok_or_else(|| {
            Problem::new(
                node.at,
                format!("the lists have more than {MAX_ITEMS} items together"),
            )
        })?;
        let subject = format!("{}: an item of `{key}`", self.subject);
        items
            .iter()
            .map(|item| {
                let item = self.tree.resolve(item);
                text(item)
                    .map(str::to_owned)
                    .ok_or_else(|| wrong(&subject, "text", item))
            })
            .collect()
    }

    fn requested(&self, items_left: &mut usize) -> Result<Option<Requested>, Problem> {
        let Some(node) = self.get(Key::Requested) else {
            return Ok(None);
        };
        let Value::Map { pairs, .. } = &node.value else {
            return Err(self.wrong(Key::Requested, "a mapping with `packages` and `tools`"));
        };
        let mut requested = Requested::default();
        for (key, value) in pairs {
            let key = self.tree.resolve(key);
            let (name, list) = match key.scalar() {
                Some("packages") => ("requested.packages", &mut requested.packages),
                Some("tools") => ("requested.tools", &mut requested.tools),
                other => {
                    let other = shown(other.unwrap_or("?"));
                    let subject = &self.subject;
                    let message = format!("{subject}: `requested` has no key `{other}`");
                    let hint = "its keys are `packages` and `tools`";
                    return Err(Problem::new(key.at, message).hint(hint));
                }
            };
            let value = self.tree.resolve(value);
            if !is_null(value) {
                *list = self.items(name, value, items_left)?;
            }
        }
        Ok(Some(requested))
    }

    fn references(&self, key: Key, items_left: &mut usize) -> Result<Vec<Reference>, Problem> {
        let texts = self.list(key, items_left)?;
        texts.iter().map(|text| self.parsed(key, text)).collect()
    }

    fn optional<T: FromStr<Err = NameError>>(&self, key: Key) -> Result<Option<T>, Problem> {
        self.text(key)?
            .map(|text| self.parsed(key, text))
            .transpose()
    }

    fn parsed<T: FromStr<Err = NameError>>(&self, key: Key, text: &str) -> Result<T, Problem> {
        text.parse().map_err(|error: NameError| {
            let message = format!("{}: `{}`: {error}", self.subject, key.as_str());
            Problem {
                hint: error.hint().map(str::to_owned),
                ..Problem::new(self.place(key), message)
            }
        })
    }

    fn number(&self, key: Key) -> Result<Option<f64>, Problem> {
        self.bare(key, "a number of at least 0", |text, kind| {
            let number: f64 = text.parse().ok().filter(|_| kind == Plain::Number)?;
            (number.is_finite() && number >= 0.0).then_some(number)
        })
    }

    fn count(&self, key: Key) -> Result<u64, Problem> {
        let count = self.bare(key, "a whole number of at least 0", |text, _| {
            text.parse().ok()
        })?;
        Ok(count.unwrap_or_default())
    }

    fn flag(&self, key: Key) -> Result<bool, Problem> {
        let flag = self.bare(key, "`true` or `false`", |_, kind| match kind {
            Plain::Bool(value) => Some(value),
            _ => None,
        })?;
        Ok(flag.unwrap_or_default())
    }

    fn bare<T>(
        &self,
        key: Key,
        expected: &str,
        read: impl Fn(&str, Plain) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(node) = self.get(key) else {
            return Ok(None);
        };
        let value = match &node.value {
            Value::Scalar {
                text,
                style: Style::Plain,
            } => read(text, plain(text)),
            _ => None,
        };
        value.map(Some).ok_or_else(|| self.wrong(key, expected))
    }

    fn time(&self, key: Key) -> Result<Option<DateTime<Utc>>, Problem> {
        let Some(node) = self.get(key) else {
            return Ok(None);
        };
        node.scalar()
            .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
            .map(|time| Some(time.to_utc()))
            .ok_or_else(|| self.wrong(key, "a time like `2026-02-06T00:00:00Z`"))
    }

    fn place(&self, key: Key) -> Mark {
        self.get(key).map_or(self.at, |node| node.at)
    }

    fn wrong(&self, key: Key, expected: &str) -> Problem {
        let subject = format!("{}: `{}`", self.subject, key.as_str());
        match self.get(key) {
            Some(node) => wrong(&subject, expected, node),
            None => Problem::new(self.at, format!("{subject} must be {expected}")),
        }
    }
}
