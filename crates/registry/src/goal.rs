//! What edits are to lead to, and whether they did.

use std::collections::HashMap;

use crate::key::Key;
use crate::yaml::{Node, Tree, Value};
use crate::{Edit, Entry, Registry, edit};

/// The entries as they are to be, with several edits of one entry taken together.
pub(crate) struct Goal {
    /// For each entry that is there, what becomes of it: none if it leaves.
    pub of_old: Vec<Option<Entry>>,
    /// What is new, in the order in which it is put.
    pub added: Vec<Entry>,
}

impl Goal {
    pub fn new(registry: &Registry, edits: &[Edit]) -> Self {
        let mut of_old: Vec<_> = registry.entries().iter().cloned().map(Some).collect();
        let mut added: Vec<Option<Entry>> = Vec::new();
        let mut added_at: HashMap<&str, usize> = HashMap::new();
        for edit in edits {
            let name = edit.name();
            let new = match edit {
                Edit::Put(entry) => Some(edit::meant(entry.clone(), registry.get(name))),
                Edit::Remove(_) => None,
            };
            match registry.index(name) {
                Some(index) => of_old[index] = new,
                None => match added_at.get(name) {
                    Some(index) => added[*index] = new,
                    None => {
                        added_at.insert(name, added.len());
                        added.push(new);
                    }
                },
            }
        }
        Self {
            of_old,
            added: added.into_iter().flatten().collect(),
        }
    }

    /// Whether the new registry says what was meant, and everything else as the old one does.
    pub fn met(&self, old: &Registry, new: &Registry) -> bool {
        let wanted = self.of_old.iter().flatten().chain(&self.added);
        if !wanted.eq(new.entries()) {
            return false;
        }
        let (Some(tree), Some(new_tree)) = (old.tree(), new.tree()) else {
            return old.tree().is_none();
        };
        let kept = (old.nodes().zip(old.entries()).zip(&self.of_old))
            .filter_map(|((node, entry), becomes)| Some((node, entry == becomes.as_ref()?)));
        same_pairs(&others(tree), &others(new_tree))
            && kept.zip(new.nodes()).all(|((before, untouched), after)| {
                if untouched {
                    before.same(after)
                } else {
                    same_pairs(&unknown(before), &unknown(after))
                }
            })
    }
}

type Pairs<'a> = Vec<&'a (Node, Node)>;

/// What stands beside the entries.
fn others(tree: &Tree) -> Pairs<'_> {
    pairs(tree.root(), |key| key == Some("images"))
}

/// What an entry says that is not imgpipe's.
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
