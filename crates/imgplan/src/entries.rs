//! The registered images that can be planned: those with an archive, those to be fetched, and those in the engine.

use std::collections::HashSet;

use camino::{Utf8Path, Utf8PathBuf};
use failure::Failure;
use plan::{Requirement, Rules, Selection, select_sound};
use registry::{Entry, Registry, Store};
use ui::Reporter;

use crate::faults::ArchiveFaults;
use crate::view::{Availability, Found};

/// How many images without an archive to name.
const MOST: usize = 5;
/// The longest chain of bases: images have at most 127 layers.
const MAX_DEPTH: usize = 128;

/// The images of a store, and the folder that their paths start from.
pub(crate) struct Images<'a> {
    store: &'a Store,
    here: &'a Utf8Path,
    registry: &'a Registry,
    choice: &'a Availability<'a>,
    found: Found,
    usable: Vec<&'a Entry>,
    archives: ArchiveFaults,
}

impl<'a> Images<'a> {
    /// The entries whose archive is in the store, or that `choice` accepts. An entry is skipped with a warning if its
    /// archive is missing or outside the store, or if a thin archive has no base: imgload would fail.
    pub(crate) fn look(
        store: &'a Store,
        registry: &'a Registry,
        here: &'a Utf8Path,
        choice: &'a Availability<'a>,
        reporter: &Reporter,
    ) -> Result<Self, Failure> {
        let mut images = Self {
            store,
            here,
            registry,
            choice,
            found: choice.find_out(store, registry, reporter)?,
            usable: Vec::new(),
            archives: ArchiveFaults::default(),
        };
        let survey = store.survey();
        let mut paths = Vec::new();
        let mut there = HashSet::new();
        for entry in registry.entries() {
            let path = survey.path(&entry.file);
            let has_archive = path.as_ref().is_ok_and(|file| {
                let file = file.absolute();
                file.is_file() || (choice.fetches(entry) && !file.exists())
            });
            if has_archive {
                there.insert(entry.name.as_str());
            }
            paths.push(path);
        }
        let (mut gone, mut baseless) = (Vec::new(), Vec::new());
        for (entry, path) in registry.entries().iter().zip(paths) {
            let has_archive = there.contains(entry.name.as_str());
            let lost = lost_base(registry, entry, &there).filter(|_| has_archive);
            let is_whole = has_archive && lost.is_none();
            if choice.takes(entry, is_whole, &images.found) && path.is_ok() {
                images.usable.push(entry);
                continue;
            }
            match (path, lost) {
                (Ok(_), Some(base)) => baseless.push((entry.name.as_str(), base)),
                (Ok(_), None) if has_archive => {}
                (Ok(file), None) => gone.push((entry.name.as_str(), survey.relative(&file, here))),
                (Err(error), _) => reporter.warn(format!("{}: {error}; passed over", entry.name)),
            }
        }
        let warnings = [lacks(&gone), stand_on_nothing(&baseless)];
        warnings
            .into_iter()
            .flatten()
            .for_each(|warning| reporter.warn(warning));
        Ok(images)
    }

    /// The best of them whose archive, if any, is the registered one.
    pub(crate) fn select(
        &self,
        requirement: &Requirement,
        rules: &Rules,
        reporter: &Reporter,
    ) -> Selection<'a> {
        let known = self.found.known(self.registry);
        let own = requirement.image_name().ok();
        let usable = self.usable.iter().copied().filter(|entry| {
            // An image cannot be its own base, so without an archive it is useless.
            let is_own = own.as_ref().is_some_and(|own| own.as_str() == entry.name);
            !(is_own && self.is_held_alone(entry))
        });
        select_sound(requirement, usable.collect(), rules, &known, &|entry| {
            self.fault(entry, reporter)
        })
    }

    /// Reports how many more archives were skipped.
    pub(crate) fn say_rest(&self, reporter: &Reporter) {
        self.archives.say_rest(reporter);
    }

    /// Why an entry's archive or a base's counts as absent. Archives that are fetched count as present.
    fn fault(&self, entry: &Entry, reporter: &Reporter) -> Option<String> {
        let mut next = Some(entry);
        for _ in 0..MAX_DEPTH {
            let needed = next?;
            let file = self.store.path(&needed.file).ok()?;
            let fetches = self.choice.fetches(needed);
            let shown = self.store.relative(&file, self.here);
            let fault = self
                .archives
                .fault(needed, &file.absolute(), &shown, fetches, reporter);
            if let Some(fault) = fault {
                return Some(match std::ptr::eq(needed, entry) {
                    true => fault,
                    false => format!("its base {} {fault}", needed.name),
                });
            }
            let base = needed.base.as_deref().filter(|_| needed.thin);
            next = base.and_then(|base| self.registry.get(base));
        }
        None
    }

    /// The entry of a name, with or without an archive.
    pub(crate) fn registered(&self, name: &str) -> Option<&'a Entry> {
        self.registry.get(name)
    }

    /// Whether only the engine has the image.
    fn is_held_alone(&self, entry: &Entry) -> bool {
        self.found.held.contains(&entry.name)
            && self.path_of(entry).is_ok_and(|path| path.is_none())
    }

    /// The path of an entry's archive, from the working directory; `None` if only the engine has the image.
    pub(crate) fn path_of(&self, entry: &Entry) -> Result<Option<Utf8PathBuf>, Failure> {
        let file = self.store.path(&entry.file)?;
        let path = self.store.relative(&file, self.here);
        let is_there = file.absolute().is_file();
        let is_held = self.found.held.contains(&entry.name);
        Ok(Some(path).filter(|_| is_there || !is_held))
    }
}

