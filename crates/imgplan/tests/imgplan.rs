//! The command as scripts see it: output, messages, exit codes. It needs no engine.
#![expect(clippy::expect_used, reason = "a test may end where it fails")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

const REGISTRY: &str = "\
version: 1.0
images:
  - name: capy-debian-12-base
    file: images/capy/base.tar
    docker_tag: capy-debian-12-base:latest
    os: debian:12
    architecture: x86_64
    packages: [git]
  - name: capy-debian-12-gcc12
    file: images/capy/gcc12.tar
    docker_tag: capy-debian-12-gcc12:latest
    os: debian:12
    architecture: amd64
    compilers: [gcc-12]
    tools: [cmake]
  - name: capy-debian-12-gcc12-gone
    file: images/capy/gone.tar
    docker_tag: capy-debian-12-gcc12-gone:latest
    os: debian:12
    architecture: x86_64
    compilers: [gcc-12]
    tools: [cmake]
  - name: capy-debian-12-gcc12-outside
    file: ../outside.tar
    docker_tag: capy-debian-12-gcc12-outside:latest
    os: debian:12
    architecture: x86_64
    compilers: [gcc-12]
    tools: [cmake]
";

const WANTED: &str =
    "project: capy\nos: debian:12\narchitecture: x86_64\ncompiler: gcc-12\ntools: cmake\n";

/// A store with two archives. One entry has no archive, and one has a path outside the store.
fn store() -> TempDir {
    let folder = TempDir::new().expect("folder");
    write(folder.path(), "image-registry.yml", REGISTRY);
    write(folder.path(), "images/capy/base.tar", "");
    write(folder.path(), "images/capy/gcc12.tar", "");
    write(folder.path(), "job.yml", WANTED);
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

    fn has(&self, text: &str) {
        assert!(
            self.out.contains(text),
            "{text}\n{}\n{}",
            self.out,
            self.err
        );
    }

    fn says(&self, text: &str) {
        assert!(self.err.contains(text), "{text}\n{}", self.err);
    }
}

