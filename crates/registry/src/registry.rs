//! A parsed registry: its text and its entries.
//!
//! ```yaml
//! version: 1.0
//! images:
//!   - name: capy-ubuntu-25.04-gcc15
//!     file: images/capy/capy-ubuntu-25.04-gcc15.tar
//!     docker_tag: capy-ubuntu-25.04-gcc15:latest
//!     os: ubuntu:25.04
//!     architecture: x86_64
//! ```
//!
//! A text without a document or without `images` is a registry without entries. A missing `version` means 1.0. Unknown
//! keys are ignored on every level.
//!
//! Edits change the text in place, so a person's text stays as it is. The changed part is parsed and compared with the
//! intended result before it is used.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use camino::{Utf8Path, Utf8PathBuf};
use naming::NameError;
use yaml::{Changes, Mark, Node, Problem, Tree, Value};

use crate::goal::{Fate, Goal};
use crate::partial_check::PartialCheck;
use crate::usage::UsageCounts;
use crate::{Edit, Entry, Error, decode, edit, list};

/// A registry's text and entries. Clones share both.
#[derive(Debug, Clone)]
pub struct Registry {
    path: Utf8PathBuf,
    text: Arc<String>,
    /// Only edits need the tree. After an edit, it is parsed only if another edit follows.
    tree: Arc<OnceLock<Option<Tree>>>,
    entries: Arc<Vec<Entry>>,
    by_name: Arc<HashMap<String, usize>>,
}

impl Registry {
    /// Parses a text. Errors name the path; it is not opened.
    pub fn parse(path: &Utf8Path, text: String) -> Result<Self, Error> {
        check_size(path, &text)?;
        let bare = text.strip_prefix('\u{feff}').unwrap_or(&text);
        if let Some(at) = bare.find('\0') {
            let problem = Problem::new(Mark::of(bare, at), "found a NUL byte");
            return Err(yaml::Error::syntax(path, problem).into());
        }
        let tree = yaml::parse(&text).map_err(|problem| yaml::Error::syntax(path, problem))?;
        let entries = match &tree {
            Some(tree) => {
                decode::entries(tree).map_err(|problem| yaml::Error::syntax(path, problem))?
            }
            None => Vec::new(),
        };
        let tree = OnceLock::from(tree.filter(has_keys));
        Ok(Self::of(path, text, tree, entries))
    }

    fn of(
        path: &Utf8Path,
        text: String,
        tree: OnceLock<Option<Tree>>,
        entries: Vec<Entry>,
    ) -> Self {
        let by_name = (entries.iter().enumerate())
            .map(|(index, entry)| (entry.name.clone(), index))
            .collect();
        Self {
            path: path.to_owned(),
            text: Arc::new(text),
            tree: Arc::new(tree),
            entries: Arc::new(entries),
            by_name: Arc::new(by_name),
        }
    }

    /// The same registry with the locally counted uses added, for reading. Edits need one without them.
    pub(crate) fn with_uses(mut self, uses: &UsageCounts) -> Self {
        if !uses.is_empty() {
            for entry in Arc::make_mut(&mut self.entries) {
                uses.add_to(entry);
            }
        }
        self
    }

    /// Its path.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every entry, in the order of the text.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of a name.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(self.index(name)?)
    }

    /// The entries with invalid names. They work; a command may warn of them.
    pub fn warnings(&self) -> impl Iterator<Item = NameError> {
        self.entries
            .iter()
            .filter_map(|entry| entry.image_name().err())
    }

    /// Applies the edits in order. Everything except the lines of the edited entries stays byte for byte.
    /// [`Error::Edit`] if that is impossible.
    pub fn with_edits(&self, edits: &[Edit]) -> Result<Self, Error> {
        let goal = Goal::new(self, edits);
        let refuse = || Error::Edit {
            path: self.path.clone(),
            entry: edits.first().map_or("", Edit::name).to_owned(),
        };
        let mut changes = Changes::default();
        for ((item, old), fate) in self.nodes().zip(self.entries()).zip(&goal.fates) {
            if let Fate::Becomes(new) = fate {
                edit::change(&mut changes, &self.text, item, old, new);
            }
        }
        list::update(&mut changes, &self.text, self.tree(), &goal);
        let text = changes.apply(&self.text).ok_or_else(refuse)?;
        match self.outcome(text, &changes, &goal) {
            Ok(Some(new)) => Ok(new),
            Ok(None) | Err(Error::Yaml(yaml::Error::Syntax { .. })) => Err(refuse()),
            Err(error) => Err(error),
        }
    }

    /// The registry of the edited text, if it is as intended.
    fn outcome(&self, text: String, changes: &Changes, goal: &Goal) -> Result<Option<Self>, Error> {
        check_size(&self.path, &text)?;
        if let Some(excerpt) = PartialCheck::new(self, changes, goal)
            && let Some(met) = excerpt.shows(self, changes, goal)
        {
            let entries = || goal.entries(self.entries.iter()).cloned().collect();
            return Ok(met.then(|| Self::of(&self.path, text, OnceLock::new(), entries())));
        }
        self.outcome_as_a_whole(text, goal)
    }

    fn outcome_as_a_whole(&self, text: String, goal: &Goal) -> Result<Option<Self>, Error> {
        let new = Self::parse(&self.path, text)?;
        Ok(goal.met(self, &new).then_some(new))
    }

    pub(crate) fn tree(&self) -> Option<&Tree> {
        let tree = self
            .tree
            .get_or_init(|| yaml::parse(&self.text).ok().flatten().filter(has_keys));
        tree.as_ref()
    }

    /// The nodes of the entries in the tree, in order.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.tree()
            .into_iter()
            .flat_map(|tree| decode::items(tree).iter().map(|item| tree.resolve(item)))
    }

    pub(crate) fn index(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }
}

fn check_size(path: &Utf8Path, text: &str) -> Result<(), Error> {
    match text.len() as u64 > yaml::MAX_BYTES {
        true => Err(yaml::Error::too_large(path).into()),
        false => Ok(()),
    }
}

/// `null` counts as no document.
fn has_keys(tree: &Tree) -> bool {
    matches!(tree.root().value, Value::Map { .. })
}

#[cfg(test)]
mod tests;
