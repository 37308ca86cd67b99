//! A workflow's matrix through the whole pipeline, and the image of each job.

use pipeline_tests::{Image, Sandbox, engine};

/// Sixteen entries on three systems: four images for twelve of them, two without one, two that are not Linux.
fn workflow() -> String {
    let mut text = "\
on: [push]
jobs:
  build:
    name: ${{ matrix.name }}
    runs-on: ${{ matrix.os || 'ubuntu-latest' }}
    container:
      image: ${{ matrix.container }}
    strategy:
      matrix:
        include:
"
    .to_owned();
    for (number, (compiler, version)) in [("gcc", 12), ("clang", 14), ("gcc", 11), ("clang", 15)]
        .iter()
        .cycle()
        .take(12)
        .enumerate()
    {
        text.push_str(&format!(
            "        - {{name: 'Job {number}: {compiler}', compiler: {compiler}, version: {version}, container: 'debian:12'}}\n"
        ));
        if number % 6 == 3 {
            text.push_str("        - {name: Windows, os: windows-2022}\n");
        }
    }
    text
}

/// A store with an image for each compiler, made from scratch, which the engine does not have.
fn store(s: &Sandbox) {
    for (variant, compiler) in [
        ("gcc12", "gcc-12"),
        ("clang14", "clang-14"),
        ("gcc11", "gcc-11"),
        ("clang15", "clang-15"),
    ] {
        let reference = Image::new().build(s, variant);
        s.run("imgsave", [&reference]).ok();
        s.forget(&reference);
        // The images contain no compiler, but the registry lists one.
        let registry = s.read("image-registry.yml");
        let name = format!("- name: {}\n", s.image(variant));
        let with = format!("{name}    compilers: [{compiler}]\n");
        assert!(registry.contains(&name), "{registry}");
        s.write("image-registry.yml", registry.replace(&name, &with));
    }
    s.write("ci.yml", workflow());
    s.write(
        ".localci.yml",
        format!("plan: {{project: {}}}\n", s.project()),
    );
}

#[test]
fn a_matrix_comes_out_in_its_order_and_each_job_with_its_image() {
    let s = Sandbox::new();
    store(&s);
    let line = "imgplan --workflow ci.yml | imgbuild | imgload";
    let plain = s.run("bash", ["-c", &format!("set -o pipefail; {line}")]);
    let variants = ["gcc12", "clang14", "gcc11", "clang15"];
    let expected: Vec<_> = variants
        .iter()
        .cycle()
        .take(12)
        .map(|variant| format!("{}:latest", s.image(variant)))
        .collect();
    assert_eq!(
        plain.ok().stdout.lines().collect::<Vec<_>>(),
        expected,
        "{plain}"
    );
    assert_eq!(
        plain
            .stderr
            .matches("it runs on windows-2022; passed over")
            .count(),
        2
    );
    for reference in &expected[..4] {
        assert!(engine().has(reference), "{reference}");
    }
    let line = "imgplan --workflow ci.yml | imgbuild --json | imgload --json";
    let json = s.run("bash", ["-c", &format!("set -o pipefail; {line}")]);
    let objects = json.ok().json();
    assert_eq!(objects.len(), 12);
    for (number, (object, reference)) in objects.iter().zip(&expected).enumerate() {
        let compiler = if number % 2 == 0 { "gcc" } else { "clang" };
        assert_eq!(
            object["job"],
            format!("Job {number}: {compiler}"),
            "{object}"
        );
        assert_eq!(object["reference"], *reference, "{object}");
    }
}

#[test]
fn what_is_lacking_is_built_and_what_is_there_is_not() {
    let s = Sandbox::new();
    let base = Image::new().busybox().build(&s, "base");
    s.run("imgsave", [&base]).ok();
    s.forget(&base);
    // The file that identifies a compiler's image.
    let name = s.image("gcc12");
    s.write(
        &format!("images/{}/Dockerfile.{name}", s.project()),
        "ARG BASE_IMAGE\nFROM $BASE_IMAGE\nRUN mkdir -p /usr/bin && echo > /usr/bin/gcc-12 && echo > /usr/bin/g++-12\n",
    );
    s.write(
        "ci.yml",
        "jobs:
  build:
    runs-on: ubuntu-latest
    container: debian:12
    strategy: {matrix: {compiler: [gcc-12], include: [{name: plain, compiler: ''}]}}
",
    );
    let line = format!(
        "set -o pipefail; imgplan --project {} --workflow ci.yml | imgbuild --json | imgload --json",
        s.project()
    );
    let first = s.run("bash", ["-c", &line]);
    let objects = first.ok().json();
    let told: Vec<_> = objects
        .iter()
        .map(|object| (&object["job"], &object["name"]))
        .collect();
    let (built, plain) = (name.into(), s.image("base").into());
    let expected = [
        (&"build (gcc-12)".into(), &built),
        (&"plain".into(), &plain),
    ];
    assert_eq!(told, expected, "{first}");
}

