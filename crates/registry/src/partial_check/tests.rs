use super::*;
use crate::{Edit, Entry};

const REQUIRED: &str =
    "    file: f.tar\n    docker_tag: a\n    os: debian:12\n    architecture: x86_64\n";

fn parse(text: &str) -> Registry {
    Registry::parse(Utf8Path::new("r.yml"), text.to_owned()).unwrap()
}

/// Entries `e0`, `e1`, … with these lines at the end of one of them.
fn text(count: usize, more: &[(usize, &str)]) -> String {
    let entry = |index| {
        let more = more.iter().filter(|(at, _)| *at == index);
        let more: String = more.map(|(_, lines)| *lines).collect();
        format!("  - name: e{index}\n{REQUIRED}{more}")
    };
    let entries: String = (0..count).map(entry).collect();
    format!("# ours\nowner: us\nimages:\n{entries}# end\nversion: 1.0\n")
}

fn pinned(registry: &Registry, name: &str) -> Entry {
    let mut entry = registry.get(name).unwrap().clone();
    entry.pinned = true;
    entry
}

/// The entries that an excerpt of so many entries keeps.
fn kept(registry: &Registry, changes: &[(usize, usize)], edits: &[Edit]) -> Option<Vec<usize>> {
    let mut made = Changes::default();
    for (start, end) in changes {
        made.delete(*start..*end);
    }
    let goal = Goal::new(registry, edits);
    PartialCheck::new(registry, &made, &goal).map(|excerpt| excerpt.kept)
}

fn at(registry: &Registry, name: &str) -> usize {
    registry
        .text()
        .find(&format!("  - name: {name}\n"))
        .unwrap()
}

#[test]
fn what_changes_is_looked_at_with_its_neighbours_and_both_ends() {
    let registry = parse(&text(20, &[]));
    let within = |name| (at(&registry, name) + 9, at(&registry, name) + 9);
    assert_eq!(
        kept(&registry, &[within("e9")], &[]),
        Some(vec![0, 8, 9, 10, 19])
    );
    // Between two entries: both count as changed.
    let between = (at(&registry, "e9"), at(&registry, "e9"));
    assert_eq!(
        kept(&registry, &[between], &[]),
        Some(vec![0, 7, 8, 9, 10, 19])
    );
    assert_eq!(kept(&registry, &[(0, 0)], &[]), Some(vec![0, 19]));
    let end = registry.text().len();
    assert_eq!(kept(&registry, &[(end, end)], &[]), Some(vec![0, 18, 19]));
    let all = [within("e1"), within("e4"), within("e7"), within("e10")];
    let some = kept(&registry, &all, &[]).unwrap();
    assert_eq!(some, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 19]);
}

#[test]
fn the_whole_text_is_looked_at_where_an_excerpt_proves_nothing() {
    let nothing = |text: &str| assert_eq!(kept(&parse(text), &[], &[]), None, "{text}");
    nothing(&text(2, &[]));
    nothing(&text(
        9,
        &[(3, "    packages: &p [a]\n"), (7, "    tools: *p\n")],
    ));
    nothing("");
    nothing("images: []\n");
    let flow = |name| format!("{{name: {name}, file: f, docker_tag: a, os: o, architecture: x}}");
    nothing(&format!(
        "images: [{}, {}, {}]\n",
        flow("a"),
        flow("b"),
        flow("c")
    ));
    let block = |name| format!("- {}\n", flow(name));
    let entries = ["a", "b", "c"].map(block).concat();
    nothing(&format!("other: &x\n{entries}images: *x\n"));
    assert!(kept(&parse(&format!("images:\n{entries}")), &[], &[]).is_some());
    // An entry that should change is not among the changed ones.
    let registry = parse(&text(9, &[]));
    let put = Edit::Put(pinned(&registry, "e4"));
    assert_eq!(kept(&registry, &[], &[put]), None);
}

#[test]
fn what_an_excerpt_shows_is_what_the_whole_text_says() {
    let registry = parse(&text(
        20,
        &[(8, "    note: |\n      a\n"), (9, "    pin: no\n")],
    ));
    let goal = Goal::new(&registry, &[Edit::Put(pinned(&registry, "e9"))]);
    let place = at(&registry, "e9");
    let keys = registry.text()[place..].find("    pin: no\n").unwrap() + place;
    for (range, new, right) in [
        (keys..keys, "    pinned: true\n", true),
        (keys..keys, "    pinned: false\n", false),
        (keys..keys, "    pinned: true\n    more: 1\n", false),
        (keys..keys + 12, "    pinned: true\n", false),
        (keys..keys, "    pinned: true\n    pin: yes\n", false),
        (keys..keys, "    pinned: [true\n", false),
        (keys..keys, "  - pinned: true\n", false),
        (keys..keys, "pinned: true\n", false),
        // The insertion extends the entry before it.
        (place..place, "      b\n", false),
        (place..place + 2, "      ", false),
    ] {
        let mut changes = Changes::default();
        changes.replace(range, new);
        let excerpt = PartialCheck::new(&registry, &changes, &goal).unwrap();
        assert_eq!(
            excerpt.shows(&registry, &changes, &goal),
            Some(right),
            "{new}"
        );
        let whole = changes.apply(registry.text()).unwrap();
        let whole = Registry::parse(Utf8Path::new(""), whole).ok();
        assert_eq!(
            whole.is_some_and(|whole| goal.met(&registry, &whole)),
            right,
            "{new}"
        );
    }
}

#[test]
fn one_edit_after_the_other_sees_what_the_text_says() {
    let mut registry = parse(&text(40, &[]));
    for (index, name) in ["e7", "e39", "e0", "e20"].into_iter().enumerate() {
        let put = Edit::Put(pinned(&registry, name));
        let new = Entry::new(
            format!("n{index}"),
            "n.tar",
            "n".parse().unwrap(),
            "a:1",
            "x86_64",
        );
        let remove = Edit::Remove(format!("e{}", 30 - index));
        registry = registry.with_edits(&[put, Edit::Put(new), remove]).unwrap();
        let read = parse(registry.text());
        assert_eq!(registry.entries(), read.entries());
        assert_eq!(registry.index(name), read.index(name));
        assert_eq!(registry.index(&format!("e{}", 30 - index)), None);
    }
    assert!(registry.text().ends_with("# end\nversion: 1.0\n"));
}
