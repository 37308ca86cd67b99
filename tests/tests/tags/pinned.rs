//! References with a tag and a digest: the engine gets the tag, and the digest is checked.

use pipeline_tests::{Sandbox, Watched, engine};
use samples::{Dice, Packing, Tar, TestImage};

use super::{Layout, image, manifest, write};

const WRONG: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// The possible names of `x:1` in an archive, and whether another engine image of that name is in their way.
#[test]
fn a_digest_behind_a_tag_moves_no_other_images_tag() {
    let s = Sandbox::new();
    let mut dice = Dice::new(pipeline_tests::seed());
    let (mine, other) = (image(&s, &mut dice, 100), image(&s, &mut dice, 100));
    let tag = format!("{}-x:1", s.project());
    let own = mine.image_id().to_string();
    write(
        &s,
        "mine.tar",
        &mine,
        Layout::Docker,
        std::slice::from_ref(&tag),
    );
    s.run("imgload", ["mine.tar"])
        .ok()
        .stdout(&format!("{tag}\n"));
    let config = other.image_id().to_string();
    for (layout, digest, code) in [
        (Layout::Docker, WRONG, 4),
        // The archive lacks the digest of its manifest.
        (Layout::Docker, elsewhere(&other).as_str(), 4),
        (Layout::Docker, config.as_str(), 1),
        (Layout::Oci, WRONG, 4),
        (Layout::Oci, config.as_str(), 1),
        (Layout::Oci, manifest(&other).as_str(), 1),
    ] {
        let spellings = ["", "docker.io/library/"];
        for spelled in spellings.map(|host| format!("{host}{tag}@{digest}")) {
            write(
                &s,
                "other.tar",
                &other,
                layout,
                std::slice::from_ref(&spelled),
            );
            let outcome = s.run("imgload", ["other.tar"]);
            outcome.fails("imgload", code, "other.tar");
            assert_eq!(
                engine().id(&tag).as_ref(),
                Some(&own),
                "{spelled}\n{outcome}"
            );
        }
        write(
            &s,
            "other.tar",
            &other,
            layout,
            &[format!("{tag}@{digest}")],
        );
        let forced = s.run("imgload", ["--force", "other.tar"]);
        if code == 4 {
            forced.fails("imgload", 4, "not `");
            assert_eq!(engine().id(&tag).as_ref(), Some(&own), "{forced}");
            continue;
        }
        forced.ok().stdout(&format!("{tag}\n"));
        assert_eq!(engine().id(&tag).as_ref(), Some(&config), "{forced}");
        s.run("imgload", ["--force", "mine.tar"]).ok();
    }
}

/// The digest of a manifest with the image that is in no archive.
fn elsewhere(image: &TestImage) -> String {
    let (_, descriptor) = image.blobs(Tar::new(), Packing::Gzip);
    descriptor["digest"].as_str().expect("a digest").to_owned()
}

#[test]
fn a_pinned_reference_of_the_registry_moves_no_other_images_tag() {
    let s = Sandbox::new();
    let mut dice = Dice::new(pipeline_tests::seed() + 5);
    let (mine, other) = (image(&s, &mut dice, 100), image(&s, &mut dice, 100));
    let id = mine.image_id().to_string();
    let held = other.image_id().to_string();
    let tag = format!("{}-p:1", s.project());
    write(&s, "mine.tar", &mine, Layout::Docker, &[]);
    write(
        &s,
        "other.tar",
        &other,
        Layout::Docker,
        std::slice::from_ref(&tag),
    );
    s.run("imgsave", ["--name", &s.image("p"), "mine.tar"]).ok();
    let registry = s.read("image-registry.yml");
    let plain = format!("{}:latest", s.image("p"));
    let own = format!("docker_tag: {plain}");
    assert!(registry.contains(&own), "{registry}");
    for (docker_tag, alias, also) in [
        ("pinned", "", ""),
        ("", "pinned", ""),
        ("", "", "pinned"),
        ("plain", "", ""),
        ("", "plain", ""),
        ("", "", "plain"),
        ("plain", "", "pinned"),
    ] {
        let spell = |how: &str| match how {
            "pinned" => format!("{tag}@{id}"),
            "plain" => tag.clone(),
            _ => plain.clone(),
        };
        let text = format!(
            "docker_tag: '{}'\n    aliases: ['{}']",
            spell(docker_tag),
            spell(alias)
        );
        s.write("image-registry.yml", registry.replace(&own, &text));
        s.run("imgload", ["--force", "other.tar"]).ok();
        let mut words = vec![s.image("p"), "--no-lease".into(), "--no-record".into()];
        if !also.is_empty() {
            words.push(format!("--tag={}", spell(also)));
        }
        let outcome = s.run("imgload", &words);
        let case = format!("{docker_tag}, {alias}, {also}: {outcome}");
        if [docker_tag, alias, also].contains(&"plain") {
            outcome.ok();
            assert_eq!(engine().id(&tag).as_ref(), Some(&id), "{case}");
            continue;
        }
        outcome.fails("imgload", 1, "another image tagged");
        assert_eq!(engine().id(&tag).as_ref(), Some(&held), "{case}");
        words.push("--force".into());
        s.run("imgload", &words).ok();
        assert_eq!(engine().id(&tag).as_ref(), Some(&id), "{case}");
    }
}

