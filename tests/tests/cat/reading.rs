//! Output.

use pipeline_tests::{Image, Sandbox, engine};
use serde_json::json;

use crate::{odd, tree};

/// Saves an image under its own archive's name.
fn save(s: &Sandbox, words: &[&str]) {
    s.command("imgsave").arg("--quiet").args(words).run().ok();
}

#[test]
fn a_tar_unpacks_to_what_a_container_sees() {
    let s = Sandbox::new();
    let image = odd::build(&s, "odd");
    odd::export(&s, &image, "export.tar");
    let expected = tree::unpack(&s, "export.tar");
    for name in ["odd/hard", "links/second", "was-file/in", "etc/os-release"] {
        assert!(
            expected.files.contains_key(std::ffi::OsStr::new(name)),
            "{name} is in the export"
        );
    }
    for name in ["gone", "links/first", "odd/target"] {
        assert!(
            !expected.files.contains_key(std::ffi::OsStr::new(name)),
            "{name} is not"
        );
    }
    let below = format!("{}:latest", s.image("oddbelow"));
    save(&s, &[&below]);
    let archive = s.archive("odd");
    for (number, (words, packed)) in [
        (&["--compress", "none"][..], ""),
        (&["--compress", "zstd"], ""),
        (&["--compress", "gzip"], ""),
        (&["--compress", "none"], "gzip --fast"),
        (&["--compress", "zstd"], "zstd -q -1"),
        (&["--thin", "--base", &s.image("oddbelow")], ""),
    ]
    .into_iter()
    .enumerate()
    {
        save(&s, &[words, &[image.as_str()]].concat());
        let what = format!("{words:?} {packed}");
        let operand = if packed.is_empty() {
            s.image("odd")
        } else {
            s.sh(&format!("{packed} < {archive} > packed")).ok();
            "packed".to_owned()
        };
        let tar = format!("{number}.tar");
        s.sh(&format!("imgcat --verify --tar {operand} / > {tar}"))
            .ok()
            .silent();
        let found = tree::unpack(&s, &tar);
        tree::assert_same(&found, &expected, &what);
        let links = [["kept-link", "links/second"], ["odd/hard", "odd/hard-too"]];
        assert_eq!(found.links, links, "{what}");
        // Without a path it is the same, byte for byte.
        s.sh(&format!("imgcat --tar {operand} | cmp - {tar}"))
            .ok()
            .silent();
    }
    // In the engine's own form.
    let path = s.path("saved.tar");
    engine().save(&[&image], &path);
    s.sh("imgcat --tar saved.tar > own.tar").ok();
    tree::assert_same(&tree::unpack(&s, "own.tar"), &expected, "docker save");
}

#[test]
fn what_upper_layers_hide_is_hidden() {
    let s = Sandbox::new();
    let image = odd::load_whiteouts(&s, "hidden");
    odd::export(&s, &image, "export.tar");
    let expected = tree::unpack(&s, "export.tar");
    let saved = s.path("saved.tar");
    engine().save(&[&image], &saved);
    for archive in ["whiteouts.tar", "saved.tar"] {
        s.sh(&format!("imgcat --tar {archive} > {archive}.files"))
            .ok()
            .silent();
        let found = tree::unpack(&s, &format!("{archive}.files"));
        tree::assert_same(&found, &expected, archive);
    }
    let names: Vec<_> = expected
        .files
        .keys()
        .map(|name| name.to_string_lossy())
        .collect();
    let gone = |name: &&str| name.ends_with("gone") || name.ends_with("old");
    assert_eq!(names.iter().map(|name| &**name).find(gone), None);
    s.run(
        "imgcat",
        [
            "whiteouts.tar",
            "opaque/above",
            "opaque/new",
            "opaque-not",
            "one/stays",
        ],
    )
    .ok()
    .stdout("newnewbesidestays");
}

