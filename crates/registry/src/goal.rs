//! The intended result of edits, and whether it was reached.

use std::collections::HashMap;

use yaml::{Node, Tree, Value};

use crate::key::Key;
use crate::{Edit, Entry, Registry, edit};

/// The intended change of an existing entry.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fate {
    Stays,
    Becomes(Box<Entry>),
    Leaves,
}

/// The intended entries. Several edits of one entry are merged.
pub(crate) struct Goal {
    /// One for each existing entry.
    pub fates: Vec<Fate>,
    /// The new entries, in order.
    pub added: Vec<Entry>,
}

impl Goal {
    pub fn new(registry: &Registry, edits: &[Edit]) -> Self {
        let mut fates: Vec<_> = registry.entries().iter().map(|_| Fate::Stays).collect();
        let mut added: Vec<Option<Entry>> = Vec::new();
        let mut added_at: HashMap<&str, usize> = HashMap::new();
        for edit in edits {
            let name = edit.name();
            let old = registry.get(name);
            let new = match edit {
                Edit::Put(entry) => Some(edit::meant(entry.clone(), old)),
                Edit::Remove(_) => None,
            };
            match (registry.index(name), added_at.get(name)) {
                (Some(index), _) => {
                    fates[index] = match new {
                        Some(new) if Some(&new) == old => Fate::Stays,
                        Some(new) => Fate::Becomes(Box::new(new)),
                        None => Fate::Leaves,
                    };
                }
                (None, Some(index)) => added[*index] = new,
                (None, None) => {
                    added_at.insert(name, added.len());
                    added.push(new);
                }
            }
        }
        Self {
            fates,
            added: added.into_iter().flatten().collect(),
        }
    }

    /// The intended entries, computed from the existing ones.
    pub fn entries<'a>(
        &'a self,
        old: impl Iterator<Item = &'a Entry>,
    ) -> impl Iterator<Item = &'a Entry> {
        let old = old.zip(&self.fates).filter_map(|(entry, fate)| match fate {
            Fate::Stays => Some(entry),
            Fate::Becomes(entry) => Some(&**entry),
            Fate::Leaves => None,
        });
        old.chain(&self.added)
    }

    /// Whether the new registry has the intended entries, and everything else as in the old one.
    pub fn met(&self, old: &Registry, new: &Registry) -> bool {
        self.met_by(old, old.entries().iter(), old.nodes(), new)
    }

    /// [`Self::met`], for a part of the old registry's entries and their changes.
    pub fn met_by<'a>(
        &'a self,
        old: &'a Registry,
        entries: impl Iterator<Item = &'a Entry>,
        nodes: impl Iterator<Item = &'a Node>,
        new: &Registry,
    ) -> bool {
        if !self.entries(entries).eq(new.entries()) {
            return false;
        }
        let (Some(tree), Some(new_tree)) = (old.tree(), new.tree()) else {
            return old.tree().is_none();
        };
        let kept = (nodes.zip(&self.fates)).filter(|(_, fate)| **fate != Fate::Leaves);
        same_pairs(&others(tree), &others(new_tree))
            && (kept.zip(new.nodes())).all(|((before, fate), after)| match fate {
                Fate::Stays => before.same(after),
                _ => same_pairs(&unknown(before), &unknown(after)),
            })
    }
}

type Pairs<'a> = Vec<&'a (Node, Node)>;

/// The keys outside the list of entries.
fn others(tree: &Tree) -> Pairs<'_> {
    pairs(tree.root(), |key| key == Some("images"))
}

/// The foreign keys of an entry.
fn unknown(entry: &Node) -> Pairs<'_> {
    pairs(entry, |key| key.and_then(Key::from_str).is_some())
}

fn pairs(node: &Node, except: impl Fn(Option<&str>) -> bool) -> Pairs<'_> {
    match &node.value {
        Value::Map { pairs, .. } => (pairs.iter())
            .filter(|(key, _)| !except(key.scalar()))
            .collect(),
        _ => Vec::new(),
    }
}

fn same_pairs(before: &[&(Node, Node)], after: &[&(Node, Node)]) -> bool {
    before.len() == after.len()
        && (before.iter().zip(after)).all(|(a, b)| a.0.same(&b.0) && a.1.same(&b.1))
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;

    const TEXT: &str = "owner: us\nimages:\n- {name: a, file: a.tar, docker_tag: a, os: x, \
                        architecture: y, note: ours}\n- {name: b, file: b.tar, docker_tag: b, os: x, \
                        architecture: y, note: [1, 2]}\n";

    fn parse(text: &str) -> Registry {
        Registry::parse(Utf8Path::new("r.yml"), text.to_owned()).unwrap()
    }

    #[test]
    fn a_text_that_says_anything_else_is_not_what_was_meant() {
        let old = parse(TEXT);
        let mut a = old.get("a").unwrap().clone();
        a.pinned = true;
        let goal = Goal::new(&old, &[Edit::Put(a)]);
        let meant = TEXT.replace("note: ours", "note: ours, pinned: true");
        assert!(goal.met(&old, &parse(&meant)));
        assert!(goal.met(&old, &parse(&meant.replace("note: ours", "note:   ours "))));
        for (from, to) in [
            ("note: ours, pinned: true", "note: ours"),
            ("note: ours", "note: theirs"),
            ("note: ours", "note: 'ours'"),
            ("note: ours, ", ""),
            ("[1, 2]", "[1, 3]"),
            ("[1, 2]", "[1, 2, 2]"),
            ("[1, 2]", "{1: 2}"),
            (
                "os: x, architecture: y, note: [",
                "os: z, architecture: y, note: [",
            ),
            ("owner: us", "owner: them"),
            ("owner: us\n", ""),
            ("owner: us", "owner: us\nmore: 1"),
            ("- {name: b", "- {name: c"),
        ] {
            let other = meant.replace(from, to);
            assert_ne!(other, meant);
            assert!(!goal.met(&old, &parse(&other)), "{other}");
        }
    }
}
