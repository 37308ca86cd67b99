//! Adds entries to the list under `images` and removes them, in any style of list.
//!
//! From a block list, whole lines are removed. New lines follow the last remaining entry, with its indentation. From a
//! flow list (`[{…}, {…}]`), an item is removed with its comma. An empty or missing list becomes a block list. A list
//! that loses its last entry becomes `[]`.

use std::ops::Range;

use yaml::layout::{self, column, line_end, line_start};
use yaml::{Changes, Node, Tree, Value, YamlValue};

use crate::goal::{Fate, Goal};
use crate::{Entry, edit};

/// The default indentation of a block list under its key, and of an entry under its dash.
const INDENT: usize = 2;

/// Removes and adds the entries.
pub(crate) fn update(changes: &mut Changes, text: &str, tree: Option<&Tree>, goal: &Goal) {
    if goal.added.is_empty() && !goal.fates.contains(&Fate::Leaves) {
        return;
    }
    let Some((root, Value::Map { flow, .. })) = tree.map(|tree| (tree.root(), &tree.root().value))
    else {
        // Only comments: the document begins after them.
        changes.insert(text.len(), document(text, &goal.added));
        return;
    };
    let Some((key, images)) = root.pair("images") else {
        append_key(changes, text, root, &goal.added);
        return;
    };
    match &images.value {
        Value::List { items, flow: false } => block(changes, text, key, items, goal),
        Value::List { items, flow: true } if !items.is_empty() || *flow => {
            self::flow(changes, text, images, items, goal);
        }
        _ if *flow => {
            let entries = YamlValue::Scalar(format!("[{}]", flows(&goal.added)));
            yaml::set(changes, text, key, images, &entries);
        }
        _ => fill(changes, text, key, images, &goal.added),
    }
}

/// The text to append if there is no document. It ends as the text does.
fn document(text: &str, added: &[Entry]) -> String {
    let line_break = layout::line_break(text);
    let lines = lines(text, added, 0);
    let bare = text.trim_start_matches('\u{feff}');
    let (start, end) = if bare.is_empty() || bare.ends_with(['\n', '\r']) {
        ("", line_break)
    } else {
        (line_break, "")
    };
    format!("{start}version: 1.0{line_break}images:{lines}{end}")
}

/// Adds the key `images` at the end of a mapping.
fn append_key(changes: &mut Changes, text: &str, root: &Node, added: &[Entry]) {
    let Value::Map { pairs, flow } = &root.value else {
        return;
    };
    let Some((first, _)) = pairs.first().filter(|_| !*flow) else {
        let end = layout::trimmed_end(text, 0..root.span().end.saturating_sub(1));
        let separator = match text.as_bytes()[..end].last() {
            Some(b'{') => "",
            Some(b',') => " ",
            _ => ", ",
        };
        changes.insert(end, format!("{separator}images: [{}]", flows(added)));
        return;
    };
    let indent = column(text, first.span().start);
    let key = format!("{}{}images:", layout::line_break(text), " ".repeat(indent));
    let lines = lines(text, added, indent);
    changes.insert(line_end(text, root.span().end), format!("{key}{lines}"));
}

/// New entries as lines of a block list, each after a line break.
fn lines(text: &str, entries: &[Entry], key_column: usize) -> String {
    let dash = " ".repeat(key_column + INDENT);
    block_lines(entries, layout::line_break(text), &dash, INDENT)
}

fn block_lines(entries: &[Entry], line_break: &str, dash: &str, inside: usize) -> String {
    let mut out = String::new();
    for entry in entries {
        for (index, line) in edit::block(entry).enumerate() {
            out.push_str(line_break);
            out.push_str(dash);
            let lead = if index == 0 { "-" } else { " " };
            out.push_str(&format!("{lead:<inside$}{line}"));
        }
    }
    out
}

fn flows(entries: &[Entry]) -> String {
    entries
        .iter()
        .map(edit::flow)
        .collect::<Vec<_>>()
        .join(", ")
}

fn last_kept(goal: &Goal) -> Option<usize> {
    goal.fates.iter().rposition(|fate| *fate != Fate::Leaves)
}

/// Adds entries to an empty list: `images:`, `images: null`, `images: []`.
fn fill(changes: &mut Changes, text: &str, key: &Node, images: &Node, added: &[Entry]) {
    let Some(colon) = layout::indicator(text, key.span().end, b':') else {
        return;
    };
    let mut end = colon + 1;
    if !images.span().is_empty() {
        end = images.span().end;
        changes.delete(colon + 1..end);
    }
    let new = lines(text, added, column(text, key.span().start));
    changes.insert(line_end(text, end), new);
}

