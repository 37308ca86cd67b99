use std::io::Read;

use tar::{Archive as TarReader, Builder, EntryType, Header};

use crate::decode::Compression;
use crate::stack::Stack;
use crate::testing::{OnDisk, Tar, TestImage, compress, image};
use crate::{Error, RootFs};

/// An entry in words: `name kind mode uid:gid mtime` and, if present, ` = bytes` or ` -> target`.
type Lines = Vec<String>;

fn lines(tar: &[u8]) -> Lines {
    let mut reader = TarReader::new(tar);
    let entries = reader.entries().expect("a tar");
    let line = |entry: std::io::Result<tar::Entry<&[u8]>>| {
        let mut entry = entry.expect("an entry");
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let mut text = String::new();
        entry.read_to_string(&mut text).expect("text");
        let target = entry.link_name_bytes();
        let target = target.map(|target| format!(" -> {}", String::from_utf8_lossy(&target)));
        let xattrs: Vec<_> = entry
            .pax_extensions()
            .expect("records")
            .into_iter()
            .flatten()
            .map(|record| record.expect("a record"))
            .filter(|record| record.key_bytes().starts_with(b"SCHILY"))
            .map(|record| String::from_utf8_lossy(record.value_bytes()).into_owned())
            .collect();
        let header = entry.header();
        let kind = match header.entry_type() {
            EntryType::Regular => "file",
            EntryType::Directory => "folder",
            EntryType::Symlink => "link",
            EntryType::Link => "same",
            EntryType::Char => "char",
            EntryType::Fifo => "fifo",
            other => panic!("{other:?}"),
        };
        let (uid, gid) = (header.uid().expect("uid"), header.gid().expect("gid"));
        let (mode, mtime) = (header.mode().expect("mode"), header.mtime().expect("time"));
        let bytes = if text.is_empty() {
            String::new()
        } else {
            format!(" = {text}")
        };
        let xattrs: String = xattrs
            .iter()
            .map(|value| format!(" with {value}"))
            .collect();
        let target = target.unwrap_or_default();
        format!("{name} {kind} {mode:o} {uid}:{gid} {mtime}{bytes}{target}{xattrs}")
    };
    entries.map(line).collect()
}

/// A layer with different attributes for each entry.
struct Layer(Builder<Vec<u8>>);

impl Layer {
    fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    fn add(mut self, kind: EntryType, name: &str, text: &str, number: u32) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o4000 + number);
        header.set_uid(1000 + u64::from(number));
        header.set_gid(2000 + u64::from(number));
        header.set_mtime(1_000_000 + u64::from(number));
        if kind == EntryType::Char {
            header.set_device_major(1).expect("major");
            header.set_device_minor(3).expect("minor");
        }
        if matches!(kind, EntryType::Symlink | EntryType::Link) {
            header.set_size(0);
            self.0.append_link(&mut header, name, text).expect("link");
        } else {
            header.set_size(text.len() as u64);
            self.0
                .append_data(&mut header, name, text.as_bytes())
                .expect("file");
        }
        self
    }

    fn with(mut self, key: &str, value: &str) -> Self {
        let records = [(key, value.as_bytes())];
        self.0.append_pax_extensions(records).expect("a record");
        self
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().expect("a tar")
    }
}

fn tar(stack: Stack, paths: &[&str]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let files = RootFs::open(stack)?;
    files.write_tar(paths, &mut out)?;
    Ok(out)
}

/// Gets the same tar from an image that is stored in each way.
fn each(image: &TestImage, paths: &[&str], check: impl Fn(Lines)) {
    let mut first = None;
    for stored in [Compression::None, Compression::Gzip, Compression::Zstd] {
        for whole in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let stack = OnDisk::new(&compress(whole, &image.oci(stored))).stack();
            let bytes = tar(stack, paths).expect("a tar");
            let same = first.get_or_insert_with(|| bytes.clone());
            assert!(*same == bytes, "{stored:?} in {whole:?} gives another tar");
        }
    }
    check(lines(&first.expect("a tar")));
}

fn layered() -> TestImage {
    let lower = Layer::new()
        .add(EntryType::Directory, "etc/", "", 0o1)
        .add(EntryType::Directory, "opt/", "", 0o2)
        .add(EntryType::Regular, "etc/a", "lower a", 0o3)
        .add(EntryType::Regular, "etc/b", "b", 0o4)
        .add(EntryType::Link, "etc/b2", "etc/b", 0o4)
        .add(EntryType::Regular, "opt/gone", "gone", 0o5)
        .add(EntryType::Symlink, "etc/link", "/opt/x", 0o6)
        .add(EntryType::Char, "dev/null", "", 0o7)
        .add(EntryType::Fifo, "dev/pipe", "", 0o10);
    let upper = Layer::new()
        .add(EntryType::Regular, "etc/a", "upper a", 0o11)
        .add(EntryType::Regular, "opt/.wh.gone", "", 0)
        .add(EntryType::Link, "opt/b3", "etc/b", 0o4)
        .add(EntryType::Regular, "etc/.wh.b", "", 0)
        .add(EntryType::Directory, "opt/", "", 0o12);
    image(vec![lower.bytes(), upper.bytes()])
}

