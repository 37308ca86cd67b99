//! A section of the config with keys that only a command knows.

use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use yaml::{Error, Node, Problem, Tree};

use crate::Setting;
use crate::value::{boolean, count, days, gigabytes, setting, texts};

/// A mapping of the config; if it is missing, every key is `None`.
///
/// A key is relative to the mapping, like `per`. A null value counts as missing. A value of the wrong type is an
/// [`Error::Syntax`] with its position.
#[derive(Debug, Clone, Default)]
pub struct Section {
    mapping: Option<Mapping>,
}

#[derive(Debug, Clone)]
struct Mapping {
    path: Utf8PathBuf,
    /// The whole key, like `images.cleanup`.
    name: &'static str,
    tree: Arc<Tree>,
}

impl Section {
    /// The existing mapping of a whole key.
    pub(super) fn new(path: &Utf8Path, name: &'static str, tree: Arc<Tree>) -> Self {
        let path = path.to_owned();
        let mapping = Some(Mapping { path, name, tree });
        Self { mapping }
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &str) -> Result<Option<Setting<bool>>, Error> {
        self.read(key, |tree, node, key| setting(tree, node, key, boolean))
    }

    /// A number of gigabytes (10^9 bytes), as bytes; at most the largest.
    pub fn gigabytes(&self, key: &str) -> Result<Option<Setting<u64>>, Error> {
        self.read(key, |tree, node, key| setting(tree, node, key, gigabytes))
    }

    /// A number of days, in whole seconds.
    pub fn days(&self, key: &str) -> Result<Option<Setting<Duration>>, Error> {
        self.read(key, |tree, node, key| setting(tree, node, key, days))
    }

    /// A whole number of images.
    pub fn count(&self, key: &str) -> Result<Option<Setting<usize>>, Error> {
        self.read(key, |tree, node, key| setting(tree, node, key, count))
    }

    /// A text or a list of texts, none of them empty.
    pub fn texts(&self, key: &str) -> Result<Vec<Setting<String>>, Error> {
        self.read(key, texts)
    }

    /// The value that `read` returns for the mapping and a whole key.
    fn read<T: Default>(
        &self,
        key: &str,
        read: impl FnOnce(&Tree, &Node, &str) -> Result<T, Problem>,
    ) -> Result<T, Error> {
        let Some(mapping) = &self.mapping else {
            return Ok(T::default());
        };
        let whole = format!("{}.{key}", mapping.name);
        let found = read(&mapping.tree, mapping.node(), &whole);
        found.map_err(|problem| Error::syntax(&mapping.path, problem))
    }
}

impl Mapping {
    fn node(&self) -> &Node {
        self.name.split('.').fold(self.tree.root(), |node, key| {
            let node = self.tree.resolve(node);
            node.pair(key)
                .map_or(node, |(_, value)| self.tree.resolve(value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    fn cleanup(text: &str) -> Section {
        let config = Config::parse("c.yml".into(), text);
        config.expect("a config").cleanup
    }

    #[test]
    fn values_come_with_their_places() {
        let cleanup = cleanup(
            "images:
  cleanup: &limits
    enabled: true
    max_age_days: 30
    max_size_gb: 0.5
    keep_last: 3
    per: project
    keep: ['*-base', boost-*]
    nothing: null
",
        );
        let enabled = cleanup.boolean("enabled").expect("a boolean");
        assert_eq!(enabled.map(|enabled| enabled.value), Some(true));
        let age = cleanup.days("max_age_days").expect("days");
        let age = age.expect("an age");
        assert_eq!(age.value, Duration::from_secs(30 * 86_400));
        assert_eq!(age.key, "images.cleanup.max_age_days");
        assert_eq!((age.at.line, age.at.column), (4, 19));
        let size = cleanup.gigabytes("max_size_gb").expect("gigabytes");
        assert_eq!(size.map(|size| size.value), Some(500_000_000));
        let count = cleanup.count("keep_last").expect("a number");
        assert_eq!(count.map(|count| count.value), Some(3));
        let texts = |key| -> Vec<String> {
            let texts = cleanup.texts(key).expect("texts").into_iter();
            texts.map(|text| text.value).collect()
        };
        assert_eq!(texts("per"), ["project"]);
        assert_eq!(texts("keep"), ["*-base", "boost-*"]);
        for key in ["nothing", "none"] {
            assert_eq!(cleanup.boolean(key).expect("nothing"), None);
            assert_eq!(texts(key), [""; 0]);
        }
        let nothing = Section::default();
        assert_eq!(nothing.count("keep_last").expect("nothing"), None);
    }

    #[test]
    fn an_alias_is_what_it_stands_for() {
        let cleanup = cleanup("x: &x {keep_last: &n 3}\nimages: {cleanup: *x}\n");
        let count = cleanup.count("keep_last").expect("a number");
        assert_eq!(count.map(|count| count.value), Some(3));
    }

    #[test]
    fn a_wrong_type_has_its_place() {
        type Read = fn(&Section, &str) -> Result<(), Error>;
        let boolean: Read = |found, key| found.boolean(key).map(drop);
        let gigabytes: Read = |found, key| found.gigabytes(key).map(drop);
        let days: Read = |found, key| found.days(key).map(drop);
        let count: Read = |found, key| found.count(key).map(drop);
        let texts: Read = |found, key| found.texts(key).map(drop);
        for (read, key, value, place) in [
            (gigabytes, "max_size_gb", "50GB", "1:33"),
            (gigabytes, "max_size_gb", "-1", "1:33"),
            (days, "max_age_days", ".inf", "1:34"),
            (days, "max_age_days", "'30'", "1:34"),
            (count, "keep_last", "1.5", "1:31"),
            (boolean, "enabled", "1", "1:29"),
            (texts, "keep", "[a, [b]]", "1:30"),
            (texts, "keep", "''", "1:26"),
        ] {
            let found = cleanup(&format!("images: {{cleanup: {{{key}: {value}}}}}"));
            let error = read(&found, key).expect_err(value).to_string();
            let says = format!("c.yml:{place}: `images.cleanup.{key}` must be ");
            assert!(error.starts_with(&says), "{error}");
        }
    }
}
