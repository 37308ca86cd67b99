//! Detects Docker or podman, and counts the calls for it.

#[path = "common/stand_in.rs"]
mod stand_in;

use std::os::unix::fs::symlink;

use engine::Engine;
use stand_in::{StandIn, tag};

const DOCKER: &str =
    r#"{"Client":{"Version":"28.5.2","ApiVersion":"1.41"},"Server":{"Version":"28.5.2"}}"#;
const PODMAN: &str = r#"{"Client":{"APIVersion":"4.3.1","Version":"4.3.1"}}"#;
/// Docker's command line in front of podman's service.
const SERVICE: &str = r#"{"Client":{"Version":"28.5.2","ApiVersion":"1.41"},
    "Server":{"Version":"4.3.1","Components":[{"Name":"Podman Engine"}]}}"#;

/// Graph drivers show the paths of layers.
const DRIVER: &str = r#""GraphDriver":{"Data":{"UpperDir":"/x"},"Name":"overlay2"},"#;

fn id(number: usize) -> String {
    format!("{number:064}")
}

/// An engine that finds image `number` by the names of each shell pattern, and records its calls.
fn engine(version: &str, images: &[(&str, usize, &str)]) -> StandIn {
    let found = |(pattern, number, json): &(&str, usize, &str)| {
        let prefix = if version == PODMAN { "" } else { "sha256:" };
        let id = id(*number);
        format!(r#"{pattern}) echo '{{"Id":"{prefix}{id}",{json}}}';;"#)
    };
    let found: String = images.iter().map(found).collect();
    StandIn::new(&format!(
        r#"version) echo version >>${{0%/*}}/calls; echo '{version}';;
        image) shift 5; echo "$*" >>${{0%/*}}/calls; status=0
        for name; do case $name in {found}
        *) echo "Error: No such image: $name" >&2; status=1;; esac; done
        exit $status;;
        tag) echo "$*" >>${{0%/*}}/calls;;"#
    ))
}

/// The images under these names, by number.
#[expect(clippy::unwrap_used, reason = "a test's helper")]
fn numbers(engine: &Engine, names: &[&str]) -> Vec<Option<usize>> {
    let found = engine.inspect(names).unwrap();
    let number = |image: &engine::ImageInfo| image.id.hex().parse().unwrap();
    found
        .iter()
        .map(|image| image.as_ref().map(number))
        .collect()
}

#[test]
fn an_engine_is_asked_for_its_version_only_if_images_do_not_show_it() {
    let short = format!(r#"{DRIVER}"RepoTags":["a:1"]"#);
    let with_host = format!(r#"{DRIVER}"RepoTags":["r.example/a:1"]"#);
    let of_hub = format!(r#"{DRIVER}"RepoTags":["docker.io/library/a:1"]"#);
    let local = format!(r#"{DRIVER}"RepoTags":["localhost/a:1"]"#);
    // podman resolves `a:1` to this image, but imgpipe does not.
    let other = format!(r#"{DRIVER}"RepoTags":["quay.io/z/a:1"]"#);
    let no_driver = r#""RepoTags":["a:1"]"#;
    let docker = "a:1|docker.io/library/a:1";
    for (what, version, images, names, numbers_found, calls) in [
        (
            "Docker",
            DOCKER,
            vec![(docker, 1, short.as_str())],
            &["a:1"][..],
            vec![Some(1)],
            "a:1\n",
        ),
        (
            "Docker, one of two is there",
            DOCKER,
            vec![(docker, 1, &short)],
            &["b:1", "a:1"],
            vec![None, Some(1)],
            "b:1 a:1\n",
        ),
        (
            "Docker, only names with a host",
            DOCKER,
            vec![("r.example/a:1", 1, &with_host)],
            &["r.example/a:1"],
            vec![Some(1)],
            "r.example/a:1\nversion\n",
        ),
        (
            "Docker, nothing is there",
            DOCKER,
            vec![],
            &["a:1"],
            vec![None],
            "a:1\n",
        ),
        (
            "Docker that may not hold all of the image",
            DOCKER,
            vec![(docker, 1, no_driver)],
            &["a:1"],
            vec![Some(1)],
            "a:1\nversion\n",
        ),
        (
            "podman",
            PODMAN,
            vec![(docker, 1, &of_hub)],
            &["a:1"],
            vec![Some(1)],
            "a:1\nlocalhost/a:1 docker.io/library/a:1\n",
        ),
        (
            "podman, another image by the short name",
            PODMAN,
            vec![("a:1|quay.io/z/a:1", 1, &other)],
            &["a:1"],
            vec![None],
            "a:1\nlocalhost/a:1 docker.io/library/a:1\n",
        ),
        (
            "podman, nothing is there by the short name",
            PODMAN,
            vec![],
            &["a:1"],
            vec![None],
            "a:1\n",
        ),
        (
            "podman's service",
            SERVICE,
            vec![("a:1|localhost/a:1", 1, &local)],
            &["a:1"],
            vec![Some(1)],
            "a:1\nversion\nlocalhost/a:1 docker.io/library/a:1\n",
        ),
        (
            "podman's service, another image by the short name",
            SERVICE,
            vec![("a:1|quay.io/z/a:1", 1, &other)],
            &["a:1"],
            vec![None],
            "a:1\nversion\nlocalhost/a:1 docker.io/library/a:1\n",
        ),
    ] {
        let stand_in = engine(version, &images);
        assert_eq!(numbers(&stand_in.engine, names), numbers_found, "{what}");
        assert_eq!(stand_in.file("calls").as_deref(), Some(calls), "{what}");
        // The engine's known flavor stays known.
        assert_eq!(numbers(&stand_in.engine, names), numbers_found, "{what}");
        let all = stand_in.file("calls").unwrap();
        let last = calls.lines().rfind(|call| *call != "version").unwrap();
        let more = all.strip_prefix(calls).unwrap();
        assert!(
            more == format!("{last}\n") || (what.contains("all of") && more.contains("version")),
            "{what}: {more}"
        );
    }
}

#[test]
fn an_engine_that_an_image_has_shown_is_not_asked_before_it_tags() {
    let short = format!(r#"{DRIVER}"RepoTags":["a:1"]"#);
    let stand_in = engine(DOCKER, &[("a:1", 1, &short)]);
    assert_eq!(numbers(&stand_in.engine, &["a:1"]), [Some(1)]);
    stand_in.engine.tag("a:1", &tag("b")).unwrap();
    let calls = stand_in.file("calls");
    assert_eq!(calls.as_deref(), Some("a:1\ntag -- a:1 b:1\n"));
}

/// podman under its own name gets its own spellings at once. If Docker has that name, they are useless.
#[test]
fn the_name_of_the_program_only_spells_the_first_question() {
    let of_hub = format!(r#"{DRIVER}"RepoTags":["docker.io/library/a:1"]"#);
    let short = format!(r#"{DRIVER}"RepoTags":["a:1"]"#);
    // On Docker `localhost/a:1` is another image than `a:1`.
    let local = format!(r#"{DRIVER}"RepoTags":["localhost/a:1"]"#);
    let both = "localhost/a:1 docker.io/library/a:1\n";
    for (version, images, calls) in [
        (
            PODMAN,
            vec![("docker.io/library/a:1", 1, of_hub.as_str())],
            both.to_owned(),
        ),
        (
            DOCKER,
            vec![
                ("a:1|docker.io/library/a:1", 1, &short),
                ("localhost/a:1", 2, &local),
            ],
            format!("{both}a:1\n"),
        ),
    ] {
        let stand_in = engine(version, &images);
        let path = stand_in.folder.path();
        symlink(path.join("engine"), path.join("podman")).unwrap();
        let podman = Engine::new(path.join("podman"));
        assert_eq!(numbers(&podman, &["a:1"]), [Some(1)]);
        assert_eq!(stand_in.file("calls"), Some(calls));
    }
}

/// podman matches `x:1` with any name that ends so, and shows `docker.io/library/x:1` as Docker would.
#[test]
fn who_answers_is_not_guessed_from_names() {
    let one = r#""RepoTags":["docker.io/library/one:1"]"#;
    let two = r#""RepoTags":["quay.io/z/two:1"]"#;
    for version in [PODMAN, SERVICE] {
        let images = [
            ("docker.io/library/one:1|one:1", 1, one),
            ("two:1|quay.io/z/two:1", 2, two),
        ];
        let stand_in = engine(version, &images);
        for names in [["one:1", "two:1"], ["two:1", "one:1"]] {
            let expected = names.map(|name| (name == "one:1").then_some(1));
            assert_eq!(numbers(&stand_in.engine, &names), expected, "{names:?}");
        }
    }
}