#[test]
fn a_digest_without_a_tag_gives_no_tag() {
    let s = Sandbox::new();
    let image = image(&s, &mut Dice::new(pipeline_tests::seed() + 1), 100);
    let id = image.image_id().to_string();
    let name = format!("{}-y@{id}", s.project());
    write(
        &s,
        "y.tar",
        &image,
        Layout::Docker,
        std::slice::from_ref(&name),
    );
    s.run("imgload", ["y.tar"]).ok().stdout(&format!("{id}\n"));
    assert_eq!(engine().images_of(s.project()), [""; 0]);
    let tag = format!("{}-y:1", s.project());
    s.run("imgload", ["--tag", &name, "y.tar"])
        .fails("imgload", 2, "has no tag");
    s.run("imgload", ["--tag", &format!("{tag}@{id}"), "y.tar"])
        .ok()
        .stdout(&format!("{tag}\n"));
    assert_eq!(engine().id(&tag), Some(id));
}

#[test]
fn the_registry_pins_too() {
    let s = Sandbox::new();
    let image = image(&s, &mut Dice::new(pipeline_tests::seed() + 2), 100);
    let id = image.image_id().to_string();
    write(
        &s,
        "z.tar",
        &image,
        Layout::Oci,
        &[format!("{}-z", s.project())],
    );
    s.run("imgsave", ["--name", &s.image("z"), "z.tar"]).ok();
    let registry = s.read("image-registry.yml");
    let own = format!("docker_tag: {}:latest", s.image("z"));
    assert!(registry.contains(&own), "{registry}");
    let tag = format!("{}-z:1", s.project());
    let pinned = |docker_tag: &str, alias: &str| {
        let text = format!("docker_tag: '{docker_tag}'\n    aliases: ['{alias}']");
        s.write("image-registry.yml", registry.replace(&own, &text));
        s.run("imgload", ["--no-lease", &s.image("z")])
    };
    let other = format!("{}-other:1", s.project());
    for (docker_tag, alias) in [
        (format!("{tag}@{WRONG}"), other.clone()),
        (tag.clone(), format!("{other}@{WRONG}")),
    ] {
        pinned(&docker_tag, &alias).fails("imgload", 4, "not `");
        assert!(!engine().has(&tag) && !engine().has(&other));
    }
    pinned(&format!("{tag}@{id}"), &format!("{other}@{id}"))
        .ok()
        .stdout(&format!("{tag}\n"));
    assert_eq!(engine().id(&tag).as_ref(), Some(&id));
    assert_eq!(engine().id(&other), Some(id));
    // The engine has it under its tag: nothing is sent, and imgls finds it.
    let watched = Watched::new(&s);
    s.run(
        "imgload",
        ["--no-lease", "--engine", watched.program(), &s.image("z")],
    )
    .ok();
    assert_eq!(watched.loads(), 0);
    let listed = s.run("imgls", ["--json", &s.image("z")]);
    assert_eq!(listed.ok().json()[0]["loaded"], true, "{listed}");
    s.run("imgprune", ["--rmi", &s.image("z")]).ok();
    assert!(!engine().has(&tag) && !engine().has(&other));
}
