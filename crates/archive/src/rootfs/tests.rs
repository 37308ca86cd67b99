use tar::EntryType;

use super::*;
use crate::testing::{OnDisk, Tar, compress, image};

const LIMIT: u64 = 1 << 20;

/// Runs a check over an image of these layers, plain and compressed in each way.
fn each(layers: &[Tar], check: impl Fn(&RootFs)) {
    let layers: Vec<_> = layers.iter().map(Tar::clone_bytes).collect();
    let image = image(layers);
    for stored in [Compression::None, Compression::Gzip, Compression::Zstd] {
        for whole in [Compression::None, Compression::Gzip] {
            let stack = OnDisk::new(&compress(whole, &image.oci(stored))).stack();
            check(&RootFs::open(stack.clone()).expect("root"));
            // Kept or not, the bytes are the same.
            check(&RootFs::keeping(stack, &|path| path.ends_with('e')).expect("root"));
        }
    }
}

fn text(root: &RootFs, path: &str) -> Option<String> {
    let bytes = root.read(path, LIMIT).expect("readable")?;
    Some(String::from_utf8(bytes).expect("UTF-8"))
}

#[test]
fn upper_layers_replace_and_remove() {
    let lower = Tar::new()
        .folder("etc")
        .file("./etc/a", "lower a")
        .file("etc/b", "lower b")
        .file("opt/x/y", "y")
        .file("opt/x/z/deep", "deep")
        .file("opt/x-y", "beside")
        .file("turned/into", "a file");
    let upper = Tar::new()
        .file("etc/a", "upper a")
        .file("etc/.wh.b", "")
        .file("opt/x/new", "new")
        .file("opt/x/.wh..wh..opq", "")
        .file("turned", "file now");
    each(&[lower, upper], |root| {
        assert_eq!(text(root, "/etc/a").as_deref(), Some("upper a"));
        assert_eq!(text(root, "etc/b"), None);
        assert_eq!(root.list("etc"), ["a"]);
        assert_eq!(root.list("opt"), ["x", "x-y"]);
        assert_eq!(root.list("/opt/x/"), ["new"]);
        assert_eq!(root.list(""), ["etc", "opt", "turned"]);
        assert_eq!(text(root, "turned").as_deref(), Some("file now"));
        assert!(!root.exists("turned/into"));
        assert!(root.exists("opt/x") && root.exists("/") && !root.exists("opt/x/z"));
        assert!(root.list("nowhere").is_empty() && root.list("turned").is_empty());
    });
}

#[test]
fn links_are_followed_inside_the_image() {
    let lower = Tar::new()
        .file("usr/lib/os-release", "ID=test")
        .symlink("lib", "usr/lib")
        .symlink("etc/os-release", "../usr/lib/os-release")
        .symlink("etc/absolute", "/lib/os-release")
        .symlink("etc/outside", "../../../../../lib/os-release")
        .symlink("loop", "loop")
        .symlink("dangling", "nowhere");
    let upper = Tar::new()
        .hardlink("etc/hard", "usr/lib/os-release")
        .hardlink("etc/of-nothing", "usr/lib/nothing")
        .file("etc/.wh.dangling", "");
    each(&[lower, upper], |root| {
        for path in [
            "etc/os-release",
            "etc/absolute",
            "etc/outside",
            "etc/hard",
            "lib/../lib/os-release",
            "../../usr/./lib//os-release",
        ] {
            assert_eq!(text(root, path).as_deref(), Some("ID=test"), "{path}");
        }
        for path in [
            "loop",
            "dangling",
            "etc/of-nothing",
            "etc/os-release/x",
            "lib",
        ] {
            assert_eq!(text(root, path), None, "{path}");
        }
        assert_eq!(root.list("lib"), ["os-release"]);
        assert!(!root.exists("loop") && !root.exists("dangling") && root.exists("etc/of-nothing"));
    });
}

#[test]
fn hostile_paths_are_not_there() {
    let layer = Tar::new()
        .raw(EntryType::Regular, "../up")
        .raw(EntryType::Regular, "a/../../up")
        .raw(EntryType::Regular, "/rooted")
        .raw(EntryType::Char, "dev/null")
        .raw(EntryType::Regular, ".wh.")
        .raw(EntryType::Regular, "etc/.wh...");
    each(&[Tar::new().file("etc/kept", "kept"), layer], |root| {
        assert_eq!(root.list("/"), ["dev", "etc", "rooted"]);
        assert_eq!(root.list("etc"), ["kept"]);
        assert_eq!(text(root, "dev/null"), None);
    });
}

#[test]
fn a_file_beyond_the_limit_is_an_error() {
    each(&[Tar::new().file("a", "12345")], |root| {
        assert!(
            root.read("a", 4)
                .expect_err("too long")
                .to_string()
                .contains("`a` has 5 bytes")
        );
        assert_eq!(root.read("a", 5).expect("fits"), Some(b"12345".to_vec()));
        let mut out = Vec::new();
        assert_eq!(root.read_to("a", &mut out).expect("copies"), Some(5));
        assert_eq!(out, b"12345");
        assert_eq!(root.read_to("b", &mut out).expect("copies"), None);
    });
}

#[test]
fn a_layer_that_is_no_tar_says_which() {
    let image = image(vec![Tar::new().bytes(), vec![1; 600]]);
    let error = RootFs::open(OnDisk::new(&image.oci(Compression::None)).stack())
        .expect_err("no tar")
        .to_string();
    assert!(
        error.contains("layer 2: the tar header at byte 0 is damaged"),
        "{error}"
    );
}
