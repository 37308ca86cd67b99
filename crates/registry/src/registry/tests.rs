mod refused;

use super::*;
use crate::Requested;
use failure::Reported as _;

const REQUIRED: &str = "file: f.tar, docker_tag: a, os: debian:12, architecture: x86_64";

fn parse(text: &str) -> Result<Registry, Error> {
    Registry::parse(Utf8Path::new("r.yml"), text.to_owned())
}

fn new_entry(name: &str) -> Entry {
    Entry::new(name, "n.tar", name.parse().unwrap(), "debian:12", "x86_64")
}

#[test]
fn nothing_is_an_empty_registry() {
    for text in [
        "",
        "\n\n",
        "# only a comment",
        "\u{feff}",
        "---\n",
        "---\n...\n",
        "null\n",
        "{}\n",
        "version: 1.0\n",
        "version: 1\nimages:\n",
        "images: null\n",
        "images: []\n",
        "other: x\n",
        "\u{feff}# c\r\n",
        "%YAML 1.2\n---\n# c\n",
        "version: null\n",
    ] {
        let registry = parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert!(registry.entries().is_empty(), "{text:?}");
    }
}

#[test]
fn the_first_entry_makes_a_whole_registry() {
    let entry = "  - name: new\n    file: n.tar\n    docker_tag: new:latest\n    os: debian:12\n    \
                 architecture: x86_64\n    last_used: null\n    usage_count: 0";
    let cases = [
        ("", format!("version: 1.0\nimages:\n{entry}\n")),
        ("# c", format!("# c\nversion: 1.0\nimages:\n{entry}")),
        ("# c\n", format!("# c\nversion: 1.0\nimages:\n{entry}\n")),
        ("---\n", format!("---\nversion: 1.0\nimages:\n{entry}\n")),
        (
            "version: 1 # v\n# end\n",
            format!("version: 1 # v\nimages:\n{entry}\n# end\n"),
        ),
        ("images:\n# end", format!("images:\n{entry}\n# end")),
        ("images: [] # none\n", format!("images: # none\n{entry}\n")),
        ("images: ~\nz: 1\n", format!("images:\n{entry}\nz: 1\n")),
    ];
    for (text, wanted) in cases {
        let new = parse(text)
            .unwrap()
            .with_edits(&[Edit::Put(new_entry("new"))]);
        assert_eq!(new.unwrap().text(), wanted, "{text:?}");
        let crlf = parse(&text.replace('\n', "\r\n")).unwrap();
        let new = crlf.with_edits(&[Edit::Put(new_entry("new"))]).unwrap();
        if text.contains('\n') {
            assert_eq!(new.text(), wanted.replace('\n', "\r\n"), "{text:?}");
        }
    }
}

#[test]
fn a_list_in_brackets_stays_one() {
    let a = format!("{{name: a, {REQUIRED}}}");
    let b = format!("{{name: b, {REQUIRED}}}");
    let n = "{name: new, file: n.tar, docker_tag: new:latest, os: debian:12, architecture: x86_64, \
             last_used: null, usage_count: 0}";
    let put = || Edit::Put(new_entry("new"));
    let remove = |name: &str| Edit::Remove(name.into());
    let cases = [
        (
            format!("images: [{a}, {b}]"),
            vec![put()],
            format!("images: [{a}, {b}, {n}]"),
        ),
        (
            format!("images: [{a}, {b}]"),
            vec![remove("a")],
            format!("images: [{b}]"),
        ),
        (
            format!("images: [{a}, {b}]"),
            vec![remove("b")],
            format!("images: [{a}]"),
        ),
        (
            format!("images: [{a}, {b}]"),
            vec![remove("a"), remove("b")],
            "images: []".into(),
        ),
        (
            format!("images: [{a}, {b}]"),
            vec![remove("b"), put()],
            format!("images: [{a}, {n}]"),
        ),
        (
            format!("images: [{a}]"),
            vec![remove("a"), put()],
            format!("images: [{n}]"),
        ),
        (
            format!("images: [\n  {a}, # one\n  {b}\n]\n"),
            vec![remove("b"), put()],
            format!("images: [\n  {a},\n  {n} # one\n]\n"),
        ),
        (
            format!("images: [\n  {a},\n  {b},\n]\n"),
            vec![remove("a"), put()],
            format!("images: [\n  {b},\n  {n},\n]\n"),
        ),
        (
            "{version: 1.0, images: []}".into(),
            vec![put()],
            format!("{{version: 1.0, images: [{n}]}}"),
        ),
        (
            "{version: 1.0}".into(),
            vec![put()],
            format!("{{version: 1.0, images: [{n}]}}"),
        ),
        (
            "{\"images\": null, z: 1}".into(),
            vec![put()],
            format!("{{\"images\": [{n}], z: 1}}"),
        ),
        ("{}".into(), vec![put()], format!("{{images: [{n}]}}")),
    ];
    for (text, edits, wanted) in cases {
        let new = parse(&text).unwrap().with_edits(&edits);
        assert_eq!(new.unwrap().text(), wanted, "{text}\n{edits:?}");
    }
}

