//! A YAML document as a tree that knows where each of its nodes stands in the text.
//!
//! The events come from `saphyr-parser`, which reads YAML 1.2 in safe Rust. Its marks count
//! characters and its spans are generous: those of quoted scalars and closing brackets reach over
//! a trailing comment, those of block scalars leave out the header. Here they become exact byte
//! ranges, because edits cut the text by them.
//!
//! Nothing is expanded: an alias stays an alias and its anchor is looked up when it is read, so a
//! document full of nested aliases costs what its text costs.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};

use crate::error::{Mark, Problem, shown};
use crate::layout;

/// How deep collections may nest. Registries need four levels; the bound keeps recursion over the
/// tree, its drop included, off the end of the stack.
const MAX_DEPTH: usize = 64;

/// How many nodes a document may have: about 25,000 entries. A tree takes some 150 bytes a node.
const MAX_NODES: usize = 1_000_000;

/// A document: its root, and where its anchors are.
#[derive(Debug)]
pub(crate) struct Tree {
    root: Node,
    /// By the parser's number for an anchor, the way from the root down to its node.
    anchors: HashMap<usize, Vec<usize>>,
}

/// A node, and the bytes that it takes: with its tag and anchor, without comments around it.
/// A value that is left out takes none.
#[derive(Debug)]
pub(crate) struct Node {
    pub span: Range<usize>,
    pub at: Mark,
    pub value: Value,
}

#[derive(Debug)]
pub(crate) enum Value {
    Scalar {
        text: String,
        style: Style,
    },
    List {
        items: Vec<Node>,
        flow: bool,
    },
    Map {
        pairs: Vec<(Node, Node)>,
        flow: bool,
    },
    Alias {
        anchor: usize,
        name: String,
    },
}

/// How a scalar is written, as far as reading and editing need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Its text decides whether it is a number, a boolean, null or text.
    Plain,
    /// Always text: quoted, or tagged so.
    Text,
    /// Always text, and on lines of its own: `|` or `>`.
    Block,
}

impl Tree {
    /// The tree of a text that holds one document; none where it has only comments, or nothing.
    pub fn parse(text: &str) -> Result<Option<Self>, Problem> {
        let mut builder = Builder::new(text);
        for event in Parser::new_from_str(text) {
            let (event, span) = event
                .map_err(|error| Problem::new(mark(error.marker()), one_line(error.info())))?;
            builder.take(event, span)?;
        }
        Ok(builder.root.map(|root| Self {
            root,
            anchors: builder.anchors,
        }))
    }

