//! Turns the parser's events into a [`Tree`] with exact spans.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use compact_str::CompactString;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};

use crate::offsets::Offsets;
use crate::{Mark, Node, Problem, Style, Tree, Value, layout, shown};

/// The deepest nesting of collections. Registries need four levels. The limit protects the stack in recursive
/// functions, including drop.
const MAX_DEPTH: usize = 64;

/// The most nodes of a document: about 25,000 entries. A tree takes some 150 bytes a node.
pub const MAX_NODES: usize = 1_000_000;

/// The tree of a text with one document; `None` for an empty text or only comments.
pub fn parse(text: &str) -> Result<Option<Tree>, Problem> {
    let mut builder = Builder::new(text);
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| Problem::new(mark(error.marker()), one_line(error.info())))?;
        builder.take(event, span)?;
    }
    Ok(builder.root.map(|root| Tree {
        root,
        anchors: builder.anchors,
        nodes: builder.nodes,
    }))
}

fn mark(marker: &Marker) -> Mark {
    Mark::behind(marker.line().saturating_sub(1), marker.col())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A collection that is still open. A mapping's keys and values alternate.
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
    anchors: HashMap<u32, Vec<usize>>,
    nodes: usize,
    documents: usize,
    /// The end of the last token: block scalars begin after it.
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
                let node = self.scalar(CompactString::from(text), style, tag.as_deref(), range, at);
                self.add(node)
            }
            Event::Alias(anchor) => {
                let name = CompactString::from(self.text.get(range.clone()).unwrap_or_default());
                let anchor = number(anchor);
                self.add(Node::new(range, at, Value::Alias { anchor, name }))
            }
            Event::SequenceStart(anchor, _) => self.begin(anchor, false, range, at),
            Event::MappingStart(anchor, _) => self.begin(anchor, true, range, at),
            Event::SequenceEnd | Event::MappingEnd => self.end(range.start),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Problem::new(at, "a second YAML document starts here")
                        .hint("a file is one YAML document"));
                }
                Ok(())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn scalar(
        &self,
        text: CompactString,
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
        Node::new(span, at, Value::Scalar { text, style })
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
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        // After a trailing comma, the parser's mark is that of the comma.
        let closing = layout::token(self.text, mark, b",");
        let last = (open.children.last()).map_or(open.start, |node| node.span().end);
        let end = match self.text.as_bytes().get(closing) {
            Some(b']' | b'}') if open.flow => closing + 1,
            _ => last.max(open.start),
        };
        let span = open.start..end;
        let flow = open.flow;
        let value = if open.mapping {
            let pairs = pairs(open.children);
            no_duplicates(&pairs)?;
            Value::Map { pairs, flow }
        } else {
            let items = open.children;
            Value::List { items, flow }
        };
        self.add(Node::new(span, open.at, value))
    }

    fn add(&mut self, node: Node) -> Result<(), Problem> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Problem::new(
                node.at,
                format!("the document has more than {MAX_NODES} values"),
            ));
        }
        self.last = self.last.max(node.span().end);
        match self.open.last_mut() {
            Some(open) => open.children.push(node),
            None => self.root = Some(node),
        }
        Ok(())
    }

    /// Notes the anchor of the next node. The parser's 0 means none.
    fn anchor(&mut self, anchor: usize) {
        if anchor != 0 {
            let path = self.open.iter().map(|open| open.children.len()).collect();
            self.anchors.insert(number(anchor), path);
        }
    }
}

/// The parser's number of an anchor, smaller than the text's length.
fn number(anchor: usize) -> u32 {
    u32::try_from(anchor).unwrap_or(u32::MAX)
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
                format!("duplicate key `{}`", shown(text)),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
