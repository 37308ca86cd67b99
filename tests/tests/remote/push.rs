//! Published images, and layers that are not sent again.

use pipeline_tests::{Registry, Sandbox};

use crate::common::{
    config_digest, debian, digest, entry, image, layer, on_the_way, publish, save, two_layers,
};

/// Bytes of bodies that were sent to a registry.
fn sent(registry: &Registry) -> u64 {
    registry.requests().iter().map(|it| it.sent).sum()
}

#[test]
fn what_is_published_is_the_same_image_under_the_printed_digest() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let image = two_layers(50_000);
    save(&s, &image, "own-debian-12-base", &[]);
    let to = format!("{}/team/ci", registry.address());
    let printed = s.run("imgpush", ["--insecure", "--to", &to, "own-debian-12-base"]);
    let reference = printed.ok().line().to_owned();
    let name = format!("{to}/own-debian-12-base");
    assert_eq!(reference, format!("{name}@{}", digest(&s, &name)));
    assert_eq!(config_digest(&s, &reference), image.image_id().to_string());
    let remote = entry(&s, "own-debian-12-base")["remote"].clone();
    assert_eq!(remote.as_str(), Some(&*reference));
    assert_eq!(on_the_way(&s), [""; 0]);
    // It can be fetched with only the registry's file.
    s.sh("rm -r images").ok();
    s.run("imgfetch", ["--insecure", "--all"]).ok();
    s.run("imgls", ["--check", "--no-engine"]).ok();
    assert_eq!(
        entry(&s, "own-debian-12-base")["image_id"].as_str(),
        Some(&*image.image_id().to_string())
    );
}

#[test]
fn names_come_from_other_commands_and_references_go_to_them() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let image = two_layers(5_000);
    save(&s, &image, "own-debian-12-base", &[]);
    let to = format!("{}/ci", registry.address());
    let push = format!("imgpush --insecure --to {to}");
    let remote = s
        .sh(&format!("imgls --no-engine | {push}"))
        .ok()
        .line()
        .to_owned();
    for line in [
        format!("imgls --no-engine --json | {push}"),
        format!("imgsave images/own/own-debian-12-base.tar | {push}"),
        format!("imgsave --json images/own/own-debian-12-base.tar | {push}"),
        format!("imgfetch --insecure --no-lease {remote} | {push}"),
        format!("imgfetch --insecure --no-lease --json {remote} | {push}"),
        format!("imgprune --no-engine -n own-debian-12-base | {push}"),
    ] {
        assert_eq!(s.sh(&line).ok().line(), remote, "{line}");
    }
    for form in ["", "--json"] {
        let other = Sandbox::without_engine();
        for (consumer, expected) in [
            ("imgls --no-engine - | cut -f 1", "own-debian-12-base\n"),
            ("imgcat - etc/os-release | head -n 1", "ID=debian\n"),
            (
                "imgfetch --insecure --no-lease",
                "images/own/own-debian-12-base.tar\n",
            ),
            (
                "imgprune --no-engine -n -",
                "images/own/own-debian-12-base.tar\n",
            ),
            (
                &format!("(cd '{}' && imgfetch --insecure)", other.root()),
                "images/own/own-debian-12-base.tar\n",
            ),
        ] {
            let line = format!("{push} {form} own-debian-12-base | {consumer}");
            s.sh(&line).ok().stdout(expected);
        }
    }
}

#[test]
fn what_is_there_is_not_sent_again() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let base = debian(60_000);
    let own = image(vec![base.clone(), layer("own", 20_000)]);
    save(&s, &image(vec![base]), "own-debian-12-base", &[]);
    save(&s, &own, "own-debian-12-more", &[]);
    let to = format!("{}/ci", registry.address());
    let push = |name: &str| {
        registry.reset();
        let printed = s.run("imgpush", ["--insecure", "--json", "--to", &to, name]);
        printed.ok().json()[0].clone()
    };
    let first = push("own-debian-12-base");
    assert_eq!(first["sent"], true);
    assert!(sent(&registry) > 60_000);
    let again = push("own-debian-12-base");
    assert_eq!(
        (&again["sent"], &again["digest"]),
        (&false.into(), &first["digest"])
    );
    assert_eq!(sent(&registry), 0, "{:?}", registry.requests());
    push("own-debian-12-more");
    // The registry does not know its base here: the layers are in another repository, so they are sent.
    let more = sent(&registry);
    assert!(more > 20_000, "{more}");
    // A second version under the same tag sends only new layers.
    let newer = image(vec![own.layers[0].clone(), layer("newer", 30_000)]);
    save(&s, &newer, "own-debian-12-more", &[]);
    let printed = push("own-debian-12-more");
    assert_eq!(printed["sent"], true);
    let rest = sent(&registry);
    assert!((30_000..60_000).contains(&rest), "{rest}");
}

