//! A YAML document as a tree that knows where each of its nodes stands in the text.
//!
//! The events come from `saphyr-parser`, which reads YAML 1.2 in safe Rust. Its marks count
//! characters and its spans are generous: those of quoted scalars and closing brackets reach over
//! a trailing comment, those of block scalars leave out the header. Here they become exact byte
//! ranges, because edits cut the text by them.
//!
//! Nothing is expanded: an alias stays an alias and its anchor is looked up when it is read, so a
//! document full of nested aliases costs what its text costs.

use std::collections::HashMap;
use std::ops::Range;

use compact_str::CompactString;

use crate::Mark;

/// A document: its root, and where its anchors are.
#[derive(Debug)]
pub struct Tree {
    pub(crate) root: Node,
    /// By the parser's number for an anchor, the way from the root down to its node.
    pub(crate) anchors: HashMap<u32, Vec<usize>>,
    pub(crate) nodes: usize,
}

/// A node, and the bytes that it takes: with its tag and anchor, without comments around it.
/// A value that is left out takes none; a block list may begin behind its first dash.
///
/// There are as many as half a million of them, and what the kernel takes to give memory is most of what they cost.
#[derive(Debug)]
pub struct Node {
    start: u32,
    end: u32,
    /// Where it begins.
    pub at: Mark,
    /// What it is.
    pub value: Value,
}

// With the texts of most scalars, which are short.
const _: () = assert!(size_of::<Node>() <= 48);

/// What a node is.
#[derive(Debug)]
pub enum Value {
    /// One value.
    Scalar {
        /// Without quotes and escapes.
        text: CompactString,
        /// How it is written.
        style: Style,
    },
    /// A list.
    List {
        /// What is in it.
        items: Vec<Node>,
        /// Whether it is written in brackets.
        flow: bool,
    },
    /// A mapping.
    Map {
        /// Its keys and their values.
        pairs: Vec<(Node, Node)>,
        /// Whether it is written in braces.
        flow: bool,
    },
    /// What another node says.
    Alias {
        /// The parser's number for its anchor.
        anchor: u32,
        /// What the anchor is called.
        name: CompactString,
    },
}

/// How a scalar is written, as far as reading and editing need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Its text decides whether it is a number, a boolean, null or text.
    Plain,
    /// Always text: quoted, or tagged so.
    Text,
    /// Always text, and on lines of its own: `|` or `>`.
    Block,
}

impl Tree {
    /// The document's own node.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Whether any node says `&name`. Without one there is no alias either.
    pub fn has_anchors(&self) -> bool {
        !self.anchors.is_empty()
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// The node itself, or what it is an alias of.
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
    /// Of bytes that are below 4 GiB: no text is that long.
    pub(crate) fn new(span: Range<usize>, at: Mark, value: Value) -> Self {
        let short = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: short(span.start),
            end: short(span.end),
            at,
            value,
        }
    }

    /// The bytes that it takes.
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

    /// Whether two nodes say the same, wherever they stand. Empty lines at the end of a block
    /// scalar do not count: what follows an entry decides about them, not the entry.
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

    /// The key or value that a step of an anchor's path leads to.
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
