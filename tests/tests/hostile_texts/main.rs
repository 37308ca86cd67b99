//! Hostile texts: registries, configs, requirements, plans.

#![expect(
    clippy::expect_used,
    reason = "a test reports what is wrong by panicking"
)]

mod calls;
mod matrices;
mod printed;
mod sizes;

use pipeline_tests::{Image, Outcome, Sandbox, engine};

/// An entry, as a line of JSON, which is also YAML.
fn entry(name: &str, file: &str) -> serde_json::Value {
    serde_json::json!({
        "name": name, "file": file, "docker_tag": "x:1", "os": "debian:12", "architecture": "x86_64", "size_mb": 1,
        "last_used": "2020-01-01T00:00:00Z",
    })
}

fn registry(s: &Sandbox, entry: &serde_json::Value) {
    s.write("store/image-registry.yml", format!("images:\n- {entry}\n"));
}

fn run(s: &Sandbox, line: &str) -> Outcome {
    s.sh(&format!("cd store && exec timeout 20 {line}"))
}

#[test]
fn a_path_that_leads_out_is_neither_read_nor_written_nor_removed() {
    let s = Sandbox::without_engine();
    let absolute = s.write("outside/victim.tar", "precious");
    s.write("store/images/.imgpipe/x.tar", "precious");
    s.sh("ln -s ../../outside store/images/out && ln -s ../../outside/victim.tar store/images/link.tar && \
          ln -s loop.tar store/images/loop.tar && ln -s nowhere.tar store/images/broken.tar")
        .ok();
    let name = s.image("a");
    for file in [
        "../outside/victim.tar",
        "images/../../outside/victim.tar",
        "./images/.././../outside/victim.tar",
        absolute.as_str(),
        "images/out/victim.tar",
        "images/link.tar",
        "images/loop.tar",
        "images/broken.tar",
        "images/.imgpipe/x.tar",
        "images/.imgpipe/../.imgpipe/x.tar",
        "image-registry.yml",
        "./image-registry.yml",
        "images/",
        ".",
        "",
        "images/a\u{0}.tar",
        "images/\u{1b}[31m.tar",
    ] {
        registry(&s, &entry(&name, file));
        for line in [
            format!("imgload {name}"),
            "imgls --check --no-engine".into(),
            "imgprune --max-size 0 --no-engine".into(),
            "imgprune --max-age 1d --no-engine".into(),
            format!(
                "imgplan --project {} --os debian:12 --variant a",
                s.project()
            ),
            format!("imgsave --name {name} ../outside/victim.tar"),
        ] {
            let outcome = run(&s, &line);
            // A file that is no archive is found first, and a plan skips unusable images.
            let code = match line.split(' ').next() {
                Some("imgsave") => 4,
                Some("imgplan") => 0,
                _ => 3,
            };
            let is_refused = outcome.code == code || outcome.code == 3;
            assert!(is_refused, "{file}\n{outcome}");
            let is_planned = line.starts_with("imgplan") && outcome.stdout.contains("victim");
            assert!(!is_planned, "{file}\n{outcome}");
            assert_eq!(
                s.read("outside/victim.tar"),
                "precious",
                "{file}\n{outcome}"
            );
            assert_eq!(s.read("store/images/.imgpipe/x.tar"), "precious", "{file}");
            assert_eq!(s.files("outside"), ["outside/victim.tar"]);
            printed::harmless(&outcome);
        }
    }
}

#[test]
fn what_looks_like_a_flag_is_a_name() {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "a");
    s.sh(&format!(
        "mkdir store; \"$IMG_ENGINE\" save {image} > store/--rm"
    ))
    .ok();
    for word in ["--rm", "-v", "--help", "-", "--force"] {
        let mut bad = entry(&s.image("a"), "images/x.tar");
        bad["docker_tag"] = word.into();
        registry(&s, &bad);
        run(&s, &format!("imgload {}", s.image("a"))).fails("imgload", 3, "docker_tag");
        let mut named = entry(word, "images/x.tar");
        named["docker_tag"] = image.as_str().into();
        registry(&s, &named);
        run(&s, "imgls --no-engine").code(0);
        // `-` alone is standard input, which is empty.
        let code = if word == "-" { 3 } else { 4 };
        run(&s, &format!("imgload -- {word} < /dev/null")).fails("imgload", code, "");
        let saved = run(&s, &format!("imgsave -- {word} < /dev/null"));
        assert!([0, 3, 4].contains(&saved.code), "{saved}");
    }
    // A file with such a name is a file.
    run(&s, &format!("imgsave --name {} ./--rm", s.image("b"))).ok();
    registry(
        &s,
        &serde_json::json!({
            "name": s.image("a"), "file": "--rm", "docker_tag": image, "os": "debian:12", "architecture": "x86_64",
        }),
    );
    run(&s, &format!("imgload {}", s.image("a")))
        .ok()
        .stdout(&format!("{image}\n"));
    run(&s, "imgprune --max-size 0 --no-engine").ok();
    assert!(!s.path("store/--rm").exists());
}

/// Names that would break out of a build file or a command line if they were inserted unchanged.
const BREAKING_OUT: [&str; 12] = [
    "gcc-15\nRUN touch /pwned",
    "gcc-15\nFROM evil",
    "gcc-15; touch /pwned",
    "gcc-15 && touch /pwned",
    "$(touch /pwned)",
    "`touch /pwned`",
    "gcc-15\\",
    "\"gcc-15",
    "'gcc-15",
    "--allow-untrusted",
    "gcc-15 # x",
    "gcc-15\u{0}",
];

