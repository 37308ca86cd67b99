//! Commands read each other's output: every pair in a real pipe.

use pipeline_tests::{Image, Sandbox};

/// A store with one image, `base`, that the engine has too; and its reference.
fn store(s: &Sandbox) -> String {
    let reference = Image::new().file("hello", "hello\n").build(s, "base");
    s.run("imgsave", [&reference]).ok();
    s.write(
        "plan.json",
        format!("{{\"best_image_path\":\"{}\"}}", s.archive("base")),
    );
    reference
}

#[test]
fn each_command_reads_what_the_others_print() {
    let s = Sandbox::new();
    let reference = store(&s);
    let (name, archive) = (s.image("base"), s.archive("base"));
    let producers = [
        format!("imgsave {reference}"),
        "imgbuild --no-lease plan.json".into(),
        format!("imgload --no-lease {name}"),
        format!("imgfetch --no-lease {name}"),
        "imgls --no-engine".into(),
        format!("imgprune --no-engine -n {name}"),
    ];
    let consumers = [
        ("imgsave", format!("{archive}\n")),
        ("imgload --no-lease", format!("{reference}\n")),
        ("imgfetch --no-lease", format!("{archive}\n")),
        ("imgcat - hello", "hello\n".into()),
        ("imgls --no-engine - | cut -f 1", format!("{name}\n")),
        ("imgprune --no-engine -n -", format!("{archive}\n")),
    ];
    for producer in &producers {
        for form in ["", " --json", " -0", " --json -0"] {
            for (consumer, expected) in &consumers {
                // NUL on both sides.
                let consumer = match form.contains("-0") {
                    true => consumer.replacen(' ', " -0 ", 1),
                    false => (*consumer).to_owned(),
                };
                let consumer = match form.contains("-0") && !consumer.contains(' ') {
                    true => format!("{consumer} -0"),
                    false => consumer,
                };
                let line = format!("set -o pipefail; {producer}{form} | {consumer}");
                let ran = s.run("bash", ["-c", &line]);
                let printed = ran.ok().stdout.replace('\0', "\n");
                assert_eq!(&printed, expected, "{ran}");
            }
        }
    }
}

#[test]
fn a_plan_is_named_as_one_and_not_taken_for_an_image() {
    let s = Sandbox::without_engine();
    s.write(
        "job.yml",
        format!("project: {}\nos: debian:12\n", s.project()),
    );
    let plans = [
        "imgplan job.yml".to_owned(),
        "echo '{\"best_image_path\":\"a.tar\"}'".to_owned(),
        format!(
            "echo '{{\"name\":\"{}\",\"base_image\":\"debian:12\"}}'",
            s.image("base")
        ),
    ];
    for plan in &plans {
        for consumer in [
            "imgload",
            "imgsave",
            "imgcat - etc/os-release",
            "imgfetch",
            "imgpush --to registry.example/ci",
            "imgls --no-engine -",
            "imgprune --no-engine -",
        ] {
            let program = consumer.split(' ').next().expect("a program");
            s.write("image-registry.yml", "images: []\n");
            let ran = s.sh(&format!("{plan} | {consumer}"));
            ran.fails(program, 3, "this is a plan: pipe it through imgbuild");
            assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
        }
    }
}

#[test]
fn an_object_that_names_no_image_is_said_in_one_line() {
    let s = Sandbox::without_engine();
    s.write("image-registry.yml", "images: []\n");
    for (object, says) in [
        (
            "{\"job\":\"x\"}",
            "`{\"job\":\"x\"}` has none of the keys `path`, `name`, `reference`, `image_id`, `remote`",
        ),
        ("{\"path\":null}", "`{\"path\":null}` has none of the keys"),
        ("{\"path\":7}", "`{\"path\":7}`: `path` must be a string"),
        ("{", "`{` is not a JSON object"),
    ] {
        for consumer in [
            "imgload",
            "imgsave",
            "imgcat - x",
            "imgfetch",
            "imgls -",
            "imgprune -",
        ] {
            let program = consumer.split(' ').next().expect("a program");
            let words = consumer.split(' ').skip(1);
            let ran = s
                .command(program)
                .args(words)
                .input(format!("{object}\n"))
                .run();
            ran.fails(program, 3, says);
        }
    }
}

/// Any single key is enough.
#[test]
fn every_key_of_an_object_finds_its_image() {
    let s = Sandbox::new();
    let reference = store(&s);
    s.forget(&reference);
    let remote = format!("registry.example/ci/base@sha256:{}", "0".repeat(64));
    let registry = s.read("image-registry.yml");
    s.write(
        "image-registry.yml",
        format!("{registry}    remote: {remote}\n"),
    );
    let object = s.run("imgls", ["--json", "--no-engine"]).json().remove(0);
    let id = object["image_id"].as_str().expect("an ID");
    for (key, value) in [
        ("name", s.image("base").as_str()),
        ("path", &s.archive("base")),
        ("reference", &reference),
        ("image_id", id),
        ("remote", &remote),
    ] {
        for record in [format!("{{\"{key}\":\"{value}\"}}"), value.to_owned()] {
            let read = |program: &str, words: &[&str]| {
                let command = s.command(program).args(words);
                command.input(format!("{record}\n")).run()
            };
            read("imgcat", &["-", "hello"]).ok().stdout("hello\n");
            read("imgls", &["--no-engine", "-"]).ok();
            read("imgsave", &[])
                .ok()
                .stdout(&format!("{}\n", s.archive("base")));
            read("imgprune", &["--no-engine", "-n", "-"]).ok();
            read("imgload", &["--no-record", "--no-lease"])
                .ok()
                .stdout(&format!("{reference}\n"));
            s.forget(&reference);
        }
    }
    // On the command line, too.
    let object = object.to_string();
    s.run("imgcat", [&object, "hello"]).ok().stdout("hello\n");
}
