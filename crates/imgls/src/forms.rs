//! Prints images in one of several forms.

use std::io::IsTerminal;

use chrono::{DateTime, Utc};
use failure::Failure;
use terminal_size::{Width, terminal_size_of};
use ui::Context;

use crate::listed::Listed;
use crate::long::long;
use crate::record;
use crate::table::Table;

/// The width if the terminal's is unknown.
const USUAL_WIDTH: usize = 80;

/// A form, and the state of the output.
pub(crate) struct Forms {
    form: Form,
    now: DateTime<Utc>,
    /// The separator of two images in the long form.
    between: &'static str,
    printed: usize,
}

enum Form {
    Lines,
    Long,
    Table(Table),
}

/// The requested form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListFlags {
    /// All fields of each image.
    pub long: bool,
    /// Records for programs, also on a terminal.
    pub records: bool,
    /// End records with NUL.
    pub null: bool,
    /// The images are checked before they are printed.
    pub checked: bool,
}

/// Whether the output is a terminal.
pub(crate) fn on_terminal() -> bool {
    std::io::stdout().is_terminal()
}

impl Forms {
    /// The form in which to print these images.
    pub(crate) fn new(wanted: ListFlags, images: &[Listed<'_>]) -> Self {
        let now = Utc::now();
        let form = if wanted.long {
            Form::Long
        } else if wanted.records || wanted.null || !on_terminal() {
            Form::Lines
        } else {
            let width = terminal_size_of(std::io::stdout()).map(|(Width(width), _)| width);
            let width = width.filter(|width| *width > 0);
            let width = width.map_or(USUAL_WIDTH, usize::from);
            Form::Table(Table::new(images, now, width, wanted.checked))
        };
        Self {
            form,
            now,
            between: if wanted.null { "" } else { "\n" },
            printed: 0,
        }
    }

    pub(crate) fn print(&mut self, context: &Context, image: &Listed<'_>) -> Result<(), Failure> {
        let first = self.printed == 0;
        self.printed += 1;
        let plain = match &self.form {
            Form::Lines => record::line(image),
            Form::Long if first => long(image, self.now),
            Form::Long => format!("{}{}", self.between, long(image, self.now)),
            Form::Table(table) if first => format!("{}\n{}", table.header(), table.row(image)),
            Form::Table(table) => table.row(image),
        };
        let out = &context.out;
        context
            .reporter
            .aside(|| out.record(&plain, || record::json(image)))
    }
}
