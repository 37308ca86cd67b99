use super::*;
use proptest::prelude::*;

#[test]
fn reads_every_form() {
    let forms = [
        "project: capy\nos: ubuntu:25.04\ncompiler: gcc-15\n",
        "project: capy\nos: ubuntu:25.04\ncompilers: [gcc-15]\nx-name: free\n",
        "- project: capy\n  os: ubuntu-25.04\n  compilers: gcc-15\n",
        "---\nproject: capy\nos: docker.io/library/ubuntu:25.04\ncompilers:\n- gcc-15\n---\n",
        r#"{"project":"capy","os":"ubuntu:25.04","compilers":["gcc-15"]}"#,
        r#"[{"project":"capy","os":"ubuntu:25.04","compiler":"GCC-15"}]"#,
        "{project: capy, os: 'ubuntu:25.04', compiler: gcc-15}",
    ];
    for text in forms {
        let all = parse_requirements(text);
        let [Ok(one)] = &all[..] else {
            panic!("{text}: {all:?}")
        };
        assert_eq!(
            one.image_name().expect("name").as_str(),
            "capy-ubuntu-25.04-gcc15",
            "{text}"
        );
        assert_eq!(one.architecture, Architecture::host());
    }
}

/// Images have no digest to match, so a requested digest would be ignored.
#[test]
fn a_system_with_a_digest_is_refused() {
    let digest = format!("@sha256:{}", "0".repeat(64));
    for os in ["debian:12", "docker.io/library/debian:12", "i386/debian:12"] {
        let text = format!("project: capy\nos: {os}{digest}\n");
        let refused = parse_requirements(&text)
            .remove(0)
            .expect_err(os)
            .to_string();
        assert!(refused.contains("debian:12@sha256:0"), "{refused}");
        assert!(refused.contains("has a digest"), "{refused}");
        assert!(refused.contains(&format!("(write `{os}`;")), "{refused}");
        assert!(refused.ends_with("at line 2 column 5"), "{refused}");
    }
}

/// The project of each requirement, and `!` for each fault.
fn projects(text: &str) -> String {
    let project = |read: Result<Requirement, Error>| read.map_or("!".into(), |read| read.project);
    parse_requirements(text).into_iter().map(project).collect()
}

#[test]
fn reads_several() {
    let table = [
        (
            "project: a\nos: debian:12\n---\nproject: b\nos: debian:12\n---\n- project: c\n  os: debian:12\n",
            "abc",
        ),
        (
            "{\"project\":\"a\",\"os\":\"debian:12\"}\n{\n \"project\":\"b\",\n \"os\":\"debian:12\"}\n",
            "ab",
        ),
        (
            "{\"project\":\"a\",\"os\":\"debian:12\"}\n---\nproject: b\nos: debian:12\n",
            "ab",
        ),
        ("{\"project\": a, \"os\": 'debian:12'}", "a"),
        ("[{project: a, os: 'debian:12'}]", "a"),
        ("\u{feff}project: a\nos: debian:12\n", "a"),
    ];
    for (text, expected) in table {
        assert_eq!(projects(text), expected, "{text}");
    }
}

