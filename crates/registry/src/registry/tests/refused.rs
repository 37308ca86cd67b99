//! Refused registries, and their messages.

use super::*;

fn complaint(text: &str) -> String {
    match parse(text) {
        Ok(registry) => panic!("{text:?} was read as {:?}", registry.entries()),
        Err(error) => error.to_string(),
    }
}

/// Each text has a `^` at the expected position of the error.
#[test]
fn complaints_say_where_and_what() {
    let entry = |rest: &str| format!("images:\n  - {{name: a, {REQUIRED}}}\n  - {rest}\n");
    let with = |rest: &str| entry(&format!("{{name: b, {REQUIRED}, {rest}}}"));
    let unsigned = "must be a number of at least 0, not";
    let cases = [
        ("a: 1\n^a: 2\n".to_owned(), "duplicate key `a`"),
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
        ("version: ^2.0\n".into(), "unknown registry version `2.0`"),
        (
            "version: ^[1]\n".into(),
            "`version` must be 1.0, not a list",
        ),
        (
            "a: b\n^---\nc: d\n".into(),
            "a second YAML document starts here",
        ),
        (
            "a: ^*b\n".into(),
            "while parsing node, found unknown anchor",
        ),
        ("é: ^\0\n".into(), "found a NUL byte"),
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
        (entry("{name: b, ^name: c}"), "duplicate key `name`"),
        (
            entry(&format!("{{{REQUIRED}, name: ^a}}")),
            "duplicate name `a`: the entry on line 2 has it",
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
            "entry `b`: `usage_count` must be a whole number of at least 0, not the number `1.5`",
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
            with("requested: ^[make]"),
            "entry `b`: `requested` must be a mapping with `packages` and `tools`, not a list",
        ),
        (
            with("requested: {packages: ^make}"),
            "entry `b`: `requested.packages` must be a list, like `[one, two]`, not `make`",
        ),
        (
            with("requested: {tools: [a, ^7]}"),
            "entry `b`: an item of `requested.tools` must be text, not the number `7`",
        ),
        (
            with("requested: {^compilers: [gcc]}"),
            "entry `b`: `requested` has no key `compilers`",
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

    // A billion laughs under unknown keys, which an edit compares.
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