#[test]
fn a_whole_image_is_what_a_container_would_see() {
    each(&layered(), &[""], |lines| {
        let lower = "etc/b2 file 4004 1004:2004 1000004 = b";
        let expected = [
            lower,
            "etc/link link 4006 1006:2006 1000006 -> /opt/x",
            "dev/null char 4007 1007:2007 1000007",
            "dev/pipe fifo 4010 1008:2008 1000008",
            "etc/a file 4011 1009:2009 1000009 = upper a",
            "opt/b3 same 4004 1004:2004 1000004 -> etc/b2",
            "opt/ folder 4012 1010:2010 1000010",
            "etc/ folder 4001 1001:2001 1000001",
            "dev/ folder 755 0:0 0",
        ];
        assert_eq!(lines, expected);
    });
}

#[test]
fn extended_attributes_stay_with_files_and_folders() {
    let layer = Layer::new()
        .with("SCHILY.xattr.user.of", "a folder")
        .add(EntryType::Directory, "etc/", "", 0o1)
        .with("SCHILY.xattr.security.capability", "a file")
        .add(EntryType::Regular, "etc/a", "", 0o2)
        .add(EntryType::Link, "etc/b", "etc/a", 0o2);
    each(&image(vec![layer.bytes()]), &[""], |lines| {
        assert_eq!(
            lines,
            [
                "etc/a file 4002 1002:2002 1000002 with a file",
                "etc/b same 4002 1002:2002 1000002 -> etc/a",
                "etc/ folder 4001 1001:2001 1000001 with a folder",
            ]
        );
    });
}

#[test]
fn links_to_what_is_not_selected_are_files() {
    for (paths, expected) in [
        (&["opt"][..], "opt/b3 file 4004 1004:2004 1000004 = b"),
        (
            &["opt/b3", "opt", "none"],
            "opt/b3 file 4004 1004:2004 1000004 = b",
        ),
        (&["etc/a"], "etc/a file 4011 1009:2009 1000009 = upper a"),
        (
            &["etc/link"],
            "etc/link link 4006 1006:2006 1000006 -> /opt/x",
        ),
    ] {
        each(&layered(), paths, |lines| {
            assert_eq!(lines[0], expected, "{paths:?}");
            let folders = lines[1..]
                .iter()
                .all(|line| line.starts_with("opt/ folder"));
            assert!(folders && lines.len() <= 2, "{lines:?}");
        });
    }
    each(&layered(), &["none"], |lines| assert!(lines.is_empty()));
}

#[test]
fn long_names_stay() {
    let name = format!("{}/{}", "folder/".repeat(20), "n".repeat(200));
    let target = "t".repeat(300);
    let layer = Tar::new().file(&name, "long").symlink("link", &target);
    each(&image(vec![layer.bytes()]), &[""], |lines| {
        let name = name.replace("//", "/");
        assert!(lines[0].starts_with(&format!("{name} file")), "{lines:?}");
        assert!(lines[1].ends_with(&format!("-> {target}")), "{lines:?}");
        assert_eq!(lines.len(), 2 + 20);
    });
}

#[test]
fn what_no_tar_has_is_an_error_before_the_first_byte() {
    for (layer, why) in [
        (Tar::new().hardlink("a", "nothing"), "a tar cannot hold"),
        (
            Tar::new().raw(EntryType::GNUSparse, "a"),
            "is a sparse file",
        ),
        (
            Tar::new().raw(EntryType::new(b'Q'), "a"),
            "a tar cannot hold",
        ),
    ] {
        let layers = vec![Tar::new().file("b", "b").bytes(), layer.bytes()];
        let stack = OnDisk::new(&image(layers).oci(Compression::None)).stack();
        let files = RootFs::open(stack).expect("files");
        let mut out = Vec::new();
        let error = files.write_tar(&[""], &mut out).expect_err("an error");
        assert!(error.to_string().contains(why), "{error}");
        assert!(out.is_empty());
        files
            .write_tar(&["b"], &mut out)
            .expect("others are written");
    }
}

#[test]
fn sizes_are_known_before() {
    let stack = OnDisk::new(&layered().oci(Compression::Gzip)).stack();
    let files = RootFs::open(stack).expect("files");
    for (paths, bytes) in [(&[""][..], 1 + 7), (&["opt", "opt/b3"], 1), (&["dev"], 0)] {
        assert_eq!(
            files.tar_bytes(paths).expect("a number"),
            bytes,
            "{paths:?}"
        );
    }
}