    pub fn root(&self) -> &Node {
        &self.root
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

fn mark(marker: &Marker) -> Mark {
    Mark {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A collection whose end is not yet seen. A mapping's keys and values alternate.
struct Open {
    start: usize,
    at: Mark,
    mapping: bool,
    flow: bool,
    children: Vec<Node>,
}

struct Builder<'a> {
    text: &'a str,
    offsets: Offsets<'a>,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: HashMap<usize, Vec<usize>>,
    nodes: usize,
    documents: usize,
    /// Where the last token ended: block scalars begin behind it.
    last: usize,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            offsets: Offsets::new(text),
            open: Vec::new(),
            root: None,
            anchors: HashMap::new(),
            nodes: 0,
            documents: 0,
            last: 0,
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        let at = mark(&span.start);
        let range = self.offsets.byte(span.start.index())..self.offsets.byte(span.end.index());
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.anchor(anchor);
                let node = self.scalar(text.into_owned(), style, tag.as_deref(), range, at);
                self.add(node)
            }
            Event::Alias(anchor) => {
                let name = self.text.get(range.clone()).unwrap_or_default().to_owned();
                let value = Value::Alias { anchor, name };
                self.add(Node {
                    span: range,
                    at,
                    value,
                })
            }
            Event::SequenceStart(anchor, _) => self.begin(anchor, false, range, at),
            Event::MappingStart(anchor, _) => self.begin(anchor, true, range, at),
            Event::SequenceEnd | Event::MappingEnd => self.end(range.start),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Problem::new(at, "a second document begins here")
                        .hint("a registry is one YAML document"));
                }
                Ok(())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn scalar(
        &self,
        text: String,
        style: ScalarStyle,
        tag: Option<&Tag>,
        range: Range<usize>,
        at: Mark,
    ) -> Node {
        let (span, style) = match style {
            ScalarStyle::Plain => {
                let text = tag.is_some_and(|tag| match tag.handle.as_str() {
                    "tag:yaml.org,2002:" => tag.suffix == "str",
                    handle => handle.is_empty() && tag.suffix == "!",
                });
                (range, if text { Style::Text } else { Style::Plain })
            }
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let end = layout::quoted_end(self.text, range.start).min(range.end);
                (range.start..end, Style::Text)
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let start = layout::token(self.text, self.last, b":-?").min(range.start);
                let end = layout::trimmed_end(self.text, start..range.end);
                (start..end, Style::Block)
            }
        };
        let value = Value::Scalar { text, style };
        Node { span, at, value }
    }

    fn begin(
        &mut self,
        anchor: usize,
        mapping: bool,
        range: Range<usize>,
        at: Mark,
    ) -> Result<(), Problem> {
        if self.open.len() == MAX_DEPTH {
            return Err(Problem::new(
                at,
                format!("collections are nested more than {MAX_DEPTH} deep"),
            ));
        }
        self.anchor(anchor);
        let first = layout::content(self.text, range.start);
        let flow = first < range.end && matches!(self.text.as_bytes()[first], b'[' | b'{');
        self.last = if flow { first + 1 } else { range.end };
        self.open.push(Open {
            start: range.start,
            at,
            mapping,
            flow,
            children: Vec::new(),
        });
        Ok(())
    }

    fn end(&mut self, mark: usize) -> Result<(), Problem> {
        // Behind a trailing comma, the parser's mark is that of the comma.
        let closing = layout::token(self.text, mark, b",");
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let last = open
            .children
            .last()
            .map_or(open.start, |node| node.span.end);
        let span = open.start..if open.flow { closing + 1 } else { last };
        let flow = open.flow;
        let value = if open.mapping {
            let pairs = pairs(open.children);
            no_duplicates(&pairs)?;
            Value::Map { pairs, flow }
        } else {
            let items = open.children;
            Value::List { items, flow }
        };
        self.add(Node {
            span,
            at: open.at,
            value,
        })
    }

    fn add(&mut self, node: Node) -> Result<(), Problem> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Problem::new(
                node.at,
                format!("the document has more than {MAX_NODES} values"),
            ));
        }
        self.last = self.last.max(node.span.end);
        match self.open.last_mut() {
            Some(open) => open.children.push(node),
            None => self.root = Some(node),
        }
        Ok(())
    }

    /// Notes that the node which begins now carries an anchor; 0 is the parser's word for none.
    fn anchor(&mut self, anchor: usize) {
        if anchor != 0 {
            let path = self.open.iter().map(|open| open.children.len()).collect();
            self.anchors.insert(anchor, path);
        }
    }
}

fn pairs(children: Vec<Node>) -> Vec<(Node, Node)> {
    let mut pairs = Vec::with_capacity(children.len() / 2);
    let mut children = children.into_iter();
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        pairs.push((key, value));
    }
    pairs
}

fn no_duplicates(pairs: &[(Node, Node)]) -> Result<(), Problem> {
    let mut seen = HashSet::with_capacity(pairs.len());
    for (key, _) in pairs {
        if let Some(text) = key.scalar()
            && !seen.insert(text)
        {
            return Err(Problem::new(
                key.at,
                format!("the key `{}` is there twice", shown(text)),
            ));
        }
    }
    Ok(())
}

/// From characters, which the parser counts, to bytes.
struct Offsets<'a> {
    text: &'a str,
    /// The byte at which every [`Self::STEP`]th character begins; empty for ASCII.
    steps: Vec<usize>,
}

impl<'a> Offsets<'a> {
    const STEP: usize = 256;

    fn new(text: &'a str) -> Self {
        let steps = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices()
                .step_by(Self::STEP)
                .map(|(at, _)| at)
                .collect()
        };
        Self { text, steps }
    }

    fn byte(&self, index: usize) -> usize {
        if self.steps.is_empty() {
            return index.min(self.text.len());
        }
        let Some(start) = self.steps.get(index / Self::STEP) else {
            return self.text.len();
        };
        self.text[*start..]
            .char_indices()
            .nth(index % Self::STEP)
            .map_or(self.text.len(), |(at, _)| start + at)
    }
}
