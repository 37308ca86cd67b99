//! Access to an image's files.

use archive::RootFs;

use crate::Result;

/// Files of an image by their path without a leading slash. Links are resolved inside the image.
pub(crate) trait Files {
    /// The whole file; `None` if it does not exist. More than `limit` bytes are an error.
    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>>;
    /// Whether a path exists, also behind links.
    fn exists(&self, path: &str) -> bool;
    /// The names in a folder; empty if it does not exist.
    fn list(&self, folder: &str) -> Vec<String>;
}

impl Files for RootFs {
    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>> {
        Ok(RootFs::read(self, path, limit)?)
    }

    fn exists(&self, path: &str) -> bool {
        RootFs::exists(self, path)
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let names = RootFs::list(self, folder);
        names.into_iter().map(str::to_owned).collect()
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use std::collections::BTreeMap;

    use super::Files;
    use crate::Result;

    /// A few files in memory, without links: `archive` resolves those.
    #[derive(Default)]
    pub(crate) struct Tree(BTreeMap<String, Vec<u8>>);

    impl Tree {
        pub(crate) fn new(files: &[(&str, &str)]) -> Self {
            let mut tree = Self::default();
            for (path, text) in files {
                tree.put(path, text.as_bytes());
            }
            tree
        }

        pub(crate) fn put(&mut self, path: &str, bytes: &[u8]) {
            self.0.insert(path.to_owned(), bytes.to_vec());
        }
    }

    impl Files for Tree {
        fn read(&self, path: &str, _limit: u64) -> Result<Option<Vec<u8>>> {
            Ok(self.0.get(path).cloned())
        }

        fn exists(&self, path: &str) -> bool {
            self.0.contains_key(path) || !self.list(path).is_empty()
        }

        fn list(&self, folder: &str) -> Vec<String> {
            let mut names: Vec<String> = self
                .0
                .keys()
                .filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/'))
                .map(|rest| rest.split('/').next().unwrap_or_default().to_owned())
                .collect();
            names.dedup();
            names
        }
    }
}
