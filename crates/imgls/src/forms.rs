//! How images are printed, each in one of several forms.

use std::io::IsTerminal;

use chrono::{DateTime, Utc};
use failure::Failure;
use terminal_size::{Width, terminal_size_of};
use ui::Context;

use crate::listed::Listed;
use crate::long::long;
use crate::record;
use crate::table::Table;

/// The width of a terminal that does not say it.
const USUAL_WIDTH: usize = 80;

/// A form, and what has been printed in it.
pub(crate) struct Forms {
    form: Form,
    now: DateTime<Utc>,
    /// What stands between two images in the long form.
    between: &'static str,
    printed: usize,
}

enum Form {
    Lines,
    Long,
    Table(Table),
}

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListFlags {
    /// All of each image.
    pub long: bool,
    /// Records for programs, whatever reads them.
    pub records: bool,
    /// NUL ends a record.
    pub null: bool,
    /// The images are checked before they are printed.
    pub checked: bool,
}

/// Whether people read what is printed.
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

    /// Prints one image.
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
