//! Turns the tree of a document into typed entries. Every error has a position.

use std::collections::HashMap;

use yaml::{Mark, Node, Problem, Tree, Value, is_null, shown, wrong};

use crate::Entry;
use crate::fields::Fields;
use crate::key::Key;

/// The longest sum of all lists of a registry. A text within the size limit has fewer items, unless aliases repeat a
/// long list for many entries.
pub(crate) const MAX_ITEMS: usize = 1_000_000;

/// The supported versions of the grammar, in both spellings.
const VERSIONS: [&str; 2] = ["1.0", "1"];

/// The list of entries: the value of `images`, or `None` without that key.
pub(crate) fn images(tree: &Tree) -> Option<&Node> {
    Some(&tree.root().pair("images")?.1)
}

/// The nodes of the entries, in order.
pub(crate) fn items(tree: &Tree) -> &[Node] {
    match images(tree).map(|node| &tree.resolve(node).value) {
        Some(Value::List { items, .. }) => items,
        _ => &[],
    }
}

/// The checked entries of a document.
pub(crate) fn entries(tree: &Tree) -> Result<Vec<Entry>, Problem> {
    let root = tree.root();
    if is_null(root) {
        return Ok(Vec::new());
    }
    if !matches!(root.value, Value::Map { .. }) {
        return Err(wrong(
            "the registry",
            "a mapping with `version` and `images`",
            root,
        ));
    }
    if let Some((_, version)) = root.pair("version") {
        check_version(tree.resolve(version))?;
    }
    let Some(images) = images(tree).map(|node| tree.resolve(node)) else {
        return Ok(Vec::new());
    };
    if !matches!(images.value, Value::List { .. }) && !is_null(images) {
        return Err(wrong("`images`", "a list of entries", images));
    }
    let mut entries = Vec::new();
    let mut seen: HashMap<String, Mark> = HashMap::new();
    let mut items_left = MAX_ITEMS;
    for (index, item) in items(tree).iter().enumerate() {
        let fields = Fields::new(tree, item, index)?;
        let entry = fields.entry(&mut items_left)?;
        let at = fields.get(Key::Name).map_or(item.at, |node| node.at);
        if let Some(first) = seen.insert(entry.name.clone(), at) {
            let message = format!(
                "duplicate name `{}`: the entry on line {} has it",
                shown(&entry.name),
                first.line
            );
            return Err(Problem::new(at, message).hint("give every entry its own name"));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn check_version(node: &Node) -> Result<(), Problem> {
    match node.scalar() {
        Some(text) if VERSIONS.contains(&text) || is_null(node) => Ok(()),
        Some(text) => Err(Problem::new(
            node.at,
            format!("unknown registry version `{}`", shown(text)),
        )
        .hint("this imgpipe reads `version: 1.0`; try a newer imgpipe")),
        None => Err(wrong("`version`", "1.0", node)),
    }
}
