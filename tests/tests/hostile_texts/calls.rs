//! The engine's arguments: no shell is involved, and no text can become a flag.

use pipeline_tests::{Image, Sandbox, engine};
use xtask::folders;

/// Flags whose values are separate words.
const WITH_VALUE: [&str; 3] = ["--format", "--type", "--filter"];

/// Records each argument of each call, and passes the call on.
fn recording(s: &Sandbox) -> String {
    let text = format!(
        // In one write: some calls run in parallel.
        "printf '%s\\0' call \"$@\" >> \"${{0%/*}}/calls\"\nexec '{}' \"$@\"\n",
        engine().program()
    );
    s.script("recording", &text).into_string()
}

#[test]
fn operands_follow_two_dashes() {
    let s = Sandbox::new();
    let image = Image::new().busybox().build(&s, "a");
    let program = recording(&s);
    s.write("Dockerfile", format!("FROM {image}\nARG A\nLABEL x=1\n"));
    s.write("context/file", "x");
    let built = s.image("built");
    let build = serde_json::json!({"dockerfile": "Dockerfile", "context": "context", "args": {"A": "-- --rm"}});
    s.write(
        "plan.json",
        serde_json::json!({"name": built, "build": build}).to_string(),
    );
    s.write(
        "bad.json",
        serde_json::json!({"name": s.image("bad"), "build": {"dockerfile": "Bad"}}).to_string(),
    );
    s.write("Bad", format!("FROM {image}\nENV A=1\nRUN false\n"));
    let (name, archive) = (s.image("a"), s.archive("a"));
    let tag = s.image("tagged");
    let line = format!(
        "export IMG_RUN=1 IMG_ENGINE='{program}'; imgsave {image} && imgload --force {archive} && \"$IMG_ENGINE\" rmi {image} && imgload {name} &&
         imgload --tag {tag}:1 {name} && imgbuild plan.json && ! imgbuild bad.json && imgls && imgls --check && imgprune --release 1 --max-size 0 --rmi --orphans"
    );
    s.sh(&line).code(0);
    let calls = s.read("calls");
    let calls: Vec<Vec<&str>> = calls
        .split("call\0")
        .skip(1)
        .map(|call| call.trim_end_matches('\0').split('\0').collect())
        .collect();
    let mut seen = Vec::new();
    for words in &calls {
        let verbs = if words.get(1) == Some(&"inspect") {
            2
        } else {
            1
        };
        seen.push(words[..verbs].join(" "));
        let flags = words[verbs..].iter().take_while(|word| **word != "--");
        let mut before = "";
        for word in flags {
            let is_fine = word.starts_with('-') || WITH_VALUE.contains(&before);
            // The harness's own call.
            let own = words.as_slice() == ["rmi", image.as_str()];
            assert!(is_fine || own, "{word} in {words:?}");
            before = word;
        }
    }
    for verb in [
        "build",
        "image inspect",
        "load",
        "rmi",
        "save",
        "tag",
        "version",
        "images",
        "ps",
    ] {
        assert!(
            seen.iter().any(|seen| seen == verb),
            "no {verb} in {seen:?}"
        );
    }
}

#[test]
fn one_crate_starts_programs_and_none_starts_a_shell() {
    let crates = folders::workspace().join("crates");
    let mut folders = vec![crates];
    let mut starting = Vec::new();
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir_utf8().expect("a folder") {
            let entry = entry.expect("an entry");
            let path = entry.path();
            if path.is_dir() && path.file_name() != Some("tests") {
                folders.push(path.to_owned());
            }
            if path.extension() != Some("rs") || path.as_str().ends_with("tests.rs") {
                continue;
            }
            read += 1;
            let text = std::fs::read_to_string(path).expect("a source file");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let starts = [
                "Command::new",
                "duct::",
                "process::Command",
                "execv",
                "fork(",
            ];
            if starts.iter().any(|word| code.contains(word)) {
                starting.push(
                    path.strip_prefix(folders::workspace())
                        .expect("inside")
                        .to_string(),
                );
            }
            let starting = ["engine", "program", "remote"];
            let is_near = |name: &&str| path.as_str().contains(&format!("/crates/{name}/"));
            let is_starting = starting.iter().any(is_near);
            for shell in ["\"sh\"", "\"bash\"", "/bin/sh", "\"-c\""] {
                assert!(!is_starting || !code.contains(shell), "{shell} in {path}");
            }
        }
    }
    assert!(read > 100, "{read}");
    starting.sort();
    // The first asks Git for the commit at build time.
    assert_eq!(
        starting,
        [
            "crates/process/src/call.rs",
            "crates/process/src/child.rs",
            "crates/ui/build.rs",
        ]
    );
}
