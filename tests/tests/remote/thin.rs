//! Thin archives: published whole, fetched thin.

use pipeline_tests::{Registry, Sandbox};

use crate::common::{config_digest, debian, entry, image, layer, on_the_way, save};

const BASE: &str = "own-debian-12-base";
const THIN: &str = "own-debian-12-thin";

/// A store with a base and a thin archive on it, and the thin image's ID.
fn store(s: &Sandbox) -> String {
    let base = debian(80_000);
    let thin = image(vec![base.clone(), layer("own", 20_000)]);
    save(s, &image(vec![base]), BASE, &[]);
    save(s, &thin, THIN, &["--thin", "--base", BASE]);
    assert_eq!(entry(s, THIN)["thin"].as_bool(), Some(true));
    assert!(s.read_bytes(&archive(THIN)).len() < 60_000);
    thin.image_id().to_string()
}

fn archive(name: &str) -> String {
    format!("images/own/{name}.tar")
}

#[test]
fn a_thin_archive_is_published_whole_and_its_base_is_sent_once() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let id = store(&s);
    let to = format!("{}/ci", registry.address());
    s.run("imgpush", ["--insecure", "--to", &to, BASE]).ok();
    registry.reset();
    let printed = s.run("imgpush", ["--insecure", "--to", &to, THIN]);
    let reference = printed.ok().line().to_owned();
    let sent: u64 = registry.requests().iter().map(|it| it.sent).sum();
    assert!(
        (20_000..60_000).contains(&sent),
        "{sent}: {:?}",
        registry.requests()
    );
    assert_eq!(config_digest(&s, &reference), id);
    // A store that has neither gets all layers.
    let other = Sandbox::without_engine();
    other
        .run("imgfetch", ["--insecure", "--json", &reference])
        .ok();
    other.run("imgls", ["--check", "--no-engine"]).ok();
    assert_eq!(entry(&other, THIN)["image_id"].as_str(), Some(&*id));
    assert!(entry(&other, THIN)["thin"].is_null());
}

#[test]
fn a_thin_archive_alone_is_published_with_all_layers() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let id = store(&s);
    let to = format!("{}/ci", registry.address());
    let printed = s.run("imgpush", ["--insecure", "--to", &to, THIN]);
    let reference = printed.ok().line().to_owned();
    assert_eq!(config_digest(&s, &reference), id);
    let sent: u64 = registry.requests().iter().map(|it| it.sent).sum();
    assert!(sent > 100_000, "{sent}");
    // Without its base, it cannot be published.
    s.remove(&archive(BASE));
    s.run(
        "imgpush",
        ["--insecure", "--to", &format!("{to}/again"), THIN],
    )
    .fails("imgpush", 4, BASE);
}

#[test]
fn a_clone_has_thin_archives_again() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    store(&s);
    let to = format!("{}/ci", registry.address());
    s.run("imgpush", ["--insecure", "--to", &to, BASE, THIN])
        .ok();
    let before = s.read("image-registry.yml");
    s.sh("rm -r images").ok();
    registry.reset();
    // Fetched alone, it brings its base along.
    s.run("imgfetch", ["--insecure", THIN])
        .ok()
        .stdout(&format!("{}\n", archive(THIN)));
    // They are now what the registry has: compressed, under its manifests.
    let after = s.read("image-registry.yml");
    let without = |text: &str| {
        let lines = text.lines();
        let lines = lines.filter(|line| !line.starts_with("    manifest: "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without(&after), without(&before));
    for line in after.lines().filter(|line| line.contains("    remote: ")) {
        let (_, digest) = line.split_once('@').expect("a digest");
        assert!(
            after.contains(&format!("    manifest: {digest}\n")),
            "{after}"
        );
    }
    assert!(s.path(archive(BASE)).exists());
    s.run("imgls", ["--check", "--no-engine"]).ok();
    let served: u64 = registry.requests().iter().map(|it| it.served).sum();
    assert!((100_000..160_000).contains(&served), "{served}");
    assert_eq!(on_the_way(&s), [""; 0]);
}
