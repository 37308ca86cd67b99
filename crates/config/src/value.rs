//! The values of a config's keys, each with its position.

use std::time::Duration;

use camino::Utf8Path;
use yaml::{Mark, Node, Plain, Problem, Style, Tree, Value, is_null, plain, shown, text, wrong};

/// A value of the config, with its position.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// The whole key, like `images.cleanup.per`.
    pub key: String,
    /// Its position.
    pub at: Mark,
}

impl<T> Setting<T> {
    /// The same setting with another value.
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting {
            value: change(self.value),
            key: self.key,
            at: self.at,
        }
    }
}

/// An unknown key in one of imgpipe's mappings. A misspelt limit has no effect, so it needs a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKey {
    at: Mark,
    says: String,
}

impl UnknownKey {
    /// The warning, with the file's path.
    pub(super) fn warning(&self, path: &Utf8Path) -> String {
        let Mark { line, column } = self.at;
        format!("{path}:{line}:{column}: {}", self.says)
    }
}

/// The mapping of a key, if it exists.
pub(super) fn section<'a>(
    tree: &'a Tree,
    map: &'a Node,
    key: &str,
    whole: &str,
) -> Result<Option<&'a Node>, Problem> {
    match field(tree, map, key) {
        Some(node) if !matches!(node.value, Value::Map { .. }) => {
            Err(wrong(&format!("`{whole}`"), "a mapping", node))
        }
        found => Ok(found),
    }
}

/// The value of a key, parsed by `read`. `key` is the whole key: its last part is the one in the mapping.
pub(super) fn setting<'a, T>(
    tree: &'a Tree,
    map: &'a Node,
    key: &str,
    read: impl Fn(&'a Node, &str) -> Result<T, Problem>,
) -> Result<Option<Setting<T>>, Problem> {
    let last = key.rsplit('.').next().unwrap_or(key);
    let Some(node) = field(tree, map, last) else {
        return Ok(None);
    };
    Ok(Some(Setting {
        value: read(node, &format!("`{key}`"))?,
        key: key.to_owned(),
        at: node.at,
    }))
}

pub(super) fn boolean(node: &Node, key: &str) -> Result<bool, Problem> {
    match node.scalar().map(plain) {
        Some(Plain::Bool(found)) => Ok(found),
        _ => Err(wrong(key, "true or false", node)),
    }
}

/// A finite number, not negative. A text is no number, not even `50GB`.
fn number(node: &Node, key: &str, expected: &str) -> Result<f64, Problem> {
    let text = match &node.value {
        Value::Scalar {
            text,
            style: Style::Plain,
        } if plain(text) == Plain::Number => text,
        _ => return Err(wrong(key, expected, node)),
    };
    let number = text.parse::<f64>().ok();
    number
        .filter(|number| number.is_finite() && *number >= 0.0)
        .ok_or_else(|| wrong(key, expected, node))
}

pub(super) fn gigabytes(node: &Node, key: &str) -> Result<u64, Problem> {
    let number = number(node, key, "a number of gigabytes (10^9 bytes)")?;
    Ok(whole(number * 1e9))
}

pub(super) fn days(node: &Node, key: &str) -> Result<Duration, Problem> {
    let number = number(node, key, "a number of days")?;
    Ok(Duration::from_secs(whole(number * 24.0 * 60.0 * 60.0)))
}

pub(super) fn count(node: &Node, key: &str) -> Result<usize, Problem> {
    let expected = "a whole number of images";
    let number = number(node, key, expected)?;
    match number.fract() == 0.0 {
        true => Ok(usize::try_from(whole(number)).unwrap_or(usize::MAX)),
        false => Err(wrong(key, expected, node)),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is not negative, and what is too large becomes the largest"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

/// One text, or a list of them.
pub(super) fn texts(tree: &Tree, map: &Node, key: &str) -> Result<Vec<Setting<String>>, Problem> {
    let Some(found) = setting(tree, map, key, |node, _| Ok(node))? else {
        return Ok(Vec::new());
    };
    let nodes = match &found.value.value {
        Value::List { items, .. } => items.iter().map(|item| tree.resolve(item)).collect(),
        _ => vec![found.value],
    };
    let read = |node: &Node| {
        let text = text(node).filter(|text| !text.is_empty());
        let wrong = || wrong(&format!("`{key}`"), "a text or a list of texts", node);
        Ok(Setting {
            value: text.ok_or_else(wrong)?.to_owned(),
            key: key.to_owned(),
            at: node.at,
        })
    };
    nodes.into_iter().map(read).collect()
}

/// The prefix of other tools' keys.
const FREE: &str = "x-";

/// The unknown keys of a mapping, except keys of other tools.
pub(super) fn others(section: &str, map: &Node, known: &[&str]) -> Vec<UnknownKey> {
    let Value::Map { pairs, .. } = &map.value else {
        return Vec::new();
    };
    let keys = pairs.iter().map(|(key, _)| (key, key.scalar()));
    let is_unknown = |text: &str| !known.contains(&text) && !text.starts_with(FREE);
    let unknown = keys.filter(|(_, text)| text.is_none_or(is_unknown));
    unknown
        .map(|(key, text)| UnknownKey {
            at: key.at,
            says: unknown_key(section, text.unwrap_or("?"), known),
        })
        .collect()
}

fn unknown_key(section: &str, key: &str, known: &[&str]) -> String {
    let suggestion = match naming::nearest(key, known.iter().copied()) {
        Some(near) => format!("; did you mean `{section}.{near}`?"),
        None => format!(" (known: {})", known.join(", ")),
    };
    format!(
        "`{section}.{}` is unknown and ignored{suggestion}",
        shown(key)
    )
}

/// The pairs of a mapping under a key. `read` parses each value, and gets the whole key.
pub(super) fn pairs<T>(
    tree: &Tree,
    map: &Node,
    key: &'static str,
    read: impl Fn(&str, &str, &Node) -> Result<T, Problem>,
) -> Result<Vec<(String, T)>, Problem> {
    let last = key.rsplit('.').next().unwrap_or(key);
    let Some(found) = section(tree, map, last, key)? else {
        return Ok(Vec::new());
    };
    let Value::Map { pairs, .. } = &found.value else {
        return Ok(Vec::new());
    };
    let read = pairs.iter().map(|(name, value)| {
        let value = tree.resolve(value);
        let name = text(tree.resolve(name))
            .ok_or_else(|| wrong(&format!("a key of `{key}`"), "a text", name))?;
        let whole = format!("`{key}.{}`", shown(name));
        let found = text(value).filter(|text| !text.is_empty());
        let found = found.ok_or_else(|| wrong(&whole, "a text", value))?;
        Ok((name.to_owned(), read(&whole, found, value)?))
    });
    read.collect()
}

/// The value of a key, if it exists.
fn field<'a>(tree: &'a Tree, map: &'a Node, key: &str) -> Option<&'a Node> {
    let (_, value) = tree.resolve(map).pair(key)?;
    Some(tree.resolve(value)).filter(|value| !is_null(value))
}
