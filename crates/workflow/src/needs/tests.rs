use super::*;
use crate::parse_workflow;

/// The requirement of a matrix entry as JSON, or the error.
fn needs(entry: &str, config: &[(&str, &str)]) -> Result<serde_json::Value, String> {
    let text = format!(
        "jobs:
  build:
    runs-on: ${{{{ matrix.runs-on || 'ubuntu-24.04' }}}}
    container: ${{{{ matrix.container }}}}
    strategy: {{matrix: {{include: [{entry}]}}}}
"
    );
    let keys = MatrixKeys {
        named: config
            .iter()
            .map(|(a, b)| ((*a).into(), (*b).into()))
            .collect(),
        variants: vec![("lto".into(), "lto".parse().expect("variant"))],
        tools: vec![("ninja".into(), "ninja".parse().expect("tool"))],
        runners: vec![("big".into(), "debian:12".parse().expect("os"))],
    };
    let entries = parse_workflow("ci.yml".into(), &text).map_err(|error| error.to_string())?;
    match entries[0].standing("capy", &keys) {
        Standing::Wants(wanted) => Ok(serde_json::to_value(*wanted).expect("JSON")),
        Standing::Unread(Unread::PassedOver(why) | Unread::Unreadable(why)) => Err(why),
    }
}

#[test]
fn a_matrix_says_what_is_needed() {
    let found = needs(
        "{compiler: gcc, version: 15, cxxstd: '17,20', container: 'ubuntu:25.04', install: 'libssl-dev zlib1g-dev libssl-dev',
          build-cmake: true, coverage: true, asan: false, ubsan: 'true', x86: true, ninja: 1, lto: on, latest: true}",
        &[],
    );
    let expected = serde_json::json!({
        "project": "capy", "os": "ubuntu:25.04", "architecture": "x86_64", "compilers": ["gcc-15"],
        "packages": ["libssl-dev", "zlib1g-dev"], "tools": ["cmake", "ninja"],
        "variants": ["cov", "ubsan", "x86", "lto"],
    });
    assert_eq!(found, Ok(expected));
}

#[test]
fn architectures_come_from_the_matrix_or_the_runner() {
    let host = Architecture::host().to_string();
    for (entry, expected) in [
        ("{architecture: arm64}", "aarch64"),
        ("{architecture: x86}", "x86"),
        ("{runs-on: ubuntu-24.04-arm}", "aarch64"),
        (
            "{runs-on: ubuntu-24.04-arm, container: 'debian:12'}",
            "aarch64",
        ),
        ("{runs-on: ubuntu-24.04-arm, architecture: x64}", "x86_64"),
        ("{runs-on: big}", &host),
    ] {
        let found = needs(entry, &[]).expect(entry);
        assert_eq!(found["architecture"], expected, "{entry}");
    }
}

#[test]
fn keys_of_other_projects_stand_for_ours() {
    let keys = [
        ("toolset", "compiler"),
        ("deps", "install"),
        ("sanitize", "asan"),
    ];
    let found = needs("{toolset: clang-19, deps: [git], sanitize: yes}", &keys).expect("read");
    assert_eq!(found["compilers"], serde_json::json!(["clang-19"]));
    assert_eq!(found["packages"], serde_json::json!(["git"]));
    assert_eq!(found["variants"], serde_json::json!(["asan"]));
    // The canonical name has priority.
    let found = needs("{toolset: clang-19, compiler: gcc-13}", &keys).expect("read");
    assert_eq!(found["compilers"], serde_json::json!(["gcc-13"]));
}

#[test]
fn what_can_not_be_read_is_said_and_what_is_not_needed_need_not() {
    for (entry, says) in [
        (
            "{compiler: gcc, version: '*'}",
            "`compiler`: the version `*`",
        ),
        (
            "{compiler: '${{ github.x }}'}",
            "`compiler`: `${{ github.x }}` is known only",
        ),
        ("{install: '$(id)'}", "`install`: package `$(id)`"),
        ("{asan: maybe}", "`asan`: `maybe` is neither"),
        ("{lto: {a: 1}}", "`lto`: is neither"),
        ("{architecture: vax}", "`architecture`: architecture `vax`"),
        (
            "{container: '${{ vars.IMAGE }}'}",
            "`${{ vars.IMAGE }}` is known",
        ),
        (
            "{container: 'gcc:13'}",
            "cannot name an image for its system `gcc:13`: image name",
        ),
        (
            "{container: 'ubuntu'}",
            "cannot name an image for its system `ubuntu`: operating system",
        ),
        ("{container: '::'}", "invalid container `::`"),
        (
            "{runs-on: mine}",
            "the system of the runner `mine` is unknown",
        ),
        (
            "{runs-on: windows-2022, compiler: '${{ github.x }}'}",
            "it runs on windows-2022",
        ),
    ] {
        let why = needs(entry, &[]).expect_err(entry);
        assert!(why.starts_with(says), "{entry}: {why}");
    }
    assert!(needs("{compiler: gcc, other: '${{ github.x }}'}", &[]).is_ok());
    let object = "{container: {image: 'debian:12', credentials: {password: '${{ secrets.X }}'}}}";
    assert_eq!(needs(object, &[]).expect("read")["os"], "debian:12");
}
