//! Which archives are stale. Only those of images that would be taken are opened, each once.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use camino::Utf8Path;
use cli::Reporter;
use registry::Entry;

/// What was found out about archives so far.
#[derive(Debug, Default)]
pub(crate) struct Archives {
    /// By an entry's name: whether its archive is stale, and not fetched.
    seen: RefCell<HashMap<String, bool>>,
    /// The names of the images that can't be taken.
    refused: RefCell<HashSet<String>>,
}

impl Archives {
    /// Whether an archive is another than the registered one, so that it counts as absent. Says so once.
    pub(crate) fn is_stale(
        &self,
        entry: &Entry,
        file: &Utf8Path,
        shown: &Utf8Path,
        fetches: bool,
        reporter: &Reporter,
    ) -> bool {
        if let Some(known) = self.seen.borrow().get(&entry.name) {
            return *known;
        }
        let is_stale = imgload::is_stale(file, entry);
        if is_stale {
            let then = if fetches {
                "; it will be fetched"
            } else {
                "; passed over"
            };
            reporter.warn(format!("{}{then}", imgload::stale(shown)));
        }
        let counts = is_stale && !fetches;
        self.seen.borrow_mut().insert(entry.name.clone(), counts);
        counts
    }

    /// From now on an image is not taken.
    pub(crate) fn refuse(&self, name: &str) {
        self.refused.borrow_mut().insert(name.to_owned());
    }

    /// Whether an image can't be taken.
    pub(crate) fn is_refused(&self, name: &str) -> bool {
        self.refused.borrow().contains(name)
    }
}
