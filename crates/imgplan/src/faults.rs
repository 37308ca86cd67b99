//! Decides which archives count as absent. It opens only archives of images that would be chosen, each once.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use camino::Utf8Path;
use registry::Entry;
use ui::Reporter;

/// How many archives to name; the others are counted.
const MOST: usize = 10;

/// The results for archives so far.
#[derive(Debug, Default)]
pub(crate) struct ArchiveFaults {
    /// By an entry's name: why its archive counts as absent, if it does.
    seen: RefCell<HashMap<String, Option<String>>>,
    /// How many archives have a fault, fetched or not.
    faults: Cell<usize>,
}

impl ArchiveFaults {
    /// Why an archive counts as absent, unless it is fetched. The first few are named on standard error, each once.
    pub(crate) fn fault(
        &self,
        entry: &Entry,
        file: &Utf8Path,
        shown: &Utf8Path,
        fetches: bool,
        reporter: &Reporter,
    ) -> Option<String> {
        if let Some(known) = self.seen.borrow().get(&entry.name) {
            return known.clone();
        }
        let fault = thin::fault(file, entry);
        if let Some(fault) = &fault {
            let then = if fetches {
                "it will be fetched"
            } else {
                "passed over"
            };
            self.faults.set(self.faults.get() + 1);
            if self.faults.get() <= MOST {
                reporter.warn(format!("{shown}: {fault}; {then}"));
            }
        }
        let counts = fault.filter(|_| !fetches).map(|fault| fault.to_string());
        let mut seen = self.seen.borrow_mut();
        seen.insert(entry.name.clone(), counts.clone());
        counts
    }

    /// Reports how many more archives have a fault.
    pub(crate) fn say_rest(&self, reporter: &Reporter) {
        let rest = self.faults.get().saturating_sub(MOST);
        if rest > 0 {
            let what = if rest == 1 {
                "archive is"
            } else {
                "archives are"
            };
            reporter.warn(format!("{rest} more {what} stale or damaged"));
        }
    }
}
