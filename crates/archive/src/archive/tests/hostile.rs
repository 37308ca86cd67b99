//! Files that are no archives, and hostile archives.

use failure::{Code, Reported as _};
use tar::EntryType;

use super::*;

#[test]
fn what_is_no_archive_is_called_by_its_name() {
    let text = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    for (bytes, expected) in [
        (&b""[..], "is empty"),
        (
            text.as_bytes(),
            "is a Git LFS pointer, not the archive itself",
        ),
        (b"hello\n", "is a text file, not an image archive"),
        (b"PK\x03\x04\0\0\0", "is not an image archive"),
        (&[0xff; 2000], "is not an image archive"),
        (
            b"\xfd7zXZ\0more",
            "is compressed with xz or bzip2, which engines cannot load",
        ),
        (
            b"BZh91AY",
            "is compressed with xz or bzip2, which engines cannot load",
        ),
    ] {
        assert_eq!(complaint(bytes), expected);
    }
    let missing = OnDisk::new(b"");
    let path = missing.path().with_extension("gone");
    let error = Archive::open(&path).expect_err("missing");
    assert_eq!(error.to_string(), format!("{path}: no such file"));
    assert_eq!(error.code(), Code::Archive);
    let folder = path.parent().expect("folder");
    let error = Archive::open(folder).expect_err("folder");
    assert_eq!(
        error.to_string(),
        format!("{folder}: is a folder, not an image archive")
    );
    let device = Archive::open("/dev/null".into())
        .expect_err("device")
        .to_string();
    assert!(
        device.starts_with("/dev/null: is not a regular file"),
        "{device}"
    );
    let error = OnDisk::new(text.as_bytes()).open().expect_err("pointer");
    assert_eq!(error.hint().as_deref(), Some("git lfs pull"));
}

/// A classic archive of one layer with this manifest and config, valid or not.
fn archive_of(manifest: &str, config: &[u8]) -> Vec<u8> {
    let layer = Tar::new().file("a", "a").bytes();
    let tar = Tar::new()
        .file("layer.tar", layer)
        .file("config.json", config);
    tar.symlink("out.tar", "../layer.tar")
        .symlink("root.tar", "/etc/passwd")
        .symlink("round.tar", "round.tar")
        .raw(EntryType::Block, "device")
        .file("twice", "a")
        .file("twice", "b")
        .file("xz", b"\xfd7zXZ\0")
        .file("manifest.json", manifest)
        .bytes()
}

#[test]
fn hostile_documents_are_refused_with_a_reason() {
    let layer = digest_of(&Tar::new().file("a", "a").bytes());
    let good = json!({ "rootfs": { "diff_ids": [layer] } }).to_string();
    let naming =
        |config: &str, layers: &[&str]| json!([{ "Config": config, "Layers": layers }]).to_string();
    let absent = "a".repeat(64);
    for (manifest, config, expected) in [
        (
            naming("config.json", &["gone"]),
            &good,
            "names the layer `gone`, which is not in it",
        ),
        (
            naming("config.json", &["../../etc/passwd"]),
            &good,
            "names the layer `../../etc/passwd`, which is not in it",
        ),
        (
            naming("config.json", &["/etc/passwd"]),
            &good,
            "names the layer `/etc/passwd`, which is not in it",
        ),
        (
            naming("config.json", &["out.tar"]),
            &good,
            "its `out.tar` is a link that leads outside the archive",
        ),
        (
            naming("config.json", &["root.tar"]),
            &good,
            "its `root.tar` is a link that leads outside the archive",
        ),
        (
            naming("config.json", &["round.tar"]),
            &good,
            "its `round.tar` is a link that leads to itself",
        ),
        (
            naming("config.json", &["device"]),
            &good,
            "its `device` is not a regular file",
        ),
        (
            naming("config.json", &["twice"]),
            &good,
            "its `twice` occurs more than once",
        ),
        (
            naming("config.json", &["xz"]),
            &good,
            "its layer `xz` is compressed with xz, which engines cannot load",
        ),
        (
            naming("config.json", &["layer.tar", "layer.tar"]),
            &good,
            "names 2 layers, but its config has 1 diff_ids",
        ),
        (
            naming(&format!("{absent}.json"), &[]),
            &good,
            &format!("names `{absent}.json`, which is not in it"),
        ),
        (
            "[]".into(),
            &good,
            "holds no image: its manifest.json or index.json lists none",
        ),
        (
            "[".repeat(10_000),
            &good,
            "its manifest.json is not valid: ",
        ),
        (
            "{nonsense".into(),
            &good,
            "its manifest.json is not valid: ",
        ),
        (
            naming("config.json", &["layer.tar"]),
            &"{}".into(),
            "its config is not valid: missing field `rootfs`",
        ),
        (
            naming("config.json", &["layer.tar"]),
            &good.replace("sha256:", "sha512:"),
            "its config is not valid: digest `sha512:",
        ),
    ] {
        let tar = archive_of(&manifest, config.as_bytes());
        for bytes in ALL.map(|compression| compress(compression, &tar)) {
            let found = complaint(&bytes);
            assert!(found.starts_with(expected), "{found}");
        }
    }
    let fine = archive_of(&naming("config.json", &["layer.tar"]), good.as_bytes());
    assert!(OnDisk::new(&fine).open().is_ok());
    let none = complaint(&Tar::new().file("a", "a").bytes());
    assert!(
        none.starts_with("is a tar, but not an image archive"),
        "{none}"
    );
}

#[test]
fn digests_that_do_not_fit_are_shown() {
    let mut sample = sample();
    let expected = sample.image_id();
    let tar = sample.classic();
    let place = tar
        .windows(5)
        .position(|bytes| bytes == b"linux")
        .expect("config");
    let mut damaged = tar.clone();
    damaged[place] = b'L';
    let found = complaint(&damaged);
    assert!(
        found.starts_with(&format!(
            "its config is damaged: expected {expected}, found sha256:"
        )),
        "{found}"
    );

    sample.layers[1][1000] ^= 1;
    let found = complaint(&sample.classic());
    let digest = digest_of(&sample.layers[1]);
    assert!(
        found.starts_with("layer 2 of 3 is damaged: expected sha256:"),
        "{found}"
    );
    assert!(found.ends_with(&format!("found {digest}")), "{found}");
}
