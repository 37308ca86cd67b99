//! Blobs from a registry into a folder, and an image layout from a folder into a registry.
//!
//! `skopeo` writes each blob to a file of another name and renames it when it is whole and has its digest, so what is
//! in the folder from an earlier attempt is whole, and not downloaded again. Nor is a blob whose file is there with
//! nothing in it: that is how it is told what is not needed. Uploading, it asks the registry first and opens only the
//! blobs that are not there.

use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use naming::{Digest, Reference};

use crate::reference::docker;
use crate::{Error, Remote, RemoteImage};

/// Where blobs are in a folder.
const BLOBS: &str = "blobs";
/// Where the layout is that nobody needs.
const LAYOUT: &str = "layout";

/// The file of a blob in the folder of a download.
pub fn blob_path(folder: &Utf8Path, digest: Digest) -> Utf8PathBuf {
    blobs(folder).join(digest.hex())
}

/// The folder of blobs in the folder of a download or a layout.
pub fn blobs(folder: &Utf8Path) -> Utf8PathBuf {
    folder.join(BLOBS).join("sha256")
}

impl Remote {
    /// Downloads the layers of an image whose files are not in the folder yet. See [`blob_path`] for where they are.
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
            // A path with a colon in it could not be said.
            .folder(folder);
        let copied = self.attempts(&image.reference, || call.answer());
        // Also what an attempt that was ended left half written.
        remove(&layout);
        copied.map(drop)
    }

    /// Publishes the image of an OCI layout under a tag, byte for byte. A blob that is in the registry need not be in
    /// the layout.
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
            // It goes with the folder that it is in.
        }
        _ => {}
    }
}
