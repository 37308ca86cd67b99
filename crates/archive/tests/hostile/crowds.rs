//! Archives with huge numbers of members, links or values.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;

use samples::{Tar, blob_name, digest, index};
use serde_json::json;
use tar::{EntryType, Header};

use crate::judge::{SOUND, expect, expect_written};

const MILLION: usize = 1_000_000;

fn header(kind: EntryType, name: &str, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(size);
    header.set_cksum();
    header
}

/// Writes members through zstd.
fn packed(file: &mut File, members: impl Iterator<Item = Vec<u8>>) {
    let mut encoder = zstd::Encoder::new(file, 1).expect("an encoder");
    for member in members {
        encoder.write_all(&member).expect("writes");
    }
    encoder.finish().expect("writes");
}

#[test]
fn a_million_members_are_too_many() {
    let names = (0..MILLION).map(|number| header(EntryType::Regular, &format!("{number}"), 0));
    expect_written("has too many members for an image archive", |file| {
        packed(file, names.map(|header| header.as_bytes().to_vec()));
    });
    for kind in [EntryType::Regular, EntryType::Directory] {
        // The same name many times.
        let same = header(kind, "x", 0).as_bytes().to_vec();
        let chunk = same.repeat(1000);
        expect_written("", |file| {
            packed(file, (0..=MILLION / 1000).map(|_| chunk.clone()));
        });
    }
}

/// A member with a long name or a long link target, in GNU's form.
fn long(kind: EntryType, number: usize, length: usize) -> Vec<u8> {
    let mut text = format!("{number:08}");
    text.extend(std::iter::repeat_n('a', length - text.len()));
    let (name, record) = match kind {
        EntryType::Symlink => (format!("{number}"), EntryType::GNULongLink),
        _ => ("x".to_owned(), EntryType::GNULongName),
    };
    let mut out = header(record, "x", length as u64).as_bytes().to_vec();
    out.extend(text.as_bytes());
    out.resize(out.len().next_multiple_of(512), 0);
    out.extend(header(kind, &name, 0).as_bytes());
    out
}

#[test]
fn long_names_and_long_links_do_not_fill_the_memory() {
    for kind in [EntryType::Regular, EntryType::Symlink, EntryType::Link] {
        expect_written("has too many members for an image archive", |file| {
            packed(file, (0..40_000).map(|number| long(kind, number, 4000)));
        });
    }
}

#[test]
fn long_names_inside_a_layer_do_not_fill_the_memory() {
    let mut layer = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
    // One link with a long target, and many hard links to it.
    layer
        .write_all(&long(EntryType::Symlink, 0, 4000))
        .expect("memory");
    for number in 1..100_000 {
        let mut link = header(EntryType::Link, &format!("{number}"), 0);
        link.as_old_mut().linkname[0] = b'0';
        link.set_cksum();
        layer.write_all(link.as_bytes()).expect("memory");
    }
    layer.write_all(&[0; 1024]).expect("memory");
    let layer = layer.finish().expect("memory");
    let plain = zstd::decode_all(&layer[..]).expect("memory");
    let config = json!({ "rootfs": { "diff_ids": [digest(&plain)] } }).to_string();
    let manifest = json!([{ "Config": "c", "Layers": ["l"] }]).to_string();
    let tar = Tar::new()
        .file("c", config)
        .file("l", layer)
        .file("manifest.json", manifest);
    expect(SOUND, &tar.bytes());
}

/// A classic archive of one layer with this manifest and config.
fn classic(manifest: &str, config: &str) -> Vec<u8> {
    let tar = Tar::new().file("l", Tar::new().bytes()).file("c", config);
    tar.file("manifest.json", manifest).bytes()
}

fn config() -> String {
    json!({ "rootfs": { "diff_ids": [digest(&Tar::new().bytes())] } }).to_string()
}

fn manifest() -> String {
    json!([{ "Config": "c", "Layers": ["l"] }]).to_string()
}

