//! An image with all features that make layers hard to read.

use pipeline_tests::{Image, Sandbox, engine};
use tar::{Builder, EntryType, Header};

/// A name that is not UTF-8.
pub const BYTES: &[u8] = b"odd/not utf8 \xff\xfe";
/// cap_net_raw=ep, in setcap's format (struct vfs_cap_data, linux/capability.h).
const CAPABILITY: &[u8] = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
/// The time of files: long ago, so that no other file has it by chance.
const MTIME: u64 = 1_234_567_890;

/// The changes of the upper layers, in a shell of the image.
const CHANGES: [&str; 4] = [
    // Whiteouts.
    "rm -r gone odd/target",
    // A link to a file of a lower layer; its original name is removed one layer later.
    "busybox ln links/first links/second && busybox ln links/first kept-link && \
     busybox chown 7:8 owned && busybox chmod 4711 owned",
    "rm links/first && busybox ln -s /etc/os-release links/absolute && \
     busybox ln -s ../../../../etc/os-release links/up",
    // A folder becomes a file, a file a folder, and a link a file.
    "rm -r was-folder was-file was-link && echo f > was-folder && mkdir -p was-file/in && \
     echo l > was-link",
];

fn layer() -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    let mut add = |kind: EntryType, name: &[u8], mode: u32, body: &str| {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(1234);
        header.set_gid(5678);
        header.set_mtime(MTIME);
        if matches!(kind, EntryType::Char | EntryType::Block) {
            header.set_device_major(7).expect("a number");
            header.set_device_minor(200).expect("a number");
        }
        let is_link = matches!(kind, EntryType::Link | EntryType::Symlink);
        header.set_size(if is_link { 0 } else { body.len() as u64 });
        if is_link {
            header.as_old_mut().linkname[..body.len()].copy_from_slice(body.as_bytes());
        }
        let bytes = if is_link { "" } else { body };
        // The crate would normalize these names.
        if name.len() <= 100 {
            header.as_old_mut().name[..name.len()].copy_from_slice(name);
            header.set_cksum();
            tar.append(&header, bytes.as_bytes()).expect("an entry");
        } else {
            let name = std::str::from_utf8(name).expect("UTF-8");
            tar.append_data(&mut header, name, bytes.as_bytes())
                .expect("an entry");
        }
    };
    let long = format!("odd/{}/{}", "folder/".repeat(12), "long".repeat(50));
    for folder in ["odd/", "gone/", "links/", "was-folder/"] {
        add(EntryType::Directory, folder.as_bytes(), 0o2751, "");
    }
    for (name, body) in [
        (BYTES, "bytes"),
        (b"odd/new\nline\t\x1b[31m", "escapes"),
        (b"odd/back\\slash and space ", "slash"),
        ("odd/größe".as_bytes(), "umlauts"),
        (long.as_bytes(), "long"),
        (b"odd/target", "the target"),
        (b"odd/empty", ""),
        (b"gone/file", "gone"),
        (b"links/first", "one file, some names"),
        (b"owned", "owned"),
        (b"was-folder/file", "file"),
        (b"was-file", "file"),
    ] {
        add(EntryType::Regular, name, 0o640, body);
    }
    add(EntryType::Symlink, b"was-link", 0o777, "odd/empty");
    add(EntryType::Symlink, b"links/loop", 0o777, "loop");
    add(EntryType::Symlink, b"links/none", 0o777, "nowhere/at/all");
    add(EntryType::Symlink, b"links/folder", 0o777, "../odd");
    add(EntryType::Link, b"odd/hard", 0o640, "odd/target");
    add(EntryType::Link, b"odd/hard-too", 0o640, "odd/target");
    add(EntryType::Char, b"odd/char", 0o600, "");
    add(EntryType::Block, b"odd/block", 0o600, "");
    add(EntryType::Fifo, b"odd/fifo", 0o600, "");
    tar.into_inner().expect("a tar")
}

