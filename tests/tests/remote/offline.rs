//! Without a registry, present images are found.

use pipeline_tests::{Registry, Sandbox};

use crate::common::{publish, two_layers};

#[test]
fn what_is_in_the_store_needs_no_registry() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let reference = publish(&s, &registry, &two_layers(1000), "ci/capy:1");
    s.run("imgfetch", ["--insecure", &reference]).ok();
    drop(registry);
    for flags in [&[][..], &["--offline"]] {
        for operand in [&reference, "capy-debian-12-1"] {
            // Not even the program is needed.
            let command = s
                .command("imgfetch")
                .args(["--skopeo", "/nonexistent/skopeo"]);
            let done = command.args(flags).arg(operand).run();
            done.ok()
                .stdout("images/capy/capy-debian-12-1.tar\n")
                .silent();
        }
    }
}

#[test]
fn offline_reaches_no_registry() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let one = publish(&s, &registry, &two_layers(1000), "ci/one:1");
    let two = publish(&s, &registry, &two_layers(1000), "ci/two:1");
    s.run("imgfetch", ["--insecure", &one]).ok();
    registry.reset();
    s.run("imgfetch", ["--insecure", "--offline", &two])
        .fails("imgfetch", 4, "is not in the store")
        .stderr_has("--offline");
    s.remove("images/one/one-debian-12-1.tar");
    s.run("imgfetch", ["--insecure", "--offline", "--all"])
        .fails("imgfetch", 4, "one-debian-12-1: is not in the store");
    assert_eq!(registry.requests().len(), 0);
    s.run("imgfetch", ["--offline", "--update", &one]).code(2);
}

#[test]
fn what_was_never_published_is_there_where_it_is_there() {
    let s = Sandbox::without_engine();
    let archive = s.write("sound.tar", two_layers(1000).oci(samples::Packing::Plain));
    s.run(
        "imgsave",
        ["--name", "capy-debian-12-own", archive.as_str()],
    )
    .ok();
    for flags in [&[][..], &["--offline"]] {
        let command = s
            .command("imgfetch")
            .args(["--skopeo", "/nonexistent/skopeo"]);
        command
            .args(flags)
            .arg("capy-debian-12-own")
            .run()
            .ok()
            .stdout("images/capy/capy-debian-12-own.tar\n");
    }
    s.remove("images/capy/capy-debian-12-own.tar");
    s.run("imgfetch", ["capy-debian-12-own"]).fails(
        "imgfetch",
        4,
        "is not in the store and has no `remote` in the registry",
    );
}
