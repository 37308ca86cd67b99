//! Named images, and dangling ones in the engine.

use super::*;

#[test]
fn named_images_go_and_no_limit_is_applied() {
    let s = Sandbox::without_engine();
    three(&s);
    s.write(
        ".localci.yml",
        "images: {cleanup: {max_size_gb: 0, keep: ['*-b']}}",
    );
    let (a, c) = (s.image("a"), s.image("c"));
    let dry = prune(&s, ["-n", &c, &a, &c]);
    dry.ok().stdout(&paths(&s, &["c", "a"]));
    assert_eq!(there(&s), ["a", "b", "c"]);
    // By name, by tag, by path; on standard input.
    let gone = prune(&s, ["--json", &format!("{c}:latest")]);
    let gone = &gone.ok().json()[0];
    assert_eq!(
        (&gone["name"], &gone["reasons"][0]),
        (&c.clone().into(), &"named".into())
    );
    let piped = s
        .command("imgprune")
        .args(["--no-engine", "-"])
        .input(s.archive("a"));
    piped.run().ok().stdout(&paths(&s, &["a"]));
    assert_eq!(there(&s), ["b"]);
    assert!(s.read("image-registry.yml").contains("# kept by people"));
    // Protected as always.
    let kept = prune(&s, [s.image("b").as_str()]);
    kept.fails("imgprune", 6, "kept 1 of 1 named images; held back by ");
    kept.stderr_has("(kept by --keep *-b)");
    assert_eq!(there(&s), ["b"]);
}