fn run(folder: &Path, arguments: &[&str], stdin: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_imgplan"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("IMG_REGISTRY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("imgplan");
    // After a usage error, it ends without reading.
    let _ = child
        .stdin
        .take()
        .expect("stdin")
        .write_all(stdin.as_bytes());
    let output = child.wait_with_output().expect("output");
    let text = |bytes| String::from_utf8(bytes).expect("utf-8");
    Ran {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

#[test]
fn a_thin_image_without_its_base_is_passed_over() {
    let store = store();
    let wanted = "project: capy\nos: debian:12\narchitecture: x86_64\ncompiler: gcc-12\n";
    let whole = "compilers: [gcc-12]\n    tools: [cmake]\n  - name: capy-debian-12-gcc12-gone";
    let thin = format!("thin: true\n    base: capy-debian-12-base\n    {whole}");
    assert!(REGISTRY.contains(whole));
    write(
        store.path(),
        "image-registry.yml",
        &REGISTRY.replacen(whole, &thin, 1),
    );
    run(store.path(), &[], wanted)
        .ok()
        .has(r#""needs_build":false"#);
    std::fs::remove_file(store.path().join("images/capy/base.tar")).expect("removed");
    let ran = run(store.path(), &[], wanted).ok();
    ran.has(r#""needs_build":true"#);
    ran.says("capy-debian-12-gcc12: is thin, and its base capy-debian-12-base has no archive; passed over");
}

#[test]
fn an_image_whose_archive_is_there_is_found_from_any_folder() {
    let store = store();
    for (folder, path) in [
        ("", "images/capy/gcc12.tar"),
        ("images/capy", "gcc12.tar"),
        ("else/where", "../../images/capy/gcc12.tar"),
    ] {
        let folder = store.path().join(folder);
        std::fs::create_dir_all(&folder).expect("folder");
        let ran = run(&folder, &[], WANTED).ok();
        ran.has(&format!(
            r#""needs_build":false,"best_image_path":"{path}""#
        ));
        assert_eq!(ran.out.lines().count(), 1);
        ran.says("warning: capy-debian-12-gcc12-gone: its archive");
        ran.says("warning: capy-debian-12-gcc12-outside: ");
    }
}

#[test]
fn a_base_or_the_system_to_build_on() {
    let store = store();
    let arguments = [
        "--project",
        "capy",
        "--compiler",
        "clang-19",
        "--package",
        "git",
    ];
    let with = |os: &str, architecture: &str| {
        let mut all = arguments.to_vec();
        all.extend(["--os", os, "--architecture", architecture]);
        run(store.path(), &all, "").ok()
    };
    let base = with("Debian-12", "AMD64");
    base.has(r#""name":"capy-debian-12-clang19","job":null,"needs_build":true"#);
    base.has(r#""best_base_image_path":"images/capy/base.tar","base_image":"debian:12","marks":{"essential":70,"extra":10}"#);
    base.has(r#""missing":{"compilers":["clang-19"],"packages":[],"tools":[]}"#);
    for nothing in [with("debian:12", "arm64"), with("debian:11", "x86_64")] {
        nothing.has(r#""best_base_image_path":null"#);
        nothing.has(r#""marks":{"essential":0,"extra":0}"#);
    }
}

#[test]
fn without_a_registry_everything_is_a_build() {
    let folder = TempDir::new().expect("folder");
    run(folder.path(), &[], WANTED)
        .ok()
        .has(r#""needs_build":true"#);
    assert_eq!(std::fs::read_dir(folder.path()).expect("folder").count(), 0);
    let named = run(folder.path(), &["--registry", "none.yml"], WANTED);
    assert_eq!((named.code, named.out.as_str()), (Some(3), ""));
    named.says("none.yml");
}

#[test]
fn plans_come_in_the_order_of_the_requirements() {
    let store = store();
    write(
        store.path(),
        "two.json",
        "[{\"project\":\"a\",\"os\":\"debian:12\"},{\"project\":\"b\",\"os\":\"debian:12\"}]",
    );
    let ran = run(
        store.path(),
        &["two.json", "-", "job.yml"],
        "project: c\nos: debian:12\n",
    )
    .ok();
    let names: Vec<_> = ran.out.lines().map(|line| &line[..30]).collect();
    let expected = [
        "a-debian-12-base",
        "b-debian-12-base",
        "c-debian-12-base",
        "capy-debian-12-gcc12",
    ];
    assert_eq!(names.len(), expected.len());
    for (name, expected) in names.iter().zip(expected) {
        let beginning = format!(r#"{{"version":1,"name":"{expected}"#);
        assert!(beginning.starts_with(name), "{name}");
    }
    let null = run(
        store.path(),
        &["-0", "-"],
        "project: c\nos: debian:12\n\0project: d\nos: debian:12\n\0",
    )
    .ok();
    assert!(null.out.ends_with('\0') && !null.out.contains('\n'));
    assert_eq!(null.out.matches('\0').count(), 2);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let store = store();
    write(
        store.path(),
        "bad.yml",
        "project: capy\nos: debian:12\npackages: {a: b}\n",
    );
    write(store.path(), "empty.yml", "# nothing\n");
    let hostile = "project: capy\nos: debian:12\ncompilers: ['gcc-12; rm -rf /']\n";
    let pinned = format!("project: capy\nos: debian:12@sha256:{}\n", "0".repeat(64));
    let table: [(&[&str], &str, i32, &str); 10] = [
        (
            &[],
            &pinned,
            3,
            "has a digest, but images are matched by distribution and version",
        ),
        (
            &[],
            "",
            3,
            "nothing on standard input; did the command before it fail?",
        ),
        (&[], "\n \n", 3, "nothing on standard input"),
        (
            &["bad.yml"],
            "",
            3,
            "imgplan: bad.yml: requirement is not valid: packages: ",
        ),
        (&["bad.yml"], "", 3, "at line 3 column 11"),
        (
            &["empty.yml"],
            "",
            3,
            "imgplan: empty.yml: holds no requirement",
        ),
        (&["none.yml"], "", 3, "imgplan: none.yml: can't be read"),
        (
            &[],
            hostile,
            3,
            "compiler `gcc-12; rm -rf /` contains `;`, which is not allowed",
        ),
        (
            &[],
            "project: capy\nos: my-own:1\n",
            3,
            "standard input: image name",
        ),
        (&["--project", "a"], "", 2, "--os"),
    ];
    for (arguments, stdin, code, says) in table {
        let ran = run(store.path(), arguments, stdin);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (Some(code), ""),
            "{}",
            ran.err
        );
        ran.says(says);
    }
}

#[test]
fn goes_on_only_when_told() {
    let store = store();
    let text = format!("{WANTED}---\nproject: a\n---\n{WANTED}");
    for (arguments, plans) in [(&[][..], 1), (&["--keep-going"], 2)] {
        let ran = run(store.path(), arguments, &text);
        assert_eq!(
            (ran.code, ran.out.lines().count()),
            (Some(3), plans),
            "{}",
            ran.err
        );
        ran.says("missing field `os`");
    }
}

#[test]
fn explains_on_standard_error_alone() {
    let store = store();
    let ran = run(store.path(), &["--explain", "job.yml"], "").ok();
    assert_eq!(ran.out.lines().count(), 1);
    ran.says("imgplan: capy-debian-12-gcc12:\n");
    ran.says("* capy-debian-12-gcc12  essential 100  extra  20\n");
    ran.says("capy-debian-12-gcc12 meets the requirement");
    write(
        store.path(),
        "job.yml",
        &format!("{WANTED}packages: [make]\n"),
    );
    let ran = run(store.path(), &["--explain", "job.yml"], "").ok();
    ran.says("a build is needed: no image has make");
    ran.says("capy-debian-12-base is the best base, and lacks gcc-12, make, cmake");
}
