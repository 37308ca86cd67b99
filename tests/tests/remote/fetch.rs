//! Downloads: the result, the requests, and that neither an engine nor root is needed.

use pipeline_tests::{Registry, Sandbox};
use samples::Tar;

use crate::common::{
    config_digest, debian, digest, entry, image, layer, on_the_way, publish, publish_as, two_layers,
};

/// The name and the archive of the fetched `capy:1`.
const NAME: &str = "capy-debian-12-1";
const ARCHIVE: &str = "images/capy/capy-debian-12-1.tar\n";

#[test]
fn an_image_arrives_whole_and_is_registered_with_its_digest() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let image = two_layers(100_000);
    let reference = publish(&s, &registry, &image, "ci/capy:1");
    s.run("imgfetch", ["--insecure", &reference])
        .ok()
        .stdout(ARCHIVE);
    let entry = entry(&s, NAME);
    assert_eq!(
        entry["image_id"].as_str(),
        Some(&*image.image_id().to_string())
    );
    let expected = format!("{reference}@{}", digest(&s, &reference));
    assert_eq!(entry["remote"].as_str(), Some(&*expected));
    assert_eq!(entry["os"].as_str(), Some("debian:12"));
    s.run("imgls", ["--check", "--no-engine", NAME]).ok();
    let random = s.run("imgcat", ["--tar", NAME, "more"]);
    assert!(random.ok().stdout.len() > 10_000);
    assert_eq!(on_the_way(&s), [""; 0]);
}

#[test]
fn json_says_where_it_came_from_and_whether_it_was_fetched_now() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let image = two_layers(1000);
    let reference = publish(&s, &registry, &image, "ci/capy:1");
    for fetched in [true, false] {
        let printed = s.run("imgfetch", ["--insecure", "--json", &reference]);
        let printed = &printed.ok().json()[0];
        assert_eq!(printed["fetched"], fetched);
        assert_eq!(printed["name"], NAME);
        assert_eq!(printed["path"], ARCHIVE.trim());
        assert_eq!(printed["image_id"], image.image_id().to_string());
        let remote = printed["remote"].as_str().expect("a reference");
        assert!(
            remote.starts_with(&format!("{reference}@sha256:")),
            "{remote}"
        );
        assert_eq!(printed["size"], s.read_bytes(ARCHIVE.trim()).len());
    }
}

#[test]
fn what_is_there_is_not_asked_for_again() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let reference = publish(&s, &registry, &two_layers(1000), "ci/capy:1");
    s.run("imgfetch", ["--insecure", &reference]).ok();
    registry.reset();
    for operand in [&reference, NAME, "capy-debian-12-1:latest", ARCHIVE.trim()] {
        s.run("imgfetch", ["--insecure", operand])
            .ok()
            .stdout(ARCHIVE);
    }
    assert_eq!(registry.requests().len(), 0);
}

#[test]
fn layers_that_other_archives_hold_are_not_downloaded() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let base = debian(50_000);
    let (first, second) = (layer("first", 20_000), layer("second", 30_000));
    let one = publish(&s, &registry, &image(vec![base.clone(), first]), "ci/one:1");
    let two = publish(&s, &registry, &image(vec![base, second]), "ci/two:1");
    s.run("imgfetch", ["--insecure", &one]).ok();
    let all: u64 = registry.requests().iter().map(|it| it.served).sum();
    assert!(all > 70_000, "{all}");
    registry.reset();
    s.run("imgfetch", ["--insecure", &two]).ok();
    let rest: u64 = registry.requests().iter().map(|it| it.served).sum();
    assert!((30_000..50_000).contains(&rest), "{rest}");
    s.run("imgls", ["--check", "--no-engine"]).ok();
}

#[test]
fn layers_may_be_compressed_in_any_way_or_none() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    for (name, flags) in [
        ("gzip", &["--format", "v2s2"][..]),
        ("oci", &["--format", "oci"]),
        (
            "zstd",
            &["--format", "oci", "--dest-compress-format", "zstd"],
        ),
        ("plain", &["--format", "oci", "--dest-decompress"]),
    ] {
        let image = two_layers(5000);
        let reference = publish_as(&s, &registry, &image, &format!("ci/{name}:1"), flags);
        let config = config_digest(&s, &reference);
        let printed = s.run("imgfetch", ["--insecure", "--json", &reference]);
        let printed = &printed.ok().json()[0];
        assert_eq!(printed["image_id"], config, "{name}");
    }
    s.run("imgls", ["--check", "--no-engine"]).ok();
}

