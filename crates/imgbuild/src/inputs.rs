//! The inputs of a build, one by one, so that the next build can explain a change.
//!
//! The registry's `inputs` has a name and a value for each: `base 3f2a9c1d0e5b`, `argument WHO 9d8e7f6a5b4c`, `step 2
//! probe 0a1b2c3d4e5f`. Values are the beginnings of digests, or times. They are only for explanations: the fingerprint
//! decides whether to build.

use std::collections::BTreeMap;

use naming::Digest;

/// The most files of one context or step that are separate inputs. More files are one input.
const MAX_FILES: usize = 32;

/// The most changes in a message.
const MAX_TOLD: usize = 5;

/// One input of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Input {
    name: String,
    value: String,
    /// The message if the value changed; `None` if another input reports it.
    changed: Option<String>,
}

/// All inputs of a build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Inputs(Vec<Input>);

/// The inputs of an earlier build, from the registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Before(BTreeMap<String, String>);

impl Inputs {
    /// Adds an input whose change is reported by its name.
    pub(crate) fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let name = name.into();
        let changed = format!("{name} changed");
        self.add_told(name, value, Some(changed));
    }

    /// Adds an input with its own message.
    pub(crate) fn add_told(
        &mut self,
        name: impl Into<String>,
        value: impl Into<String>,
        changed: Option<String>,
    ) {
        self.0.push(Input {
            name: naming::visible(name.into().chars()),
            value: value.into(),
            changed,
        });
    }

    /// Adds files, each as an input if there are few. `whose` is the prefix of the names.
    pub(crate) fn add_files<'a>(
        &mut self,
        whose: &str,
        files: impl Iterator<Item = (&'a [u8], Digest)> + Clone,
    ) {
        if files.clone().nth(MAX_FILES).is_some() {
            return;
        }
        for (path, digest) in files {
            let name = format!("{whose}file {}", String::from_utf8_lossy(path));
            self.add(name, digest.short());
        }
    }

    /// In the registry's form.
    pub(crate) fn list(&self) -> Vec<String> {
        let line = |input: &Input| format!("{} {}", input.name, input.value);
        self.0.iter().map(line).collect()
    }

    /// The changes, as messages. Empty if no recorded input changed.
    pub(crate) fn changes(&self, before: &Before) -> Vec<String> {
        let mut told = Vec::new();
        for input in &self.0 {
            let words = match before.0.get(&input.name) {
                Some(value) if *value == input.value => None,
                Some(_) => input.changed.clone(),
                None => input
                    .changed
                    .as_ref()
                    .map(|_| format!("{} is new", input.name)),
            };
            told.extend(words.map(|words| (input.name.as_str(), words)));
        }
        let names: Vec<&str> = self.0.iter().map(|input| input.name.as_str()).collect();
        let gone = before
            .0
            .keys()
            .filter(|name| !names.contains(&name.as_str()));
        told.extend(gone.map(|name| (name.as_str(), format!("{name} is gone"))));
        // If a step changed, its parts are not reported too, nor a whole whose part is reported.
        let all: Vec<_> = told.iter().map(|(name, _)| (*name).to_owned()).collect();
        told.retain(|(name, _)| {
            let owner = all
                .iter()
                .any(|other| name.starts_with(&format!("{other} ")));
            let part = all.iter().any(|other| is_part(other, name));
            !owner && !part
        });
        told.into_iter().map(|(_, words)| words).collect()
    }
}

/// Whether an input is one of the files of a combined input.
fn is_part(file: &str, whole: &str) -> bool {
    match whole.strip_suffix("files") {
        Some(whose) => file
            .strip_prefix(whose)
            .is_some_and(|rest| rest.starts_with("file ")),
        None => false,
    }
}

impl Before {
    /// The inputs in the registry; invalid ones are skipped.
    pub(crate) fn of(list: &[String]) -> Self {
        let pairs = list.iter().filter_map(|line| line.rsplit_once(' '));
        Self(
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Several changes in one phrase.
pub(crate) fn phrase(changes: &[String]) -> String {
    let told = changes.iter().take(MAX_TOLD).cloned();
    let more = changes.len().saturating_sub(MAX_TOLD);
    let more = (more > 0).then(|| format!("and {more} more"));
    told.chain(more).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(pairs: &[(&str, &str)]) -> Inputs {
        let mut inputs = Inputs::default();
        for (name, value) in pairs {
            inputs.add(*name, *value);
        }
        inputs
    }

    #[test]
    fn what_changed_is_told_once() {
        let old = inputs(&[
            ("base", "1"),
            ("argument A", "1"),
            ("argument B", "1"),
            ("files", "1"),
            ("file a b", "1"),
            ("step 1", "1"),
            ("step 1 probe", "1"),
            ("step 2 files", "1"),
        ]);
        let before = Before::of(&old.list());
        assert_eq!(old.changes(&before), [""; 0]);
        let mut new = inputs(&[
            ("base", "2"),
            ("argument A", "2"),
            ("argument C", "1"),
            ("files", "2"),
            ("file a b", "2"),
            ("step 1", "2"),
            ("step 1 probe", "2"),
            ("step 2 files", "2"),
        ]);
        new.add_told("step 2 after", "x", None);
        assert_eq!(
            new.changes(&before),
            [
                "base changed",
                "argument A changed",
                "argument C is new",
                "file a b changed",
                "step 1 changed",
                "step 2 files changed",
                "argument B is gone"
            ]
        );
    }

    #[test]
    fn many_are_a_phrase() {
        let changes: Vec<_> = (0..7).map(|n| n.to_string()).collect();
        assert_eq!(phrase(&changes), "0, 1, 2, 3, 4, and 2 more");
        assert_eq!(phrase(&changes[..2]), "0, 1");
    }

    #[test]
    fn files_are_named_where_they_are_few() {
        let digest = Digest::from_bytes([7; 32]);
        for (count, named) in [(3, 3), (32, 32), (33, 0)] {
            let names: Vec<String> = (0..count).map(|n| format!("f\n{n}")).collect();
            let mut inputs = Inputs::default();
            inputs.add_files("", names.iter().map(|name| (name.as_bytes(), digest)));
            assert_eq!(inputs.0.len(), named);
            assert!(inputs.list().iter().all(|line| !line.contains('\n')));
        }
    }
}
