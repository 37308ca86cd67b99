//! Credentials come from the usual files.

use pipeline_tests::{LOGIN, Registry, Sandbox, Tokens};

use crate::common::{debian, image};

/// A file of credentials for a registry, in the common format.
fn credentials(s: &Sandbox, registry: &Registry, path: &str, password: &str) -> String {
    let file = s.write(path, "{}");
    s.command("skopeo")
        .args([
            "login",
            "--tls-verify=false",
            "--username",
            LOGIN.0,
            "--password-stdin",
        ])
        .args(["--authfile", path, &registry.address()])
        .input(LOGIN.1)
        .run()
        .ok();
    let right = s.read(path);
    let parsed: serde_json::Value = serde_json::from_str(&right).expect("JSON");
    let encoded = parsed["auths"][registry.address()]["auth"].as_str();
    let encoded = encoded.expect("a login").to_owned();
    if password != LOGIN.1 {
        s.write(path, right.replace(&encoded, "Y2k6d3Jvbmc="));
    }
    file.into_string()
}

/// A store with an image to publish.
fn store() -> Sandbox {
    let s = Sandbox::without_engine();
    let image = image(vec![debian(1000)]);
    s.write("own.tar", image.classic());
    s.run("imgsave", ["--name", "own-debian-12-base", "own.tar"])
        .ok();
    s
}

#[test]
fn without_a_login_nothing_goes_either_way() {
    let (s, registry) = (store(), Registry::with_login());
    let to = format!("{}/ci", registry.address());
    s.run("imgpush", ["--insecure", "--to", &to, "own-debian-12-base"])
        .fails("imgpush", 5, "denied access")
        .stderr_has("--authfile");
    s.run("imgfetch", ["--insecure", &format!("{to}/x:1")])
        .fails("imgfetch", 5, "denied access")
        .stderr_has("skopeo login");
    let wrong = credentials(&s, &registry, "wrong.json", "wrong");
    registry.reset();
    s.run(
        "imgfetch",
        ["--insecure", "--authfile", &wrong, &format!("{to}/x:1")],
    )
    .fails("imgfetch", 5, "denied access");
    assert!(registry.requests().len() <= 3, "{:?}", registry.requests());
}

#[test]
fn credentials_are_where_other_tools_put_them() {
    let (s, registry) = (store(), Registry::with_login());
    let to = format!("{}/ci", registry.address());
    let file = credentials(&s, &registry, "home/.docker/config.json", LOGIN.1);
    let home = s.path("home");
    s.run(
        "sh",
        [
            "-c",
            "mkdir empty && cp home/.docker/config.json 'auth file.json'",
        ],
    )
    .ok();
    let empty = s.path("empty");
    let reference = format!("{to}/own-debian-12-base");
    for (name, flags, variables) in [
        (
            "--authfile",
            &["--authfile", "auth file.json"][..],
            [("HOME", empty.as_str()), ("A", "")],
        ),
        (
            "REGISTRY_AUTH_FILE",
            &[],
            [
                ("HOME", empty.as_str()),
                ("REGISTRY_AUTH_FILE", file.as_str()),
            ],
        ),
        ("docker's", &[], [("HOME", home.as_str()), ("A", "")]),
    ] {
        let run = |program: &str, words: &[&str]| {
            let command = s.command(program).arg("--insecure").args(flags).args(words);
            // A session without credentials.
            let command = command.variable("XDG_RUNTIME_DIR", empty.as_str());
            variables
                .iter()
                .fold(command, |command, (name, value)| {
                    command.variable(name, value)
                })
                .run()
        };
        run("imgpush", &["--to", &to, "own-debian-12-base"]).ok();
        s.sh("rm -r images/own").ok();
        let fetched = run("imgfetch", &["own-debian-12-base"]);
        fetched.ok().stdout("images/own/own-debian-12-base.tar\n");
        // Its reference means the registered image.
        run("imgfetch", &[&reference]).ok();
        assert!(!fetched.stderr.contains("auth"), "{name}: {fetched}");
    }
}

/// Like Docker Hub, GHCR and Harbor.
#[test]
fn a_registry_may_ask_for_tokens_of_another_server() {
    let (s, tokens) = (store(), Tokens::start());
    let registry = Registry::with_tokens(&tokens);
    let to = format!("{}/ci", registry.address());
    let push = |flags: &[&str]| {
        let command = s.command("imgpush").arg("--insecure").args(flags);
        command.args(["--to", &to, "own-debian-12-base"]).run()
    };
    push(&[])
        .fails("imgpush", 5, "denied access")
        .stderr_has("--authfile");
    assert!(!tokens.asked().is_empty(), "nobody came for a token");
    let file = credentials(&s, &registry, "auth.json", LOGIN.1);
    push(&["--authfile", &file]).ok();
    let repository = "repository:ci/own-debian-12-base";
    let asked = tokens.asked();
    assert!(
        (asked.iter())
            .any(|asked| asked.starts_with(&format!("ci {repository}:")) && asked.contains("push")),
        "{asked:?}"
    );
    s.sh("rm -r images/own").ok();
    let fetch = |flags: &[&str]| {
        let command = s.command("imgfetch").arg("--insecure").args(flags);
        command.arg("own-debian-12-base").run()
    };
    fetch(&[]).fails("imgfetch", 5, "denied access");
    fetch(&["--authfile", &file])
        .ok()
        .stdout("images/own/own-debian-12-base.tar\n");
    let wrong = credentials(&s, &registry, "wrong.json", "wrong");
    s.sh("rm -r images/own").ok();
    fetch(&["--authfile", &wrong]).fails("imgfetch", 5, "denied access");
    assert!(!s.path("images/own").exists() || s.files("images/own").is_empty());
}
