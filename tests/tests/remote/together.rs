//! Several commands at once.

use pipeline_tests::{Registry, Sandbox};

use crate::common::{on_the_way, publish, save, two_layers};

#[test]
fn one_fetches_and_the_others_find_it_there() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let image = two_layers(400_000);
    let reference = publish(&s, &registry, &image, "ci/capy:1");
    let line = format!("for i in 1 2 3; do imgfetch --insecure {reference} & done; wait");
    let path = "images/capy/capy-debian-12-1.tar\n";
    s.sh(&line).ok().stdout(&path.repeat(3)).silent();
    let blobs = registry.requests_of("GET /blobs/");
    let large = blobs.iter().filter(|it| it.served > 300_000).count();
    assert_eq!(large, 1, "{blobs:?}");
    s.run("imgls", ["--check", "--no-engine"]).ok();
    assert_eq!(on_the_way(&s), [""; 0]);
}

#[test]
fn two_that_publish_one_image_agree() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    save(&s, &two_layers(200_000), "own-debian-12-base", &[]);
    let to = format!("{}/ci", registry.address());
    let line = format!(
        "for i in 1 2; do imgpush --insecure --quiet --to {to} own-debian-12-base & done; wait"
    );
    let printed = s.sh(&line);
    let lines: Vec<_> = printed.ok().stdout.lines().collect();
    assert!(lines.len() == 2 && lines[0] == lines[1], "{printed}");
    assert_eq!(on_the_way(&s), [""; 0]);
}
