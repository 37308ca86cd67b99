use std::collections::BTreeSet;

use super::*;
use crate::testing::{OnDisk, Tar, TestImage, sample};
use crate::{Archive, Manifest};

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = Utf8PathBuf::from_path_buf(folder.path().join("new")).expect("UTF-8");
    (folder, path)
}

fn anew(compress: Compress, stored: &BTreeMap<Digest, Stored>) -> Packing<'_> {
    Packing {
        compress: Some(compress),
        as_is: false,
        stored,
    }
}

fn write(image: &TestImage, folder: &Utf8Path, compress: Compress) -> Layout {
    let archive = OnDisk::new(&image.classic());
    let stored = BTreeMap::new();
    Layout::write(&archive.stack(), folder, anew(compress, &stored), |_| {}).expect("written")
}

fn blobs_in(folder: &Utf8Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder.join("blobs/sha256")).expect("blobs");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    names
        .map(|name| name.into_string().expect("UTF-8"))
        .collect()
}

/// The layout as an archive.
fn packed(folder: &Utf8Path) -> Result<Archive, Error> {
    let mut tar = Tar::new();
    for name in blobs_in(folder) {
        let path = format!("blobs/sha256/{name}");
        tar = tar.file(&path, fs::read(folder.join(&path)).expect("a blob"));
    }
    for name in ["index.json", "oci-layout"] {
        tar = tar.file(name, fs::read(folder.join(name)).expect("a document"));
    }
    let packed = OnDisk::new(&tar.bytes());
    let archive = packed.open()?;
    archive.verify(&archive.images()[0])?;
    Ok(archive)
}

#[test]
fn a_layout_is_the_image() {
    for compress in [Compress::None, Compress::Gzip, Compress::Zstd(3)] {
        let image = sample();
        let (_kept, folder) = folder();
        let layout = write(&image, &folder, compress);
        // Two layers, one of them used twice, a config and a manifest.
        assert_eq!((layout.written, blobs_in(&folder).len()), (2, 4));
        let archive = packed(&folder).expect("an archive");
        let found = &archive.images()[0];
        assert_eq!(found.image_id, image.image_id());
        assert!(compress.is_of(found.layers[0].compression));
        assert_eq!(
            found.layers[1].tar_size(),
            Some(image.layers[1].len() as u64)
        );
    }
}

#[test]
fn the_same_image_has_the_same_digest() {
    let (_kept, one) = folder();
    let (_kept_too, two) = folder();
    let digests = [&one, &two].map(|folder| write(&sample(), folder, Compress::Gzip).digest);
    assert_eq!(digests[0], digests[1]);
    assert!(blobs_in(&one).contains(&digests[0].hex()));
}

#[test]
fn what_is_stored_already_is_only_named() {
    let image = sample();
    let (_kept, folder) = folder();
    let first = write(&image, &folder, Compress::Gzip);
    let manifest = fs::read(folder.join("blobs/sha256").join(first.digest.hex())).expect("there");
    let manifest: Manifest = serde_json::from_slice(&manifest).expect("a manifest");
    let diff_id = digest_of(&image.layers[0]);
    let stored = BTreeMap::from([(diff_id, Stored::from(&manifest.layers[0]))]);
    fs::remove_dir_all(&folder).expect("removed");
    let archive = OnDisk::new(&image.classic());
    let mut passed = 0;
    let again = Layout::write(
        &archive.stack(),
        &folder,
        anew(Compress::Gzip, &stored),
        |bytes| {
            passed += bytes;
        },
    );
    let again = again.expect("written");
    assert_eq!((again.digest, again.written), (first.digest, 1));
    assert_eq!(passed, image.layers[1].len() as u64);
    assert!(!blobs_in(&folder).contains(&manifest.layers[0].digest.hex()));
}

#[test]
fn a_damaged_layer_is_not_published() {
    let image = sample();
    let mut bytes = image.classic();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    let archive = OnDisk::new(&bytes);
    let (_kept, folder) = folder();
    let error = Layout::write(
        &archive.stack(),
        &folder,
        anew(Compress::Gzip, &BTreeMap::new()),
        |_| {},
    );
    let error = error.expect_err("damaged").to_string();
    assert!(error.contains("layer 2 of 3 is damaged"), "{error}");
    assert!(!folder.join("index.json").exists());
}

#[test]
fn what_is_compressed_is_published_as_it_is() {
    let image = sample();
    let stored = BTreeMap::new();
    for (packing, as_is, is_kept) in [
        (Compression::Gzip, false, true),
        (Compression::Zstd, false, true),
        (Compression::None, true, true),
        (Compression::None, false, false),
    ] {
        let stack = OnDisk::new(&image.oci(packing)).stack();
        let manifest = stack.image().manifest.as_ref().expect("a manifest");
        let (_kept, folder) = folder();
        let packing = Packing {
            compress: None,
            as_is,
            stored: &stored,
        };
        let layout = Layout::write(&stack, &folder, packing, |_| {}).expect("written");
        assert_eq!(layout.digest == manifest.digest, is_kept, "{packing:?}");
        let archive = packed(&folder).expect("an archive");
        assert_eq!(archive.images()[0].image_id, image.image_id());
    }
}
