//! The checks of the result, and its destination.

use super::*;

#[test]
fn an_image_that_lacks_what_was_asked_for_is_refused() {
    let s = Sandbox::new();
    with_base(&s);
    recipe(&s, "RUN echo nothing");
    let before = traces(&s);
    let plan = |wanted: &str| {
        format!(
            r#"{{"name":"{}","needs_build":true,"best_base_image_path":"{}","requirements":{{"project":"{}",{wanted}}}}}"#,
            s.image("tool"),
            s.archive("base"),
            s.project()
        )
    };
    for (wanted, text) in [
        (r#""os":"debian:12","compilers":["gcc-12"]"#, "lacks gcc-12"),
        (r#""os":"debian:13""#, "is `debian:12`, not `debian:13`"),
    ] {
        let refused = build(&s, &plan(wanted));
        refused.fails("imgbuild", 5, text);
        assert_eq!(traces(&s), before, "{refused}");
    }
}

#[test]
fn what_is_registered_keeps_its_place_and_tag() {
    let s = Sandbox::new();
    let plan = with_base(&s);
    recipe(&s, "RUN echo one > /built");
    let registry = s.read("image-registry.yml");
    let (name, tag) = (s.image("tool"), format!("{}-own:7", s.project()));
    s.write(
        "image-registry.yml",
        format!(
            "{registry}  - name: {name} # ours\n    file: images/own place.tar\n    docker_tag: {tag}\n    \
             os: 'debian:12'\n    architecture: amd64\n    pinned: true\n"
        ),
    );
    build(&s, &plan).ok().stdout("images/own place.tar\n");
    assert!(engine().has(&tag) && !engine().has(&format!("{name}:latest")));
    s.forget(&tag);
    s.run("imgload", [&name]).ok().stdout(&format!("{tag}\n"));
    let registry = s.read("image-registry.yml");
    for line in [
        "# ours\n",
        "os: 'debian:12'\n",
        "pinned: true\n",
        "fingerprint: ",
    ] {
        assert!(registry.contains(line), "{line} is not in\n{registry}");
    }
}

#[test]
fn a_ready_image_is_passed_through_if_it_is_there() {
    let s = Sandbox::without_engine();
    let (path, missing) = (s.archive("base"), s.archive("none"));
    s.write(&path, "");
    s.write("image-registry.yml", "version: 1.0\nimages: []\n");
    let ready = |path: &str, flag: &str| format!("{{\"best_image_path\":\"{path}\"{flag}}}");
    for flag in ["", ",\"needs_build\":false", ",\"needs_build\":\"false\""] {
        build(&s, &ready(&path, flag))
            .ok()
            .silent()
            .stdout(&format!("{path}\n"));
    }
    build(&s, &ready(&missing, "")).fails("imgbuild", 4, &missing);
    build(&s, &ready("/etc/passwd", "")).fails("imgbuild", 3, "outside");
    let two = format!("[{},{}]", ready(&missing, ""), ready(&path, ""));
    s.command("imgbuild")
        .args(["--keep-going", "-0"])
        .input(two)
        .run()
        .code(4)
        .stdout(&format!("{path}\0"));
    s.write("plan.json", ready(&path, ""));
    s.sh("imgbuild plan.json plan.json | true; imgbuild plan.json | head -0")
        .ok()
        .silent();
    build(&s, "").fails("imgbuild", 3, "did the command before it fail?");
    build(&s, "[]").fails("imgbuild", 3, "holds no plan");
    for text in ["", "\n", "[]"] {
        s.write("empty.json", text);
        s.run("imgbuild", ["empty.json"])
            .fails("imgbuild", 3, "empty.json: holds no plan");
    }
    s.run("imgbuild", ["images"])
        .fails("imgbuild", 3, "is a folder");
    s.command("imgbuild")
        .arg("--rebuild")
        .input(ready(&path, ""))
        .run()
        .ok()
        .stdout(&format!("{path}\n"))
        .stderr_has("has a match and needs no build");
}
