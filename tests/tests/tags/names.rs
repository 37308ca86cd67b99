//! Valid tags, and that exactly the requested tag is set.

use pipeline_tests::{Sandbox, Watched, engine};
use samples::Dice;

use super::{Layout, image, write, write_all};

/// The prefixes of an existing tag and a requested one: two names, in Docker or in podman.
const OTHERS: [(&str, &str); 3] = [
    ("", "localhost/"),
    ("localhost/", ""),
    ("localhost/", "docker.io/library/"),
];

#[test]
fn the_very_tag_is_set_that_was_asked_for() {
    let s = Sandbox::new();
    let image = image(&s, &mut Dice::new(pipeline_tests::seed() + 10), 100);
    let id = Some(image.image_id().to_string());
    write(&s, "a.tar", &image, Layout::Docker, &[]);
    s.run("imgsave", ["--name", &s.image("a"), "a.tar"]).ok();
    let registry = s.read("image-registry.yml");
    let own = format!("docker_tag: {}:latest", s.image("a"));
    assert!(registry.contains(&own), "{registry}");
    s.run("imgload", ["--no-lease", &s.image("a")]).ok();
    let mut number = 0;
    for (present, asked) in OTHERS {
        for way in ["--tag", "archive", "registry"] {
            number += 1;
            let name = format!("{}-n{number}:1", s.project());
            let (present, asked) = (format!("{present}{name}"), format!("{asked}{name}"));
            let tagged = engine().read(&["tag", &s.image("a"), &present]);
            assert!(tagged.is_some(), "{present}");
            let outcome = match way {
                "--tag" => s.run("imgload", ["--tag", &asked, "a.tar"]),
                "archive" => {
                    let names = std::slice::from_ref(&asked);
                    write(&s, "b.tar", &image, Layout::Docker, names);
                    s.run("imgload", ["b.tar"])
                }
                _ => {
                    let text = format!("docker_tag: '{asked}'");
                    s.write("image-registry.yml", registry.replace(&own, &text));
                    s.run("imgload", ["--no-lease", &s.image("a")])
                }
            };
            let shown = asked.trim_start_matches("docker.io/library/");
            outcome.ok().stdout(&format!("{shown}\n"));
            assert_eq!(engine().id(&asked), id, "{present} {way} {outcome}");
            s.write("image-registry.yml", &registry);
        }
    }
}

#[test]
fn a_tag_that_two_images_of_an_archive_claim_is_refused_before_anything_is_loaded() {
    let s = Sandbox::new();
    let mut dice = Dice::new(pipeline_tests::seed() + 11);
    let (one, two) = (image(&s, &mut dice, 100), image(&s, &mut dice, 100));
    let watched = Watched::new(&s);
    let name = |text: &str| text.replace('x', &format!("{}-x", s.project()));
    for (first, second) in [
        ("x:1", "x:1"),
        ("x", "x:latest"),
        ("docker.io/library/x:1", "x:1"),
        ("localhost/x:1", "x:1"),
    ] {
        let is_shared = engine().is_podman() || !first.starts_with("localhost");
        for layout in [Layout::Docker, Layout::Oci] {
            let (first, second) = (name(first), name(second));
            let names = [[name("x-own:1"), first], [name("x-other:1"), second]];
            write_all(
                &s,
                "both.tar",
                layout,
                &[(&one, &names[0]), (&two, &names[1])],
            );
            for force in [None, Some("--force")] {
                let words = ["--engine", watched.program(), "both.tar"];
                let outcome = s.run("imgload", force.into_iter().chain(words));
                if is_shared {
                    outcome.fails("imgload", 4, "two images of the archive claim the tag");
                    assert_eq!(watched.loads(), 0, "{outcome}");
                    assert_eq!(engine().images_of(s.project()), [""; 0], "{outcome}");
                } else {
                    outcome.ok();
                    for (image, names) in [(&one, &names[0]), (&two, &names[1])] {
                        let id = Some(image.image_id().to_string());
                        assert!(names.iter().all(|name| engine().id(name) == id));
                    }
                }
            }
        }
    }
}

#[test]
fn what_engines_read_as_an_image_id_is_no_tag() {
    let s = Sandbox::new();
    let image = image(&s, &mut Dice::new(pipeline_tests::seed() + 12), 100);
    let hex = "5".repeat(64);
    let names = [
        "sha256:1".to_owned(),
        format!("sha256:{hex}"),
        format!("docker.io/library/sha256:{hex}"),
        format!("sha256:1@{}", image.image_id()),
        hex.clone(),
        format!("{hex}:1"),
        format!("docker.io/library/{hex}:1"),
    ];
    let watched = Watched::new(&s);
    write(&s, "plain.tar", &image, Layout::Docker, &[]);
    s.run("imgsave", ["--name", &s.image("i"), "plain.tar"])
        .ok();
    let registry = s.read("image-registry.yml");
    let own = format!("docker_tag: {}:latest", s.image("i"));
    assert!(registry.contains(&own), "{registry}");
    let load = |words: &[&str]| {
        let words = words.iter().chain(&["--no-lease", "--engine"]);
        s.run(
            "imgload",
            words
                .copied()
                .chain([watched.program()])
                .collect::<Vec<_>>(),
        )
    };
    for name in &names {
        load(&["--tag", name, "plain.tar"]).fails("imgload", 2, "image ID");
        write(
            &s,
            "named.tar",
            &image,
            Layout::Docker,
            std::slice::from_ref(name),
        );
        load(&["named.tar"]).fails("imgload", 4, "image ID");
        let text = format!("docker_tag: '{name}'");
        s.write("image-registry.yml", registry.replace(&own, &text));
        load(&[&s.image("i")]).fails("imgload", 3, "image ID");
        s.write("image-registry.yml", &registry);
    }
    assert_eq!(watched.loads(), 0);
}
