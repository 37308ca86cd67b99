//! A YAML document as a tree whose nodes know their positions in the text.
//!
//! The events come from `saphyr-parser`, which reads YAML 1.2 in safe Rust. Its marks count characters, and its spans
//! are inexact. Those of quoted scalars and closing brackets include a trailing comment; those of block scalars omit
//! the header. Here they become exact byte ranges, because edits use them.
//!
//! Nothing is expanded: an alias stays an alias, and its anchor is looked up on access. So a document with nested
//! aliases costs no more than its text.

use std::collections::HashMap;
use std::ops::Range;

use compact_str::CompactString;

use crate::Mark;

/// A document: its root and its anchors.
#[derive(Debug)]
pub struct Tree {
    pub(crate) root: Node,
    /// By the parser's number of an anchor, the path from the root to its node.
    pub(crate) anchors: HashMap<u32, Vec<usize>>,
    pub(crate) nodes: usize,
}

/// A node and its bytes: with its tag and anchor, without comments around it. An omitted value has no bytes; a block
/// list may begin after its first dash.
///
/// There may be half a million nodes. Their size matters, because most of their cost is memory from the kernel.
#[derive(Debug)]
pub struct Node {
    start: u32,
    end: u32,
    /// Its position.
    pub at: Mark,
    /// Its value.
    pub value: Value,
}

// Including the texts of most scalars, which are short.
const _: () = assert!(size_of::<Node>() <= 48);

/// The value of a node.
#[derive(Debug)]
pub enum Value {
    /// One value.
    Scalar {
        /// The text without quotes and escapes.
        text: CompactString,
        /// The style.
        style: Style,
    },
    /// A list.
    List {
        /// The items.
        items: Vec<Node>,
        /// Whether it is in brackets.
        flow: bool,
    },
    /// A mapping.
    Map {
        /// The keys and values.
        pairs: Vec<(Node, Node)>,
        /// Whether it is in braces.
        flow: bool,
    },
    /// A reference to another node.
    Alias {
        /// The parser's number for its anchor.
        anchor: u32,
        /// The name of the anchor.
        name: CompactString,
    },
}

/// The style of a scalar, as far as reading and editing need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// The text decides whether it is a number, a boolean, null or text.
    Plain,
    /// Always text: quoted, or with a tag.
    Text,
    /// Always text, on lines of its own: `|` or `>`.
    Block,
}

impl Tree {
    /// The root node.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Whether any node has an anchor. Without anchors there are no aliases.
    pub fn has_anchors(&self) -> bool {
        !self.anchors.is_empty()
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// The node itself, or the target of an alias.
    pub fn resolve<'a>(&'a self, node: &'a Node) -> &'a Node {
        match &node.value {
            Value::Alias { anchor, .. } => self
                .anchors
                .get(anchor)
                .and_then(|path| {
                    path.iter()
                        .try_fold(&self.root, |node, step| node.child(*step))
                })
                .unwrap_or(node),
            _ => node,
        }
    }
}

impl Node {
    /// Texts are shorter than 4 GiB, so 32 bits are enough.
    pub(crate) fn new(span: Range<usize>, at: Mark, value: Value) -> Self {
        let short = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: short(span.start),
            end: short(span.end),
            at,
            value,
        }
    }

    /// Its bytes.
    pub fn span(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The text of a scalar.
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The value of a key in a mapping, with the key's node.
    pub fn pair(&self, key: &str) -> Option<&(Node, Node)> {
        match &self.value {
            Value::Map { pairs, .. } => pairs.iter().find(|(k, _)| k.scalar() == Some(key)),
            _ => None,
        }
    }

    /// Whether two nodes have the same value at any position. Empty lines at the end of a block scalar do not count:
    /// they depend on the text after it.
    pub fn same(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Scalar { text, style }, Value::Scalar { text: o, style: s }) => {
                style == s
                    && match style {
                        Style::Block => text.trim_end_matches('\n') == o.trim_end_matches('\n'),
                        Style::Plain | Style::Text => text == o,
                    }
            }
            (Value::List { items, .. }, Value::List { items: others, .. }) => {
                items.len() == others.len() && items.iter().zip(others).all(|(a, b)| a.same(b))
            }
            (Value::Map { pairs, .. }, Value::Map { pairs: others, .. }) => {
                pairs.len() == others.len()
                    && (pairs.iter().zip(others)).all(|(a, b)| a.0.same(&b.0) && a.1.same(&b.1))
            }
            (Value::Alias { name, .. }, Value::Alias { name: other, .. }) => name == other,
            _ => false,
        }
    }

    /// The child that a step of an anchor's path leads to.
    fn child(&self, step: usize) -> Option<&Self> {
        match &self.value {
            Value::List { items, .. } => items.get(step),
            Value::Map { pairs, .. } => {
                let (key, value) = pairs.get(step / 2)?;
                Some(if step.is_multiple_of(2) { key } else { value })
            }
            Value::Scalar { .. } | Value::Alias { .. } => None,
        }
    }
}
