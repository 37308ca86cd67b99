//! Images as a table for people.
//!
//! The layout depends on the terminal's width. The first try has long ages and sizes and wide gaps, the next narrow
//! gaps, then short words, then no empty columns. Last, names are shortened in their middle, because projects differ at
//! the start and variants at the end.

use chrono::{DateTime, Utc};

use crate::age::age;
use crate::finding::State;
use crate::listed::Listed;
use crate::record::{NOTHING, holders, one_field, yes_no};

const COLUMNS: usize = 9;
const HEADER: [&str; COLUMNS] = [
    "NAME",
    "SIZE",
    "SHARED",
    "LAST USED",
    "USES",
    "LOADED",
    "LEASED",
    "PINNED",
    "STATE",
];
/// The right-aligned columns.
const RIGHT: [bool; COLUMNS] = [false, true, true, false, true, false, false, false, false];
const NAME: usize = 0;
const STATE: usize = 8;
/// The columns to leave out if they are empty in every row, with the empty value.
const OPTIONAL: [(usize, &str); 3] = [(5, NOTHING), (6, NOTHING), (7, "no")];
/// The fewest characters of a shortened name. A table with long names may still be too wide.
const LEAST_NAME: usize = 12;
/// The most characters of the holders.
const MOST_HOLDERS: usize = 16;

/// The layout of the columns.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    now: DateTime<Utc>,
    short: bool,
    gap: usize,
    /// `None` for a column that is left out.
    widths: [Option<usize>; COLUMNS],
}

