//! A document as plain values with positions.

use crate::{Error, Mark, Node, Plain, Problem, Style, Tree, Value, is_null, parse, plain};

/// The most values of a document with expanded aliases: a matrix of thousands of entries.
const MAX_VALUES: usize = 200_000;

/// The deepest nesting with expanded aliases, which nest deeper than the text.
const MAX_DEPTH: usize = 64;

/// A value as written.
#[derive(Debug, Clone, PartialEq)]
pub struct SpannedValue {
    /// Its position.
    pub at: Mark,
    /// Its value.
    pub content: Content,
}

/// The value by YAML 1.2's core schema.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<SpannedValue>),
    /// A mapping, in the order of the text.
    Map(Vec<(String, SpannedValue)>),
}

impl SpannedValue {
    /// Reads a text with one document; an empty text is [`Content::Null`]. `path` is only for messages.
    pub fn parse(path: &camino::Utf8Path, text: &str) -> Result<Self, Error> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let read = || -> Result<Self, Problem> {
            let Some(tree) = parse(text)? else {
                return Ok(Self {
                    at: Mark { line: 1, column: 1 },
                    content: Content::Null,
                });
            };
            let mut left = MAX_VALUES;
            of(&tree, tree.root(), MAX_DEPTH, &mut left)
        };
        // The parser's hints are for registries.
        read().map_err(|problem| {
            let hint = None;
            Error::syntax(path, Problem { hint, ..problem })
        })
    }

    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Content::Map(pairs) = &self.content else {
            return None;
        };
        let mut found = pairs.iter().filter(|(name, _)| name == key);
        found.next().map(|(_, value)| value)
    }
}

fn of(tree: &Tree, node: &Node, depth: usize, left: &mut usize) -> Result<SpannedValue, Problem> {
    let at = node.at;
    let too_much = |what: String| Problem::new(at, what);
    *left = left
        .checked_sub(1)
        .ok_or_else(|| too_much(format!("there are more than {MAX_VALUES} values")))?;
    let depth = depth
        .checked_sub(1)
        .ok_or_else(|| too_much(format!("values are nested more than {MAX_DEPTH} deep")))?;
    let node = tree.resolve(node);
    let content = match &node.value {
        _ if is_null(node) => Content::Null,
        Value::Scalar { text, style } => match (style, plain(text)) {
            (Style::Plain, Plain::Bool(value)) => Content::Bool(value),
            (Style::Plain, Plain::Number) => Content::Number(text.to_string()),
            _ => Content::Text(text.to_string()),
        },
        Value::List { items, .. } => {
            let items = items.iter().map(|item| of(tree, item, depth, left));
            Content::List(items.collect::<Result<_, _>>()?)
        }
        Value::Map { pairs, .. } => {
            let pairs = pairs.iter().map(|(key, value)| {
                let name = tree.resolve(key).scalar();
                let name = name.ok_or_else(|| Problem::new(key.at, "a key must be a text"))?;
                Ok((name.to_owned(), of(tree, value, depth, left)?))
            });
            Content::Map(pairs.collect::<Result<_, _>>()?)
        }
        Value::Alias { name, .. } => {
            return Err(Problem::new(at, format!("`*{name}` refers to no anchor")));
        }
    };
    Ok(SpannedValue { at, content })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SpannedValue, String> {
        SpannedValue::parse("w.yml".into(), text).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_what_the_core_schema_says() {
        let text = "\u{feff}a: &x [1, '1', true, yes, ~, 25.04]\nb: {c: *x}\n";
        let read = parse(text).expect("a document");
        let list = read.get("a").expect("a list");
        let Content::List(items) = &list.content else {
            panic!("{list:?}");
        };
        let contents: Vec<_> = items.iter().map(|item| item.content.clone()).collect();
        let text = |text: &str| Content::Text(text.into());
        let expected = [
            Content::Number("1".into()),
            text("1"),
            Content::Bool(true),
            text("yes"),
            Content::Null,
            Content::Number("25.04".into()),
        ];
        assert_eq!(contents, expected);
        assert_eq!((items[1].at.line, items[1].at.column), (1, 11));
        let same = read.get("b").and_then(|b| b.get("c")).expect("an alias");
        assert_eq!(same.content, list.content);
        assert_eq!(parse("# nothing\n").expect("empty").content, Content::Null);
    }

    #[test]
    fn what_would_not_end_is_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..10 {
            let below = vec![format!("*a{}", level - 1); 9].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        let refused = parse(&bomb).expect_err("a bomb");
        assert!(refused.contains("more than 200000 values"), "{refused}");
        let circle = parse("a: &a [*a]\n").expect_err("a circle");
        assert!(circle.starts_with("w.yml:1:"), "{circle}");
        for (text, says) in [
            ("a: [", "w.yml:"),
            ("[a]: 1", "w.yml:1:1: a key must be a text"),
            ("a: 1\n---\nb: 1\n", "w.yml:2:1: a second YAML document"),
            ("a: 1\na: 2\n", "w.yml:2:1: duplicate key `a`"),
        ] {
            let refused = parse(text).expect_err(text);
            assert!(refused.starts_with(says), "{refused}");
        }
    }
}
