//! The texts of a terminal's lines, shortened to fit.

use std::fmt;

use indicatif::{ProgressState, ProgressStyle};

use super::area;

/// The bar.
pub(super) const BAR: Form = Form {
    template: "{what}: {decimal_bytes} of {decimal_total_bytes} [{wide_bar}] {decimal_bytes_per_sec}, {eta} left",
    room: |columns| columns.saturating_sub(58),
};
/// The bar on a narrow terminal.
pub(super) const SHORT: Form = Form {
    template: "{what}: {decimal_bytes} of {decimal_total_bytes}",
    room: |columns| columns.saturating_sub(28),
};
/// The bar without a known total.
pub(super) const UNKNOWN: Form = Form {
    template: "{what}: {decimal_bytes}, {decimal_bytes_per_sec} {spinner}",
    room: |columns| columns.saturating_sub(36),
};
/// A task with its last line. A long name takes at most half of the line.
pub(super) const TASK: Form = Form {
    template: "{what}: {elapsed} {wide_msg}",
    room: |columns| columns / 2,
};
/// A task without output.
pub(super) const SILENT: Form = Form {
    template: "{what}: {elapsed}",
    room: |columns| columns.saturating_sub(14),
};

/// A line on a terminal.
pub(super) struct Form {
    template: &'static str,
    /// The columns for the message, for a terminal of so many columns.
    room: fn(usize) -> usize,
}

impl Form {
    /// The style for indicatif. The message is shortened at each drawing, because the terminal may become narrower.
    pub(super) fn style(&self, what: &str) -> ProgressStyle {
        let (what, room) = (what.to_owned(), self.room);
        // The templates are constant; if one were wrong, the default bar would be used.
        let style = ProgressStyle::with_template(self.template);
        style
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("what", move |_: &ProgressState, to: &mut dyn fmt::Write| {
                let room = room(usize::from(area::size().columns));
                // Writing to memory does not fail.
                let _ = to.write_str(&shortened(&what, room));
            })
    }
}

/// Shortens a message to so many characters: it keeps the first word and the end, where file names differ.
fn shortened(message: &str, room: usize) -> String {
    let length = message.chars().count();
    if length <= room {
        return message.to_owned();
    }
    let (verb, rest) = message.split_once(' ').unwrap_or(("", message));
    let left = room.saturating_sub(verb.chars().count() + 2).max(1);
    let dropped = rest.chars().count().saturating_sub(left);
    let end: String = rest.chars().skip(dropped).collect();
    format!("{verb} …{end}").trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_keeps_its_verb_and_its_end() {
        let message = "loading images/capy/capy-debian-12-gcc12.tar";
        assert_eq!(shortened(message, 44), message);
        assert_eq!(shortened(message, 25), "loading …ian-12-gcc12.tar");
        assert_eq!(shortened("x", 0), "…x");
        assert_eq!(shortened("checking ä", 9), "checking …ä");
    }
}
