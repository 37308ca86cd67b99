//! No image is its own base.

use super::*;

#[test]
fn a_plan_whose_base_is_the_image_itself_is_refused() {
    let s = Sandbox::new();
    let plan = with_base(&s);
    recipe(&s, "RUN true");
    build(&s, &plan).ok();
    let registry = s.read("image-registry.yml");
    let alias = format!("{}-alias:3", s.project());
    let tag = format!("docker_tag: {}:latest", s.image("tool"));
    let aliased = registry.replace(&tag, &format!("{tag}\n    aliases: ['{alias}']"));
    assert_ne!(aliased, registry);
    s.write("image-registry.yml", aliased);
    let before = traces(&s);
    let (name, path) = (s.image("tool"), s.archive("tool"));
    let absolute = s.path(&path);
    for base in [
        format!(r#""best_base_image_path":"{path}""#),
        format!(r#""best_base_image_path":"./images/../{path}""#),
        format!(r#""best_base_image_path":"{absolute}""#),
        format!(r#""base_image":"{name}""#),
        format!(r#""base_image":"{name}:latest""#),
        format!(r#""base_image":"docker.io/library/{name}:latest""#),
        format!(r#""base_image":"{alias}""#),
    ] {
        let plan = format!(
            r#"{{"name":"{name}",{base},"requirements":{{"project":"{}","os":"debian:12","packages":["xx"]}}}}"#,
            s.project()
        );
        for words in [&[][..], &["--thin"], &["-n"], &["--jobs", "2"], &["--pull"]] {
            let refused = s.command("imgbuild").args(words).input(&*plan).run();
            refused
                .fails("imgbuild", 3, &format!("{name}: is its own base"))
                .stderr_has("hint: ")
                .stdout("");
            assert_eq!(traces(&s), before, "{refused}");
        }
    }
    // Before anything of the call is built.
    let fine = format!(
        r#"{{"name":"{}","best_base_image_path":"{}","build":{{"steps":[{{"run":"true"}}]}}}}"#,
        s.image("fine"),
        s.archive("base")
    );
    let own = format!(r#"{{"name":"{name}","best_base_image_path":"{path}"}}"#);
    let refused = build(&s, &format!("{fine}\n{own}"));
    refused.fails("imgbuild", 3, "is its own base").stdout("");
    let outcome = s
        .command("imgbuild")
        .args(["-q", "--keep-going"])
        .input(format!("{own}\n{fine}"))
        .run();
    outcome.code(3).stdout(&(s.archive("fine") + "\n"));
}

#[test]
fn a_build_file_that_names_the_image_itself_is_refused() {
    let s = Sandbox::new();
    let plan = with_base(&s);
    recipe(&s, "RUN true");
    build(&s, &plan).ok();
    let before = traces(&s);
    let name = s.image("tool");
    for text in [
        format!("FROM {name}\nRUN true\n"),
        format!("ARG BASE_IMAGE\nFROM $BASE_IMAGE\nCOPY --from={name}:latest /random /x\n"),
    ] {
        let path = format!("images/{}/Dockerfile.{name}", s.project());
        s.write(&path, text);
        build(&s, &plan)
            .fails("imgbuild", 3, "uses the image itself")
            .stderr_lacks("building");
        recipe(&s, "RUN true");
        assert_eq!(traces(&s), before);
    }
}

#[test]
fn no_thin_image_stands_on_one_that_stands_on_it() {
    let s = Sandbox::new();
    let plan = |name: &str, base: &str, run: &str| {
        format!(
            r#"{{"name":"{}","best_base_image_path":"{}","build":{{"steps":[{{"run":"{run}"}}]}}}}"#,
            s.image(name),
            s.archive(base)
        )
    };
    with_base(&s);
    let thin = |plan: String| {
        s.command("imgbuild")
            .args(["-q", "--thin"])
            .input(plan)
            .run()
    };
    thin(plan("a", "base", "echo 1 > /a")).ok();
    thin(plan("b", "a", "echo 1 > /b")).ok();
    let before = traces(&s);
    let (a, b) = (s.image("a"), s.image("b"));
    let says = format!("bases form a cycle: {a} -> {b} -> {a}");
    thin(plan("a", "b", "echo 2 > /a")).fails("imgbuild", 3, &says);
    assert_eq!(traces(&s), before);
    s.run("imgcat", [&b, "/a", "/b"]).ok().stdout("1\n1\n");
}
