//! The base of a build.

use super::*;

#[test]
fn a_base_that_is_nowhere_is_not_pulled() {
    let s = Sandbox::new();
    let plan = format!(
        r#"{{"name":"{}","base_image":"debian:2","missing":{{"packages":["hello"]}}}}"#,
        s.image("tool")
    );
    build(&s, &plan)
        .fails("imgbuild", 4, "debian:2")
        .stderr_has("hint: ")
        .stderr_has("imgfetch");
    // Nor an image that only the build file names.
    recipe(&s, "RUN true\nFROM debian:3\nRUN true");
    let plan = format!(r#"{{"name":"{}","base_image":"scratch"}}"#, s.image("tool"));
    build(&s, &plan)
        .fails("imgbuild", 4, "debian:3")
        .stderr_has("imgfetch");
}

#[test]
fn an_image_can_be_built_from_nothing() {
    let s = Sandbox::new();
    recipe(&s, "COPY built /");
    s.write("files/built", "by hand");
    let plan = format!(
        r#"{{"name":"{}","base_image":"scratch","build":{{"context":"files"}},"requirements":{{"project":"{}","os":"debian:12"}}}}"#,
        s.image("tool"),
        s.project()
    );
    build(&s, &plan).ok();
    s.forget(&s.image("tool"));
    s.run("imgload", [s.image("tool")]).ok();
}

#[test]
fn registered_images_that_a_build_file_names_are_brought_in() {
    let s = Sandbox::new();
    for variant in ["base", "data"] {
        let image = Image::new()
            .busybox()
            .file("etc/made-of", variant)
            .build(&s, variant);
        s.run("imgsave", [&image]).ok();
        s.forget(&image);
    }
    let file = format!(
        "FROM {}\nCOPY --from={} /etc/made-of /etc/data\n",
        s.image("base"),
        s.image("data")
    );
    s.write("Dockerfile", file);
    let plan = format!(
        r#"{{"name":"{}","build":{{"dockerfile":"Dockerfile"}}}}"#,
        s.image("tool")
    );
    build(&s, &plan).ok();
    s.run("imgcat", [&s.image("tool"), "/etc/made-of", "/etc/data"])
        .stdout("basedata");
    // The loaded base is an input: while it is the same, loaded or not, nothing is built again.
    let built = s.read("image-registry.yml");
    s.forget_all(&[s.image("data"), s.image("base")].map(|name| format!("{name}:latest")));
    build(&s, &plan).ok();
    assert_eq!(s.read("image-registry.yml"), built);
}

/// A requirement of packages alone may get the name under which its base was saved.
#[test]
fn a_saved_image_is_replaced_with_a_warning() {
    let s = Sandbox::new();
    let base = Image::new().busybox().build(&s, "os");
    let name = s.image("base");
    let saved = Image::new().busybox().build(&s, "base");
    s.run("imgsave", ["-q", &saved]).ok();
    let plan = |base: &str| {
        format!(
            r#"{{"name":"{name}","base_image":"{base}","build":{{"steps":[{{"run":"true"}}]}}}}"#
        )
    };
    let none = format!("{}-none:12", s.project());
    build(&s, &plan(&none))
        .fails("imgbuild", 4, "is neither registered nor in the engine")
        .stderr_has("hint: ")
        .stderr_has("give the requirement a variant, or use `imgplan --distinct`");
    let says = format!("warning: {name}: replaces the saved image");
    let look = s.command("imgbuild").arg("-n").input(plan(&base)).run();
    look.ok().stderr_has(&says);
    build(&s, &plan(&base)).ok().stderr_has(&says);
    // Now imgbuild made the image.
    let again = s
        .command("imgbuild")
        .arg("--rebuild")
        .input(plan(&base))
        .run();
    again.ok().stderr_lacks("replaces");
    build(&s, &plan(&none))
        .fails("imgbuild", 4, "is neither registered nor in the engine")
        .stderr_has("let the engine pull it with --pull");
}

/// The name ends with `base`, so the user may not want to replace this image.
#[test]
fn a_saved_base_is_not_lost_to_a_requirement_of_packages() {
    let s = Sandbox::new();
    let os = Image::new().apt().build(&s, "os");
    let saved = Image::new().apt().build(&s, "base");
    s.run("imgsave", ["-q", &saved]).ok();
    let (name, project) = (s.image("base"), s.project());
    let plan = |base: &str| {
        format!(
            r#"{{"name":"{name}","needs_build":true,"base_image":"{base}","requirements":{{"project":"{project}","os":"debian:12","packages":["aa"]}}}}"#
        )
    };
    let before = traces(&s);
    for words in [&[][..], &["-n"]] {
        let refused = s.command("imgbuild").args(words).input(plan(&os)).run();
        refused
            .fails("imgbuild", 3, &name)
            .stderr_has("would replace the saved image")
            .stderr_has("hint: give the requirement a variant")
            .stderr_lacks("building");
    }
    assert_eq!(traces(&s), before);
    // With the same image as base, no layer is lost.
    let same = format!("{}:latest", s.image("same"));
    engine().read(&["tag", &saved, &same]).expect("tagged");
    let says = format!("warning: {name}: replaces the saved image");
    build(&s, &plan(&same)).ok().stderr_has(&says);
    s.run("imgsave", ["-q", "--name", &name, &same]).ok();
    // An explicit `--rebuild` replaces it.
    let rebuilt = s.command("imgbuild").arg("--rebuild").input(plan(&os));
    rebuilt.run().ok().stderr_has(&says);
    s.run("imgsave", ["-q", "--name", &name, &same]).ok();
    let file = format!("images/{project}/Dockerfile.{name}");
    s.write(
        &file,
        "ARG BASE_IMAGE\nFROM $BASE_IMAGE\nRUN apt-get install aa\n",
    );
    build(&s, &plan(&os)).ok().stderr_has(&says);
}