#[test]
fn a_fault_hides_no_neighbour() {
    let table = [
        // YAML documents, also after one of a wrong type; none after a syntax error.
        (
            "project: a\nos: debian:12\n---\nproject: [x]\n---\nproject: c\nos: debian:12",
            "a!c",
        ),
        (
            "project: a\nos: debian:12\n---\nproject: [\n---\nproject: c\nos: debian:12",
            "a!",
        ),
        // A list up to its first error.
        (
            "- {project: a, os: 'debian:12'}\n- {project: b}\n- {project: c, os: 'debian:12'}",
            "a!",
        ),
        // JSON objects, also in a list.
        (
            r#"{"project":"a","os":"debian:12"} {"project":7} {"project":"c","os":"debian:12"}"#,
            "a!c",
        ),
        (
            r#"[{"project":"a","os":"debian:12"},{"project":7},{"project":"c","os":"debian:12"}]"#,
            "a!c",
        ),
        (r#"{"project":"a","os":"debian:12"} x"#, "a!"),
    ];
    for (text, expected) in table {
        assert_eq!(projects(text), expected, "{text}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth| {
        format!(
            "project: a\nos: debian:12\nx-y: {}{}",
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    assert_eq!(projects(&nested(100)), "a");
    let error = parse_requirements(&nested(129))
        .remove(0)
        .expect_err("deep");
    assert!(
        error.to_string().ends_with("at line 3 column 134"),
        "{error}"
    );
}

/// Inputs that cost a careless parser hours or its stack.
#[test]
fn hostile_texts_end() {
    let bomb: String = ('b'..='t').fold("a: &a [x,x,x,x,x,x,x,x,x]\n".into(), |text, name| {
        let before = char::from(name as u8 - 1);
        format!("{text}{name}: &{name} [*{before},*{before},*{before},*{before},*{before}]\n")
    });
    let texts = [
        "[", "{", "- ", "? ", "a: {", "\"", "&a ", "[{", "{\"a\":", "--- [\n",
    ];
    let texts = texts.iter().map(|text| text.repeat(10_000)).chain([
        bomb.clone(),
        format!("{bomb}packages: *t\n"),
        format!("{bomb}project: a\nos: debian:12\npackages: *t\n"),
    ]);
    for text in texts {
        assert!(!projects(&text).is_empty());
    }
}

#[test]
fn a_runner_says_its_architecture() {
    let read = |text: &str| parse_requirements(text).remove(0).expect(text);
    assert_eq!(
        read("project: a\nos: ubuntu-24.04-arm").architecture,
        Architecture::Aarch64
    );
    assert_eq!(
        read("project: a\nos: ubuntu-24.04-arm\narchitecture: amd64").architecture,
        Architecture::X86_64
    );
}

#[test]
fn the_variant_base_is_none() {
    let read = |rest: &str| {
        let text = format!("project: a\nos: debian:12\narchitecture: amd64\n{rest}");
        parse_requirements(&text).remove(0).expect(rest)
    };
    let base = read("variants: [base]");
    assert_eq!(base, read(""));
    assert_eq!(
        base.image_name().expect("a name").as_str(),
        "a-debian-12-base"
    );
    assert_eq!(read("compiler: gcc-12\nvariants: [base]").variants.len(), 1);
}

#[test]
fn refusals_say_where() {
    let table = [
        ("", "no requirement"),
        ("# only a comment\n", "no requirement"),
        ("project: capy", "missing field `os`"),
        ("os: debian:12", "missing field `project`"),
        (
            "project: capy\nos: debian:12\npackages: {a: b}",
            "line 3 column 11",
        ),
        (
            "project: capy\nos: debian:12\ncompilers: ['gcc-12; rm -rf /']",
            "contains `;`, which is not allowed",
        ),
        (
            "project: capy\nos: debian:12\npackages: ['--privileged']",
            "does not start with a letter",
        ),
        (
            "project: capy\nos: debian:12\ntools: ['$(x)']",
            "does not start with a letter",
        ),
        (
            "project: ../../etc/passwd\nos: debian:12",
            "project `../../etc/passwd` holds `/`",
        ),
        (
            "project: capy\nos: ../../etc/passwd",
            "operating system `../../etc/passwd`",
        ),
        (
            "project: capy\nos: acme/debian:12",
            "like `debian:12`; to build on this image",
        ),
        ("project: capy\nos: acme/debian:12", "at line 2 column 5"),
        (
            "project: capy\nos: i386/debian:12\narchitecture: x86_64",
            "an image for x86, but `architecture` is x86_64",
        ),
        (
            "project: capy\nos: debian:12\ncompliers: [gcc-12]",
            "unknown key `compliers` (did you mean `compilers`?) at line 3 column 1",
        ),
        (
            "{\"project\":\"capy\",\n\"os\":\"debian:12\",\n\"pakages\":[]}",
            "unknown key `pakages` (did you mean `packages`?) at line 3",
        ),
        (
            "project: capy\nos: debian:12\nbuild: {tagret: x}",
            "unknown key `tagret` (did you mean `target`?) at line 3 column 9",
        ),
        (
            "project: capy\nos: debian:12\nbuild:\n  steps:\n  - {rum: make}",
            "unknown key `rum` (did you mean `run`?) at line 5 column 6",
        ),
        (
            "project: capy\nos: debian:12\narchitecture: vax",
            "`vax` is unknown",
        ),
        ("project: capy\nos: [debian]", "line 2 column 5"),
        (
            "project: capy\nos: debian:12\nos: debian:11",
            "duplicate field `os`",
        ),
        ("project: [", "line"),
        ("{\"project\":\"capy\",\"os\":7}", "line 1 column 24"),
        ("just words", "expected an object"),
    ];
    for (text, says) in table {
        let error = parse_requirements(text).remove(0).expect_err(text);
        assert!(error.to_string().contains(says), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,80}|(project|os|compilers|[:\\[\\]{}\"' \n,a-z0-9-]){0,30}") {
        let _ = parse_requirements(&text);
    }
}
