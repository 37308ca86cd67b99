//! Archives that contain another image than the registered one.

use super::*;

/// Replaces a variant's archive by that of an older image.
fn make_stale(s: &Sandbox, variant: &str) {
    let kept = s.read_bytes(&s.archive(variant));
    let newer = Image::new().busybox().build(s, variant);
    s.run("imgsave", ["-q", &newer]).ok();
    s.forget(&newer);
    s.write(&s.archive(variant), kept);
}

#[test]
fn a_stale_archive_is_neither_a_match_nor_a_base() {
    let s = Sandbox::new();
    let plan = with_base(&s);
    recipe(&s, "RUN true");
    make_stale(&s, "base");
    let path = s.archive("base");
    let found = format!(r#"{{"best_image_path":"{path}"}}"#);
    let tagged = format!(
        r#"{{"name":"{}","base_image":"{}"}}"#,
        s.image("tool"),
        s.image("base")
    );
    for plan in [&found, &plan, &tagged] {
        for words in [&[][..], &["-n"]] {
            let refused = s.command("imgbuild").args(words).input(&**plan).run();
            refused
                .fails("imgbuild", 4, &format!("{path}: is stale"))
                .stderr_has("hint: ")
                .stdout("");
        }
    }
}

#[test]
fn a_stale_archive_of_the_image_itself_is_built_again() {
    let s = Sandbox::new();
    let plan = with_base(&s);
    recipe(&s, "RUN echo one > /built");
    build(&s, &plan).ok();
    let old = s.read_bytes(&s.archive("tool"));
    recipe(&s, "RUN echo two > /built");
    build(&s, &plan).ok();
    s.write(&s.archive("tool"), old);
    let outcome = s
        .command("imgbuild")
        .args(["-q", "--explain"])
        .input(&*plan)
        .run();
    outcome.ok().stdout(&(s.archive("tool") + "\n"));
    let path = s.archive("tool");
    outcome
        .stderr_has(&format!(
            "{path}: is stale: it holds another image than the registry says\n"
        ))
        .stderr_has("  its archive is stale\n");
    s.run("imgcat", [&s.image("tool"), "/built"])
        .ok()
        .stdout("two\n");
    s.run("imgload", [&s.image("tool")]).ok();
}