#[test]
fn no_name_breaks_out_of_a_build_file() {
    let s = Sandbox::without_engine();
    for text in BREAKING_OUT {
        for (list, key) in [
            (true, "compilers"),
            (true, "packages"),
            (true, "tools"),
            (true, "variants"),
            (false, "project"),
            (false, "os"),
            (false, "architecture"),
        ] {
            let mut wanted = serde_json::json!({"project": "p", "os": "debian:12"});
            wanted[key] = if list {
                serde_json::json!([text])
            } else {
                text.into()
            };
            let planned = s.command("imgplan").input(wanted.to_string()).run();
            planned.fails("imgplan", 3, "");
            printed::harmless(&planned);
            let mut wanted =
                serde_json::json!({"project": "p", "os": "debian:12", "architecture": "x86_64"});
            wanted[key] = if list {
                serde_json::json!([text])
            } else {
                text.into()
            };
            let plan = serde_json::json!({"name": "p-debian-12-x", "base_image": "debian:12", "requirements": wanted});
            let printed = s.command("imgbuild").arg("--print-dockerfile");
            let printed = printed.input(plan.to_string()).run();
            printed.fails("imgbuild", 3, "");
            printed::harmless(&printed);
        }
        let missing = serde_json::json!({"compilers": [text], "packages": [text], "tools": [text]});
        for plan in [
            serde_json::json!({"name": "p-debian-12-x", "base_image": "debian:12", "missing": missing}),
            serde_json::json!({"name": text, "base_image": "debian:12", "missing": {"tools": ["cmake"]}}),
            serde_json::json!({"name": "p-debian-12-x", "base_image": text, "missing": {"tools": ["cmake"]}}),
        ] {
            let printed = s.command("imgbuild").arg("--print-dockerfile");
            let printed = printed.input(plan.to_string()).run();
            printed.fails("imgbuild", 3, "");
            printed::harmless(&printed);
        }
    }
}

#[test]
fn build_arguments_arrive_as_they_are_or_not_at_all() {
    let s = Sandbox::new();
    let base = Image::new().busybox().build(&s, "base");
    s.write(
        "Dockerfile",
        format!("FROM {base}\nARG V=none\nENV OUT=$V\n"),
    );
    let name = s.image("built");
    let plan = |args: serde_json::Value| {
        let build = serde_json::json!({"dockerfile": "Dockerfile", "args": args});
        let plan = serde_json::json!({"name": name, "build": build});
        s.command("imgbuild")
            .arg("--quiet")
            .input(plan.to_string())
            .run()
    };
    for value in [
        "a\nRUN touch /pwned",
        "$(touch /pwned)",
        "; touch /pwned",
        "\" ' \\ $HOME ${V}",
        "--network=host",
        "",
    ] {
        plan(serde_json::json!({"V": value})).ok();
        let words = [
            "image",
            "inspect",
            "--format",
            "{{json .Config.Env}}",
            &format!("{name}:latest"),
        ];
        let variables = engine().read(&words).expect("an image");
        let variables: Vec<String> = serde_json::from_str(&variables).expect("a list");
        assert!(variables.contains(&format!("OUT={value}")), "{variables:?}");
    }
    for key in [
        "", "A=B", "A B", "A\nRUN x", "-v", "--rm", "A\u{0}", "$(x)", "1A", "é",
    ] {
        let built = plan(serde_json::json!({key: "x"}));
        built.fails("imgbuild", 3, "argument");
        printed::harmless(&built);
    }
    plan(serde_json::json!({"V": "a\u{0}b"})).fails("imgbuild", 3, "argument");
}

#[test]
fn encodings() {
    let s = Sandbox::without_engine();
    let good = format!("images:\r\n- {}\r\n", entry(&s.image("a"), "images/a.tar"));
    let requirement = "project: p\r\nos: debian:12\r\n";
    let plan = "{\"name\":\"p-debian-12-x\",\"base_image\":\"debian:12\",\"missing\":{\"tools\":[\"cmake\"]}}\r\n";
    for (bytes, is_fine) in [
        (b"".as_slice(), true),
        (b"\xef\xbb\xbf", true),
        (b"\xff", false),
        (b"\xc3\x28", false),
        (b"\xed\xa0\x80", false),
        (b"\0", false),
    ] {
        let text = |text: &str| [bytes, text.as_bytes()].concat();
        s.write("store/image-registry.yml", text(&good));
        s.write("store/.localci.yml", "");
        let listed = run(&s, "imgls --no-engine");
        s.write("store/image-registry.yml", &good);
        s.write("store/.localci.yml", text("images: {thin: true}\r\n"));
        let configured = run(&s, "imgls --no-engine");
        s.write("store/.localci.yml", "");
        let planned = s.command("imgplan").input(text(requirement)).run();
        let built = s.command("imgbuild").arg("--print-dockerfile");
        let built = built.input(text(plan)).run();
        // Between plans a NUL is white space: it ends a record under --null.
        let ends_record = bytes == b"\0";
        for outcome in [&listed, &configured, &planned] {
            outcome.code(if is_fine { 0 } else { 3 });
            printed::harmless(outcome);
        }
        built.code(if is_fine || ends_record { 0 } else { 3 });
        printed::harmless(&built);
    }
}