/// Builds it as the image of this variant, and returns its reference.
pub fn build(s: &Sandbox, variant: &str) -> String {
    let base = Image::new().busybox().build(s, &format!("{variant}below"));
    let reference = format!("{}:latest", s.image(variant));
    let steps = CHANGES.map(|change| format!("RUN {change}\n")).concat();
    s.write("context/odd.tar", layer());
    s.write(
        "context/Dockerfile",
        format!(
            "FROM {base}\nLABEL imgpipe.test={}\nWORKDIR /\nADD odd.tar /\n{steps}",
            s.project()
        ),
    );
    let context = s.path("context");
    let built = s.run(
        engine().program(),
        ["build", "--tag", &reference, context.as_str()],
    );
    built.ok();
    reference
}

/// Loads an image whose upper layer hides a folder's content in every possible way: builders differ in their way.
pub fn load_whiteouts(s: &Sandbox, variant: &str) -> String {
    let lower = [
        ("opaque/", ""),
        ("opaque/old", "old"),
        ("opaque/deep/", ""),
        ("opaque/deep/old", "old"),
        ("opaque-not", "beside"),
        ("one/", ""),
        ("one/gone", "gone"),
        ("one/stays", "stays"),
        ("all/", ""),
        ("all/gone", "gone"),
        // Engines put their own files here.
        ("etc/", ""),
        ("bin/", ""),
        ("bin/capable", "no program"),
    ];
    let upper = [
        ("opaque/", ""),
        // Its position in its folder does not matter.
        ("opaque/above", "new"),
        ("opaque/.wh..wh..opq", ""),
        ("opaque/new", "new"),
        ("one/", ""),
        ("one/.wh.gone", ""),
        (".wh.all", ""),
        (".wh.none", ""),
    ];
    let layers = [plain(&lower), plain(&upper)];
    let diff_ids = layers.each_ref().map(|layer| archive::digest_of(layer));
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": { "Cmd": ["/bin/capable"] },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let config = config.to_string().into_bytes();
    let config_name = format!("{}.json", archive::digest_of(&config).hex());
    let reference = format!("{}:latest", s.image(variant));
    let manifest = serde_json::json!([
        { "Config": config_name, "RepoTags": [reference], "Layers": ["0/layer.tar", "1/layer.tar"] }
    ]);
    let mut tar = Builder::new(Vec::new());
    for (name, bytes) in [
        (config_name.as_str(), &config),
        ("0/layer.tar", &layers[0]),
        ("1/layer.tar", &layers[1]),
        ("manifest.json", &manifest.to_string().into_bytes()),
    ] {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes.as_slice())
            .expect("an entry");
    }
    let path = s.write("whiteouts.tar", tar.into_inner().expect("a tar"));
    let loaded = engine().read(&["load", "--input", path.as_str()]);
    loaded.expect("the engine loads it");
    reference
}

/// A layer of files and, with a trailing slash, folders.
fn plain(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (name, body) in entries {
        let is_folder = name.ends_with('/');
        if name.ends_with("capable") {
            let record = [("SCHILY.xattr.security.capability", CAPABILITY)];
            tar.append_pax_extensions(record).expect("a record");
        }
        let mut header = Header::new_gnu();
        header.set_entry_type(if is_folder {
            EntryType::Directory
        } else {
            EntryType::Regular
        });
        header.set_mode(if is_folder { 0o755 } else { 0o644 });
        header.set_mtime(MTIME);
        header.set_size(body.len() as u64);
        tar.append_data(&mut header, name, body.as_bytes())
            .expect("an entry");
    }
    tar.into_inner().expect("a tar")
}

/// Exports the files that a container of the image would see.
pub fn export(s: &Sandbox, reference: &str, file: &str) {
    let container = engine().read(&["create", reference, "true"]);
    let container = container.expect("the engine makes a container");
    let path = s.path(file);
    let exported = engine().read(&["export", "--output", path.as_str(), &container]);
    let removed = engine().read(&["rm", &container]);
    assert!(exported.is_some() && removed.is_some(), "{reference}");
}
