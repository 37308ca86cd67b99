use super::*;
use crate::{Filter, MatrixKeys, Standing};

fn read(text: &str) -> Vec<JobEntry> {
    parse_workflow("ci.yml".into(), text).expect(text)
}

fn names(text: &str) -> Vec<String> {
    read(text).into_iter().map(|entry| entry.name).collect()
}

#[test]
fn an_entry_has_the_most_telling_name() {
    let job = |name: &str| {
        let text = format!(
            "jobs:\n  build:\n    runs-on: ubuntu-latest\n{name}    strategy:\n      matrix:\n"
        );
        move |matrix: &str| names(&format!("{text}        {matrix}\n")).join("; ")
    };
    let plain = job("");
    assert_eq!(plain("{v: [1, 2]}"), "build (1); build (2)");
    assert_eq!(plain("{include: [{name: GCC 15, v: 1}]}"), "GCC 15");
    assert_eq!(
        plain("{include: [{a: x, b: {c: true}}]}"),
        "build (x, true)"
    );
    assert_eq!(plain("{v: [1], include: [{v: 1, w: 2}]}"), "build (1)");
    let literal = job("    name: Build\n");
    assert_eq!(literal("{v: [1]}"), "Build (1)");
    assert_eq!(literal("{include: [{name: GCC 15}]}"), "GCC 15");
    let own = job("    name: C++ ${{ matrix.v }}\n");
    assert_eq!(own("{v: [17, 20]}"), "C++ 17; C++ 20");
    assert_eq!(own("{include: [{name: GCC, v: 1}]}"), "GCC");
    let unknown = job("    name: ${{ github.ref }}\n");
    assert_eq!(unknown("{v: [1]}"), "build (1)");
    let long = plain(&format!("{{v: [{}]}}", "x".repeat(200)));
    assert_eq!((long.len(), long.ends_with("...")), (100, true));
    assert_eq!(names("jobs: {a: {runs-on: x}, b: {name: B}}"), ["a", "B"]);
}

#[test]
fn jobs_that_run_nothing_here_are_passed_over() {
    for (job, says) in [
        (
            "uses: ./.github/workflows/x.yml",
            "it calls another workflow",
        ),
        (
            "if: false\n    runs-on: ubuntu-latest",
            "its `if` is never true",
        ),
        (
            "if: ${{ false }}\n    runs-on: ubuntu-latest",
            "its `if` is never true",
        ),
        (
            "if: 1 == 2\n    runs-on: ubuntu-latest",
            "its `if` is never true",
        ),
        ("runs-on: macos-15", "it runs on macos-15"),
    ] {
        let entry = read(&format!("jobs:\n  a:\n    {job}\n")).remove(0);
        let found = entry.standing("p", &MatrixKeys::default());
        let expected = Standing::Unread(Unread::PassedOver(says.into()));
        assert_eq!(found, expected, "{job}");
    }
    for condition in [
        "github.event_name == 'push'",
        "always()",
        "true",
        "!cancelled()",
    ] {
        let text = format!("jobs: {{a: {{if: \"{condition}\", runs-on: ubuntu-latest}}}}");
        let found = read(&text).remove(0).standing("p", &MatrixKeys::default());
        assert!(matches!(found, Standing::Wants(_)), "{condition} {found:?}");
    }
}

#[test]
fn a_matrix_that_only_github_knows_is_one_entry_that_can_not_be_read() {
    let text = "jobs:
  build:
    strategy:
      matrix: ${{ fromJSON(needs.m.outputs.matrix) }}
    runs-on: ${{ matrix.runs-on }}
  other:
    runs-on: ubuntu-latest
";
    let entries = read(text);
    assert_eq!(entries.len(), 2);
    let Standing::Unread(Unread::Unreadable(why)) =
        entries[0].standing("p", &MatrixKeys::default())
    else {
        panic!("read");
    };
    let error = entries[0].unreadable("ci.yml".into(), &why).to_string();
    let expected = "ci.yml:4:15: the job `build`: `${{ fromJSON(needs.m.outputs.matrix) }}` is known only to GitHub";
    assert_eq!(error, expected);
}

#[test]
fn what_is_no_workflow_is_said() {
    for (text, says) in [
        ("", "ci.yml:1:1: has no `jobs`"),
        ("project: a\nos: debian:12\n", "ci.yml:1:1: has no `jobs`"),
        ("jobs: []", "ci.yml:1:7: `jobs` is not a mapping"),
        ("jobs: {a: 7}", "ci.yml:1:11: the job `a` is not a mapping"),
        ("jobs: {a: {}, a: {}}", "ci.yml:1:15: duplicate key `a`"),
        ("jobs: [", "ci.yml:"),
    ] {
        let error = parse_workflow("ci.yml".into(), text).expect_err(text);
        assert!(error.to_string().starts_with(says), "{error}");
    }
}

#[test]
fn a_job_goes_by_its_key_its_name_or_that_of_an_entry() {
    let text = "jobs:
  build: {name: Build it, runs-on: x, strategy: {matrix: {include: [{name: lint}, {name: a}]}}}
  lint: {runs-on: x}
";
    for (name, expected) in [
        ("build", &["lint", "a"][..]),
        ("Build it", &["lint", "a"]),
        ("lint", &["lint"]),
        ("a", &["a"]),
    ] {
        let found = called(read(text), name).expect(name);
        let found: Vec<_> = found.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(found, expected, "{name}");
    }
    let none = called(read(text), "x").expect_err("none");
    assert_eq!(none, "there is no job `x` (known: build, lint)");
}

#[test]
fn filters_go_by_what_an_entry_says() {
    let text = "jobs:
  build:
    runs-on: [ubuntu-latest, big]
    container: ${{ matrix.image }}
    strategy:
      matrix:
        include:
        - {name: A, compiler: gcc, version: 15, asan: true, cxxstd: '17,20'}
        - {name: B, compiler: clang, version: 15, image: 'debian:12', extra: [x, y]}
        - {name: C, compiler: '${{ vars.C }}'}
";
    let entries = read(text);
    let keys = MatrixKeys::default();
    let chosen = |filter: &str| -> Result<String, String> {
        let filter: Filter = filter.parse()?;
        filter.check(&entries, &keys)?;
        let mut names = String::new();
        for entry in &entries {
            if filter.accepts(entry, &keys)? {
                names.push_str(&entry.name);
            }
        }
        Ok(names)
    };
    for (filter, expected) in [
        ("name=a", "A"),
        ("job=build", "ABC"),
        ("job=other", ""),
        ("runs-on=BIG", "ABC"),
        ("container=Debian:12", "B"),
        ("container=", "AC"),
        ("version=15", "AB"),
        ("Version = 15", "AB"),
        ("asan=true", "A"),
        ("asan=false", "BC"),
        ("cxxstd=17,20", "A"),
        ("extra=x,y", "B"),
    ] {
        assert_eq!(chosen(filter), Ok(expected.into()), "{filter}");
    }
    let unread = chosen("compiler=gcc").expect_err("unread");
    assert_eq!(
        unread,
        "`compiler`: `${{ vars.C }}` is known only to GitHub"
    );
    let unknown = chosen("compilr=gcc").expect_err("unknown");
    assert!(
        unknown.starts_with("no entry has the key `compilr` (known: "),
        "{unknown}"
    );
    assert_eq!(chosen("gcc").expect_err("no key"), "`gcc` is not KEY=VALUE");
}
