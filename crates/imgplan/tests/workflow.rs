//! Workflows as scripts see them: output, messages, exit codes. No engine is needed.
#![expect(clippy::expect_used, reason = "a test may end where it fails")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

const WORKFLOW: &str = "\
name: CI
on: [push]
jobs:
  build:
    name: ${{ matrix.name }}
    runs-on: ${{ matrix.runs-on }}
    container: ${{ matrix.container }}
    strategy:
      matrix:
        include:
        - {name: 'GCC 13: C++20', compiler: gcc, version: 13, cxxstd: 20, runs-on: ubuntu-24.04, build-cmake: true}
        - {name: MSVC, compiler: msvc, version: 14.4, runs-on: windows-2022}
        - {name: 'GCC 12 (asan)', compiler: gcc, version: 12, runs-on: ubuntu-latest, container: 'debian:12', asan: true}
        - {name: Apple, compiler: apple-clang, version: '*', runs-on: macos-15}
  lint:
    runs-on: ubuntu-24.04
";

const REGISTRY: &str = "\
images:
- {name: capy-ubuntu-24.04-gcc13, file: images/capy/a.tar, docker_tag: 'us/capy:13', os: 'ubuntu:24.04',
   architecture: x86_64, compilers: [gcc-13], tools: [cmake]}
";

/// A repository with a workflow, and a store with one image.
fn repository() -> TempDir {
    let folder = TempDir::new().expect("folder");
    write(folder.path(), "capy/.github/workflows/ci.yml", WORKFLOW);
    write(folder.path(), "capy/image-registry.yml", REGISTRY);
    write(folder.path(), "capy/images/capy/a.tar", "");
    folder
}

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
    std::fs::write(path, text).expect("file");
}

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self
    }

    fn fails(self, code: i32, says: &str) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        assert!(self.err.contains(says), "{says}\n{}", self.err);
        self
    }

    /// A field of every line that is an object.
    fn all(&self, field: &str) -> Vec<String> {
        let lines = self.out.lines().map(|line| {
            let object: Value = serde_json::from_str(line).expect(line);
            match &object[field] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            }
        });
        lines.collect()
    }
}

