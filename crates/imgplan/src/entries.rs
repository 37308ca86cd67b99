//! Which registered images can be planned with: those whose archives are there, or are fetched
//! when they are needed, or that the engine holds.

use camino::{Utf8Path, Utf8PathBuf};
use cli::{Failure, Reporter};
use plan::{Requirement, Selection, select_by};
use registry::{Entry, Registry, Store};

use crate::view::{Choice, Found};

/// How many of those whose archives are not there are named.
const MOST: usize = 5;

/// The images of a store, and where the paths to them begin.
pub(crate) struct Images<'a> {
    store: &'a Store,
    here: &'a Utf8Path,
    registry: &'a Registry,
    choice: &'a Choice<'a>,
    found: Found,
    usable: Vec<&'a Entry>,
}

impl<'a> Images<'a> {
    /// The entries whose archive is a file inside the store, or as `choice` says. One whose archive is missing, or that
    /// points elsewhere, is passed over with a warning: it would fail whoever took it.
    pub(crate) fn look(
        store: &'a Store,
        registry: &'a Registry,
        here: &'a Utf8Path,
        choice: &'a Choice<'a>,
        reporter: &Reporter,
    ) -> Result<Self, Failure> {
        let mut images = Self {
            store,
            here,
            registry,
            choice,
            found: choice.find_out(store, registry, reporter)?,
            usable: Vec::new(),
        };
        let survey = store.survey();
        let mut gone = Vec::new();
        for entry in registry.entries() {
            let path = survey.path(&entry.file);
            let has_archive = path.as_ref().is_ok_and(|file| {
                let file = file.absolute();
                file.is_file() || (choice.fetches(entry) && !file.exists())
            });
            if choice.takes(entry, has_archive, &images.found) && path.is_ok() {
                images.usable.push(entry);
                continue;
            }
            match path {
                Ok(_) if has_archive => {}
                Ok(file) => gone.push((entry.name.as_str(), survey.relative(&file, here))),
                Err(error) => reporter.warn(format!("{}: {error}; passed over", entry.name)),
            }
        }
        if let Some(warning) = lacks(&gone) {
            reporter.warn(warning);
        }
        Ok(images)
    }

    /// The best of them.
    pub(crate) fn select(&self, requirement: &Requirement) -> Selection<'a> {
        let entries = self.usable.iter().copied();
        let known = self.found.known(self.registry);
        select_by(requirement, entries, &self.choice.costs, &known)
    }

    /// The path of an entry's archive, as it opens from the working directory; `None` where the engine alone has the
    /// image.
    pub(crate) fn path_of(&self, entry: &Entry) -> Result<Option<Utf8PathBuf>, Failure> {
        let file = self.store.path(&entry.file)?;
        let path = self.store.relative(&file, self.here);
        let is_there = file.absolute().is_file();
        let is_held = self.found.held.contains(&entry.name);
        Ok(Some(path).filter(|_| is_there || !is_held))
    }
}

/// Says in one line whose archives are not there.
fn lacks(gone: &[(&str, Utf8PathBuf)]) -> Option<String> {
    match gone {
        [] => None,
        [(name, path)] => Some(format!(
            "{name}: its archive {path} is not there; passed over"
        )),
        several => {
            let names: Vec<_> = several.iter().take(MOST).map(|(name, _)| *name).collect();
            let more = several.len() - names.len();
            let more = (more > 0).then(|| format!(" and {more} more"));
            Some(format!(
                "{} images have no archive, and are passed over: {}{}",
                several.len(),
                names.join(", "),
                more.unwrap_or_default()
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_are_gone_it_is_one_line() {
        let gone: Vec<_> = ["a", "b", "c", "d", "e", "f", "g"]
            .map(|name| (name, Utf8PathBuf::from(format!("images/{name}.tar"))))
            .into();
        assert_eq!(lacks(&gone[..0]), None);
        for (count, said) in [
            (1, "a: its archive images/a.tar is not there; passed over"),
            (2, "2 images have no archive, and are passed over: a, b"),
            (
                7,
                "7 images have no archive, and are passed over: a, b, c, d, e and 2 more",
            ),
        ] {
            assert_eq!(lacks(&gone[..count]).as_deref(), Some(said));
        }
    }
}
