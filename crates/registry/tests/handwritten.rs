//! A registry as a person writes it: reading and editing change nothing else.

#![expect(clippy::unwrap_used, reason = "a test may end where it fails")]

use camino::Utf8Path;
use registry::{Edit, Entry, Registry};

const TEXT: &str = include_str!("fixtures/handwritten.yml");
const BASE: &str = "capy-ubuntu-25.04-base";
const GCC: &str = "capy-ubuntu-25.04-gcc15";
const CLANG: &str = "http-proto-archlinux-clang20-asan";

fn read() -> Registry {
    Registry::parse(Utf8Path::new("image-registry.yml"), TEXT.to_owned()).unwrap()
}

fn changed(name: &str, change: impl Fn(&mut Entry)) -> Edit {
    let mut entry = read().get(name).unwrap().clone();
    change(&mut entry);
    Edit::Put(entry)
}

/// The removed and the added lines.
fn difference(edits: &[Edit]) -> (Vec<String>, Vec<String>) {
    let new = read().with_edits(edits).unwrap();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (mut old, mut new) = (lines(TEXT), lines(new.text()));
    let mut kept = 0;
    // The longest common subsequence, by the usual table.
    let mut table = vec![vec![0usize; new.len() + 1]; old.len() + 1];
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            table[i][j] = if a == b {
                table[i + 1][j + 1] + 1
            } else {
                table[i + 1][j].max(table[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j, kept) = (i + 1, j + 1, kept + 1);
        } else if j == new.len() || (i < old.len() && table[i + 1][j] >= table[i][j + 1]) {
            gone.push(std::mem::take(&mut old[i]));
            i += 1;
        } else {
            come.push(std::mem::take(&mut new[j]));
            j += 1;
        }
    }
    assert!(kept > 0);
    (gone, come)
}

#[test]
fn it_is_read() {
    let registry = read();
    let names: Vec<_> = registry
        .entries()
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(names, [BASE, GCC, CLANG]);
    assert_eq!(registry.warnings().count(), 0);

    let base = registry.get(BASE).unwrap();
    assert_eq!(base.packages, ["git", "libssl-dev", "zlib1g-dev"]);
    assert_eq!(base.created, Some("2026-02-06T00:00:00Z".parse().unwrap()));
    assert_eq!(
        (base.last_used, base.size_mb, base.pinned),
        (None, None, true)
    );

    let gcc = registry.get(GCC).unwrap();
    assert_eq!(
        gcc.docker_tag,
        "capy-ubuntu-25.04-gcc15:latest".parse().unwrap()
    );
    assert_eq!((gcc.architecture.as_str(), gcc.usage_count), ("amd64", 41));
    assert_eq!(gcc.packages, ["libssl-dev", "zlib1g-dev"]);

    let clang = registry.get(CLANG).unwrap();
    assert_eq!(
        clang.file,
        "images/http-proto/http-proto-archlinux-clang20-asan.tar"
    );
    assert_eq!(clang.tools, ["cmake", "ninja"]);
    assert_eq!(clang.size_mb, Some(1500.5));
}

#[test]
fn saying_the_same_changes_nothing() {
    let edits: Vec<_> = read().entries().iter().cloned().map(Edit::Put).collect();
    assert_eq!(read().with_edits(&edits).unwrap().text(), TEXT);
}

#[test]
fn counting_a_use_changes_two_lines() {
    let used = |entry: &mut Entry| {
        entry.last_used = Some("2026-11-21T12:00:00Z".parse().unwrap());
        entry.usage_count += 1;
    };
    let (gone, come) = difference(&[changed(BASE, used)]);
    assert_eq!(gone, ["    last_used:            # never, so far"]);
    assert_eq!(
        come,
        [
            "    last_used: 2026-11-21T12:00:00Z            # never, so far",
            "    usage_count: 1"
        ]
    );

    let (gone, come) = difference(&[changed(GCC, used)]);
    assert_eq!(
        gone,
        ["     compilers: [ gcc-15 ], packages: [libssl-dev,zlib1g-dev,], usage_count: 41 }"]
    );
    assert_eq!(
        come,
        [
            "     compilers: [ gcc-15 ], packages: [libssl-dev,zlib1g-dev,], \
          last_used: 2026-11-21T12:00:00Z, usage_count: 42 }"
        ]
    );

    let (gone, come) = difference(&[changed(CLANG, used)]);
    assert_eq!(gone, [""; 0]);
    assert_eq!(
        come,
        ["    last_used: 2026-11-21T12:00:00Z", "    usage_count: 1"]
    );
}

#[test]
fn a_new_package_keeps_the_comments_of_the_old_ones() {
    let (gone, come) = difference(&[changed(BASE, |entry| entry.packages.push("15".into()))]);
    assert_eq!((gone, come), (vec![], vec!["        - '15'".to_owned()]));

    let (gone, come) = difference(&[changed(BASE, |entry| {
        entry.packages.remove(0);
    })]);
    assert_eq!(gone[0], "        - git          # for the submodules");
    assert_eq!(come, ["        - libssl-dev", "        - zlib1g-dev"]);

    let (gone, come) = difference(&[changed(CLANG, |entry| entry.tools.clear())]);
    assert_eq!(
        gone,
        ["    tools: [cmake,", "            ninja]      # not make"]
    );
    assert_eq!(come, ["    tools: []      # not make"]);
}

#[test]
fn a_removal_takes_the_lines_of_the_entry() {
    for (name, first, last) in [
        (BASE, "-   name:        capy", "    pinned: true\n"),
        (GCC, "-   {name: capy", "usage_count: 41 }\n"),
        (CLANG, "-\n    # Peter's", "    size_mb: 1500.5\n"),
    ] {
        let start = TEXT.find(first).unwrap();
        let end = TEXT.find(last).unwrap() + last.len();
        let new = read().with_edits(&[Edit::Remove(name.into())]).unwrap();
        assert_eq!(
            new.text(),
            format!("{}{}", &TEXT[..start], &TEXT[end..]),
            "{name}"
        );
    }
}

#[test]
fn a_new_entry_is_written_like_its_neighbours() {
    let mut entry = Entry::new(
        "capy-ubuntu-25.04-gcc15-cov",
        "images/capy/capy-ubuntu-25.04-gcc15-cov.tar",
        "capy-ubuntu-25.04-gcc15-cov".parse().unwrap(),
        "ubuntu:25.04",
        "x86_64",
    );
    entry.packages = vec!["libssl-dev".into(), "yes".into()];
    entry.size_mb = Some(1500.0);
    let (gone, come) = difference(&[Edit::Put(entry)]);
    assert_eq!(gone, [""; 0]);
    assert_eq!(
        come.join("\n"),
        "\
-   name: capy-ubuntu-25.04-gcc15-cov
    file: images/capy/capy-ubuntu-25.04-gcc15-cov.tar
    docker_tag: capy-ubuntu-25.04-gcc15-cov:latest
    os: ubuntu:25.04
    architecture: x86_64
    packages: [libssl-dev, 'yes']
    size_mb: 1500
    last_used: null
    usage_count: 0"
    );
}