fn block(changes: &mut Changes, text: &str, key: &Node, items: &[Node], goal: &Goal) {
    let dashes: Vec<_> = (0..items.len())
        .map(|index| {
            let before = index.checked_sub(1).and_then(|before| items.get(before));
            let from = before.unwrap_or(key).span().end;
            layout::indicator(text, from, b'-')
        })
        .collect();
    let Some(dashes) = dashes.into_iter().collect::<Option<Vec<_>>>() else {
        return;
    };
    let taken = |index: usize| -> Range<usize> {
        let end = line_end(text, items[index].span().end);
        line_start(text, dashes[index])..layout::after_break(text, end)
    };
    for index in (0..items.len()).filter(|index| goal.fates[*index] == Fate::Leaves) {
        changes.delete(taken(index));
    }
    let kept = last_kept(goal);
    if goal.added.is_empty() {
        if kept.is_none()
            && let Some(colon) = layout::indicator(text, key.span().end, b':')
        {
            changes.insert(colon + 1, " []");
        }
        return;
    }
    let Some(like) = kept.or(Some(0)).filter(|index| *index < items.len()) else {
        return;
    };
    let dash = " ".repeat(column(text, dashes[like]));
    let inside = match &items[like].value {
        Value::Map { pairs, flow: false } => {
            pairs.last().map(|(key, _)| column(text, key.span().start))
        }
        _ => None,
    };
    let inside = inside.map_or(INDENT, |column| {
        column.saturating_sub(dash.len()).max(INDENT)
    });
    let line_break = layout::line_break(text);
    let new = block_lines(&goal.added, line_break, &dash, inside);
    match kept {
        Some(index) => {
            let end = with_own_comments(text, items[index].span().end, dash.len());
            changes.insert(end, new);
        }
        // At the position of the first removed entry.
        None => {
            let new = new.strip_prefix(line_break).unwrap_or(&new);
            changes.insert(taken(0).start, format!("{new}{line_break}"));
        }
    }
}

/// The end of an entry's last line, including comments right below with the indentation of its keys: a commented-out
/// key belongs to its entry.
fn with_own_comments(text: &str, end: usize, dash: usize) -> usize {
    let mut end = line_end(text, end);
    loop {
        let next = layout::after_break(text, end);
        let next_end = line_end(text, next);
        let line = &text[next..next_end];
        let comment = line.trim_start_matches(' ');
        if next == end || !comment.starts_with('#') || line.len() - comment.len() <= dash {
            return end;
        }
        end = next_end;
    }
}

fn flow(changes: &mut Changes, text: &str, images: &Node, items: &[Node], goal: &Goal) {
    let comma = |item: &Node| {
        layout::indicator(text, item.span().end, b',').filter(|comma| *comma < images.span().end)
    };
    for (item, _) in (items.iter().zip(&goal.fates)).filter(|(_, fate)| **fate == Fate::Leaves) {
        let mut gone = item.span();
        match comma(item) {
            Some(comma) if text[gone.end..comma].trim().is_empty() => gone.end = comma + 1,
            Some(comma) => changes.delete(comma..comma + 1),
            None => {}
        }
        changes.delete(with_blank_around(text, gone));
    }
    let kept = last_kept(goal);
    let Some(last) = kept.and_then(|kept| items.get(kept)) else {
        let open = layout::content(text, images.span().start) + 1;
        changes.insert(open, flows(&goal.added));
        return;
    };
    // Keep or omit the trailing comma, as the list does.
    let trailing = items.last().and_then(comma).is_some();
    if !trailing && let Some(comma) = comma(last) {
        changes.delete(comma..layout::token_on_line(text, comma + 1));
    }
    if goal.added.is_empty() {
        return;
    }
    let start = line_start(text, last.span().start);
    let own_line = layout::blank(text, start..last.span().start);
    let separator = if own_line {
        format!(
            ",{}{}",
            layout::line_break(text),
            &text[start..last.span().start]
        )
    } else {
        ", ".to_owned()
    };
    let new: String = (goal.added.iter())
        .map(|entry| format!("{separator}{}", edit::flow(entry)))
        .collect();
    changes.insert(last.span().end, new);
}

/// The whole line if nothing else is on it, else the range with the spaces after it.
fn with_blank_around(text: &str, range: Range<usize>) -> Range<usize> {
    let start = line_start(text, range.start);
    let end = line_end(text, range.end);
    if layout::blank(text, start..range.start) && layout::blank(text, range.end..end) {
        return start..layout::after_break(text, end);
    }
    let rest = &text[range.end..end];
    let spaces = rest.len() - rest.trim_start_matches(' ').len();
    range.start..range.end + spaces
}
