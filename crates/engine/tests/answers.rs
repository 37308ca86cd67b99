//! Answers of engines, and missing answers, by scripts.

#[path = "common/stand_in.rs"]
mod stand_in;

use failure::Reported as _;
use std::io::{self, Read, Write};

use engine::{Build, BuildFile, Engine, Error, Input, LoadError, SaveError, StoreKind};
use stand_in::{StandIn, tag};

/// Larger than any pipe's buffer.
const MUCH: usize = 4 * 1024 * 1024;

fn feed(stream: &mut Input) -> io::Result<()> {
    stream.write_all(&vec![0; MUCH])
}

fn drain(stream: &mut dyn Read) -> io::Result<u64> {
    io::copy(stream, &mut io::sink())
}

#[test]
fn no_program() {
    let error = Engine::new("imgpipe-no-such-engine").probe().unwrap_err();
    assert_eq!(
        error.to_string(),
        "engine program `imgpipe-no-such-engine` was not found"
    );
    assert!(error.hint().is_some());
    let error = Engine::new("/etc/passwd").probe().unwrap_err();
    assert!(matches!(error, Error::Start { .. }), "{error:?}");
}

#[test]
fn no_engine_behind_the_program() {
    let down = "echo 'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?' >&2; exit 1";
    let stand_in = StandIn::new(&format!("image|load|save) {down};;"));
    let unreachable = |error: Error| {
        assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
        assert!(error.hint().is_some() && error.tail().is_some());
    };
    unreachable(stand_in.engine.inspect(&["x:1"]).unwrap_err());
    match stand_in.engine.load(feed) {
        Err(LoadError::Engine(error)) => unreachable(error),
        other => panic!("{other:?}"),
    }
    match stand_in.engine.save("x:1", drain) {
        Err(SaveError::Engine(error)) => unreachable(error),
        other => panic!("{other:?}"),
    }
}

#[test]
fn neither_docker_nor_podman() {
    let stand_in = StandIn::new("version) echo '{\"Client\":{\"Version\":\"v1.7\"}}';;");
    let error = stand_in.engine.probe().unwrap_err();
    assert!(matches!(error, Error::BadOutput { .. }), "{error:?}");
}

#[test]
fn version_is_asked_once() {
    let stand_in = StandIn::new(
        "version) echo \"$VERSION\"; echo asked >>${0%/*}/version;;\ninfo) echo null;;",
    );
    for _ in 0..3 {
        let engine = stand_in.engine.clone();
        assert_eq!(engine.store().unwrap(), StoreKind::GraphDriver);
        assert!(engine.held().unwrap().is_empty());
        assert_eq!(engine.inspect(&["x"]).unwrap(), [None]);
    }
    assert_eq!(stand_in.file("version").as_deref(), Some("asked\n"));
}

/// Docker 26 with containerd's store shows an image with missing layers, and does not list it. Size and layers may be null.
#[test]
fn an_image_that_is_shown_and_not_listed_is_not_whole() {
    let image = |number: usize, driver: &str| {
        let id = format!("{number:064}");
        format!(
            r#"echo '{{"Id":"sha256:{id}","RepoTags":["x:{number}"],"Size":null,{driver}"RootFS":{{"Type":"layers","Layers":["sha256:{id}"]}}}}'"#
        )
    };
    let version = |version: &str| {
        format!(
            r#"version) echo '{{"Client":{{"Version":"{version}","ApiVersion":"1.45"}},"Server":{{"Version":"{version}"}}}}';;"#
        )
    };
    let containerd = r#""GraphDriver":{"Data":null,"Name":"overlayfs"},"#;
    let graph_driver = r#""GraphDriver":{"Data":{"UpperDir":"/x"},"Name":"overlay2"},"#;
    // Docker 26 fails if an image is removed while it lists them.
    let gone = "[ -e ${0%/*}/listed ] || { echo >${0%/*}/listed; \
        echo 'Error response from daemon: rpc error: code = NotFound desc = content digest sha256:0f: not found' >&2; exit 1; }";
    for (docker, driver, whole) in [
        ("26.1.5", containerd, [true, false]),
        ("28.5.2", containerd, [true, true]),
        ("26.1.5", graph_driver, [true, true]),
        ("20.10.24", graph_driver, [true, true]),
    ] {
        let stand_in = StandIn::new(&format!(
            "{}\nimages) {gone}; echo sha256:{:064};;\nimage) {}; {};;",
            version(docker),
            1,
            image(1, driver),
            image(2, driver)
        ));
        let found = stand_in.engine.inspect(&["x:1", "x:2"]).unwrap();
        let is_whole = found
            .iter()
            .map(|image| image.as_ref().unwrap().diff_ids.is_some());
        assert_eq!(is_whole.collect::<Vec<_>>(), whole, "{docker} {driver}");
    }
}

