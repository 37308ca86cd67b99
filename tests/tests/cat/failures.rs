//! Failures and their messages.

use pipeline_tests::{Image, Sandbox, engine};

use crate::odd;

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n\
    oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

#[test]
fn what_is_no_file_says_what_it_is() {
    let s = Sandbox::new();
    let image = odd::build(&s, "odd");
    s.run("imgsave", [&image]).ok();
    let name = s.image("odd");
    let (char, block) = if engine().makes_devices() {
        ("/odd/char: is a device", "/odd/block: is a device")
    } else {
        (
            "/odd/char: no such file in the image",
            "/odd/block: no such file in the image",
        )
    };
    for (path, why) in [
        ("none", "/none: no such file in the image"),
        ("/gone/file", "/gone/file: no such file in the image"),
        ("links/first", "/links/first: no such file in the image"),
        ("links/none", "/links/none: no such file in the image"),
        ("links/loop", "/links/loop: too many symbolic links"),
        ("owned/inside", "/owned/inside: no such file in the image"),
        ("odd/char", char),
        ("odd/block", block),
        ("odd/fifo", "/odd/fifo: is a named pipe"),
        ("a\nb", "/a\\nb: no such file in the image"),
    ] {
        s.run("imgcat", [&name, path])
            .fails("imgcat", 1, &format!("imgcat: {name}: {why}"))
            .stderr_lacks("hint");
    }
    for folder in ["/", "odd", "links/folder"] {
        s.run("imgcat", [&name, folder])
            .fails("imgcat", 1, "is a folder")
            .stderr_has("hint: use --list to list it, or --tar to write it as a tar");
    }
    for mode in ["--tar", "--list"] {
        s.run("imgcat", [mode, &name, "none"]).fails(
            "imgcat",
            1,
            "/none: no such file in the image",
        );
    }
    // A tar is not started before all paths are known, except with --keep-going.
    s.run("imgcat", ["--tar", &name, "owned", "none"])
        .fails("imgcat", 1, "/none: no such file");
    let kept = s.sh(&format!(
        "imgcat --keep-going --tar {name} none owned | tar -t"
    ));
    kept.stdout("owned\n").stderr_has("/none: no such file");
    s.run("imgcat", [&name, "owned", "none", "odd/hard"])
        .code(1)
        .stdout("owned");
    s.run(
        "imgcat",
        ["--keep-going", &name, "owned", "none", "odd/hard", "odd"],
    )
    .code(1)
    .stdout("ownedthe target")
    .stderr_has("/odd: is a folder");
}

#[test]
fn wrong_command_lines_are_usage_errors() {
    let s = Sandbox::without_engine();
    for (words, why) in [
        (&["x"][..], "no path inside the image given"),
        (&[], "required"),
        (&["x", ""], "an operand is empty"),
        (&["", "x"], "an operand is empty"),
        (&["-", "-"], "either for images or for paths"),
        (&["x", "-", "y"], "cannot be combined"),
        (&["--json", "x", "y"], "`--json` needs `--list`"),
        (&["--json", "--tar", "x"], "`--json` needs `--list`"),
        (&["--long", "x", "y"], "--list"),
        (&["--tar", "--list", "x"], "--list"),
        (&["--image", "Not A Tag", "x", "y"], "--image"),
        (&["--image", "sha256:12", "x", "y"], "--image"),
    ] {
        s.command("imgcat")
            .args(words)
            .run()
            .fails("imgcat", 2, why);
    }
    let help = s.run("imgcat", ["--help"]);
    for text in ["Examples:", "Exit codes:", "Checks:", "--verify"] {
        assert!(help.ok().stdout.contains(text), "{text}");
    }
    s.command("imgcat")
        .args(["x", "-"])
        .run()
        .fails("imgcat", 4, "no such archive");
}

