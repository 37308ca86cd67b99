//! `imgplan | imgbuild | imgload`: from any folder, in any shell, and with failures.

use pipeline_tests::{Image, Sandbox, engine};

const PIPELINE: &str = "imgplan req.yml | imgbuild | imgload";

/// A requirement that the image of [`stored`] meets.
fn requirement(s: &Sandbox) -> String {
    format!(
        "project: {}\nos: debian:12\nvariants: [base]\n",
        s.project()
    )
}

/// A store with one image that is not in the engine, and a requirement for it. Returns the image's reference.
fn stored(s: &Sandbox) -> String {
    let reference = Image::new().build(s, "base");
    s.run("imgsave", [&reference]).ok();
    s.forget(&reference);
    s.write("req.yml", requirement(s));
    reference
}

#[test]
fn an_image_that_fits_is_neither_built_nor_loaded_twice() {
    let s = Sandbox::new();
    let reference = stored(&s);
    s.sh(PIPELINE).ok().stdout(&format!("{reference}\n"));
    // Each shell leases its images as long as it lives.
    let files = || -> Vec<String> {
        let files = s.files("images").into_iter();
        files.filter(|path| !path.contains("/leases/")).collect()
    };
    let (id, before) = (engine().id(&reference), files());
    let archive = s.read_bytes(&s.archive("base"));
    s.sh(PIPELINE).ok().stdout(&format!("{reference}\n"));
    assert_eq!(engine().id(&reference), id);
    assert_eq!(files(), before);
    assert!(
        s.read_bytes(&s.archive("base")) == archive,
        "the archive changed"
    );
}

#[test]
fn works_from_any_folder() {
    let s = Sandbox::new();
    let reference = format!("{}\n", stored(&s));
    s.write("deep/er folder/req.yml", requirement(&s));
    s.write("aside/req.yml", requirement(&s));
    let registry = s.path("image-registry.yml");

    let inside = |line: &str, folder: &str| s.command("sh").args(["-c", line]).folder(folder).run();
    // The nearest registry upward; one given by a relative path, by an absolute one, and by the environment.
    inside(PIPELINE, "deep/er folder").ok().stdout(&reference);
    let line = "imgplan --registry ../image-registry.yml req.yml | imgbuild --registry ../image-registry.yml | imgload --registry ../image-registry.yml";
    inside(line, "aside").ok().stdout(&reference);
    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().to_str().unwrap();
    let line = format!("imgplan '{}' | imgbuild | imgload", s.path("req.yml"));
    s.command("sh")
        .args(["-c", &line])
        .folder(folder)
        .variable("IMG_REGISTRY", &registry)
        .run()
        .ok()
        .stdout(&reference);
    let line = format!(
        "imgplan --registry '{registry}' '{}' | imgbuild --registry '{registry}' | imgload --registry '{registry}'",
        s.path("req.yml")
    );
    inside(&line, folder).ok().stdout(&reference);
}

#[test]
fn what_a_command_prints_opens_from_where_it_runs() {
    let s = Sandbox::new();
    stored(&s);
    s.write("a b/c/req.yml", requirement(&s));
    let printed = s
        .command("sh")
        .args(["-c", "imgplan req.yml | imgbuild"])
        .folder("a b/c")
        .run();
    assert!(
        s.path("a b/c").join(printed.ok().line()).is_file(),
        "{printed}"
    );
}

#[test]
fn works_from_a_makefile() {
    let s = Sandbox::new();
    let reference = stored(&s);
    s.write(
        "Makefile",
        "image.txt: req.yml\n\timgplan $< | imgbuild | imgload > $@\n",
    );
    s.run("make", ["--silent"]).ok();
    assert_eq!(s.read("image.txt"), format!("{reference}\n"));
    // A failed pipeline ends make with an error, although make's shell has no `pipefail`.
    s.write(
        "req.yml",
        "project: p\nos: debian:12\ncompilers: ['gcc; rm -rf']\n",
    );
    s.run("make", ["--silent", "--always-make"])
        .code(2)
        .stderr_has("imgplan: ")
        .stderr_has("imgload: ");
}

/// Each command's failure, with and without `pipefail`: the pipeline fails, and the failed command's message comes
/// first.
#[test]
fn a_failure_anywhere_fails_the_line_and_is_named() {
    let s = Sandbox::new();
    stored(&s);
    s.write("bad.yml", "project: [\n");
    // A release without an image in any engine.
    s.write(
        "lacks.yml",
        format!(
            "project: {}\nos: debian:2\ncompilers: [gcc-2]\n",
            s.project()
        ),
    );
    s.write(
        "gone.json",
        r#"{"name":"p-debian-12-base","needs_build":false,"best_image_path":"images/p/gone.tar"}"#,
    );
    // Damage in a layer, which the index does not show.
    s.flip(&s.archive("base"), "VERSION_ID=");
    let cases = [
        ("imgplan", 3, "imgplan missing.yml | imgbuild | imgload"),
        ("imgplan", 3, "imgplan bad.yml | imgbuild | imgload"),
        ("imgbuild", 4, "imgplan lacks.yml | imgbuild | imgload"),
        ("imgbuild", 4, "cat gone.json | imgbuild | imgload"),
        ("imgload", 4, "imgplan req.yml | imgbuild | imgload"),
    ];
    for (program, code, line) in cases {
        let plain = s.run("bash", ["-c", line]);
        // The last command found nothing to read, or failed itself; with `pipefail` the last code is still its own.
        let last = if program == "imgload" { code } else { 3 };
        plain.code(last);
        s.run("bash", ["-c", &format!("set -o pipefail; {line}")])
            .code(last);
        let codes = s.run("bash", ["-c", &format!("{line}; echo ${{PIPESTATUS[*]}}")]);
        assert!(
            codes
                .stdout
                .split_whitespace()
                .any(|one| one == code.to_string()),
            "{codes}"
        );

        let mut said = plain.stdout("").stderr_lacks("panicked").stderr.lines();
        let first = said
            .find(|line| !line.contains(": warning: "))
            .unwrap_or_default();
        assert!(
            first.starts_with(&format!("{program}: ")),
            "{program} should be named first:\n{plain}"
        );
    }
}

#[test]
fn an_engine_that_is_not_there_is_code_5() {
    let s = Sandbox::new();
    stored(&s);
    for engine in ["/nonexistent/docker", "no-such-engine"] {
        let load = s.run("imgload", ["--engine", engine, &s.archive("base")]);
        load.fails("imgload", 5, engine);
    }
    // A plan needs no engine.
    s.run("imgplan", ["--engine", "/nonexistent/docker", "req.yml"])
        .ok();
}

#[test]
fn an_empty_input_is_an_error_of_its_own() {
    let s = Sandbox::without_engine();
    for program in ["imgplan", "imgbuild", "imgload", "imgsave"] {
        s.run(program, ["-"])
            .fails(program, 3, "nothing on standard input");
    }
}

#[test]
fn a_closed_stdout_ends_quietly() {
    let s = Sandbox::new();
    stored(&s);
    // More plans than fit into a pipe, so that some are unwritten when the reader ends.
    s.write("many.yml", format!("{}---\n", requirement(&s)).repeat(500));
    let outcome = s.run(
        "bash",
        ["-c", "set -o pipefail; imgplan many.yml | head -n 1"],
    );
    assert_eq!(outcome.ok().stdout.lines().count(), 1, "{outcome}");
    outcome.silent();
}