#[test]
fn several_images_come_in_order_and_a_failure_ends_it() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let one = publish(&s, &registry, &two_layers(1000), "ci/one:1");
    let two = publish(&s, &registry, &two_layers(1000), "ci/two:1");
    let none = format!("{}/ci/none:1", registry.address());
    let lines = format!("{one}\n{none}\n{two}\n");
    let run = |flags: &[&str]| {
        let command = s.command("imgfetch").arg("--insecure").args(flags);
        command.input(lines.as_str()).run()
    };
    run(&[])
        .code(4)
        .stdout("images/one/one-debian-12-1.tar\n")
        .stderr_has(&format!("imgfetch: {none}: the registry has no such image"));
    run(&["--keep-going"])
        .code(4)
        .stdout("images/one/one-debian-12-1.tar\nimages/two/two-debian-12-1.tar\n");
}

#[test]
fn an_image_without_a_layer_or_a_system_is_called_scratch() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let scratch = image(vec![Tar::new().file("hello", "world").bytes()]);
    let empty = image(Vec::new());
    for (path, image) in [("ci/tool:2", &scratch), ("ci/empty:2", &empty)] {
        let reference = publish(&s, &registry, image, path);
        let name = format!("{}-scratch-2", &path[3..path.len() - 2]);
        let (project, _) = name.split_once('-').expect("a project");
        s.run("imgfetch", ["--insecure", &reference])
            .ok()
            .stdout(&format!("images/{project}/{name}.tar\n"));
        assert_eq!(on_the_way(&s), [""; 0]);
        s.run("imgls", ["--check", "--no-engine", &name]).ok();
    }
}

#[test]
fn what_is_no_image_is_refused() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    for (operand, code, text) in [
        (
            format!("{}/ci/none:1", registry.address()),
            4,
            "has no such image",
        ),
        ("127.0.0.1:1/ci/x:1".into(), 5, "connection refused"),
        ("UPPER".into(), 3, "`UPPER`"),
        ("a b".into(), 3, "`a b`"),
    ] {
        s.run("imgfetch", ["--insecure", "--retry", "0", &operand])
            .fails("imgfetch", code, text);
    }
    // Over TLS, which it does not speak.
    let reference = publish(&s, &registry, &two_layers(1000), "ci/capy:1");
    s.run("imgfetch", ["--retry", "0", &reference])
        .fails("imgfetch", 5, "no TLS connection to the registry")
        .stderr_has("hint: use --insecure for a registry with plain HTTP");
    assert!(!s.path("image-registry.yml").exists());
    s.command("imgfetch")
        .args(["--skopeo", "/nonexistent/skopeo", &reference])
        .run()
        .fails("imgfetch", 5, "`/nonexistent/skopeo` was not found")
        .stderr_has("hint: install skopeo");
}

#[test]
fn nobody_in_particular_fetches_and_pushes() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let reference = publish(&s, &registry, &two_layers(1000), "ci/capy:1");
    // Below /tmp, not in the target folder, which other users may be unable to read.
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().to_str().expect("UTF-8");
    let lines = format!(
        "cp \"$(command -v imgfetch)\" \"$(command -v imgpush)\" {home} && cd {home} && PATH={home}:$PATH HOME={home}
        unset XDG_RUNTIME_DIR
        if [ \"$(id -u)\" = 0 ]; then
            chown -R nobody {home}
            set -- setpriv --reuid nobody --regid nogroup --clear-groups
        fi
        \"$@\" sh -ec '
            [ \"$(id -u)\" != 0 ]
            imgfetch --insecure {reference}
            imgpush --insecure --to {}/own capy-debian-12-1'",
        registry.address()
    );
    let printed = s.sh(&lines);
    let remote = format!("{}/own/capy-debian-12-1@sha256:", registry.address());
    let lines: Vec<_> = printed.ok().stdout.lines().collect();
    assert_eq!(lines[0], ARCHIVE.trim());
    assert!(lines[1].starts_with(&remote), "{printed}");
}