#[test]
fn aliases_are_read_and_never_edited_behind_somebodys_back() {
    let text = format!(
        "common: &common [cmake, ninja]\nimages:\n- {{name: a, {REQUIRED}, tools: *common}}\n- \
         {{name: b, {REQUIRED}, tools: &own [git], packages: *own}}\n"
    );
    let registry = parse(&text).unwrap();
    assert_eq!(registry.get("a").unwrap().tools, ["cmake", "ninja"]);
    assert_eq!(registry.get("b").unwrap().packages, ["git"]);

    let mut a = registry.get("a").unwrap().clone();
    a.tools.push("git".into());
    let new = registry.with_edits(&[Edit::Put(a)]).unwrap();
    assert_eq!(
        new.text(),
        text.replace("tools: *common", "tools: [cmake, ninja, git]")
    );

    // The anchor would be removed, and `packages` with it.
    let mut b = registry.get("b").unwrap().clone();
    b.tools.clear();
    let refused = registry.with_edits(&[Edit::Put(b)]).unwrap_err();
    assert!(
        matches!(&refused, Error::Edit { entry, .. } if entry == "b"),
        "{refused}"
    );
    assert_eq!(refused.code(), failure::Code::Other);
}

#[test]
fn removing_what_is_not_there_changes_nothing() {
    let text = "images: # c\n";
    let same = parse(text)
        .unwrap()
        .with_edits(&[Edit::Remove("a".into())])
        .unwrap();
    assert_eq!(same.text(), text);
}

#[test]
fn times_are_kept_to_the_second_and_not_touched_for_it() {
    let text = format!("images: [{{name: a, {REQUIRED}, created: 2026-02-06T00:00:00.25Z}}]");
    let registry = parse(&text).unwrap();
    let mut a = registry.get("a").unwrap().clone();
    a.last_used = Some("2026-02-07T01:02:03.999Z".parse().unwrap());
    let new = registry.with_edits(&[Edit::Put(a)]).unwrap();
    assert_eq!(
        new.text(),
        text.replace("Z}", "Z, last_used: 2026-02-07T01:02:03Z}")
    );
}

#[test]
fn an_entry_is_loaded_under_its_tag_and_its_other_references() {
    let text =
        format!("images:\n  - {{name: a, {REQUIRED}, aliases: ['nginx:1.27', r.example/x]}}\n");
    let mut entry = parse(&text).unwrap().entries()[0].clone();
    let tags: Vec<_> = entry.tags().map(ToString::to_string).collect();
    assert_eq!(tags, ["a:latest", "nginx:1.27", "r.example/x:latest"]);
    entry.aliases.truncate(1);
    let edited = parse(&text)
        .unwrap()
        .with_edits(&[Edit::Put(entry.clone())]);
    assert_eq!(edited.unwrap().entries()[0], entry);
    for (aliases, why) in [
        ("nginx", "`aliases` must be a list"),
        ("['A:1']", "`aliases`: image reference `A:1`"),
        ("[7]", "an item of `aliases` must be text"),
    ] {
        let wrong = text.replace("['nginx:1.27', r.example/x]", aliases);
        let refused = parse(&wrong).expect_err(why).to_string();
        assert!(
            refused.contains("r.yml:2:") && refused.contains(why),
            "{refused}"
        );
    }
}

#[test]
fn what_was_requested_is_read_in_any_form_and_edited_alone() {
    let entry = |lines: &str| {
        format!(
            "images:\n- name: a\n  {}\n{lines}  note: x # c\n",
            REQUIRED.replace(", ", "\n  ")
        )
    };
    let requested = |packages: &[&str], tools: &[&str]| {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        Some(Requested {
            packages: texts(packages),
            tools: texts(tools),
        })
    };
    let now = "  requested: {packages: [b], tools: []}";
    for (lines, expected, edited) in [
        ("", None, None),
        ("  requested:\n", None, Some(format!("{now}\n"))),
        (
            "  requested: {}\n",
            requested(&[], &[]),
            Some(format!("{now}\n")),
        ),
        (
            "  requested: {tools: [cmake], packages: } # c\n",
            requested(&[], &["cmake"]),
            Some(format!("{now} # c\n")),
        ),
        (
            "  requested:\n    packages:\n    - zlib1g-dev\n    tools: [cmake, make]\n",
            requested(&["zlib1g-dev"], &["cmake", "make"]),
            Some(format!("{now}\n")),
        ),
    ] {
        let registry = parse(&entry(lines)).unwrap();
        let mut new = registry.get("a").unwrap().clone();
        assert_eq!(new.requested, expected, "{lines}");
        new.requested = requested(&["b"], &[]);
        let new = registry.with_edits(&[Edit::Put(new)]).unwrap();
        if let Some(edited) = edited {
            assert_eq!(new.text(), entry(&edited));
        }
        let mut none = new.get("a").unwrap().clone();
        none.requested = None;
        let none = new.with_edits(&[Edit::Put(none)]).unwrap();
        assert!(none.text().contains("requested: null"), "{}", none.text());
    }
}
