use tar::EntryType;

use super::*;
use crate::decode::Compression;
use crate::octets::name_bytes;
use crate::testing::{OnDisk, Tar, compress, image};

const LIMIT: u64 = 1 << 20;

/// Runs a check over an image of these layers, uncompressed and compressed in each way.
fn each(layers: &[Tar], check: impl Fn(&RootFs)) {
    let layers: Vec<_> = layers.iter().map(Tar::clone_bytes).collect();
    let image = image(layers);
    for stored in [Compression::None, Compression::Gzip, Compression::Zstd] {
        for whole in [Compression::None, Compression::Gzip] {
            let stack = OnDisk::new(&compress(whole, &image.oci(stored))).stack();
            check(&RootFs::open(stack.clone()).expect("root"));
            // The bytes are the same, kept or not.
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
        .file("again/lower", "lower")
        .file("turned/into", "a file");
    let upper = Tar::new()
        .file("etc/a", "upper a")
        .file("etc/.wh.b", "")
        .file("opt/x/new", "new")
        .file("opt/x/.wh..wh..opq", "")
        .file("again/upper", "upper")
        .file(".wh.again", "")
        .file("turned", "file now");
    each(&[lower, upper], |root| {
        assert_eq!(text(root, "/etc/a").as_deref(), Some("upper a"));
        assert_eq!(text(root, "etc/b"), None);
        assert_eq!(root.list("etc"), ["a"]);
        assert_eq!(root.list("opt"), ["x", "x-y"]);
        assert_eq!(root.list("/opt/x/"), ["new"]);
        // A layer never removes its own files.
        assert_eq!(root.list("again"), ["upper"]);
        assert_eq!(root.list(""), ["again", "etc", "opt", "turned"]);
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
fn a_link_outlives_the_name_that_it_was_made_of() {
    let first = Tar::new().file("a", "the bytes").file("kept", "kept");
    let second = Tar::new().hardlink("b", "a").hardlink("c", "b");
    let third = Tar::new()
        .file(".wh.a", "")
        .hardlink("d", "c")
        .file(".wh.c", "");
    each(&[first, second, third], |root| {
        assert_eq!(root.list("/"), ["b", "d", "kept"]);
        for path in ["b", "d"] {
            assert_eq!(text(root, path).as_deref(), Some("the bytes"), "{path}");
        }
    });
}

#[test]
fn what_is_above_a_path_is_a_folder() {
    let lower = Tar::new()
        .file("usr/lib/a", "a")
        .symlink("lib", "usr/lib")
        .file("file", "a file")
        .file("opt/x/y", "y");
    let upper = Tar::new()
        .file("lib/b", "b")
        .file("file/inside", "i")
        .file("opt/x/.wh.y", "");
    // As in Docker 20.10: the folders of the upper layer replace a link and a file.
    each(&[lower, upper], |root| {
        let paths: Vec<_> = root.below("").map(|file| file.path).collect();
        assert_eq!(
            paths,
            [
                "file",
                "file/inside",
                "lib",
                "lib/b",
                "opt",
                "opt/x",
                "usr",
                "usr/lib",
                "usr/lib/a"
            ]
        );
        assert_eq!(root.list("lib"), ["b"]);
        assert!(root.list("opt/x").is_empty());
        let folder = root.find("/opt/x").expect("a folder");
        assert_eq!(
            (folder.kind, folder.attributes.mode, folder.layer),
            (&FileKind::Directory, 0o755, 0)
        );
    });
}

#[test]
fn a_path_is_found_or_the_reason_why_not() {
    let layer = Tar::new()
        .file("usr/lib/a", "a")
        .symlink("lib", "usr/lib")
        .symlink("one", "two")
        .symlink("two", "one")
        .symlink("up", "../../..");
    each(&[layer], |root| {
        for (path, found, link) in [
            ("lib", Ok("usr/lib"), Ok("lib")),
            ("lib/", Ok("usr/lib"), Ok("usr/lib")),
            ("/lib/a", Ok("usr/lib/a"), Ok("usr/lib/a")),
            ("up/lib", Ok("usr/lib"), Ok("lib")),
            ("/", Ok(""), Ok("")),
            ("one", Err(NotFound::Loop), Ok("one")),
            ("one/x", Err(NotFound::Loop), Err(NotFound::Loop)),
            ("lib/b", Err(NotFound::Missing), Err(NotFound::Missing)),
            ("lib/a/b", Err(NotFound::Missing), Err(NotFound::Missing)),
            (
                "none/../lib",
                Err(NotFound::Missing),
                Err(NotFound::Missing),
            ),
        ] {
            assert_eq!(root.find(path).map(|file| file.path), found, "{path}");
            assert_eq!(root.find_link(path).map(|file| file.path), link, "{path}");
        }
    });
}

#[test]
fn names_of_other_bytes_stay_apart() {
    let layer = Tar::new()
        .raw(EntryType::Regular, b"d/\xff")
        .raw(EntryType::Regular, b"d/\xfe");
    each(&[layer], |root| {
        let names = root
            .below("d")
            .map(|file| name_bytes(file.path).into_owned());
        let names: Vec<_> = names.collect();
        assert_eq!(names, [b"d/\xfe", b"d/\xff"]);
    });
}

#[test]
fn deep_paths_do_not_fill_the_memory() {
    // Each path is valid. Their folders would be some hundred thousand, with as many bytes as all of them.
    let mut layer = Tar::new();
    for number in 0..200 {
        layer = layer.file(&format!("{number}/{}", "a/".repeat(1900)), "");
    }
    let image = image(vec![layer.bytes()]);
    let stack = OnDisk::new(&image.oci(Compression::None)).stack();
    let error = RootFs::open(stack).expect_err("too many").to_string();
    assert!(error.contains("has too many files"), "{error}");
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