/// The base without an archive of a thin image, direct or indirect.
fn lost_base<'a>(
    registry: &'a Registry,
    entry: &'a Entry,
    there: &HashSet<&str>,
) -> Option<&'a str> {
    let mut next = Some(entry);
    for _ in 0..MAX_DEPTH {
        let base = next.filter(|entry| entry.thin)?.base.as_deref()?;
        if !there.contains(base) {
            return Some(base);
        }
        next = registry.get(base);
    }
    None
}

/// The message about missing archives, in one line.
fn lacks(gone: &[(&str, Utf8PathBuf)]) -> Option<String> {
    match gone {
        [] => None,
        [(name, path)] => Some(format!(
            "{name}: its archive {path} is missing; passed over"
        )),
        several => Some(format!(
            "passed over {} images without an archive: {}",
            several.len(),
            listed(several)
        )),
    }
}

/// The message about missing bases, in one line.
fn stand_on_nothing(baseless: &[(&str, &str)]) -> Option<String> {
    match baseless {
        [] => None,
        [(name, base)] => Some(format!(
            "{name}: is thin, and its base {base} has no archive; passed over"
        )),
        several => Some(format!(
            "passed over {} thin images without a base: {}",
            several.len(),
            listed(several)
        )),
    }
}

/// The first few names, and the number of the others.
fn listed<T>(several: &[(&str, T)]) -> String {
    let names: Vec<_> = several.iter().take(MOST).map(|(name, _)| *name).collect();
    let more = several.len() - names.len();
    let more = (more > 0).then(|| format!(" and {more} more"));
    names.join(", ") + &more.unwrap_or_default()
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
            (1, "a: its archive images/a.tar is missing; passed over"),
            (2, "passed over 2 images without an archive: a, b"),
            (
                7,
                "passed over 7 images without an archive: a, b, c, d, e and 2 more",
            ),
        ] {
            assert_eq!(lacks(&gone[..count]).as_deref(), Some(said));
        }
        let thin = [("a", "base"), ("b", "base")];
        let said = "a: is thin, and its base base has no archive; passed over";
        assert_eq!(stand_on_nothing(&thin[..1]).as_deref(), Some(said));
        let said = "passed over 2 thin images without a base: a, b";
        assert_eq!(stand_on_nothing(&thin).as_deref(), Some(said));
        assert_eq!(stand_on_nothing(&[]), None);
    }

    #[test]
    fn a_thin_image_needs_all_that_it_stands_on() {
        let entry = |name: &str, base: &str| {
            let rest = "os: 'debian:12', architecture: x86_64, thin: true";
            format!(
                "- {{name: {name}, file: {name}.tar, docker_tag: {name}, base: {base}, {rest}}}\n"
            )
        };
        let text = format!(
            "images:\n- {{name: root, file: r.tar, docker_tag: root, os: 'debian:12', architecture: x86_64}}\n{}{}{}{}{}",
            entry("middle", "root"),
            entry("top", "middle"),
            entry("lost", "nobody"),
            entry("round", "about"),
            entry("about", "round"),
        );
        let registry = Registry::parse(Utf8Path::new("r.yml"), text).expect("a registry");
        let lost = |name: &str, there: &[&str]| {
            let there = there.iter().copied().collect();
            lost_base(&registry, registry.get(name).expect(name), &there).map(str::to_owned)
        };
        let all = ["root", "middle", "top", "lost", "round", "about"];
        for name in ["root", "middle", "top", "round"] {
            assert_eq!(lost(name, &all), None, "{name}");
        }
        assert_eq!(lost("lost", &all).as_deref(), Some("nobody"));
        assert_eq!(lost("top", &all[1..]).as_deref(), Some("root"));
        assert_eq!(lost("top", &["root", "top"]).as_deref(), Some("middle"));
        assert_eq!(lost("root", &[]), None);
    }
}