#[test]
fn files_come_in_the_order_in_which_they_are_named() {
    let s = Sandbox::new();
    let image = odd::build(&s, "odd");
    save(&s, &[&image]);
    let name = s.image("odd");
    let os_release = s.run("imgcat", [&name, "/etc/os-release"]);
    assert!(
        os_release
            .ok()
            .silent()
            .stdout
            .contains("VERSION_ID=\"12\"")
    );
    for (paths, expected) in [
        (&["owned", "/odd/hard"][..], "ownedthe target"),
        (
            &["odd/hard", "owned", "odd/hard"],
            "the targetownedthe target",
        ),
        (
            &["links/second", "kept-link"],
            "one file, some namesone file, some names",
        ),
        (&["links/folder/größe", "odd/../odd/./empty"], "umlauts"),
        (&["was-folder", "was-link"], "f\nl\n"),
        (&["odd/new\nline\t\u{1b}[31m"], "escapes"),
        (&["links/absolute"], &os_release.stdout),
        (&["links/up"], &os_release.stdout),
    ] {
        let outcome = s.command("imgcat").arg(&name).args(paths).run();
        outcome.ok().silent().stdout(expected);
    }
    // By tag, by path, and with paths from standard input.
    s.run("imgcat", [&image, "owned"]).ok().stdout("owned");
    s.run("imgcat", [&s.archive("odd"), "owned"])
        .ok()
        .stdout("owned");
    let piped = s
        .command("imgcat")
        .args([&name, "-"])
        .input("owned\n/odd/hard\n");
    piped.run().ok().stdout("ownedthe target");
    let piped = s
        .command("imgcat")
        .args(["-0", &name, "-"])
        .input("odd/new\nline\t\x1b[31m\0");
    piped.run().ok().stdout("escapes");
    // Bytes that are not UTF-8 are a path too.
    s.sh(&format!(
        "imgcat {name} \"$(printf 'odd/not utf8 \\377\\376')\""
    ))
    .ok()
    .stdout("bytes");
}

#[test]
fn lists_are_sorted_and_can_be_read() {
    let s = Sandbox::new();
    let image = odd::build(&s, "odd");
    save(&s, &[&image]);
    let name = s.image("odd");
    let list = s.run("imgcat", ["--list", &name, "odd", "was-link"]);
    let long = format!("/odd/{}", "folder/".repeat(12));
    let lines: Vec<_> = list.ok().silent().stdout.lines().collect();
    let (folders, others): (Vec<_>, Vec<_>) = lines
        .into_iter()
        .partition(|line| line.starts_with(&long) || format!("{line}/").contains("/folder/"));
    assert_eq!(folders.len(), 13);
    let devices: &[&str] = if engine().makes_devices() {
        &["/odd/block", "/odd/char"]
    } else {
        &[]
    };
    let first = ["/odd/back\\\\slash and space "];
    let last = [
        "/odd/empty",
        "/odd/fifo",
        "/odd/größe",
        "/odd/hard",
        "/odd/hard-too",
        "/odd/new\\nline\\t\\033[31m",
        "/odd/not utf8 \\377\\376",
        "/was-link",
    ];
    assert_eq!(others, [&first, devices, &last].concat());
    // All listed files can be printed, with any unescaped name.
    let all = format!("imgcat --list -0 {name} | grep -zc .");
    let tar = format!("imgcat --tar {name} | tar -t --null | grep -c .");
    let (all, tar) = (s.sh(&all), s.sh(&tar));
    assert_eq!(all.ok().stdout, tar.ok().stdout);

    for flag in ["-l", "--long", "-v"] {
        s.run(
            "imgcat",
            ["--list", flag, &name, "owned", "links/absolute", "odd/fifo"],
        )
        .ok()
        .stderr_lacks("imgcat:");
    }
    let long = s.run(
        "imgcat",
        ["--list", "-l", &name, "odd/hard", "links/folder"],
    );
    long.ok().stdout(
        "-rw-r----- 1234/5678        10 2009-02-13 23:31 /odd/hard\n\
         lrwxrwxrwx 1234/5678         0 2009-02-13 23:31 /links/folder -> ../odd\n",
    );
    let device = s.run("imgcat", ["--list", "-l", &name, "odd/char"]);
    if engine().makes_devices() {
        device
            .ok()
            .stdout("crw------- 1234/5678     7,200 2009-02-13 23:31 /odd/char\n");
    } else {
        device.fails("imgcat", 1, "/odd/char: no such file in the image");
    }
    let layers = engine().layers(&image);
    let objects = s.run(
        "imgcat",
        ["--list", "--json", &name, "owned", "links/absolute"],
    );
    let objects = objects.ok().json();
    assert_eq!(objects[0]["diff_id"], layers[layers.len() - 3].as_str());
    assert_eq!(objects[0]["mode"], "4711");
    assert_eq!(objects[0]["uid"], 7);
    assert_eq!(objects[1]["target"], "/etc/os-release");
    assert_eq!(objects[1]["type"], "symlink");
    let times = s.run("imgcat", ["--list", "--json", &name, "odd/hard"]);
    let expected = json!({
        "path": "/odd/hard", "type": "file", "mode": "0640", "uid": 1234, "gid": 5678, "size": 10,
        "mtime": "2009-02-13T23:31:30Z", "target": null,
        "diff_id": layers[layers.len() - 5],
    });
    assert_eq!(times.ok().json(), [expected]);
    // A link is not followed, unless a slash follows it.
    let link = s.run("imgcat", ["--list", &name, "links/folder"]);
    link.ok().stdout("/links/folder\n");
    let folder = s.run("imgcat", ["--list", &name, "links/folder/"]);
    assert!(folder.ok().stdout.contains("/odd/hard\n"), "{folder}");
}