impl Table {
    /// A layout for these images and so many characters a line. If the images will be `checked`, it reserves space for
    /// any state.
    pub(crate) fn new(
        images: &[Listed<'_>],
        now: DateTime<Utc>,
        width: usize,
        checked: bool,
    ) -> Self {
        let mut table = Self {
            now,
            short: false,
            gap: 2,
            widths: [None; COLUMNS],
        };
        for (gap, short, dense) in [
            (2, false, false),
            (1, false, false),
            (1, true, false),
            (1, true, true),
        ] {
            (table.gap, table.short) = (gap, short);
            table.measure(images, dense, checked);
            if table.width() <= width {
                return table;
            }
        }
        let others = table.widths.iter().skip(1).flatten();
        let others: usize = others.map(|width| width + table.gap).sum();
        let left = width.saturating_sub(others);
        table.widths[NAME] = table.widths[NAME].map(|name| left.max(LEAST_NAME.min(name)));
        table
    }

    /// The names of the columns.
    pub(crate) fn header(&self) -> String {
        self.line(&HEADER.map(str::to_owned))
    }

    pub(crate) fn row(&self, image: &Listed<'_>) -> String {
        self.line(&cells(image, self.now, self.short))
    }

    /// Sets the widths that the images need. A `dense` table has no empty column.
    fn measure(&mut self, images: &[Listed<'_>], dense: bool, checked: bool) {
        let mut widths = HEADER.map(str::len);
        let mut says = [false; COLUMNS];
        if checked {
            widths[STATE] = widths[STATE].max(State::LfsPointer.as_str().len());
        }
        for image in images {
            let cells = cells(image, self.now, self.short);
            for (column, cell) in cells.iter().enumerate() {
                widths[column] = widths[column].max(cell.chars().count());
                let nothing = OPTIONAL.iter().find(|(optional, _)| *optional == column);
                says[column] |= nothing.is_none_or(|(_, nothing)| cell != nothing);
            }
        }
        for (column, width) in widths.into_iter().enumerate() {
            self.widths[column] = (says[column] || !dense).then_some(width);
        }
    }

    fn width(&self) -> usize {
        let widths = self.widths.iter().flatten();
        widths.map(|width| width + self.gap).sum::<usize>() - self.gap
    }

    fn line(&self, cells: &[String; COLUMNS]) -> String {
        let mut line = String::new();
        for (column, cell) in cells.iter().enumerate() {
            let Some(width) = self.widths[column] else {
                continue;
            };
            if column > NAME {
                line.extend(std::iter::repeat_n(' ', self.gap));
            }
            let cell = if column == NAME {
                shortened(cell, width)
            } else {
                cell.clone()
            };
            line += &if RIGHT[column] {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            };
        }
        line.truncate(line.trim_end().len());
        line
    }
}

fn cells(image: &Listed<'_>, now: DateTime<Utc>, short: bool) -> [String; COLUMNS] {
    let size = |bytes: Option<u64>| match bytes {
        None => NOTHING.to_owned(),
        Some(bytes) if short => ui::short_size(bytes),
        Some(bytes) => ui::size(bytes),
    };
    let entry = &image.entry;
    let leased = match image.leased.len() {
        0 => NOTHING.to_owned(),
        count if short => count.to_string(),
        _ => shortened(&one_field(&holders(image)), MOST_HOLDERS),
    };
    [
        one_field(&entry.name),
        size(image.size()),
        size(image.shared),
        age(entry.last_used, now, short),
        entry.usage_count.to_string(),
        yes_no(image.loaded).to_owned(),
        leased,
        yes_no(Some(entry.pinned)).to_owned(),
        image.state().to_string(),
    ]
}

/// At most so many characters of a text: its start and its end.
fn shortened(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let start: String = text.chars().take(kept / 2).collect();
    let end: String = text.chars().skip(count - (kept - kept / 2)).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::testing::listed;

    fn lines(images: &[Listed<'_>], width: usize) -> Vec<String> {
        let table = Table::new(images, now(), width, false);
        let rows = images.iter().map(|image| table.row(image));
        [table.header()].into_iter().chain(rows).collect()
    }

    fn now() -> DateTime<Utc> {
        "2026-02-06T00:00:00Z".parse().expect("a time")
    }

    fn images() -> Vec<Listed<'static>> {
        let mut used = listed("capy-ubuntu-25.04-gcc15-asan");
        used.entry.to_mut().last_used = Some(now() - TimeDelta::days(3));
        used.entry.to_mut().usage_count = 12;
        vec![listed("capy-debian-12-base"), used]
    }

    #[test]
    fn lays_out_for_the_width_that_there_is() {
        let images = images();
        assert_eq!(
            lines(&images, 140),
            [
                "NAME                             SIZE  SHARED  LAST USED   USES  LOADED  LEASED  PINNED  STATE",
                "capy-debian-12-base           1.53 GB   100 B  never          0  yes     -       no      ok",
                "capy-ubuntu-25.04-gcc15-asan  1.53 GB   100 B  3 days ago    12  yes     -       no      ok",
            ]
        );
        assert_eq!(
            lines(&images, 80),
            [
                "NAME                          SIZE SHARED LAST USED USES LOADED STATE",
                "capy-debian-12-base          1.5GB   100B never        0 yes    ok",
                "capy-ubuntu-25.04-gcc15-asan 1.5GB   100B 3d          12 yes    ok",
            ]
        );
        assert_eq!(
            lines(&images, 60),
            [
                "NAME                 SIZE SHARED LAST USED USES LOADED STATE",
                "capy-debian-12-base 1.5GB   100B never        0 yes    ok",
                "capy-ubun…cc15-asan 1.5GB   100B 3d          12 yes    ok",
            ]
        );
    }

    #[test]
    fn no_line_is_too_wide_where_that_can_be() {
        let mut images = images();
        images[0].leased = vec!["x".repeat(100)];
        images[1].entry.to_mut().pinned = true;
        images[1].entry.to_mut().name = "n".repeat(300);
        for width in [75, 80, 100, 140, 200] {
            let lines = lines(&images, width);
            let widest = lines.iter().map(|line| line.chars().count()).max();
            assert!(widest <= Some(width), "{width}: {lines:#?}");
        }
        // A name stays recognisable.
        assert!(lines(&images, 10)[2].starts_with("nnnnn…nnnnnn "));
    }
}
