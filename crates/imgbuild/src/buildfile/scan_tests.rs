use super::*;
use failure::Reported as _;
use proptest::prelude::*;

fn scanned(text: &str, args: &[(&str, &str)]) -> Result<Scan> {
    let args = args
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    scan(text, &args, Architecture::X86_64, None)
}

#[test]
fn images() {
    let table = [
        ("FROM debian:12", "debian:12"),
        ("FROM debian", "debian:latest"),
        (
            "from --platform=linux/arm64 debian:12 as x\nfrom X",
            "debian:12",
        ),
        ("FROM scratch\nCOPY a b", ""),
        ("ARG V=12\nFROM debian:${V}", "debian:12"),
        ("ARG A=debian B=12\nARG C=$A:$B\nFROM $C", "debian:12"),
        ("ARG V\nFROM debian:${V:-11}", "debian:11"),
        (
            "FROM a:1 AS x\nFROM b:1\nCOPY --from=x . .\nCOPY --from=0 . .\nCOPY --chown=1 --from=c:1 . .",
            "a:1 b:1 c:1",
        ),
        ("FROM a:1\nCOPY --from=1 . .", "1:latest a:1"),
        ("FROM a:1\nCOPY x --from=b:1", "a:1"),
        (
            "FROM a:1\nRUN --mount=type=bind,from=b:1,target=/x --mount=type=cache,target=/y x --mount=from=no",
            "a:1 b:1",
        ),
        (
            "FROM a:1 AS s\nRUN --mount=from=s,target=/x true\nRUN --mount=type=bind,\"from=c:1\" true",
            "a:1 c:1",
        ),
        (
            "FROM a:1\nCOPY --link \\\n  --from=b:1 \\\n  # no\n  . .",
            "a:1 b:1",
        ),
        ("FROM later\nFROM a:1 AS later", "a:1 later:latest"),
        (
            "FROM a:1 AS x\nRUN <<EOF\nFROM no\nCOPY --from=no2 . .\nEOF\nFROM x",
            "a:1",
        ),
        ("FROM base-${TARGETARCH}:1", "base-amd64:1"),
        ("FROM a:1\nONBUILD COPY --from=no . .", "a:1"),
        ("FROM a:1\nARG V=2\nFROM b:${V:-1}", "a:1 b:1"),
        ("FROM \"a:1\"", "a:1"),
        (
            "FROM host:5000/x/y@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "host:5000/x/y@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ),
    ];
    for (text, expected) in table {
        let found = scanned(text, &[]).expect(text).images;
        let found: Vec<_> = found.iter().map(Reference::to_string).collect();
        assert_eq!(found.join(" "), expected, "{text}");
    }
}

#[test]
fn arguments_of_the_build_win_where_they_are_declared() {
    let declared = scanned("ARG V=12\nFROM debian:$V", &[("V", "13")]).expect("scan");
    assert_eq!(format!("{:?}", declared.images), "{debian:13}");
    let undeclared = scanned("FROM debian:${V:-11}", &[("V", "13")]).expect("scan");
    assert_eq!(format!("{:?}", undeclared.images), "{debian:11}");
}

#[test]
fn tells_whether_the_base_is_used() {
    let base = [("BASE_IMAGE", "capy:latest")];
    let table = [
        ("ARG BASE_IMAGE\nFROM $BASE_IMAGE", true),
        (
            "ARG BASE_IMAGE=x\nFROM a AS b\nFROM ${BASE_IMAGE} AS c",
            true,
        ),
        ("ARG BASE_IMAGE\nARG OTHER=$BASE_IMAGE\nFROM $OTHER", true),
        ("ARG BASE_IMAGE\nFROM a", false),
        ("FROM ${BASE_IMAGE:-a}", false),
        ("FROM a\nARG BASE_IMAGE\nRUN echo $BASE_IMAGE", false),
    ];
    for (text, expected) in table {
        assert_eq!(
            scanned(text, &base).expect(text).uses_base,
            expected,
            "{text}"
        );
    }
}

#[test]
fn what_is_refused_says_where() {
    let table = [
        ("", "line 1: there is no `FROM`"),
        ("\nRUN x\nFROM a", "line 2: only `ARG`"),
        ("FROM a\n\nFROM $X", "line 3: `$X` gives no image"),
        ("FROM a AS", "line 1: expected `FROM image`"),
        ("FROM a b c", "line 1: expected `FROM image`"),
        ("FROM", "line 1: expected `FROM image`"),
        ("FROM A/B:c", "line 1: "),
        (
            "FROM a\nCOPY --from=$X . .",
            "line 2: variables are not supported in `from`",
        ),
        ("FROM ${X", "line 1: a `${` is not closed"),
        ("FROM a\nRUN <<E\n", "line 2: the here-document `E`"),
    ];
    for (text, expected) in table {
        let error = scanned(text, &[]).expect_err(text).to_string();
        assert!(error.starts_with(expected), "{text:?}: {error}");
    }
}

#[test]
fn a_target_ends_what_is_looked_at() {
    let text = "FROM a:1 AS build\nRUN x\nFROM b:1 AS Test\nFROM c:1";
    let at = |target| scan(text, &BTreeMap::new(), Architecture::X86_64, Some(target));
    for (target, images, rest) in [
        ("build", "{a:1}", Some(3)),
        ("test", "{a:1, b:1}", Some(4)),
        ("1", "{a:1, b:1}", Some(4)),
        ("2", "{a:1, b:1, c:1}", None),
    ] {
        let found = at(target).expect(target);
        assert_eq!(format!("{:?}", found.images), images, "{target}");
        assert_eq!(found.rest, rest, "{target}");
    }
    for target in ["tset", "3", ""] {
        let error = at(target).expect_err(target);
        assert_eq!(
            error.to_string(),
            format!("the build file has no stage `{target}`")
        );
        assert_eq!(
            error.hint().as_deref(),
            Some("its stages are `build`, `test`")
        );
    }
}

#[test]
fn what_runs_for_the_images_own_architecture() {
    let table = [
        ("FROM a\nCOPY x /", false, false),
        ("FROM a\nRUN x", true, false),
        (
            "FROM --platform=$BUILDPLATFORM a AS b\nRUN x\nFROM c\nCOPY --from=b x /",
            false,
            true,
        ),
    ];
    for (text, runs, names_platform) in table {
        let found = scanned(text, &[]).expect(text);
        assert_eq!(
            (found.runs, found.names_platform),
            (runs, names_platform),
            "{text}"
        );
    }
}

#[test]
fn the_front_end_is_an_image_too() {
    let scan = scanned("# syntax=docker/dockerfile:1\nFROM a", &[]).expect("scan");
    assert_eq!(
        scan.syntax.map(|image| image.to_string()).as_deref(),
        Some("docker/dockerfile:1")
    );
}

proptest! {
    #[test]
    fn never_panics(text in "((FROM|ARG|COPY|RUN|ONBUILD|#)? ?(--from=|--mount=|AS|\\$\\{?A\\}?|A=|a:1|<<E|[\"'\\\\,=])? ?\\PC{0,3}\\n?){0,12}") {
        let _ = scanned(&text, &[("A", "b")]);
    }
}