#[test]
fn archives_that_are_none_say_so() {
    let s = Sandbox::new();
    let image = Image::new().file("a", "a").build(&s, "base");
    s.run("imgsave", [&image]).ok();
    let (name, path) = (s.image("base"), s.archive("base"));
    let whole = s.read_bytes(&path);
    s.run("imgcat", ["none", "a"])
        .fails("imgcat", 4, "none: no such archive");
    s.run("imgcat", ["none.tar", "a"])
        .fails("imgcat", 4, "none.tar: no such file");
    s.write(&path, POINTER);
    for operand in [&name, &path, &image] {
        s.run("imgcat", [operand, "a"])
            .fails("imgcat", 4, "is a Git LFS pointer")
            .stderr_has("hint: git lfs pull");
    }
    s.write(&path, &whole[..whole.len() / 2]);
    s.run("imgcat", [&name, "a"])
        .fails("imgcat", 4, "is truncated");
    // Another image instead of the registered one.
    let other = Image::new().file("a", "another").build(&s, "other");
    let saved = s.path(&path);
    engine().save(&[&other], &saved);
    for words in [&["a"][..], &["--image", &other, "a"], &["--list"]] {
        s.command("imgcat").arg(&name).args(words).run().fails(
            "imgcat",
            4,
            "is registered as sha256:",
        );
    }
    // The same file at another path is not registered.
    s.write("elsewhere.tar", s.read_bytes(&path));
    s.run("imgcat", ["elsewhere.tar", "a"])
        .ok()
        .stdout("another");
}

#[test]
fn damage_is_found_before_the_first_byte() {
    let s = Sandbox::new();
    let image = Image::new()
        .file("a", "the bytes of a")
        .file("b", "the bytes of b")
        .layer()
        .file("c", "the bytes of c");
    let image = image.build(&s, "base");
    s.run("imgsave", [&image]).ok();
    let (name, path) = (s.image("base"), s.archive("base"));
    s.run("imgcat", ["--verify", &name, "c"])
        .ok()
        .stdout("the bytes of c");
    s.flip(&path, "the bytes of b");
    // Damage in an unread layer is not found.
    s.run("imgcat", [&name, "c"]).ok().stdout("the bytes of c");
    for words in [&["c"][..], &["--tar"], &["--list"]] {
        s.command("imgcat")
            .args(["--verify", &name])
            .args(words)
            .run()
            .fails("imgcat", 4, "layer 1 of 2 is damaged");
    }
}

#[test]
fn a_thin_archive_needs_its_base() {
    let s = Sandbox::new();
    let base = Image::new().file("base", "of the base").build(&s, "base");
    let base = Image::on(&base).random("big", 300_000).build(&s, "base2");
    s.run("imgsave", [&base]).ok();
    let top = Image::on(&base).file("top", "of the top").build(&s, "top");
    s.run("imgsave", ["--thin", "--base", &s.image("base2"), &top])
        .ok();
    let name = s.image("top");
    for operand in [&name, &s.archive("top")] {
        s.run("imgcat", ["--verify", operand, "base", "top"])
            .ok()
            .stdout("of the baseof the top");
    }
    s.flip(&s.archive("base2"), "of the base");
    s.run("imgcat", ["--verify", &name, "top"])
        .fails("imgcat", 4, "is damaged");
    std::fs::remove_file(s.path(s.archive("base2"))).expect("a file");
    s.run("imgcat", [&name, "top"])
        .fails("imgcat", 4, "no such file");
}

#[test]
fn of_several_images_one_is_chosen() {
    let s = Sandbox::new();
    let one = Image::new().file("a", "one").build(&s, "one");
    let two = Image::new().file("a", "two").build(&s, "two");
    let ids = [&one, &two].map(|image| engine().id(image).expect("an image"));
    let path = s.path("both.tar");
    engine().save(&[&one, &two], &path);
    s.sh("gzip --fast < both.tar > both.tar.gz").ok();
    for archive in ["both.tar", "both.tar.gz"] {
        let outcome = s.run("imgcat", [archive, "a"]);
        outcome
            .fails("imgcat", 1, "holds 2 images")
            .stderr_has("hint: choose one with --image");
        for text in [&one, &two] {
            outcome.stderr_has(text);
        }
        s.run("imgcat", ["--image", &one, archive, "a"])
            .ok()
            .stdout("one");
        s.run("imgcat", ["--image", &two, archive, "a"])
            .ok()
            .stdout("two");
        s.run("imgcat", ["--image", "three", archive, "a"]).fails(
            "imgcat",
            1,
            "holds no image `three:latest`",
        );
    }
    if !engine().is_containerd() {
        s.run("imgcat", ["--image", &ids[1], "both.tar", "a"])
            .ok()
            .stdout("two");
    }
    // In a registered archive, the registry chooses.
    let name = s.image("two");
    s.write(
        "image-registry.yml",
        format!(
            "version: 1.0\nimages:\n  - {{name: {name}, file: both.tar, docker_tag: '{two}', \
             os: 'debian:12', architecture: x86_64}}\n"
        ),
    );
    s.run("imgcat", ["both.tar", "a"]).ok().stdout("two");
    s.run("imgcat", [&name, "a"]).ok().stdout("two");
}
