//! A partial check of an edit: a registry's text without the untouched entries.
//!
//! The result of an edit is parsed before it is used. Most edits change one entry of thousands, so parsing all others
//! would be wasted. In a block list, entries are independent: each begins with a dash at the same column, which ends
//! the one before. So whole entries can be cut without changing the others. It is enough to parse the changed entries,
//! their neighbours, and everything outside the list.
//!
//! Anchors connect entries: a text with anchors is parsed as a whole.

use std::ops::Range;

use camino::Utf8Path;
use yaml::{Changes, MAX_NODES, Node, Tree, Value, layout};

use crate::goal::{Fate, Goal};
use crate::{Registry, decode};

/// The kept and the cut parts of a text.
pub(crate) struct PartialCheck {
    /// The kept entries, ascending.
    kept: Vec<usize>,
    /// The cut bytes, ascending and disjoint.
    cuts: Vec<Range<usize>>,
}

impl PartialCheck {
    /// The excerpt that shows these changes. `None` if nothing can be cut: then parse the whole text.
    pub fn new(registry: &Registry, changes: &Changes, goal: &Goal) -> Option<Self> {
        let starts = starts(registry)?;
        let mut kept = vec![false; starts.len()];
        // The text after the list ends its last entry, and the list ends the text before it.
        *kept.first_mut()? = true;
        *kept.last_mut()? = true;
        for range in changes.ranges() {
            // An entry that only touches the position counts too: an insertion may belong to either side.
            let first = starts.partition_point(|start| *start < range.start);
            let last = starts.partition_point(|start| *start <= range.end);
            let around = first.saturating_sub(2)..(last + 1).min(starts.len());
            kept.get_mut(around)?.fill(true);
        }
        let mut fates = goal.fates.iter().zip(&kept);
        if fates.any(|(fate, kept)| *fate != Fate::Stays && !kept) {
            return None;
        }
        let mut cuts: Vec<Range<usize>> = Vec::new();
        for (index, _) in kept.iter().enumerate().filter(|(_, kept)| !**kept) {
            let cut = starts[index]..*starts.get(index + 1)?;
            match cuts.last_mut() {
                Some(last) if last.end == cut.start => last.end = cut.end,
                _ => cuts.push(cut),
            }
        }
        let kept = (kept.iter().enumerate()).filter_map(|(index, kept)| kept.then_some(index));
        (!cuts.is_empty()).then(|| Self {
            kept: kept.collect(),
            cuts,
        })
    }

    /// Whether the changes have the intended result. `None` if the excerpt cannot show it: its entries differ from the
    /// whole text's, or there may be too many entries.
    pub fn shows(&self, registry: &Registry, changes: &Changes, goal: &Goal) -> Option<bool> {
        let parse = |text| Registry::parse(Utf8Path::new(""), text).ok();
        let old = parse(self.text(registry.text())).filter(|old| self.stands_for(registry, old))?;
        let changes = changes.moved(|at| at - self.cut_before(at));
        let Some(new) = changes.apply(old.text()).and_then(parse) else {
            return Some(false);
        };
        let nodes = |registry: &Registry| registry.tree().map_or(0, Tree::nodes);
        if nodes(registry) + nodes(&new) > MAX_NODES {
            return None;
        }
        let fates = self.kept.iter().map(|index| goal.fates[*index].clone());
        let goal = Goal {
            fates: fates.collect(),
            added: goal.added.clone(),
        };
        Some(goal.met(&old, &new))
    }

    /// Whether the excerpt has the same entries and other keys as the whole text.
    fn stands_for(&self, whole: &Registry, excerpt: &Registry) -> bool {
        let stay = Goal {
            fates: vec![Fate::Stays; self.kept.len()],
            added: Vec::new(),
        };
        let nodes: Vec<&Node> = whole.nodes().collect();
        let nodes = self.kept.iter().map(|index| nodes[*index]);
        let entries = self.kept.iter().map(|index| &whole.entries()[*index]);
        stay.met_by(whole, entries, nodes, excerpt)
    }

    fn text(&self, whole: &str) -> String {
        let mut text = String::new();
        let mut from = 0;
        for cut in &self.cuts {
            text.push_str(&whole[from..cut.start]);
            from = cut.end;
        }
        text.push_str(&whole[from..]);
        text
    }

    /// How many bytes are cut before this position.
    fn cut_before(&self, at: usize) -> usize {
        let cuts = self.cuts.iter().take_while(|cut| cut.end <= at);
        cuts.map(Range::len).sum()
    }
}

/// The first line of each entry, if they are a block list in a text without anchors.
fn starts(registry: &Registry) -> Option<Vec<usize>> {
    let tree = registry.tree()?;
    let (key, images) = tree.root().pair("images")?;
    let Value::List { items, flow: false } = &images.value else {
        return None;
    };
    let block = matches!(tree.root().value, Value::Map { flow: false, .. });
    if !block || tree.has_anchors() || decode::items(tree).len() != items.len() {
        return None;
    }
    let text = registry.text();
    let before = std::iter::once(key).chain(items);
    let starts = before.zip(items).map(|(before, _)| {
        let dash = layout::indicator(text, before.span().end, b'-')?;
        let start = layout::line_start(text, dash);
        layout::blank(text, start..dash).then_some(start)
    });
    let starts: Vec<_> = starts.collect::<Option<_>>()?;
    starts.is_sorted_by(|a, b| a < b).then_some(starts)
}

#[cfg(test)]
mod tests;
