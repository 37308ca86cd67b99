//! imgpipe's own files in a build's context.

use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};
use registry::Store;

/// The store's own files below a folder. They change with every load, and are no input of a build.
pub(crate) struct Own<'a> {
    store: &'a Store,
    /// The folder and the store without links; `None` if either cannot be resolved.
    real: Option<(Utf8PathBuf, Utf8PathBuf)>,
}

impl<'a> Own<'a> {
    /// Those below a folder, which may be in the store, contain it, or be it.
    pub(crate) fn below(store: &'a Store, folder: &Utf8Path) -> Self {
        let folder = folder.canonicalize_utf8().ok();
        Self {
            store,
            real: folder.zip(store.root().canonicalize_utf8().ok()),
        }
    }

    /// Whether a path from the folder is one of them.
    pub(crate) fn holds(&self, path: &Path, is_folder: bool) -> bool {
        let (Some((folder, root)), Some(path)) = (&self.real, Utf8Path::from_path(path)) else {
            return false;
        };
        let path = folder.join(path);
        path.strip_prefix(root)
            .is_ok_and(|path| self.store.is_own(path, is_folder))
    }
}
