//! Packages that do not exist: found before the build by the base's package lists, and always named.

use super::*;

/// A registered base with these sources. Its only list has `libssl-dev`.
fn with_lists(s: &Sandbox, sources: &str) -> String {
    let list = "var/lib/apt/lists/deb.example_debian_dists_bookworm_main_binary-amd64_Packages";
    let base = Image::new()
        .busybox()
        .file("etc/apt/sources.list", sources)
        .file(
            list,
            "Package: libssl-dev\nProvides: ssl\n\nPackage: make\n",
        )
        .build(s, "base");
    s.run("imgsave", [&base]).ok();
    format!(
        r#"{{"name":"{}","best_base_image_path":"{}","missing":{{"packages":["NAME"]}}}}"#,
        s.image("tool"),
        s.archive("base")
    )
}

const SOURCES: &str = "deb http://deb.example/debian bookworm main\n";

#[test]
fn is_found_before_the_build_where_the_lists_are_whole() {
    let s = Sandbox::new();
    let plan = with_lists(&s, SOURCES);
    let asked = |name: &str| build(&s, &plan.replace("NAME", name));
    let refused = asked("libssl-devv");
    refused.fails("imgbuild", 5, "no package libssl-devv");
    refused
        .stderr_has("did you mean libssl-dev?")
        .stderr_lacks("building");
    // It has no apt, so the build itself fails: these names are in the lists, or not similar to any.
    for name in ["libssl-dev", "ssl", "make:i386", "quite-another"] {
        asked(name).code(5).stderr_has("building");
    }
}

#[test]
fn lists_that_are_not_of_all_sources_refuse_nothing() {
    let s = Sandbox::new();
    let more = format!("{SOURCES}deb http://other.example/debian bookworm main\n");
    let plan = with_lists(&s, &more);
    let tried = build(&s, &plan.replace("NAME", "libssl-devv"));
    tried
        .code(5)
        .stderr_has("building")
        .stderr_lacks("did you mean");
}

#[test]
fn is_named_by_the_builds_failure() {
    let s = Sandbox::new();
    let base = Image::new().busybox().build(&s, "base");
    s.write(
        "Dockerfile",
        format!("FROM {base}\nRUN echo 'E: Unable to locate package libssl-devv' >&2; exit 100\n"),
    );
    let plan = format!(
        r#"{{"name":"{}","build":{{"dockerfile":"Dockerfile"}}}}"#,
        s.image("tool")
    );
    build(&s, &plan).fails("imgbuild", 5, "no package libssl-devv; ");
}

#[test]
fn the_compiler_that_was_asked_for_is_named() {
    let s = Sandbox::new();
    let sources = "deb http://deb.example/debian bookworm main\n";
    let list = "var/lib/apt/lists/deb.example_debian_dists_bookworm_main_binary-amd64_Packages";
    let base = Image::new()
        .busybox()
        .file("etc/apt/sources.list", sources)
        .file(list, "Package: g++-12\n\nPackage: gcc-12\n")
        .build(&s, "base");
    s.run("imgsave", [&base]).ok();
    let plan = format!(
        r#"{{"name":"{}","best_base_image_path":"{}","missing":{{"compilers":["gcc-21"]}}}}"#,
        s.image("gcc21"),
        s.archive("base")
    );
    build(&s, &plan)
        .fails("imgbuild", 5, "no package g++-21 (for gcc-21)")
        .stderr_has("did you mean gcc-12?")
        .stderr_lacks("building");
}