#[test]
fn a_record_that_is_no_object_with_a_path_is_invalid() {
    let s = Sandbox::without_engine();
    for (text, says) in [
        ("{\n", "`{` is not a JSON object"),
        ("{\"job\":\"x\"}\n", "has none of the keys `path`, "),
        ("{\"path\":7}\n", "`path` must be a string"),
    ] {
        let ran = s.command("imgload").input(text).run();
        ran.fails("imgload", 3, says);
    }
}

#[test]
fn without_an_engine_a_workflow_is_planned_all_the_same() {
    let s = Sandbox::without_engine();
    s.write("ci.yml", workflow());
    let planned = s.run(
        "imgplan",
        ["--quiet", "--project", "p", "--workflow", "ci.yml"],
    );
    assert_eq!(planned.ok().json().len(), 12);
    let from_stdin = s
        .command("imgplan")
        .args(["--quiet", "--project", "p", "--workflow", "-"]);
    let from_stdin = from_stdin.input(workflow()).run();
    assert_eq!(from_stdin.ok().stdout, planned.stdout);
    s.run("imgplan", ["--workflow", "-"])
        .fails("imgplan", 3, "nothing on standard input");
    s.run("imgplan", ["--workflow", "none.yml"])
        .fails("imgplan", 3, "none.yml: can't be read");
    s.run("imgplan", ["--workflow", "."])
        .fails("imgplan", 3, ".: can't be read");
}

#[test]
fn what_several_jobs_lack_is_built_at_once_and_stays_in_order() {
    let s = Sandbox::new();
    let base = Image::new().busybox().build(&s, "base");
    s.run("imgsave", [&base]).ok();
    let versions = [12, 9, 11, 10];
    for version in versions {
        let name = s.image(&format!("gcc{version}"));
        s.write(
            &format!("images/{}/Dockerfile.{name}", s.project()),
            format!(
                "ARG BASE_IMAGE\nFROM $BASE_IMAGE\nRUN mkdir -p /usr/bin && for c in gcc g++; do echo {version} > /usr/bin/$c-{version}; done\n"
            ),
        );
    }
    s.write(
        "ci.yml",
        format!(
            "jobs:\n  build:\n    runs-on: ubuntu-latest\n    container: debian:12\n    strategy: {{matrix: {{version: {versions:?}, compiler: [gcc]}}}}\n"
        ),
    );
    let line = format!(
        "set -o pipefail; imgplan --project {} --workflow ci.yml | imgbuild --quiet --jobs 4 --json | imgload --json",
        s.project()
    );
    let done = s.run("bash", ["-c", &line]);
    let objects = done.ok().json();
    let told: Vec<_> = objects
        .iter()
        .map(|object| (object["job"].clone(), object["reference"].clone()))
        .collect();
    let expected = versions.map(|version| {
        let reference = format!("{}:latest", s.image(&format!("gcc{version}")));
        (format!("build ({version}, gcc)").into(), reference.into())
    });
    assert_eq!(told, expected, "{done}");
}

#[test]
fn what_calls_another_workflow_is_not_asked_for_its_runner() {
    let s = Sandbox::without_engine();
    s.write(
        "ci.yml",
        "on: [push]\njobs:\n  a: {runs-on: ubuntu-22.04}\n  call: {uses: ./.github/workflows/x.yml}\n",
    );
    s.run(
        "imgplan",
        [
            "--workflow",
            "ci.yml",
            "--filter",
            "runs-on=ubuntu-22.04",
            "--list",
        ],
    )
    .ok();
    for flag in ["--list", "--act", "--job=x", "--filter=a=b"] {
        s.run("imgplan", [flag, "--os", "debian:12", "--project", "a"])
            .fails("imgplan", 2, "--workflow");
    }
}