/// `{start}{item},{item},…{end}`
fn list(start: &str, item: &str, times: usize, end: &str) -> String {
    let items = vec![item; times].join(",");
    format!("{start}{items}{end}")
}

#[test]
fn documents_of_many_small_things_do_not_fill_the_memory() {
    let many = 250_000;
    let config = config();
    let rest = config.trim_start_matches('{');
    let manifest = manifest();
    let listed = |text: String| ("manifest.json", classic(&text, &config));
    let configured = |text: String| ("config", classic(&manifest, &text));
    let mut labels = r#"{"config":{"Labels":{"0":"""#.to_owned();
    for number in 1..many {
        let _ = write!(labels, ",\"{number}\":\"\"");
    }
    let indexes = list(r#"{"manifests":["#, "{}", many, "]}");
    for (name, archive) in [
        listed(list("[", r#"{"Config":""}"#, many, "]")),
        listed(list(r#"[{"Config":"c","Layers":["#, r#""""#, many, "]}]")),
        listed(list(
            r#"[{"Config":"c","RepoTags":["#,
            r#""x""#,
            many,
            "]}]",
        )),
        configured(list(
            r#"{"config":{"Env":["#,
            r#""""#,
            many,
            &format!("]}},{rest}"),
        )),
        configured(list(r#"{"history":["#, "0", many, &format!("],{rest}"))),
        configured(format!("{labels}}}}},{rest}")),
        ("index.json", Tar::new().file("index.json", indexes).bytes()),
    ] {
        expect(
            &format!("its {name} has too many values for an image archive"),
            &archive,
        );
    }
}

#[test]
fn ten_thousand_layers_are_more_than_any_engine_takes() {
    let empty = Tar::new().bytes();
    let many = 10_000;
    let diff_ids = vec![digest(&empty); many];
    let config = json!({ "rootfs": { "diff_ids": diff_ids } }).to_string();
    let manifest = json!([{ "Config": "c", "Layers": vec!["l"; many] }]).to_string();
    expect(
        "names 10000 layers, more than engines support",
        &classic(&manifest, &config),
    );
    let manifest = json!([{ "Config": "c", "Layers": ["l"] }]).to_string();
    expect(
        "names 1 layers, but its config has 10000 diff_ids",
        &classic(&manifest, &config),
    );
}

#[test]
fn tags_do_not_multiply() {
    // Each entry of manifest.json is the image of every entry of index.json.
    let layer = Tar::new().bytes();
    let config = json!({ "rootfs": { "diff_ids": [digest(&layer)] } }).to_string();
    let id = digest(config.as_bytes());
    let blob =
        json!({ "config": { "digest": id }, "layers": [{ "digest": digest(&layer) }] }).to_string();
    let blob_id = digest(blob.as_bytes());
    let descriptors: Vec<_> = (0..4000)
        .map(|number| {
            json!({ "digest": blob_id, "annotations": { "io.containerd.image.name": format!("x:{number}") } })
        })
        .collect();
    let tar = Tar::new()
        .file(&blob_name(id), &config)
        .file(&blob_name(blob_id), &blob)
        .file(&blob_name(digest(&layer)), &layer);
    let listed =
        vec![json!({ "Config": blob_name(id), "Layers": [blob_name(digest(&layer))] }); 4000];
    let archive = index(tar, &descriptors).file("manifest.json", json!(listed).to_string());
    expect(SOUND, &archive.bytes());
}

#[test]
fn one_config_named_often_does_not_fill_the_memory() {
    let pad = "a".repeat(1 << 20);
    let config = format!(r#"{{"rootfs":{{"diff_ids":[]}},"pad":"{pad}"}}"#);
    let mut tar = Tar::new().file("0", &config);
    for link in 1..100 {
        tar = tar.hardlink(&link.to_string(), "0");
    }
    let listed: Vec<_> = (0..100)
        .map(|name| json!({ "Config": name.to_string() }))
        .collect();
    let tar = tar.file("manifest.json", json!(listed).to_string()).bytes();
    expect("lists too many documents for an image archive", &tar);
}