/// podman gets the full name, and loses the other one that hides it.
#[test]
fn a_tag_of_podmans_is_the_full_name() {
    let id = "1".repeat(64);
    for (held, expected) in [
        ("none", format!("-- sha256:{id} docker.io/library/x:1\n")),
        (
            "localhost/x:1",
            format!("-- sha256:{id} localhost/x:1 docker.io/library/x:1\n"),
        ),
    ] {
        let stand_in = StandIn::new(&format!(
            r#"version) echo '{{"Client":{{"APIVersion":"4.3.1","Version":"4.3.1"}}}}';;
            image) shift 5; for name; do case $name in {held}) echo '[{{"Id":"{id}","RepoTags":["{held}"]}}]';;
            *) echo "Error: $name: image not known" >&2; failed=125;; esac; done; exit ${{failed:-0}};;
            tag) shift; echo "$*" >${{0%/*}}/tagged;;"#
        ));
        let engine = &stand_in.engine;
        engine.tag(&format!("sha256:{id}"), &tag("x")).unwrap();
        assert_eq!(stand_in.file("tagged").as_deref(), Some(expected.as_str()));
    }
}

/// podman 4.3 after a killed `load`.
#[test]
fn a_damaged_image_hides_no_other() {
    let id = "1".repeat(64);
    let stand_in = StandIn::new(&format!(
        r#"images) case "$*" in *--filter\ reference=*) echo sha256:{id};; *)
        echo 'Error: checking if image "2f0f" is dangling: locating item named "manifest" for image with ID "2f0f" (consider removing the image to resolve the issue): file does not exist' >&2
        exit 125;; esac;;
        image) case "$*" in
        *json\ .RootFS*{id}*) echo '{id} {{"Type":"layers","Layers":["sha256:{id}"]}}';;
        *broken*) echo 'Error: locating item named "manifest" for image with ID "2f0f" (consider removing the image to resolve the issue): file does not exist' >&2
        exit 125;;
        *whole*) echo '{{"Id":"{id}","RepoTags":["whole:1"]}}';;
        *) echo 'Error: No such image: x' >&2; exit 1;; esac;;
        build) cat >/dev/null; echo '--> 0768dec5a19'; echo broken; exit 1;;
        rmi) echo "$*" >>${{0%/*}}/removed;;"#
    ));
    let held = stand_in.engine.held().unwrap();
    let ids: Vec<_> = held.iter().map(|image| image.id.hex()).collect();
    assert_eq!(ids, [id.as_str()]);
    // A damaged image counts as absent.
    let found = stand_in.engine.inspect(&["whole:1", "broken:1"]).unwrap();
    let there: Vec<_> = found.iter().map(Option::is_some).collect();
    assert_eq!(there, [true, false]);
    // Builds still work. The leftovers of a failed one are not guessed.
    let tag = tag("y");
    let build = Build::new(BuildFile::Text("FROM x"), &tag);
    let mut said = String::new();
    let error = stand_in.engine.build(&build, |line| said += line);
    assert!(
        matches!(error, Err(Error::Failed { .. })) && said.ends_with("broken"),
        "{error:?} {said}"
    );
    assert_eq!(stand_in.file("removed"), None);
}

/// An image that is just being created looks damaged (podman 4.3). If two calls set a tag at the same time, one fails
/// (Docker 28 with containerd's store).
#[test]
fn what_others_do_meanwhile_is_waited_for() {
    let stand_in = StandIn::new(
        r#"image) if [ -e ${0%/*}/asked ]; then echo '{"Id":"sha256:'$(printf '%064d' 1)'","RepoTags":["x:1"]}'; else
        echo asked >${0%/*}/asked
        echo 'Error: locating item named "manifest" for image with ID "2f0f" (consider removing the image to resolve the issue): file does not exist' >&2
        exit 125; fi;;
        tag) [ ! -e ${0%/*}/tagged ] || exit 0
        echo tagged >${0%/*}/tagged
        echo 'Error response from daemon: failed to create an image docker.io/library/y:1 with target sha256:ad after deleting the existing one: AlreadyExists: image "docker.io/library/y:1": already exists' >&2
        exit 1;;"#,
    );
    let found = stand_in.engine.inspect(&["x:1"]).unwrap();
    assert!(found[0].is_some());
    stand_in.engine.tag("x:1", &tag("y")).unwrap();
    assert!(stand_in.file("tagged").is_some());
}

/// podman 4.3 reuses `ENV A=$B` from its cache for any `B`.
#[test]
fn podman_builds_anew_where_steps_go_by_arguments() {
    let podman = r#"version) echo '{"Client":{"APIVersion":"4.3.1","Version":"4.3.1"}}';;"#;
    for (version, in_steps, anew) in [
        (podman, true, true),
        (podman, false, false),
        ("", true, false),
    ] {
        let stand_in = StandIn::new(&format!(
            "{version}\nbuild) echo \"$*\" >${{0%/*}}/words; cat >/dev/null; exit 1;;"
        ));
        let tag = tag("y");
        let mut build = Build::new(BuildFile::Text("FROM x"), &tag);
        build.args.insert("B".into(), "1".into());
        build.args_in_steps = in_steps;
        assert!(stand_in.engine.build(&build, |_| ()).is_err());
        let words = stand_in.file("words").unwrap();
        assert_eq!(words.contains("--no-cache"), anew, "{version}: {words}");
    }
}

#[test]
fn garbage_for_an_answer() {
    let stand_in = StandIn::new(
        "image) echo '<html>'; head -c 300000 /dev/zero;;\nimages) echo hello;;\ninfo) echo '{}';;",
    );
    for error in [
        stand_in.engine.inspect(&["x"]).unwrap_err(),
        stand_in.engine.held().unwrap_err(),
        stand_in.engine.store().unwrap_err(),
    ] {
        assert!(
            matches!(error, Error::BadOutput { .. }) && error.to_string().len() < 300,
            "{error:?}"
        );
    }
}

#[test]
fn fewer_answers_than_found() {
    let stand_in = StandIn::new("image) ;;");
    let error = stand_in.engine.inspect(&["x"]).unwrap_err();
    assert!(
        matches!(error, Error::BadOutput { .. }),
        "success without an answer is not absence: {error:?}"
    );
}

#[test]
fn other_complaints_are_not_absence() {
    let stand_in = StandIn::new(
        "image) echo 'Error: No such image: x' >&2; echo 'Error: i/o timeout' >&2; exit 1;;",
    );
    let error = stand_in.engine.inspect(&["x"]).unwrap_err();
    assert!(matches!(error, Error::Failed { .. }), "{error:?}");
}

#[test]
fn a_container_that_is_passed_over_in_silence_is_no_answer() {
    let list = "ps) echo aa; echo bb;;";
    let hex = "1".repeat(64);
    let one = format!("echo '{{\"Id\":\"aa\",\"Image\":\"sha256:{hex}\"}}'");
    let containers = |inspect: &str| {
        let cases = format!("{list}\ninspect) {one}; {inspect};;");
        StandIn::new(&cases).engine.containers()
    };
    let gone = "echo 'Error: No such container: bb' >&2; exit 1";
    assert_eq!(containers(gone).unwrap().len(), 1);
    let silent = containers("exit 1").unwrap_err();
    assert!(matches!(silent, Error::Failed { .. }), "{silent:?}");
    let short = containers("exit 0").unwrap_err();
    assert!(matches!(short, Error::BadOutput { .. }), "{short:?}");
}

#[test]
fn builds_that_fail_show_their_end_and_not_their_secrets() {
    let cases = "build) cat >${0%/*}/file; echo \"$@\" >${0%/*}/args; echo \"$TOKEN\" >${0%/*}/token; printf '\\033[31mstep\\033[0m\\rnext\\n'; echo oh no >&2; exit 3;;";
    let stand_in = StandIn::new(cases);
    let tag = tag("x");
    let build = Build {
        args: [("TOKEN".to_owned(), "secret".to_owned())].into(),
        ..Build::new(BuildFile::Text("FROM x\n"), &tag)
    };
    let mut lines = Vec::new();
    let error = stand_in
        .engine
        .build(&build, |line| lines.push(line.to_owned()))
        .unwrap_err();
    assert_eq!(lines, ["step", "next", "oh no"]);
    assert_eq!(error.tail(), Some("step\nnext\noh no"));
    assert!(!format!("{error} {error:?}").contains("secret"));
    assert_eq!(stand_in.file("file").as_deref(), Some("FROM x\n"));
    let args = stand_in.file("args").unwrap();
    assert!(
        args.contains(" --build-arg=TOKEN ")
            && args.contains(&format!("--tag={tag} "))
            && args.ends_with(" -- -\n"),
        "{args}"
    );
    assert!(!args.contains("secret"), "others can read it: {args}");
    assert_eq!(stand_in.file("token").as_deref(), Some("secret\n"));
}

#[test]
fn what_a_builder_can_not_do_is_refused_before_it_is_asked() {
    let cases = "build) case $2 in --help) echo '  --tag list';; *) touch ${0%/*}/built;; esac;;";
    let tag = tag("x");
    let plain = Build::new(BuildFile::Text("FROM x\n"), &tag);
    let own = Build {
        args: [("DOCKER_HOST".to_owned(), "x".to_owned())].into(),
        ..plain.clone()
    };
    let secret = Build {
        secrets: vec!["id=a,src=b".to_owned()],
        ..plain
    };
    for (build, says) in [
        (own, "the build argument `DOCKER_HOST` would change"),
        (secret, "Docker's legacy builder does not support secrets"),
    ] {
        let stand_in = StandIn::new(cases);
        let error = stand_in.engine.build(&build, |_| ()).unwrap_err();
        assert!(error.to_string().contains(says) && error.hint().is_some());
        assert_eq!(stand_in.file("built"), None);
    }
}

#[test]
fn builders_that_keep_their_result() {
    let stand_in = StandIn::new("build) cat >/dev/null;;");
    let error = stand_in
        .engine
        .build(&Build::new(BuildFile::Text("FROM x"), &tag("x")), |_| ())
        .unwrap_err();
    assert!(
        matches!(error, Error::NotBuilt { .. }) && error.hint().is_some(),
        "{error:?}"
    );
}
