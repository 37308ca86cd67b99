use failure::{Code, Reported as _};
use std::fs;

use super::*;
use crate::Compression;
use crate::draft::{Draft, Options};
use crate::testing::{OnDisk, TestImage, compress, sample};

fn gathered(image: &TestImage) -> Gathered {
    Gathered::new(Utf8Path::new("registry.example/x"), image.config.clone()).expect("a config")
}

fn path(folder: &tempfile::TempDir, name: &str) -> Utf8PathBuf {
    Utf8PathBuf::from_path_buf(folder.path().join(name)).expect("UTF-8")
}

/// Writes an archive and opens it.
fn taken(gathered: &Gathered) -> Result<(OnDisk, Stack), Error> {
    let file = OnDisk::new(b"");
    let mut out = File::options()
        .read(true)
        .write(true)
        .open(file.path())
        .expect("a file");
    let draft = Draft::from_gathered(gathered, &mut out, &Options::default(), &|_| false)?;
    draft.seal(&mut out, &[])?;
    let stack = Stack::of(file.open()?).expect("an image");
    stack.archive().verify(stack.image())?;
    Ok((file, stack))
}

#[test]
fn layers_come_from_files_and_archives() {
    let image = sample();
    let folder = tempfile::tempdir().expect("a folder");
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let mut parts = gathered(&image);
        let (first, second) = (digest_of(&image.layers[0]), digest_of(&image.layers[1]));
        let blob = path(&folder, "second");
        fs::write(&blob, compress(compression, &image.layers[1])).expect("a blob");
        parts.add_file(second, blob, None);
        assert!(parts.has(second) && !parts.has(first));
        let other = OnDisk::new(&image.oci(Compression::Zstd));
        parts.add_archives(&other.stack());
        assert!(parts.has(first));
        let (_file, stack) = taken(&parts).expect("an image");
        assert_eq!(stack.image().image_id, image.image_id());
        assert_eq!(stack.diff_ids(), image_diff_ids(&image));
    }
}

fn image_diff_ids(image: &TestImage) -> Vec<Digest> {
    image.layers.iter().map(|layer| digest_of(layer)).collect()
}

#[test]
fn what_is_not_the_layer_is_refused() {
    let image = sample();
    let folder = tempfile::tempdir().expect("a folder");
    let whole = compress(Compression::Gzip, &image.layers[0]);
    let other = compress(Compression::Gzip, &image.layers[1]);
    for (name, bytes, expected) in [
        (
            "other",
            &other[..],
            "layer 1 of 3 is damaged: expected sha256:",
        ),
        ("cut", &whole[..whole.len() / 2], "is truncated"),
        ("empty", b"", "layer 1 of 3 is damaged"),
        (
            "xz",
            b"\xfd7zXZ\0",
            "is compressed with xz, which engines cannot load",
        ),
    ] {
        let mut parts = gathered(&image);
        let blob = path(&folder, name);
        fs::write(&blob, bytes).expect("a blob");
        parts.add_file(digest_of(&image.layers[0]), blob.clone(), None);
        parts.add_archives(&OnDisk::new(&image.classic()).stack());
        let error = taken(&parts).expect_err("refused");
        assert_eq!(error.code(), Code::Archive);
        let text = error.to_string();
        assert!(
            text.starts_with(blob.as_str()) && text.contains(expected),
            "{text}"
        );
    }
    let mut parts = gathered(&image);
    let blob = path(&folder, "one");
    fs::write(&blob, &whole).expect("a blob");
    parts.add_file(digest_of(&image.layers[0]), blob, None);
    let error = taken(&parts).expect_err("a layer is missing").to_string();
    assert!(
        error.starts_with("registry.example/x: layer 2 of 3 (sha256:"),
        "{error}"
    );
    let error = Gathered::new(Utf8Path::new("x"), b"[]".to_vec()).expect_err("no config");
    assert!(
        error.to_string().starts_with("x: its config is not valid"),
        "{error}"
    );
}
