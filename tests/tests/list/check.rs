//! The findings of a look and a check.

use super::*;

/// A way to damage an archive: the function, the states that a look and a check find, and the message.
type Fault = (fn(&Sandbox, &str), &'static str, &'static str, &'static str);

const FAULTS: [Fault; 6] = [
    (
        |s, path| s.remove(path),
        "missing",
        "missing",
        "no such file",
    ),
    (
        |s, path| drop(s.write(path, &s.read_bytes(path)[..BASE as usize])),
        "unreadable",
        "damaged",
        "is truncated",
    ),
    (
        |s, path| s.flip(path, MARK),
        "ok",
        "damaged",
        "is damaged: expected",
    ),
    (
        |s, path| drop(s.write(path, POINTER)),
        "lfs pointer",
        "lfs pointer",
        "Git LFS pointer",
    ),
    (
        |s, path| drop(s.write(path, "not a tar at all\n".repeat(1000))),
        "unreadable",
        "damaged",
        "is a text file",
    ),
    (
        |s, path| drop(s.write(path, s.read_bytes(&s.archive("other")))),
        "replaced",
        "replaced",
        "is registered as",
    ),
];

#[test]
fn a_check_finds_what_is_wrong_and_says_each() {
    let s = Sandbox::new();
    base(&s);
    let other = Image::new().build(&s, "other");
    s.run("imgsave", [&other]).ok();
    let path = s.archive("base");
    let good = s.read_bytes(&path);
    for jobs in ["1", "4"] {
        let outcome = s.run("imgls", ["--check", "--jobs", jobs]);
        let lines = lines(outcome.ok().silent());
        assert_eq!(states(&s, &lines), [("base", "ok"), ("other", "ok")]);
    }
    for (spoil, seen, found, text) in FAULTS {
        s.write(&path, &good);
        spoil(&s, &path);
        let outcome = s.run("imgls", [""; 0]);
        let looked = lines(outcome.ok().silent());
        assert_eq!(states(&s, &looked), [("base", seen), ("other", "ok")]);

        // It is a report: images after a damaged one are checked too.
        let outcome = s.run("imgls", ["--check"]);
        let checked = lines(outcome.code(4));
        assert_eq!(states(&s, &checked), [("base", found), ("other", "ok")]);
        let said = format!("imgls: {}: ", s.image("base"));
        let said = |line: &str| line.starts_with(&said) && line.contains(text);
        assert!(outcome.stderr.lines().any(said), "{text}\n{outcome}");
        outcome.stderr_has("imgls: 1 of 2 images failed the check");
        s.run("imgls", ["--check", &s.image("other")]).ok().silent();
    }
}

#[test]
fn a_check_of_thin_archives_looks_at_their_bases() {
    let s = Sandbox::new();
    let base = base(&s);
    on(&s, &base, "top", &["--thin", "--base", &s.image("base")]);
    let path = s.archive("base");
    let good = s.read_bytes(&path);
    s.run("imgls", ["--check"]).ok().silent();
    s.run("imgls", ["--check", &s.image("top")]).ok().silent();

    // Damaged: reported on its own line, or, without an entry, on those of the images on it.
    s.flip(&path, MARK);
    let all = s.run("imgls", ["--check"]);
    let found = lines(all.code(4));
    assert_eq!(states(&s, &found), [("base", "damaged"), ("top", "ok")]);
    let top = s.run("imgls", ["--check", &s.image("top")]);
    assert_eq!(states(&s, &lines(top.code(4))), [("top", "no base")]);
    top.stderr_has("its base is not usable").stderr_has(&path);

    s.remove(&path);
    for flags in [&["--check"][..], &[]] {
        let outcome = s.command("imgls").args(flags).run();
        let found = lines(&outcome);
        assert_eq!(
            states(&s, &found),
            [("base", "missing"), ("top", "no base")]
        );
    }

    // No longer registered.
    s.write(&path, good);
    let registry = s.read("image-registry.yml");
    let name = format!("- name: {}\n", s.image("base"));
    let renamed = registry.replacen(&name, &name.replace("base\n", "renamed\n"), 1);
    s.write("image-registry.yml", renamed);
    // Under another name, it has the layers too.
    let outcome = s.run("imgls", ["--check"]);
    assert_eq!(
        states(&s, &lines(outcome.ok())),
        [("renamed", "ok"), ("top", "ok")]
    );
    let (first, rest) = registry.split_at(registry.find(&name).expect("an entry"));
    let next = rest[1..].find("- name: ").expect("another") + 1;
    s.write("image-registry.yml", format!("{first}{}", &rest[next..]));
    s.run("imgls", ["--check"])
        .code(4)
        .stderr_has("which is not registered");
}

#[test]
fn a_name_that_does_not_comply_is_a_warning() {
    let s = Sandbox::new();
    base(&s);
    let registry = s.read("image-registry.yml");
    let name = format!("name: {}\n", s.image("base"));
    let renamed = registry.replacen(&name, "name: Odd\n", 1);
    s.write("image-registry.yml", renamed);
    let outcome = s.run("imgls", [""; 0]);
    assert_eq!(states(&s, &lines(outcome.ok())), [("Odd", "bad name")]);
    outcome.stderr_has("imgls: warning: image name `Odd`");
    let outcome = s.run("imgls", ["--check"]);
    assert_eq!(states(&s, &lines(outcome.ok())), [("Odd", "bad name")]);
    outcome.stderr_has("imgls: warning: Odd: ");

    // The worse state is shown.
    s.remove(&s.archive("base"));
    let outcome = s.run("imgls", ["--check"]);
    assert_eq!(states(&s, &lines(outcome.code(4))), [("Odd", "missing")]);
    outcome.stderr_has("imgls: warning: Odd: ");
}

#[test]
fn what_leads_out_of_the_store_is_not_opened() {
    let s = Sandbox::without_engine();
    s.write(
        "image-registry.yml",
        "images:\n- {name: a-debian-12-base, file: ../a.tar, docker_tag: a, os: 'debian:12', architecture: x86_64}\n",
    );
    let outcome = s.run("imgls", [""; 0]);
    let lines = lines(outcome.ok());
    assert_eq!(
        (lines[0].path.as_str(), lines[0].state.as_str()),
        ("../a.tar", "unreadable")
    );
    s.run("imgls", ["--check"]).code(3).stderr_has("holds `..`");
}