#[test]
fn a_tar_of_some_files_holds_no_others() {
    let s = Sandbox::new();
    let image = odd::build(&s, "odd");
    save(&s, &[&image]);
    let name = s.image("odd");
    for (paths, expected) in [
        (
            "links",
            "links/folder\nlinks/loop\nlinks/none\nlinks/second\nlinks/absolute\nlinks/up\nlinks/\n",
        ),
        ("/was-file was-file/in", "was-file/in/\nwas-file/\n"),
        ("links/folder", "links/folder\n"),
        (
            "kept-link links/second owned",
            "owned\nkept-link\nlinks/second\n",
        ),
    ] {
        let mut lines: Vec<_> = expected.lines().collect();
        lines.sort_unstable();
        let listed = s.sh(&format!("imgcat --tar {name} {paths} | tar -t"));
        let mut found: Vec<_> = listed.ok().silent().stdout.lines().collect();
        found.sort_unstable();
        assert_eq!(found, lines, "{paths}");
    }
    // Without the target of a link, it becomes a file; with both, a link.
    let file = s.sh(&format!(
        "imgcat --tar {name} links | tar -x -O links/second"
    ));
    file.ok().stdout("one file, some names");
    let link = s.sh(&format!(
        "imgcat --tar {name} links kept-link | tar -tv | grep -c '^h'"
    ));
    link.ok().stdout("1\n");
}

#[test]
fn nothing_is_written_and_no_engine_is_asked() {
    let s = Sandbox::new();
    let image = Image::new().file("a", "the bytes").build(&s, "base");
    save(&s, &[&image]);
    let (files, registry) = (s.files(""), s.read("image-registry.yml"));
    for words in [&["a"][..], &["--list"], &["--tar"], &["--verify", "a"]] {
        let mut command = s
            .command("imgcat")
            .variable("IMG_ENGINE", "/nonexistent/engine");
        command = command.arg(s.image("base")).args(words);
        command.run().ok().silent();
    }
    assert_eq!(s.files(""), files);
    assert_eq!(s.read("image-registry.yml"), registry);
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let s = Sandbox::new();
    let image = Image::new().random("big", 3_000_000).build(&s, "base");
    save(&s, &[&image]);
    let name = s.image("base");
    for words in ["big big", "--tar", "--list -l / / / / /"] {
        let line = format!("{{ imgcat {name} {words}; echo code $? >&2; }} | head -c 1 | wc -c");
        let outcome = s.sh(&line);
        outcome.ok().stdout("1\n");
        assert_eq!(outcome.stderr, "code 0\n", "{words}");
    }
}