#[test]
fn what_other_commands_print_with_json_names_images() {
    let s = Sandbox::without_engine();
    three(&s);
    let (a, c) = (s.image("a"), s.image("c"));
    let piped = |program: &str, input: &str| {
        let command = s.command(program).args(["--no-engine", "-"]);
        command.input(input).run()
    };
    let listed = s.run("imgls", ["--json", "--no-engine", &c, &a]);
    let listed = &listed.ok().stdout;
    piped("imgls", listed)
        .ok()
        .stdout(&s.run("imgls", ["--no-engine", &c, &a]).ok().stdout);
    let invalid = piped("imgprune", &format!("{listed}{{}}\n"));
    invalid.fails("imgprune", 3, "`{}` has none of the keys `path`, `name`, ");
    assert_eq!(there(&s), ["a", "b", "c"]);
    piped("imgprune", listed)
        .ok()
        .stdout(&paths(&s, &["c", "a"]));
    assert_eq!(there(&s), ["b"]);
    let named = format!(r#"{{"name":"{}"}}"#, s.image("b"));
    piped("imgprune", &named).ok().stdout(&paths(&s, &["b"]));
}

#[test]
fn what_cannot_be_named() {
    let s = Sandbox::without_engine();
    three(&s);
    let before = s.read("image-registry.yml");
    let a = s.image("a");
    prune(&s, [a.as_str(), "no-such-image"]).fails("imgprune", 4, "no image of that name");
    for limit in [["--max-size", "1GB"], ["--keep-last", "1"]] {
        let words = limit.into_iter().chain([a.as_str()]);
        prune(&s, words).fails("imgprune", 2, "names and limits cannot be combined");
    }
    let empty = s.command("imgprune").args(["--no-engine", "-"]).input("");
    empty
        .run()
        .fails("imgprune", 3, "nothing on standard input");
    assert_eq!(s.read("image-registry.yml"), before);
    assert_eq!(there(&s), ["a", "b", "c"]);
}

#[test]
fn a_base_goes_with_all_that_stand_on_it_or_stays() {
    let s = Sandbox::without_engine();
    let (base, top) = (s.image("base"), s.image("top"));
    let thin = format!("thin: true, base: {base}");
    stored(
        &s,
        &[
            ("base", 5, "pinned: false"),
            ("top", 1, &thin),
            ("a", 1, "x: 1"),
        ],
    );
    let kept = prune(&s, [base.as_str()]);
    kept.fails("imgprune", 6, &format!("{base} (base of {top})"));
    // Removed in the safe order, printed in the order of the input.
    prune(&s, [base.as_str(), &top])
        .ok()
        .stdout(&paths(&s, &["base", "top"]));
    assert_eq!(there(&s), ["a"]);
    // An entry without its archive is removed too, unless it is pinned.
    std::fs::remove_file(s.path(s.archive("a"))).unwrap();
    let entry = s.read("image-registry.yml");
    s.write("image-registry.yml", entry.replace("x: 1", "pinned: true"));
    prune(&s, [s.image("a").as_str()])
        .code(6)
        .stderr_has("kept the entry of ");
    s.write("image-registry.yml", &entry);
    prune(&s, [s.image("a").as_str()]).ok().stdout("");
    assert!(!s.read("image-registry.yml").contains(&s.image("a")));
}

#[test]
fn one_of_two_entries_of_an_archive_goes_without_it() {
    let s = Sandbox::without_engine();
    three(&s);
    let registry = s.read("image-registry.yml");
    s.write(
        "image-registry.yml",
        registry.replace(
            &format!("file: {}", s.archive("c")),
            &format!("file: {}", s.archive("a")),
        ),
    );
    prune(&s, [s.image("c").as_str()]).ok().stdout("");
    assert!(s.path(s.archive("a")).exists());
    assert!(!s.read("image-registry.yml").contains(&s.image("c")));
}

#[test]
fn replaced_images_do_not_pile_up_in_the_engine() {
    let s = Sandbox::new();
    let mut ids = Vec::new();
    for text in ["1", "2", "3"] {
        let image = Image::new()
            .busybox()
            .file("v", text)
            .random("x", 1000)
            .build(&s, "a");
        s.run("imgsave", [&image]).ok();
        s.forget(&image);
        s.run("imgload", ["--no-lease", &s.image("a")]).ok();
        ids.push(engine().id(&image).unwrap());
    }
    let has = |id: &String| engine().has(id);
    if !ids.iter().all(has) {
        // The engine keeps no image without a name.
        return;
    }
    // One has a container, one was tagged by a person.
    let container = engine().read(&["create", &ids[0], "/bin/true"]).unwrap();
    let by_person = format!("{}:kept", s.image("b"));
    engine().read(&["tag", &ids[1], &by_person]).unwrap();
    let rmi = ["--rmi", "--max-size", "1GB", "-v"];
    s.run("imgprune", rmi).ok().stderr_lacks("dangling");
    assert!(ids.iter().all(has));
    engine().read(&["rm", container.trim()]).unwrap();
    engine().read(&["rmi", &by_person]).unwrap();
    let dry = s.run("imgprune", ["--rmi", "--dry-run"]);
    dry.ok()
        .stdout("")
        .stderr_has("of the engine would be removed");
    s.run("imgprune", rmi).ok().stderr_has("dangling image");
    assert_eq!(
        ids.iter().filter(|id| has(id)).count(),
        1,
        "the registered one stays"
    );
    assert!(engine().has(&s.image("a")));
}

#[test]
fn what_a_killed_load_left_goes_too() {
    let s = Sandbox::new();
    let image = saved(&s, "a");
    let id = engine().id(&image).unwrap();
    s.forget(&image);
    // Killed when the image is loaded and has no name.
    let program = engine().program();
    let line = format!("[ $1 != tag ] || {{ kill -KILL $PPID; exit; }}\nexec {program} \"$@\"");
    s.script("deadly", &line);
    let load = ["--engine", "./deadly", "--no-lease", &s.image("a")];
    assert_ne!(s.run("imgload", load).code, 0);
    if !engine().has(&id) {
        // This engine changes the ID of an image without a name.
        return;
    }
    s.run("imgprune", ["--rmi", "-v"])
        .ok()
        .stderr_has("1 dangling image of the engine was removed");
    assert!(!engine().has(&id));
    s.run("imgload", ["--no-lease", &s.image("a")]).ok();
    s.run("imgprune", ["--rmi"]).ok().stderr_lacks("dangling");
    assert!(engine().has(&image));
}
