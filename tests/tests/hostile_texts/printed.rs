//! Foreign texts reach a terminal only escaped.

use pipeline_tests::{Outcome, Sandbox};

use crate::{entry, registry, run};

/// A window title, a colour, a C1 control, a carriage return, a line break, right-to-left text.
const EVIL: &str =
    "x\u{1b}]0;pwned\u{7}\u{1b}[31m\u{9b}31m\rA\nimgload: fine\u{202e}\u{2066}\u{2028}z";

/// Nothing that could control a terminal, or look like the command's own line.
#[track_caller]
pub fn harmless(outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        let odd = text.chars().find(|c| {
            let steers = c.is_control() && !matches!(c, '\n' | '\t');
            steers || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(odd, None, "{:?}\n{outcome}", text.escape_debug());
    }
    let forged = outcome.stderr.lines().any(|line| line == "imgload: fine");
    assert!(!forged, "{outcome}");
}

/// A command's output with stdout and stderr on a terminal.
fn on_a_terminal(s: &Sandbox, line: &str) -> Outcome {
    s.write("store/line", line);
    let script =
        "script --quiet --return --command 'exec sh line' ../typescript > /dev/null < /dev/null";
    let mut outcome = run(s, script);
    let shown = s.read("typescript");
    let body = shown.lines().skip(1).collect::<Vec<_>>().join("\n");
    outcome.stdout = body;
    outcome
}

/// All fields that accept any text.
fn evil_entry(name: &str, file: &str) -> serde_json::Value {
    let mut entry = entry(name, file);
    for key in ["compilers", "packages", "tools", "variants"] {
        entry[key] = serde_json::json!([EVIL]);
    }
    entry["base"] = EVIL.into();
    entry
}

#[test]
fn names_in_a_registry() {
    let s = Sandbox::without_engine();
    s.write(
        "requirement.json",
        r#"{"project":"p","os":"debian:12","packages":["zlib"]}"#,
    );
    for name in [EVIL, "p-debian-12-x"] {
        registry(&s, &evil_entry(name, "images/x.tar"));
        s.write("store/images/x.tar", "no archive");
        for line in [
            "imgls --no-engine",
            "imgls --no-engine --long",
            "imgls --no-engine --json",
            "imgls --no-engine --check",
            "imgls --no-engine --check --json --verbose",
            "imgplan --explain ../requirement.json",
            "imgplan --verbose ../requirement.json",
            "imgprune --no-engine --max-size 0 --dry-run --verbose",
            "imgprune --no-engine --max-size 0 --json",
        ] {
            harmless(&run(&s, line));
            harmless(&on_a_terminal(&s, &format!("NO_COLOR=1 {line}")));
        }
        for command in [
            "imgload",
            "imgls --no-engine",
            "imgls --pin",
            "imgsave --name",
        ] {
            harmless(&run(&s, &format!("{command} \"$(cat ../evil)\"")));
        }
    }
}

#[test]
fn values_of_every_other_text() {
    let s = Sandbox::without_engine();
    for (key, value) in [
        ("docker_tag", serde_json::json!(EVIL)),
        ("os", serde_json::json!(EVIL)),
        ("architecture", serde_json::json!(EVIL)),
        ("file", serde_json::json!(EVIL)),
        ("size_mb", serde_json::json!(EVIL)),
        ("created", serde_json::json!(EVIL)),
        ("image_id", serde_json::json!(EVIL)),
        ("pinned", serde_json::json!(EVIL)),
        ("compilers", serde_json::json!({EVIL: EVIL})),
        (EVIL, serde_json::json!({EVIL: EVIL})),
    ] {
        let mut bad = entry("p-debian-12-x", "images/x.tar");
        bad[key] = value;
        registry(&s, &bad);
        harmless(&run(&s, "imgls --no-engine"));
        harmless(&run(&s, "imgls --no-engine --long --check --verbose"));
    }
    registry(&s, &entry("p-debian-12-x", "images/x.tar"));
    let quoted = serde_json::json!(EVIL);
    for config in [
        format!("images: {{compress: {quoted}, registry: {quoted}}}"),
        format!("images: {{cleanup: {{per: {quoted}, keep: [{quoted}], max_age_days: {quoted}}}}}"),
        format!("images: {{cleanup: {{keep: [{quoted}], max_size_gb: 0, enabled: true}}}}"),
        format!("{quoted}: {quoted}\n? [{quoted}]\n: x"),
        format!("images: {quoted}\nimages: {quoted}"),
        EVIL.to_owned(),
        format!("*{EVIL}"),
        format!("!{EVIL} x"),
    ] {
        s.write("store/.localci.yml", &config);
        for line in [
            "imgprune --no-engine --verbose",
            "imgls --no-engine --verbose",
        ] {
            harmless(&run(&s, line));
        }
        s.write("store/bad.yml", config.replace("images:", "project:"));
        harmless(&run(
            &s,
            "imgplan --registry image-registry.yml --config /dev/null bad.yml",
        ));
        harmless(&run(
            &s,
            "imgls --no-engine --registry bad.yml --config /dev/null",
        ));
    }
}

#[test]
fn operands_and_records() {
    let s = Sandbox::without_engine();
    s.write("store/image-registry.yml", "images: []\n");
    s.write("evil", EVIL);
    for program in [
        "imgplan", "imgbuild", "imgload", "imgsave", "imgls", "imgprune",
    ] {
        for flags in [
            "",
            "--registry",
            "--config",
            "--engine",
            "--lock-timeout",
            "--run",
            "--tag",
            "--name",
            "--keep",
            "--network",
        ] {
            harmless(&run(&s, &format!("{program} {flags} \"$(cat ../evil)\" x")));
        }
        harmless(&run(&s, &format!("{program} < ../evil")));
        harmless(&run(&s, &format!("{program} -0 < ../evil")));
        harmless(&run(
            &s,
            &format!("{program} --verbose \"--$(cat ../evil)\""),
        ));
    }
    for plan in [
        serde_json::json!({"name": EVIL}),
        serde_json::json!({"job": EVIL, "best_image_path": EVIL}),
        serde_json::json!({"name": "p-debian-12-x", "base_image": "debian:12", "build": {"dockerfile": EVIL}}),
        serde_json::json!({"name": "p-debian-12-x", "base_image": "debian:12", "build": {"context": EVIL}}),
        serde_json::json!({"name": "p-debian-12-x", "best_base_image_path": EVIL, "needs_build": true}),
        serde_json::json!({"name": "p-debian-12-x", "needs_build": EVIL}),
        serde_json::json!({EVIL: EVIL, "version": EVIL}),
    ] {
        s.write("store/plan.json", plan.to_string());
        for flag in ["--print-dockerfile", "--verbose", "--keep-going"] {
            harmless(&run(&s, &format!("imgbuild {flag} plan.json")));
        }
    }
}

#[test]
fn names_in_archives_and_of_files() {
    let s = Sandbox::without_engine();
    s.write("store/image-registry.yml", "images: []\n");
    s.write("evil", EVIL);
    let digest = "0".repeat(64);
    for manifest in [
        serde_json::json!([{"Config": EVIL, "RepoTags": [EVIL], "Layers": [EVIL]}]),
        serde_json::json!([{"Config": format!("{digest}.json"), "RepoTags": [EVIL], "Layers": [EVIL]}]),
        serde_json::json!({EVIL: EVIL}),
    ] {
        s.write("content/manifest.json", manifest.to_string());
        let config = serde_json::json!({"architecture": EVIL, "os": EVIL, "rootfs": {"type": EVIL, "diff_ids": [EVIL]}});
        s.write(&format!("content/{digest}.json"), config.to_string());
        s.sh("cp evil \"content/$(tr / _ < evil)\"; tar -C content -cf \"store/$(tr / _ < evil).tar\" . && cp store/*.tar store/plain.tar")
            .ok();
        for command in ["imgload", "imgsave --name p-debian-12-x", "imgls --check"] {
            harmless(&run(&s, &format!("{command} \"$(tr / _ < ../evil).tar\"")));
            harmless(&run(&s, &format!("{command} plain.tar")));
        }
        s.sh("mkdir -p store/images/p && cp store/plain.tar \"store/images/p/$(cat evil).tar\"")
            .ok();
        for line in [
            "imgls --no-engine",
            "imgprune --orphans --no-engine --dry-run",
            "imgprune --orphans --no-engine --verbose --json",
        ] {
            s.sh("touch -d '2 days ago' store/images/p/*").ok();
            harmless(&run(&s, line));
        }
        s.sh("rm -f store/*.tar").ok();
    }
}
