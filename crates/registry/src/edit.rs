//! Changes of one entry: finds the keys that differ, and sets their values in place.
//!
//! A present value is replaced in place. A new key is inserted after the nearest key that precedes it in the order of
//! [`Key::ALL`].

use chrono::SubsecRound;
use yaml::{Changes, Node, Value, YamlValue, inline, layout, set};

use crate::Entry;
use crate::key::Key;

/// A change to a registry.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "edits are few, and nearly all are of this kind"
)]
pub enum Edit {
    /// Adds the entry of this name, or changes the keys that differ. Times are cut to the second.
    Put(Entry),
    /// Removes the entry of this name, if there is one.
    Remove(String),
}

impl Edit {
    /// The name of the entry.
    pub fn name(&self) -> &str {
        match self {
            Self::Put(entry) => &entry.name,
            Self::Remove(name) => name,
        }
    }
}

/// The entry to write. New times are cut to the second.
pub(crate) fn meant(mut entry: Entry, old: Option<&Entry>) -> Entry {
    if old.is_none_or(|old| old.created != entry.created) {
        entry.created = entry.created.map(|time| time.trunc_subsecs(0));
    }
    if old.is_none_or(|old| old.last_used != entry.last_used) {
        entry.last_used = entry.last_used.map(|time| time.trunc_subsecs(0));
    }
    entry
}

/// Changes the entry at `node` from `old` to `new`.
pub(crate) fn change(changes: &mut Changes, text: &str, node: &Node, old: &Entry, new: &Entry) {
    for key in Key::ALL {
        let shown = key.shown(new);
        if shown == key.shown(old) {
            continue;
        }
        let shown = match shown {
            YamlValue::Absent => key.nothing(),
            shown => shown,
        };
        match node.pair(key.as_str()) {
            Some((key, value)) => set(changes, text, key, value, &shown),
            None => add(changes, text, node, key, &shown),
        }
    }
}

/// A new entry as `{…}`.
pub(crate) fn flow(entry: &Entry) -> String {
    let pairs: Vec<_> = written(entry)
        .map(|(key, shown)| format!("{}: {}", key.as_str(), inline(&shown)))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

/// The lines of a new entry; the first follows the `-`.
pub(crate) fn block(entry: &Entry) -> impl Iterator<Item = String> {
    written(entry).map(|(key, shown)| format!("{}: {}", key.as_str(), inline(&shown)))
}

/// The keys of a new entry.
fn written(entry: &Entry) -> impl Iterator<Item = (Key, YamlValue)> {
    Key::ALL
        .into_iter()
        .filter_map(|key| match key.shown(entry) {
            YamlValue::Absent if key.always() => Some((key, key.nothing())),
            YamlValue::Absent => None,
            shown => Some((key, shown)),
        })
}

fn add(changes: &mut Changes, text: &str, node: &Node, key: Key, shown: &YamlValue) {
    let Value::Map { pairs, flow } = &node.value else {
        return;
    };
    let before = Key::ALL[..key as usize]
        .iter()
        .rev()
        .find_map(|key| node.pair(key.as_str()))
        .or(pairs.last());
    let Some((before, value)) = before else {
        return;
    };
    let pair = format!("{}: {}", key.as_str(), inline(shown));
    let end = value.span().end.max(before.span().end);
    if *flow {
        match layout::indicator(text, before.span().end, b':') {
            // Some parsers take a colon right before a comma as part of the key.
            Some(colon) if value.span().is_empty() => {
                changes.insert(colon + 1, format!(" , {pair}"));
            }
            _ => changes.insert(end, format!(", {pair}")),
        }
        return;
    }
    let indent = layout::column(text, before.span().start);
    let line_break = layout::line_break(text);
    changes.insert(
        layout::line_end(text, end),
        format!("{line_break}{}{pair}", " ".repeat(indent)),
    );
}
