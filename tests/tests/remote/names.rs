//! The names of fetched images.

use pipeline_tests::{Registry, Sandbox};

use crate::common::{digest, entry, on_the_way, publish, two_layers};

#[test]
fn a_name_comes_from_the_reference_and_the_image() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    for (path, flags, name) in [
        ("library/web:1.27", &[][..], "web-debian-12-1.27"),
        ("ci/web", &[], "web-debian-12-latest"),
        ("ci/debian:12", &[], "debian-debian-12-base"),
        ("ci/capy-debian-12-gcc12:7", &[], "capy-debian-12-gcc12"),
        ("ci/My_App:V2", &[], ""),
        (
            "ci/web:1.28",
            &["--project", "shop"],
            "shop-debian-12-web1.28",
        ),
        (
            "ci/web:slim",
            &["--project", "shop"],
            "shop-debian-12-web-slim",
        ),
        (
            "ci/debian:13",
            &["--project", "shop"],
            "shop-debian-12-base",
        ),
        (
            "ci/web:1.29",
            &["--project", "shop", "--variant", "front"],
            "shop-debian-12-front",
        ),
        ("ci/web:1.30", &["--name", "x-debian-12-y"], "x-debian-12-y"),
    ] {
        if name.is_empty() {
            let reference = format!("{}/{path}", registry.address());
            s.run("imgfetch", [&reference])
                .fails("imgfetch", 3, "upper-case");
            continue;
        }
        let reference = publish(&s, &registry, &two_layers(1000), path);
        let command = s.command("imgfetch").args(["--insecure", "--json"]);
        let printed = command.args(flags).arg(&reference).run();
        assert_eq!(printed.ok().json()[0]["name"], name, "{path}");
    }
    s.run("imgls", ["--check", "--no-engine"]).ok();
}

#[test]
fn a_name_that_is_taken_is_not_taken_over_by_chance() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let one = publish(&s, &registry, &two_layers(1000), "one/web:1");
    let two = publish(&s, &registry, &two_layers(1000), "two/web:1");
    s.run("imgfetch", ["--insecure", &one]).ok();
    let before = s.read("image-registry.yml");
    s.run("imgfetch", ["--insecure", &two])
        .fails(
            "imgfetch",
            3,
            "another image is registered as `web-debian-12-1`",
        )
        .stderr_has("--name");
    assert_eq!(s.read("image-registry.yml"), before);
    s.run("imgls", ["--check", "--no-engine"]).ok();
    // A given name is used.
    s.run(
        "imgfetch",
        ["--insecure", "--name", "web-debian-12-1", &two],
    )
    .ok()
    .stderr_has("replaces another image");
    s.run("imgls", ["--check", "--no-engine"]).ok();
    assert_eq!(on_the_way(&s), [""; 0]);
}

#[test]
fn one_name_is_for_one_image_and_must_comply() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let one = publish(&s, &registry, &two_layers(1000), "ci/one:1");
    let run = |name: &str, more: &[&str], input: &str| {
        let command = s.command("imgfetch").args(["--insecure", "--name", name]);
        command.args(more).input(input).run()
    };
    run("a-debian-12-b", &[&one, &one], "").fails("imgfetch", 2, "`--name` names one image");
    run("a-debian-12-b", &[], &format!("{one}\n{one}\n"))
        .code(2)
        .stdout("images/a/a-debian-12-b.tar\n")
        .stderr_has("`--name` names one image");
    run("nonsense", &[&one], "").fails("imgfetch", 3, "`nonsense`");
    run("A-debian-12-B", &[&one], "")
        .fails("imgfetch", 3, "`A-debian-12-B`")
        .stderr_has("--normalize");
    run("A-debian-12-C", &["--normalize", &one], "")
        .ok()
        .stdout("images/a/a-debian-12-c.tar\n");
}

#[test]
fn an_image_keeps_the_reference_that_it_was_fetched_by() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let reference = publish(&s, &registry, &two_layers(1000), "ci/web:1");
    s.run("imgfetch", ["--insecure", &reference]).ok();
    let aliases = |name: &str| {
        let value = entry(&s, name)["aliases"].clone();
        let list = value.as_sequence().cloned().unwrap_or_default();
        let texts = list.iter().filter_map(|alias| alias.as_str());
        texts.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(aliases("web-debian-12-1"), [reference.as_str()]);
    // Under another tag, it is the same image.
    let other = publish(&s, &registry, &two_layers(1000), "ci/shop:1");
    s.run("imgfetch", ["--insecure", "--project", "p", &other])
        .ok();
    assert_eq!(aliases("p-debian-12-shop1"), [other.as_str()]);
    // A given name is used, and a digest is no tag.
    s.run(
        "imgfetch",
        ["--insecure", "--name", "p-debian-12-x", &other],
    )
    .ok();
    assert_eq!(aliases("p-debian-12-x"), [""; 0]);
    let pinned = format!("{other}@{}", digest(&s, &other));
    s.run("imgfetch", ["--insecure", "--project", "q", &pinned])
        .ok();
    assert_eq!(aliases("q-debian-12-shop1"), [""; 0]);
}

#[test]
fn a_word_that_is_not_registered_is_said_to_be_one_of_docker_hubs() {
    let s = Sandbox::without_engine();
    // skopeo's message without a network.
    let skopeo = |what: &str| {
        let fatal = format!(r#"echo 'time="x" level=fatal msg="{what}"' >&2; exit 1"#);
        s.script("skopeo", &format!("echo call >> calls; {fatal}"));
        let command = s.command("imgfetch").args(["--skopeo", "./skopeo"]);
        s.write("calls", "");
        command
    };
    let lookup = "pinging container registry registry-1.docker.io: dial tcp: lookup registry-1.docker.io: no such host";
    let failed = skopeo(lookup).arg("nosuch").run();
    failed
        .fails("imgfetch", 5, "no such host")
        .stderr_has("hint: `nosuch` is not registered; as a reference it means docker.io/library/nosuch:latest\n");
    assert_eq!(failed.stderr.lines().count(), 2, "{failed}");
    assert_eq!(s.read("calls"), "call\n", "it was not tried again");
    let failed = skopeo("manifest unknown").arg("nosuch:7").run();
    failed
        .fails("imgfetch", 4, "no such image")
        .stderr_has("it means docker.io/library/nosuch:7\n");
    // Other hints stay, and a reference with a registry is no misunderstanding.
    let failed = skopeo("denied").arg("nosuch").run();
    failed
        .stderr_has("not registered")
        .stderr_has("skopeo login");
    let failed = skopeo(lookup).arg("registry.example/nosuch").run();
    failed.code(5).stderr_lacks("not registered");
}
