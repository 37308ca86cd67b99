//! The settings of a project, in a file that other programs read as well: `local-ci-config.yml` or
//! `.localci.yml`, the nearest upward. Only what is ours is looked at; other keys are somebody else's.

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::atomic;
use crate::decode::{is_null, text, wrong};
use crate::error::Problem;
use crate::scalar::{Plain, plain};
use crate::yaml::{self, Node, Tree, Value};

/// What the file may be called, the first that a folder has.
const FILE_NAMES: [&str; 2] = ["local-ci-config.yml", ".localci.yml"];

/// A project's settings. What the file does not say is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Where they were read; `None` where there is no file.
    pub path: Option<Utf8PathBuf>,
    /// `images.compress`: how new archives are compressed, as `--compress` takes it.
    pub compress: Option<String>,
    /// `images.thin`: whether new archives leave out the layers of a registered base.
    pub thin: Option<bool>,
}

impl Config {
    /// The settings in `named`, or else in the nearest file upward from `cwd`, or else none. `cwd` is
    /// absolute; `named` may be relative to it.
    pub fn find(cwd: &Utf8Path, named: Option<&Utf8Path>) -> Result<Self, Error> {
        if let Some(named) = named {
            let path = cwd.join(named);
            return match atomic::read(&path)? {
                Some((text, _)) => Self::parse(&path, &text),
                None => Err(Error::NoConfig { path }),
            };
        }
        let candidates = cwd
            .ancestors()
            .flat_map(|folder| FILE_NAMES.map(|name| folder.join(name)));
        for path in candidates {
            if path.is_file()
                && let Some((text, _)) = atomic::read(&path)?
            {
                return Self::parse(&path, &text);
            }
        }
        Ok(Self::default())
    }

    fn parse(path: &Utf8Path, text: &str) -> Result<Self, Error> {
        let syntax = |problem| Error::syntax(path, problem);
        let mut config = Self {
            path: Some(path.to_owned()),
            ..Self::default()
        };
        let Some(tree) = yaml::parse(text).map_err(syntax)? else {
            return Ok(config);
        };
        config.read(&tree).map_err(syntax)?;
        Ok(config)
    }

    fn read(&mut self, tree: &Tree) -> Result<(), Problem> {
        let Some(images) = field(tree, tree.root(), "images") else {
            return Ok(());
        };
        if !matches!(images.value, Value::Map { .. }) {
            return Err(wrong("`images`", "a mapping", images));
        }
        if let Some(node) = field(tree, images, "compress") {
            let found = text(node).ok_or_else(|| {
                wrong("`images.compress`", "zstd, zstd:LEVEL, gzip or none", node)
            })?;
            self.compress = Some(found.to_owned());
        }
        if let Some(node) = field(tree, images, "thin") {
            let found = match node.scalar().map(plain) {
                Some(Plain::Bool(found)) => Some(found),
                _ => None,
            };
            let found = found.ok_or_else(|| wrong("`images.thin`", "true or false", node))?;
            self.thin = Some(found);
        }
        Ok(())
    }
}

/// The value of a key, where there is one.
fn field<'a>(tree: &'a Tree, map: &'a Node, key: &str) -> Option<&'a Node> {
    let (_, value) = tree.resolve(map).pair(key)?;
    Some(tree.resolve(value)).filter(|value| !is_null(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse("c.yml".into(), text).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_what_is_ours_and_leaves_the_rest() {
        for (text, compress, thin) in [
            ("", None, None),
            (
                "docker: [1, 2]\nresource_limits: {disk_min_free_gb: 5}\n",
                None,
                None,
            ),
            ("images:\n", None, None),
            ("images:\n  thin: true\n  registry: x\n", None, Some(true)),
            (
                "images: {compress: 'zstd:5', thin: no}\n",
                Some("zstd:5"),
                None,
            ),
            (
                "images: {compress: gzip, thin: false}\n",
                Some("gzip"),
                Some(false),
            ),
        ] {
            let found = parse(text);
            match (found, text.contains("no}")) {
                // YAML 1.2 knows no other words for true and false.
                (Err(_), true) => {}
                (found, _) => {
                    let found = found.expect(text);
                    assert_eq!(
                        (found.compress.as_deref(), found.thin),
                        (compress, thin),
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_wrong_type_has_its_place() {
        for (text, place) in [
            ("images: 7\n", "c.yml:1:9: "),
            ("images:\n  thin: 3\n", "c.yml:2:9: "),
            ("images:\n  compress: [zstd]\n", "c.yml:2:13: "),
            ("images: {\n", "c.yml:"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(place), "{error}");
        }
    }

    #[test]
    fn the_nearest_file_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
        let below = root.join("a/b");
        std::fs::create_dir_all(&below).expect("folders");
        std::fs::write(root.join("local-ci-config.yml"), "images: {thin: true}").expect("a file");
        assert_eq!(Config::find(&below, None).expect("found").thin, Some(true));
        std::fs::write(root.join("a/.localci.yml"), "images: {thin: false}").expect("a file");
        let near = Config::find(&below, None).expect("found");
        assert_eq!(
            (near.thin, near.path),
            (Some(false), Some(root.join("a/.localci.yml")))
        );
        let named = Config::find(&below, Some("../../local-ci-config.yml".into()));
        assert_eq!(named.expect("named").thin, Some(true));
        let missing = Config::find(&below, Some("none.yml".into())).expect_err("missing");
        assert_eq!(missing.kind(), crate::ErrorKind::Invalid);
    }
}
