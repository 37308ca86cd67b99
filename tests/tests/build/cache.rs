//! The earlier image is a cache for the next one, also in an engine that does not have it.

use super::*;

/// All images of a sandbox in the engine, including steps.
fn held_of(s: &Sandbox) -> Option<String> {
    let label = format!("label=imgpipe.test={}", s.project());
    engine().read(&["images", "--all", "--quiet", "--filter", &label])
}

fn forget_everything(s: &Sandbox) {
    s.forget_all(&engine().images_of(s.project()));
    // Steps without a name, the last ones first: a step with a child cannot be removed.
    for _ in 0..10 {
        for id in held_of(s).unwrap_or_default().lines() {
            engine().read(&["rmi", id]);
        }
    }
    assert_eq!(held_of(s).as_deref(), Some(""), "the engine is as new");
    // BuildKit caches steps separately. Those of the sandbox contain its name; each can be removed only after its
    // children.
    if !engine().is_podman() {
        let own = format!("description~={}", s.project());
        let words = ["builder", "prune", "--all", "--force", "--filter", &own];
        drop(engine().read(&words));
        forget_listed_steps(s);
    }
}

/// The same for versions of buildx that do not know `~=`.
fn forget_listed_steps(s: &Sandbox) {
    for _ in 0..10 {
        let listed = engine().read(&["buildx", "du", "--verbose"]);
        let listed = listed.unwrap_or_default();
        let own = listed.split("\n\n").filter(|it| it.contains(s.project()));
        let ids =
            own.filter_map(|it| Some(it.trim_start().strip_prefix("ID:")?.lines().next()?.trim()));
        let filters: Vec<_> = ids.map(|id| format!("id={id}")).collect();
        if filters.is_empty() {
            break;
        }
        for filter in &filters {
            let words = ["buildx", "prune", "--all", "--force", "--filter", filter];
            drop(engine().read(&words));
        }
    }
}

#[test]
fn only_the_changed_tail_is_built_on_an_engine_that_knows_nothing() {
    let s = Sandbox::new();
    with_base(&s);
    let build = |last: &str, words: &[&str]| {
        let plan = format!(
            r#"{{"name":"{}","best_base_image_path":"{}","build":{{"steps":[
                {{"run":": for {project} && cat /proc/sys/kernel/random/uuid > /expensive","cache":{{"key":"1"}}}},
                {{"run":": for {project} && echo {last} > /last"}}]}}}}"#,
            s.image("tool"),
            s.archive("base"),
            project = s.project()
        );
        let outcome = s.command("imgbuild").args(words).input(plan).run();
        outcome.ok();
        let read = |file| {
            s.run("imgcat", [s.archive("tool").as_str(), file])
                .ok()
                .stdout
                .clone()
        };
        (read("/expensive"), read("/last"))
    };
    let first = build("one", &[]);
    forget_everything(&s);
    let second = build("two", &[]);
    // podman's builder, and BuildKit with containerd's store, cannot use these steps: all run again.
    let takes_steps = !engine().is_podman() && !engine().is_containerd();
    assert_eq!(second.0 == first.0, takes_steps, "the first step");
    assert_eq!(second.1, "two\n");
    let names = engine().images_of(&s.image("tool"));
    assert_eq!(
        names,
        [format!("{}:latest", s.image("tool"))],
        "no other name is left"
    );

    // From a thin archive too, and compressed.
    build("three", &["--thin", "--compress", "zstd"]);
    forget_everything(&s);
    let fourth = build("four", &[]);
    assert_eq!(fourth.0 == first.0, takes_steps, "the first step");
    assert_eq!(fourth.1, "four\n");

    // An unusable archive is no cache, but does not prevent the build.
    forget_everything(&s);
    s.flip(&s.archive("tool"), "four\n");
    let fifth = build("five", &[]);
    assert_ne!(fifth.0, first.0);
    forget_everything(&s);
    let sixth = build("five", &["--no-cache"]);
    assert_ne!(sixth.0, fifth.0);
}
