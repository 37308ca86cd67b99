//! Registered images come from their `remote`, with the pinned digests.

use pipeline_tests::{Registry, Sandbox};

use crate::common::{entry, on_the_way, publish, two_layers};

const ONE: &str = "images/one/one-debian-12-1.tar";

/// A store with two fetched images and only its registry, as in a fresh clone.
fn cloned(s: &Sandbox, registry: &Registry) -> [String; 2] {
    let references = ["one", "two"].map(|name| {
        let reference = publish(s, registry, &two_layers(20_000), &format!("ci/{name}:1"));
        s.run("imgfetch", ["--insecure", &reference]).ok();
        reference
    });
    s.sh("rm -r images").ok();
    registry.reset();
    references
}

#[test]
fn a_registry_file_alone_is_enough_for_a_whole_store() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let _ = cloned(&s, &registry);
    let before = s.read("image-registry.yml");
    let both = format!("{ONE}\nimages/two/two-debian-12-1.tar\n");
    s.run("imgfetch", ["--insecure", "--all"])
        .ok()
        .stdout(&both);
    s.run("imgls", ["--check", "--no-engine"]).ok();
    // The same images are the same archives: nothing is left to commit.
    assert_eq!(s.read("image-registry.yml"), before);
    registry.reset();
    s.run("imgfetch", ["--all"]).ok().stdout(&both);
    assert_eq!(registry.requests().len(), 0);
    // Only the missing one is requested.
    s.remove(ONE);
    s.run("imgfetch", ["--insecure", "--all"])
        .ok()
        .stdout(&both);
    let requests = registry.requests();
    assert!(requests.iter().all(|it| !it.path.contains("/two/")));
    assert_eq!(on_the_way(&s), [""; 0]);
}

#[test]
fn a_tag_that_moved_is_an_error_and_the_registered_name_is_what_was_pinned() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let [one, _] = cloned(&s, &registry);
    let before = s.read("image-registry.yml");
    let moved = publish(&s, &registry, &two_layers(5000), "ci/one:1");
    assert_eq!(one, moved);
    s.run("imgfetch", ["--insecure", &one])
        .fails("imgfetch", 4, "has changed")
        .stderr_has("hint: use --update for the new image");
    assert_eq!(s.read("image-registry.yml"), before);
    assert_eq!(s.files("images/one"), [""; 0]);
    s.run("imgfetch", ["--insecure", "one-debian-12-1"])
        .ok()
        .stdout(&format!("{ONE}\n"));
    assert_eq!(s.read("image-registry.yml"), before);
}

#[test]
fn update_follows_a_tag() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let [one, _] = cloned(&s, &registry);
    s.run("imgfetch", ["--insecure", "--all"]).ok();
    let old = entry(&s, "one-debian-12-1");
    let image = two_layers(5000);
    publish(&s, &registry, &image, "ci/one:1");
    // Without --update, the present one is used.
    s.run("imgfetch", ["--insecure", &one]).ok();
    assert_eq!(entry(&s, "one-debian-12-1"), old);
    for operand in [&one, "one-debian-12-1"] {
        let printed = s.run("imgfetch", ["--insecure", "--json", "--update", operand]);
        let printed = &printed.ok().json()[0];
        assert_eq!(printed["image_id"], image.image_id().to_string());
        // The second time there is nothing new.
        assert_eq!(printed["fetched"], operand == one.as_str());
    }
    let new = entry(&s, "one-debian-12-1");
    assert_ne!(new["remote"], old["remote"]);
    assert_eq!(
        new["image_id"].as_str(),
        Some(&*image.image_id().to_string())
    );
    s.run("imgls", ["--check", "--no-engine"]).ok();
}

#[test]
fn what_is_published_must_be_what_is_registered() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let _ = cloned(&s, &registry);
    // The digest of another image's manifest with this one's ID.
    let text = s.read("image-registry.yml");
    let remote = |name: &str| entry(&s, name)["remote"].as_str().expect("text").to_owned();
    let (one, two) = (remote("one-debian-12-1"), remote("two-debian-12-1"));
    s.write("image-registry.yml", text.replace(&one, &two));
    s.run("imgfetch", ["--insecure", "one-debian-12-1"])
        .fails("imgfetch", 4, "is registered");
    // A digest that does not exist.
    let nothing = format!(
        "{}@sha256:{}",
        &one[..one.find('@').expect("@")],
        "0".repeat(64)
    );
    s.write("image-registry.yml", text.replace(&one, &nothing));
    s.run("imgfetch", ["--insecure", "one-debian-12-1"])
        .fails("imgfetch", 4, "has no such image");
    // Without a `remote`.
    let without: Vec<_> = text
        .lines()
        .filter(|line| !line.contains("remote:"))
        .collect();
    s.write("image-registry.yml", without.join("\n") + "\n");
    s.run("imgfetch", ["--insecure", "one-debian-12-1"])
        .fails("imgfetch", 4, "has no `remote`")
        .stderr_has("imgpush");
    assert_eq!(s.files("images/one"), [""; 0]);
}
