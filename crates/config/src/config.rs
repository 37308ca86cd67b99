//! The settings of a project, in a file that other programs read too: `local-ci-config.yml` or `.localci.yml`, the
//! nearest upward. Unknown keys outside imgpipe's sections are ignored.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use yaml::{Problem, Tree, text, wrong};

use crate::value::{boolean, gigabytes, others, section, setting};
use crate::{Error, Planning, Section, Setting, UnknownKey};

/// The possible file names; the first one in a folder counts.
const FILE_NAMES: [&str; 2] = ["local-ci-config.yml", ".localci.yml"];

/// The keys of `images`.
const IMAGES: [&str; 7] = [
    "registry", "compress", "thin", "remote", "fetch", "usage", "cleanup",
];

/// The keys of `images.cleanup`: the limits of imgprune.
const CLEANUP: [&str; 7] = [
    "enabled",
    "max_size_gb",
    "max_age_days",
    "keep_last",
    "per",
    "min_free_gb",
    "keep",
];

/// A project's settings. Missing keys are `None`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Config {
    /// The file's path; `None` without a file.
    pub path: Option<Utf8PathBuf>,
    /// `images.compress`: how new archives are compressed, as `--compress` takes it.
    pub compress: Option<String>,
    /// `images.thin`: whether new archives omit the layers of a registered base.
    pub thin: Option<bool>,
    /// `images.registry`: the registry, absolute or from the config's folder.
    pub registry: Option<Utf8PathBuf>,
    /// `images.remote`: the registry and prefix to publish images to.
    pub remote: Option<Setting<String>>,
    /// `images.fetch`: whether missing archives are fetched from there.
    pub fetch: Option<bool>,
    /// `images.usage`: whether uses are counted outside the registry.
    pub local_usage: bool,
    /// `images.cleanup`: the limits of the store. Its keys belong to the limits.
    pub cleanup: Section,
    /// `plan`: how requirements and workflows are read, and how images are ranked.
    pub plan: Planning,
    /// Unknown keys of `images`, `plan` and `resource_limits`.
    pub unknown: Vec<UnknownKey>,
    /// `resource_limits.disk_min_free_gb`: how many bytes must stay free.
    pub disk_min_free: Option<Setting<u64>>,
}

impl Config {
    /// The settings in `named`, or else in the nearest file upward from `cwd`, or else the defaults. `cwd` is absolute;
    /// `named` may be relative to it.
    pub fn find(cwd: &Utf8Path, named: Option<&Utf8Path>) -> Result<Self, Error> {
        if let Some(named) = named {
            let path = cwd.join(named);
            return match yaml::read(&path)? {
                Some((text, _)) => Self::parse(&path, &text),
                None => Err(Error::Missing { path }),
            };
        }
        let candidates = cwd
            .ancestors()
            .flat_map(|folder| FILE_NAMES.map(|name| folder.join(name)));
        for path in candidates {
            if path.is_file()
                && let Some((text, _)) = yaml::read(&path)?
            {
                return Self::parse(&path, &text);
            }
        }
        Ok(Self::default())
    }

    /// A warning for each unknown key, with its position.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let path = self.path.as_deref().unwrap_or("".into());
        let unknown = self.unknown.iter();
        unknown.map(move |unknown| unknown.warning(path))
    }

    pub(crate) fn parse(path: &Utf8Path, text: &str) -> Result<Self, Error> {
        let syntax = |problem| yaml::Error::syntax(path, problem);
        let mut config = Self {
            path: Some(path.to_owned()),
            ..Self::default()
        };
        let Some(tree) = yaml::parse(text).map_err(syntax)? else {
            return Ok(config);
        };
        let has_cleanup = config.read(&tree).map_err(syntax)?;
        if has_cleanup {
            config.cleanup = Section::new(path, "images.cleanup", Arc::new(tree));
        }
        Ok(config)
    }

    /// Reads everything except `images.cleanup`; returns whether that exists.
    fn read(&mut self, tree: &Tree) -> Result<bool, Problem> {
        if let Some(limits) = section(tree, tree.root(), "resource_limits", "resource_limits")? {
            let unknown = others("resource_limits", limits, &["disk_min_free_gb"]);
            self.unknown.extend(unknown);
            let key = "resource_limits.disk_min_free_gb";
            self.disk_min_free = setting(tree, limits, key, gigabytes)?;
        }
        self.plan = Planning::read(tree, &mut self.unknown)?;
        let Some(images) = section(tree, tree.root(), "images", "images")? else {
            return Ok(false);
        };
        self.unknown.extend(others("images", images, &IMAGES));
        let compress = setting(tree, images, "images.compress", |node, key| {
            let found = text(node);
            found.ok_or_else(|| wrong(key, "zstd, zstd:LEVEL, gzip or none", node))
        })?;
        self.compress = compress.map(|compress| compress.value.to_owned());
        let thin = setting(tree, images, "images.thin", boolean)?;
        self.thin = thin.map(|thin| thin.value);
        let registry = setting(tree, images, "images.registry", |node, key| {
            let found = text(node).filter(|text| !text.is_empty());
            found.ok_or_else(|| wrong(key, "the path of a registry", node))
        })?;
        let folder = self.path.as_deref().and_then(Utf8Path::parent);
        let folder = folder.filter(|it| !it.as_str().is_empty());
        let folder = folder.unwrap_or(".".into());
        self.registry = registry.map(|registry| folder.join(registry.value));
        let remote = setting(tree, images, "images.remote", |node, key| {
            let found = text(node).filter(|text| !text.is_empty());
            found.ok_or_else(|| wrong(key, "REGISTRY/PREFIX", node))
        })?;
        self.remote = remote.map(|remote| remote.map(str::to_owned));
        let fetch = setting(tree, images, "images.fetch", |node, key| match text(node) {
            Some("missing") => Ok(true),
            Some("never") => Ok(false),
            _ => Err(wrong(key, "missing or never", node)),
        })?;
        self.fetch = fetch.map(|fetch| fetch.value);
        let usage = setting(tree, images, "images.usage", |node, key| match text(node) {
            Some("registry") => Ok(false),
            Some("local") => Ok(true),
            _ => Err(wrong(key, "registry or local", node)),
        })?;
        self.local_usage = usage.is_some_and(|usage| usage.value);
        let cleanup = section(tree, images, "cleanup", "images.cleanup")?;
        if let Some(cleanup) = cleanup {
            let unknown = others("images.cleanup", cleanup, &CLEANUP);
            self.unknown.extend(unknown);
        }
        Ok(cleanup.is_some())
    }
}

#[cfg(test)]
mod tests;