fn run(folder: &TempDir, line: &str) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_imgplan"))
        .args(["--workflow", ".github/workflows/ci.yml"])
        .args(line.split_whitespace())
        .current_dir(folder.path().join("capy"))
        .env_remove("IMG_REGISTRY")
        .stdin(std::process::Stdio::null())
        .output()
        .expect("imgplan");
    let text = |bytes| String::from_utf8(bytes).expect("utf-8");
    Ran {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

#[test]
fn every_linux_entry_gets_a_plan_and_the_others_are_said() {
    let repository = repository();
    let ran = run(&repository, "").ok();
    assert_eq!(ran.all("job"), ["GCC 13: C++20", "GCC 12 (asan)", "lint"]);
    let names = [
        "capy-ubuntu-24.04-gcc13",
        "capy-debian-12-gcc12-asan",
        "capy-ubuntu-24.04-base",
    ];
    assert_eq!(ran.all("name"), names);
    assert_eq!(ran.all("needs_build"), ["false", "true", "false"]);
    let notes: Vec<_> = ran.err.lines().collect();
    assert_eq!(
        notes,
        [
            "imgplan: .github/workflows/ci.yml:12:11: `MSVC` of the job `build`: it runs on windows-2022; passed over",
            "imgplan: .github/workflows/ci.yml:14:11: `Apple` of the job `build`: it runs on macos-15; passed over",
        ]
    );
    assert_eq!(run(&repository, "--quiet").ok().err, "");
    let explained = run(&repository, "--explain --job lint").ok();
    assert!(
        explained
            .err
            .contains("capy-ubuntu-24.04-base, for `lint`:\n"),
        "{}",
        explained.err
    );
}

#[test]
fn jobs_and_filters_choose() {
    let repository = repository();
    for (line, expected) in [
        ("--job build", &["GCC 13: C++20", "GCC 12 (asan)"][..]),
        ("--job lint", &["lint"]),
        ("--filter compiler=GCC,version=13", &["GCC 13: C++20"]),
        (
            "--filter compiler=gcc --filter asan=true",
            &["GCC 12 (asan)"],
        ),
        ("--filter container=debian:12", &["GCC 12 (asan)"]),
        ("--filter architecture=amd64,asan=true", &["GCC 12 (asan)"]),
        ("--filter architecture=linux/amd64 --job lint", &["lint"]),
        (
            "--filter job=build,asan=false,compiler=gcc",
            &["GCC 13: C++20"],
        ),
    ] {
        assert_eq!(run(&repository, line).ok().all("job"), expected, "{line}");
    }
    for (line, code, says) in [
        (
            "--job none",
            3,
            "there is no job `none` (known: build, lint)",
        ),
        ("--filter version=99", 3, "no entry matches --filter"),
        (
            "--filter architecture=arm64",
            3,
            "no entry matches --filter",
        ),
        ("--filter compiler=msvc", 3, "no entry runs on Linux"),
        (
            "--filter colour=red",
            2,
            "no entry has the key `colour` (known: architecture, asan, ",
        ),
        ("--filter gcc", 2, "`gcc` is not KEY=VALUE"),
        (
            "--filter architecture=vax",
            2,
            "`--filter`: architecture `vax` is unknown (known: x86_64, x86, aarch64, ",
        ),
        ("--os debian:12", 2, "--workflow"),
        ("file.yml", 2, "--workflow"),
    ] {
        let ran = run(&repository, line).fails(code, says);
        assert_eq!(ran.out, "", "{line}");
    }
}

#[test]
fn an_entry_that_can_not_be_read_ends_the_run_or_is_left_out() {
    let repository = repository();
    let text = WORKFLOW.replace(
        "name: MSVC, compiler: msvc",
        "name: MSVC, compiler: '${{ vars.C }}'",
    );
    let text = text.replace("windows-2022", "ubuntu-22.04");
    write(repository.path(), "capy/.github/workflows/ci.yml", &text);
    let says = ".github/workflows/ci.yml:12:11: `MSVC` of the job `build`: `compiler`: `${{ vars.C }}` is known only to GitHub\nhint: ";
    let ran = run(&repository, "").fails(3, says);
    assert_eq!(ran.all("job"), ["GCC 13: C++20"]);
    let ran = run(&repository, "--keep-going").fails(3, says);
    assert_eq!(ran.all("job"), ["GCC 13: C++20", "GCC 12 (asan)", "lint"]);
    let listed = run(&repository, "--list").ok();
    assert!(
        listed.out.contains("unreadable\tbuild\tMSVC\t"),
        "{}",
        listed.out
    );
    write(
        repository.path(),
        "capy/.github/workflows/ci.yml",
        "on: push\n",
    );
    run(&repository, "").fails(3, "imgplan: .github/workflows/ci.yml:1:1: has no `jobs`");
}

#[test]
fn an_entry_that_no_filter_can_select_need_not_be_read() {
    let repository = repository();
    let with = |entry: &str| {
        let entries = format!("        include:\n        - {{name: odd, {entry}}}\n");
        let arm = "  arm:\n    runs-on: ubuntu-24.04-arm\n";
        let text = WORKFLOW.replace("        include:\n", &entries) + arm;
        write(repository.path(), "capy/.github/workflows/ci.yml", &text);
    };
    for (entry, filter) in [
        ("runs-on: ubuntu-24.04, asan: maybe", "architecture=arm64"),
        (
            "runs-on: ubuntu-24.04, architecture: vax",
            "architecture=arm64",
        ),
        ("runs-on: ubuntu-24.04, compiler: '*'", "architecture=arm64"),
        (
            "runs-on: ubuntu-24.04, container: 'ghcr.io/acme/debian:12'",
            "architecture=arm64",
        ),
        (
            "runs-on: ubuntu-24.04, container: '${{ vars.IMAGE }}'",
            "architecture=aarch64",
        ),
        (
            "runs-on: [self-hosted, linux, x64]",
            "architecture=linux/arm64",
        ),
        (
            "runs-on: ubuntu-24.04, x86: true, architecture: s390x",
            "architecture=arm64",
        ),
        (
            "runs-on: '${{ vars.R }}', compiler: clang",
            "architecture=arm64,job=arm",
        ),
        (
            "runs-on: '${{ vars.R }}', compiler: clang",
            "job=arm,architecture=arm64",
        ),
    ] {
        with(entry);
        let ran = run(&repository, &format!("--filter {filter}")).ok();
        assert_eq!(ran.all("job"), ["arm"], "{entry}");
    }
    for (entry, filter, says) in [
        (
            "runs-on: '${{ vars.R }}'",
            "architecture=arm64",
            "`${{ vars.R }}` is known only to GitHub",
        ),
        (
            "runs-on: mine",
            "architecture=arm64",
            "the system of the runner `mine` is unknown",
        ),
        (
            "runs-on: ubuntu-24.04, architecture: '${{ vars.A }}'",
            "architecture=arm64",
            "`architecture`: `${{ vars.A }}`",
        ),
        (
            "runs-on: ubuntu-24.04, architecture: 'vax arm64'",
            "architecture=arm64",
            "`architecture`: architecture `vax`",
        ),
        (
            "runs-on: ubuntu-24.04-arm, asan: maybe",
            "architecture=arm64",
            "`asan`: `maybe` is neither",
        ),
        (
            "runs-on: [self-hosted, ARM64]",
            "architecture=arm64",
            "the system of the runner",
        ),
        (
            "runs-on: ubuntu-24.04, container: '${{ vars.IMAGE }}'",
            "architecture=x86",
            "`${{ vars.IMAGE }}`",
        ),
        (
            "runs-on: ubuntu-24.04, x86: maybe",
            "architecture=x86",
            "`x86`: `maybe` is neither",
        ),
        (
            "runs-on: ubuntu-24.04, x86: true, architecture: arm64",
            "architecture=arm64",
            "variant `x86` contradicts",
        ),
        (
            "runs-on: ubuntu-24.04, container: 'i386/debian:12', architecture: arm64",
            "architecture=x86",
            "the container is for x86",
        ),
    ] {
        with(entry);
        run(&repository, &format!("--filter {filter}")).fails(3, says);
    }
}

#[test]
fn a_pinned_container_is_what_a_new_image_is_built_on() {
    let repository = repository();
    let digest = |digit: &str| format!("debian:12@sha256:{}", digit.repeat(64));
    let text = WORKFLOW.replace("debian:12", &digest("0"));
    write(repository.path(), "capy/.github/workflows/ci.yml", &text);
    let ran = run(&repository, "--filter asan=true").ok();
    assert_eq!(ran.all("base_image"), [digest("0")]);
    let says = ".github/workflows/ci.yml:13:11: `GCC 12 (asan)` of the job `build`: matching images by debian:12; \
        the container's digest counts only for the base of a new build\n";
    assert!(ran.err.contains(says), "{}", ran.err);
    // One image cannot have two bases.
    let entry = text
        .lines()
        .find(|line| line.contains("asan"))
        .expect("a line");
    let other = entry.replace(&digest("0"), &digest("1"));
    let text = text.replace(entry, &format!("{entry}\n{other}"));
    write(repository.path(), "capy/.github/workflows/ci.yml", &text);
    run(&repository, "--filter asan=true").fails(3, "the digest of `os`");
}

#[test]
fn entries_are_listed() {
    let repository = repository();
    let ran = run(&repository, "--list").ok();
    assert_eq!(
        ran.out,
        "selected\tbuild\tGCC 13: C++20\tubuntu-24.04\t-\tgcc\t13\tcapy-ubuntu-24.04-gcc13
passed over\tbuild\tMSVC\twindows-2022\t-\tmsvc\t14.4\tit runs on windows-2022
selected\tbuild\tGCC 12 (asan)\tubuntu-latest\tdebian:12\tgcc\t12\tcapy-debian-12-gcc12-asan
passed over\tbuild\tApple\tmacos-15\t-\tapple-clang\t*\tit runs on macos-15
selected\tlint\tlint\tubuntu-24.04\t-\t-\t-\tcapy-ubuntu-24.04-base
"
    );
    assert_eq!(ran.err, "");
    let json = run(&repository, "--list --json --filter version=13").ok();
    assert_eq!(json.all("image"), ["capy-ubuntu-24.04-gcc13"]);
    assert_eq!(
        (json.all("standing"), json.all("line"), json.all("cxxstd")),
        (
            vec!["selected".into()],
            vec!["11".into()],
            vec!["20".into()]
        )
    );
}

#[test]
fn act_is_told_which_image_a_runner_is() {
    let repository = repository();
    let ran = run(&repository, "--act --job build").ok();
    // The registered image under its own tag; a job with a container uses the workflow's image.
    assert_eq!(ran.out, "-P ubuntu-24.04=us/capy:13\n");
    assert!(
        ran.err
            .contains("`GCC 12 (asan)`: act runs it in the workflow's container"),
        "{}",
        ran.err
    );
    let asan = "capy-debian-12-gcc12-asan, for `GCC 12 (asan)`: is not built yet";
    assert!(ran.err.contains(asan), "{}", ran.err);
    let json = run(&repository, "--act --json").ok();
    assert_eq!(json.all("job"), ["GCC 13: C++20", "GCC 12 (asan)", "lint"]);
    assert_eq!(json.all("runner"), ["ubuntu-24.04", "null", "ubuntu-24.04"]);
    let images = [
        "us/capy:13",
        "capy-debian-12-gcc12-asan:latest",
        "us/capy:13",
    ];
    assert_eq!(json.all("image"), images);
}

#[test]
fn the_project_is_named_or_the_repository() {
    let repository = repository();
    let projects = |line: &str| {
        let ran = run(&repository, line).ok();
        ran.all("name").remove(0).replace("-ubuntu-24.04-base", "")
    };
    assert_eq!(projects("--job lint --project http-proto"), "http-proto");
    write(
        repository.path(),
        "capy/.localci.yml",
        "plan: {project: url, keys: {toolchain: compiler}}\n",
    );
    assert_eq!(projects("--job lint"), "url");
    assert_eq!(projects("--job lint --project http-proto"), "http-proto");
    run(&repository, "--job lint --project Not/One").fails(
        3,
        "imgplan: project `Not/One` holds the upper-case letter `N`",
    );
    write(
        repository.path(),
        "capy/.localci.yml",
        "plan: {keys: {toolchain: compler}}\n",
    );
    run(&repository, "").fails(
        3,
        ".localci.yml:1:26: `plan.keys.toolchain` must be one of name, compiler",
    );
}
