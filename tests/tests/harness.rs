//! Tests of the harness itself.

use pipeline_tests::{Image, Sandbox, engine};

#[test]
fn a_sandbox_has_a_space_in_its_path_and_names_of_its_own() {
    let (one, other) = (Sandbox::without_engine(), Sandbox::without_engine());
    assert!(one.root().as_str().contains(' '));
    assert_ne!(one.project(), other.project());
    assert_ne!(one.root(), other.root());
}

#[test]
fn a_run_is_code_stdout_and_stderr_at_once() {
    let s = Sandbox::without_engine();
    let outcome = s.sh("echo out; echo err >&2; exit 7");
    outcome
        .code(7)
        .stdout("out\n")
        .stderr_has("err")
        .stderr_lacks("out");
    assert_eq!(outcome.line(), "out");
    assert_eq!(s.sh("kill -9 $$").code, 137);
}

#[test]
#[should_panic(
    expected = "wanted code 0, but:\n$ sh -c echo out; exit 3\ncode 3\n--- stdout\nout\n--- stderr: nothing"
)]
fn a_failed_assertion_shows_everything() {
    Sandbox::without_engine().sh("echo out; exit 3").ok();
}

#[test]
fn the_environment_is_clean_and_the_input_is_given() {
    let s = Sandbox::without_engine();
    s.sh("env | grep -E '^(IMG_|GITHUB_RUN_ID|CI=)'")
        .stdout("IMG_ENGINE=/nonexistent/engine\n");
    s.sh("cat").stdout("");
    s.command("cat").input("text").run().stdout("text");
    s.command("sh")
        .args(["-c", "echo $IMG_RUN"])
        .variable("IMG_RUN", "7")
        .run()
        .stdout("7\n");
    s.write("sub/x", "");
    s.command("ls").folder("sub").run().stdout("x\n");
    assert_eq!(s.files(""), ["sub/x"]);
}

#[test]
fn an_image_runs_and_goes_with_its_sandbox() {
    let s = Sandbox::new();
    let image = Image::new()
        .busybox()
        .layer()
        .file("etc/motd", "hello")
        .build(&s, "base");
    let neighbour = format!("{}0-keep:latest", s.project());
    assert!(engine().read(&["tag", &image, &neighbour]).is_some());

    assert_eq!(
        engine()
            .read(&[
                "run",
                "--rm",
                "--network",
                "none",
                &image,
                "cat",
                "/etc/motd"
            ])
            .as_deref(),
        Some("hello")
    );
    assert_eq!(engine().images_of(s.project()), [image.as_str()]);
    drop(s);
    assert!(!engine().has(&image), "the sandbox left {image}");
    assert!(
        engine().has(&neighbour),
        "the sandbox removed {neighbour}, which was not its own"
    );
    engine().read(&["rmi", &neighbour]);
}

#[test]
fn no_two_images_share_a_layer() {
    let s = Sandbox::new();
    let layers = |variant| {
        let image = Image::new().build(&s, variant);
        engine()
            .read(&["image", "inspect", "--format", "{{json .RootFS}}", &image])
            .unwrap()
    };
    assert_ne!(layers("one"), layers("two"));
}