#[test]
fn the_config_says_where_to() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    save(&s, &two_layers(1000), "own-debian-12-base", &[]);
    s.run("imgpush", ["--insecure", "own-debian-12-base"])
        .fails("imgpush", 2, "no destination given")
        .stderr_has("images.remote");
    let config = |remote: &str| {
        s.write(".localci.yml", format!("images: {{remote: '{remote}'}}\n"));
    };
    config("no registry");
    s.run("imgpush", ["--insecure", "own-debian-12-base"])
        .fails("imgpush", 3, ".localci.yml:1:18");
    config(&format!("{}/ci", registry.address()));
    s.run("imgpush", ["--insecure", "own-debian-12-base"]).ok();
    // A name that only the registry has is fetched from there.
    s.sh("rm -r images image-registry.yml").ok();
    s.run("imgfetch", ["--insecure", "own-debian-12-base"])
        .ok()
        .stdout("images/own/own-debian-12-base.tar\n");
    s.run("imgls", ["--check", "--no-engine"]).ok();
}

#[test]
fn what_can_t_be_published_is_told() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let to = format!("{}/ci", registry.address());
    let push = |to: &str, name: &str| {
        let words = ["--insecure", "--retry", "0", "--to", to, name];
        s.run("imgpush", words)
    };
    push(&to, "own-debian-12-none").fails("imgpush", 4, "no image of that name is registered");
    save(&s, &two_layers(50_000), "own-debian-12-base", &[]);
    let before = s.read("image-registry.yml");
    push("127.0.0.1:1/ci", "own-debian-12-base").fails("imgpush", 5, "connection refused");
    push("ci", "own-debian-12-base").fails("imgpush", 3, "names no registry");
    // A damaged layer is not published.
    let archive = "images/own/own-debian-12-base.tar";
    let whole = s.read_bytes(archive);
    let mut damaged = whole.clone();
    let at = damaged.len() / 2;
    damaged[at] ^= 1;
    s.write(archive, &damaged);
    push(&to, "own-debian-12-base").fails("imgpush", 4, "own-debian-12-base");
    s.write(archive, &whole[..whole.len() / 2]);
    push(&to, "own-debian-12-base").fails("imgpush", 4, "own-debian-12-base");
    s.remove(archive);
    push(&to, "own-debian-12-base").fails("imgpush", 4, "own-debian-12-base");
    assert_eq!(registry.requests_of("PUT /manifests/").len(), 0);
    assert_eq!(s.read("image-registry.yml"), before);
    assert_eq!(on_the_way(&s), [""; 0]);
}

#[test]
fn several_are_published_in_order() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    for name in ["one-debian-12-base", "two-debian-12-base"] {
        save(&s, &two_layers(1000), name, &[]);
    }
    let to = format!("{}/ci", registry.address());
    let printed = s
        .command("imgpush")
        .args(["--insecure", "--keep-going", "--to", &to])
        .input("one-debian-12-base\nnone\ntwo-debian-12-base\n")
        .run();
    let lines: Vec<_> = printed.code(4).stdout.lines().collect();
    let names: Vec<_> = lines
        .iter()
        .map(|line| line.rsplit('/').next().unwrap_or_default())
        .map(|name| name.split('@').next().unwrap_or_default())
        .collect();
    assert_eq!(names, ["one-debian-12-base", "two-debian-12-base"]);
}

#[test]
fn what_was_fetched_is_still_found_by_its_reference_when_it_is_published() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let reference = publish(&s, &registry, &two_layers(1000), "library/tool:1");
    s.run("imgfetch", ["--insecure", &reference]).ok();
    let to = format!("{}/ci", registry.address());
    s.run("imgpush", ["--insecure", "--to", &to, "tool-debian-12-1"])
        .ok();
    s.run("imgfetch", ["--offline", &reference])
        .ok()
        .stdout("images/tool/tool-debian-12-1.tar\n");
    // If the archive is gone, the published image is the same.
    s.remove("images/tool/tool-debian-12-1.tar");
    s.run("imgfetch", ["--insecure", &reference])
        .ok()
        .stdout("images/tool/tool-debian-12-1.tar\n");
    // The reference still works.
    publish(&s, &registry, &two_layers(2000), "library/tool:1");
    s.run("imgfetch", ["--insecure", "--update", &reference])
        .ok()
        .stdout("images/tool/tool-debian-12-1.tar\n");
    assert_eq!(s.read("image-registry.yml").matches("name: ").count(), 1);
}
