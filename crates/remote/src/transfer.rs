//! Downloads blobs into a folder, and publishes an image layout from a folder.
//!
//! `skopeo` writes each blob to a temporary file, and renames it when it is complete and matches its digest. So files
//! of an earlier attempt are complete and are not downloaded again. An empty file makes `skopeo` skip its blob: this
//! excludes layers that are not needed. An upload asks the registry first, and opens only the blobs that the registry
//! lacks.

use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use naming::{Digest, Reference};

use crate::reference::docker;
use crate::{Error, Remote, RemoteImage};

/// The folder with the blobs.
const BLOBS: &str = "blobs";
/// The folder with the layout, which is not used.
const LAYOUT: &str = "layout";

/// The file of a blob in a download folder.
pub fn blob_path(folder: &Utf8Path, digest: Digest) -> Utf8PathBuf {
    blobs(folder).join(digest.hex())
}

/// The blobs folder of a download or a layout.
pub fn blobs(folder: &Utf8Path) -> Utf8PathBuf {
    folder.join(BLOBS).join("sha256")
}

impl Remote {
    /// Downloads the layers whose files are missing in the folder. [`blob_path`] gives their paths.
    pub fn download(&self, image: &RemoteImage, folder: &Utf8Path) -> Result<(), Error> {
        let layout = folder.join(LAYOUT);
        let call = self
            .call("copy")
            .args(["--quiet", "--dest-oci-accept-uncompressed-layers"])
            .arg(format!("--dest-shared-blob-dir={BLOBS}"))
            .args(self.options.insecure.then_some("--src-tls-verify=false"))
            .args(self.authfile("src-authfile"))
            .args([
                "--",
                &docker(&image.reference),
                &format!("oci:{LAYOUT}:image"),
            ])
            // `skopeo` cannot parse a path with a colon.
            .folder(folder);
        let copied = self.attempts(&image.reference, || call.answer());
        // An aborted attempt may have left an incomplete layout.
        remove(&layout);
        copied.map(drop)
    }

    /// Publishes the image of an OCI layout under a tag, byte for byte. The layout may lack blobs that the registry
    /// has.
    pub fn upload(&self, layout: &Utf8Path, to: &Reference) -> Result<(), Error> {
        let call = self
            .call("copy")
            .args(["--quiet", "--preserve-digests"])
            .args(self.options.insecure.then_some("--dest-tls-verify=false"))
            .args(self.authfile("dest-authfile"))
            .args(["--", "oci:.", &docker(to)])
            .folder(layout);
        self.attempts(to, || call.answer()).map(drop)
    }
}

fn remove(folder: &Utf8Path) {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            // It is removed together with its folder.
        }
        _ => {}
    }
}
