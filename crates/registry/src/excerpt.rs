//! A registry's text without the entries that an edit leaves alone.
//!
//! What an edit made of a text is parsed before anybody gets to see it. Of ten thousand entries it is mostly about one, and all
//! others would be parsed for nothing. In a block list entries are independent of each other: each begins with a dash at the
//! same column, which ends whatever stood before it. So a text from which whole entries are cut says of all others what it said
//! with them, and it is enough to look at those that changed, at their neighbours, and at all that is not the list.
//!
//! Anchors reach from one entry into another: a text that has any is looked at as a whole.

use std::ops::Range;

use camino::Utf8Path;
use yaml::{Changes, MAX_NODES, Node, Tree, Value, layout};

use crate::goal::{Fate, Goal};
use crate::{Registry, decode};

/// What is left of a text, and what is cut.
pub(crate) struct Excerpt {
    /// The entries that are left, ascending.
    kept: Vec<usize>,
    /// The bytes that are cut, ascending and apart from each other.
    cuts: Vec<Range<usize>>,
}

impl Excerpt {
    /// What shows these changes. None where nothing can be left out: the whole text is to be looked at.
    pub fn new(registry: &Registry, changes: &Changes, goal: &Goal) -> Option<Self> {
        let starts = starts(registry)?;
        let mut kept = vec![false; starts.len()];
        // What follows the list begins behind its last entry, and the list behind what precedes it.
        *kept.first_mut()? = true;
        *kept.last_mut()? = true;
        for range in changes.ranges() {
            // Also what only touches the place, since what stands there may go either way.
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

    /// Whether the changes lead to the goal. None where that is not to be seen here: the excerpt does not say of its entries
    /// what the whole text says, or there may be too many of them.
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

    /// Whether an excerpt says of its entries, and beside them, what the whole says.
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

    /// How many bytes are cut before one that is left.
    fn cut_before(&self, at: usize) -> usize {
        let cuts = self.cuts.iter().take_while(|cut| cut.end <= at);
        cuts.map(Range::len).sum()
    }
}

/// Where the lines of each entry begin, if they are a block list in a text in which each stands for itself.
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
