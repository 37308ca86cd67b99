use super::*;

const REQUIRED: &str = "file: f.tar, docker_tag: a, os: debian:12, architecture: x86_64";

fn parse(text: &str) -> Result<Registry, Error> {
    Registry::parse(Utf8Path::new("r.yml"), text.to_owned())
}

fn complaint(text: &str) -> String {
    match parse(text) {
        Ok(registry) => panic!("{text:?} was read as {:?}", registry.entries()),
        Err(error) => error.to_string(),
    }
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

/// Each text has a `^` where the complaint must point.
#[test]
fn complaints_say_where_and_what() {
    let entry = |rest: &str| format!("images:\n  - {{name: a, {REQUIRED}}}\n  - {rest}\n");
    let with = |rest: &str| entry(&format!("{{name: b, {REQUIRED}, {rest}}}"));
    let unsigned = "must be a number that is not negative, not";
    let cases = [
        ("a: 1\n^a: 2\n".to_owned(), "the key `a` is there twice"),
        (
            "^- a\n".into(),
            "the registry must be a mapping with `version` and `images`, not a list",
        ),
        (
            "images: ^5\n".into(),
            "`images` must be a list of entries, not the number `5`",
        ),
        (
            "images: ^{}\n".into(),
            "`images` must be a list of entries, not a mapping",
        ),
        (
            "version: ^2.0\n".into(),
            "the registry's version `2.0` is not known",
        ),
        (
            "version: ^[1]\n".into(),
            "`version` must be 1.0, not a list",
        ),
        ("a: b\n^---\nc: d\n".into(), "a second document begins here"),
        (
            "a: ^*b\n".into(),
            "while parsing node, found unknown anchor",
        ),
        ("é: ^\0\n".into(), "a NUL byte stands here"),
        (
            entry("^x"),
            "entry 2 must be a mapping with `name`, `file` and more, not `x`",
        ),
        (
            entry("^"),
            "entry 2 must be a mapping with `name`, `file` and more, not nothing",
        ),
        (entry("^{}"), "entry 2 lacks `name`"),
        (entry("^{name: b}"), "entry `b` lacks `file`"),
        (entry("^{name: }"), "entry 2 lacks `name`"),
        (
            entry("{name: ^''}"),
            "entry ``: `name` must be text, not empty",
        ),
        (
            entry("{name: ^15}"),
            "entry `15`: `name` must be text, not the number `15`",
        ),
        (
            entry("{name: b, ^name: c}"),
            "the key `name` is there twice",
        ),
        (
            entry(&format!("{{{REQUIRED}, name: ^a}}")),
            "the name `a` is taken by the entry on line 2",
        ),
        (
            with("size_mb: ^big"),
            &format!("entry `b`: `size_mb` {unsigned} `big`"),
        ),
        (
            with("size_mb: ^-1"),
            &format!("entry `b`: `size_mb` {unsigned} the number `-1`"),
        ),
        (
            with("size_mb: ^.inf"),
            &format!("entry `b`: `size_mb` {unsigned} the number `.inf`"),
        ),
        (
            with("size_mb: ^'1'"),
            &format!("entry `b`: `size_mb` {unsigned} the text `1`"),
        ),
        (
            with("usage_count: ^1.5"),
            "entry `b`: `usage_count` must be a whole number that is not negative, not the number `1.5`",
        ),
        (
            with("pinned: ^yes"),
            "entry `b`: `pinned` must be `true` or `false`, not `yes`",
        ),
        (
            with("tools: ^cmake"),
            "entry `b`: `tools` must be a list, like `[one, two]`, not `cmake`",
        ),
        (
            with("é: ü, tools: [a, ^1]"),
            "entry `b`: an item of `tools` must be text, not the number `1`",
        ),
        (
            with("created: ^2026-02-06"),
            "entry `b`: `created` must be a time like `2026-02-06T00:00:00Z`, not `2026-02-06`",
        ),
        (
            with("digest: ^abc"),
            "entry `b`: `digest`: digest `abc` lacks its algorithm (`sha256:…`)",
        ),
        (
            with("base: ^[]"),
            "entry `b`: `base` must be text, not a list",
        ),
        (
            with("base: ^{\"\\e[31m\": 1}"),
            "entry `b`: `base` must be text, not a mapping",
        ),
    ];
    for (text, wanted) in cases {
        let at = Mark::of(&text, text.find('^').unwrap());
        let message = complaint(&text.replace('^', ""));
        let wanted = format!("r.yml:{}:{}: {wanted}", at.line, at.column);
        assert_eq!(message, wanted, "{text}");
    }
}

#[test]
fn complaints_cannot_steer_a_terminal() {
    let name = format!("images: [{{name: \"\\e[31m\\n{}\"}}]", "x".repeat(100));
    let message = complaint(&name);
    let wanted = format!("entry `\\u{{1b}}[31m\\n{}…` lacks `file`", "x".repeat(54));
    assert!(message.ends_with(&wanted), "{message}\n{wanted}");
}

#[test]
fn hostile_documents_are_refused_or_cheap() {
    assert!(complaint(&"[".repeat(100_000)).contains("limit"));
    assert!(complaint(&"- ".repeat(100_000)).contains("nested more than"));
    assert!(
        complaint(&format!("a: [{}]", "1,".repeat(1_000_001))).contains("more than 1000000 values")
    );
    assert!(complaint(&" ".repeat(17 << 20)).contains("is larger than 16 MiB"));

    // A billion laughs under keys that nobody reads, and compared when something is edited.
    let mut laughs = String::from("a0: &a0 [ha, ha]\n");
    for n in 1..60 {
        laughs.push_str(&format!("a{n}: &a{n} [*a{}, *a{0}, *a{0}]\n", n - 1));
    }
    let bomb = parse(&laughs).unwrap();
    assert_eq!(
        bomb.with_edits(&[Edit::Put(new_entry("new"))])
            .unwrap()
            .entries()
            .len(),
        1
    );
    assert!(complaint(&format!("{laughs}images: *a59\n")).contains("entry 1 must be a mapping"));

    // One long list that many entries repeat.
    let mut shared = format!("long: &long [{}]\nimages:\n", "a,".repeat(100_000));
    for n in 0..100 {
        shared.push_str(&format!("- {{name: n{n}, {REQUIRED}, tools: *long}}\n"));
    }
    assert!(complaint(&shared).contains("more than 1000000 items together"));

    assert!(complaint("images: &a [*a]\n").contains("entry 1 must be a mapping"));
    assert!(complaint("images: [&a {name: *a}]\n").contains("`name` must be text, not a mapping"));
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

    // The anchor would go, and `packages` with it.
    let mut b = registry.get("b").unwrap().clone();
    b.tools.clear();
    let refused = registry.with_edits(&[Edit::Put(b)]).unwrap_err();
    assert!(
        matches!(&refused, Error::Edit { entry, .. } if entry == "b"),
        "{refused}"
    );
    assert_eq!(refused.kind(), crate::ErrorKind::Other);
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
