//! Sets the value of a key in place, in its own style: scalars bare or quoted as YAML requires, lists in flow style
//! unless the list is a block.

use crate::{Changes, Node, Value, layout, written};

/// A value as YAML writes it.
#[derive(Debug, Clone, PartialEq)]
pub enum YamlValue {
    /// No value.
    Absent,
    /// One value.
    Scalar(String),
    /// The items of a list.
    List(Vec<String>),
}

/// A value on one line.
pub fn inline(shown: &YamlValue) -> String {
    match shown {
        YamlValue::Absent => "null".to_owned(),
        YamlValue::Scalar(text) => text.clone(),
        YamlValue::List(items) => format!("[{}]", items.join(", ")),
    }
}

/// Sets the value of an existing key.
pub fn set(changes: &mut Changes, text: &str, key: &Node, value: &Node, shown: &YamlValue) {
    if value.span().is_empty() {
        match layout::indicator(text, key.span().end, b':') {
            Some(colon) => changes.insert(colon + 1, format!(" {}", inline(shown))),
            // In a flow mapping, a key may have no value.
            None => changes.insert(key.span().end, format!(": {}", inline(shown))),
        }
        return;
    }
    match (&value.value, shown) {
        (Value::List { items, flow: false }, YamlValue::List(new)) if !new.is_empty() => {
            set_block_list(changes, text, key, items, new);
        }
        (Value::List { flow: false, .. } | Value::Map { flow: false, .. }, _) => {
            // From the key on, because the value begins on its own line.
            match layout::indicator(text, key.span().end, b':') {
                Some(colon) => {
                    changes.replace(colon + 1..value.span().end, format!(" {}", inline(shown)));
                }
                None => changes.replace(value.span(), inline(shown)),
            }
        }
        _ => changes.replace(value.span(), inline(shown)),
    }
}

/// Block lists stay blocks. The items before the first difference stay unchanged, with their comments.
fn set_block_list(changes: &mut Changes, text: &str, key: &Node, old: &[Node], new: &[String]) {
    let (Some(first), Some(last)) = (old.first(), old.last()) else {
        return;
    };
    let Some(dash) = layout::indicator(text, key.span().end, b'-') else {
        changes.replace(
            first.span().start..last.span().end,
            inline(&YamlValue::List(new.to_vec())),
        );
        return;
    };
    let kept = old
        .iter()
        .zip(new)
        .take_while(|(old, new)| old.scalar().map(written).as_ref() == Some(*new))
        .count();
    let indent = " ".repeat(layout::column(text, dash));
    let new: Vec<_> = new[kept..]
        .iter()
        .map(|item| format!("{indent}- {item}"))
        .collect();
    let lines = new.join(layout::line_break(text));
    let end = layout::line_end(text, last.span().end);
    match kept.checked_sub(1).and_then(|before| old.get(before)) {
        None => changes.replace(layout::line_start(text, dash)..end, lines),
        Some(before) => {
            let start = layout::line_end(text, before.span().end);
            let lines = match lines.as_str() {
                "" => lines,
                lines => format!("{}{lines}", layout::line_break(text)),
            };
            changes.replace(start..end.max(start), lines);
        }
    }
}
