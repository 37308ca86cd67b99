//! Replacing a base takes no layers from the images on it.

use pipeline_tests::remote::{entry, publish};
use pipeline_tests::{Registry, SmallDisk};

use super::*;

#[test]
fn what_stands_on_a_replaced_base_is_made_whole_first() {
    for compress in ["none", "zstd", "gzip"] {
        let chain = Chain::new();
        let s = &chain.s;
        let more = ["--thin", "--base", &s.image("base"), "--compress", compress];
        chain.replace("middle", &chain.middle, &more).ok();
        let mut before = entry(s, &s.image("middle"));
        let replaced = chain.replace("base", &image(vec![debian(1000)]), &[]);
        replaced
            .ok()
            .stderr_has(&format!(
                "{}: is no longer thin, because its base {}",
                s.image("middle"),
                s.image("base")
            ))
            .stderr_lacks(&s.image("top"));
        whole(s);
        let mut after = entry(s, &s.image("middle"));
        assert_eq!(after["thin"].as_bool(), Some(false));
        assert!(s.read_bytes(&s.archive("middle")).len() > BASE);
        // It stands on `middle`, which has all layers now.
        assert!(s.read_bytes(&s.archive("top")).len() < LITTLE);
        for entry in [&mut before, &mut after] {
            for key in ["thin", "size_mb", "manifest"] {
                entry.as_mapping_mut().map(|keys| keys.remove(key));
            }
        }
        assert_eq!(before, after);
        let packed = s
            .read(&s.archive("middle"))
            .contains(&format!("tar+{compress}"));
        assert_eq!(packed, compress != "none");
    }
}

#[test]
fn a_base_that_keeps_the_layers_leaves_thin_archives_as_they_are() {
    for (base, flags) in [
        (None, &["--compress", "zstd"][..]),
        (None, &["--compress", "gzip"]),
        (Some(on as fn(&TestImage) -> TestImage), &[]),
        (Some(alike), &[]),
    ] {
        let chain = Chain::new();
        let s = &chain.s;
        let untouched = ["middle", "top"].map(|variant| s.read_bytes(&s.archive(variant)));
        let new = base.map_or_else(|| chain.base.clone(), |new| new(&chain.base));
        let replaced = chain.replace("base", &new, flags);
        replaced.ok().stderr_lacks("whole");
        let now = ["middle", "top"].map(|variant| s.read_bytes(&s.archive(variant)));
        assert!(now == untouched, "{replaced}");
        whole(s);
    }
}

#[test]
fn a_base_becomes_thin_itself() {
    let chain = Chain::new();
    let s = &chain.s;
    let lowest = &chain.base;
    chain.save("lowest", &alike(lowest), &[]);
    let thin = ["--thin", "--base", &s.image("lowest")];
    chain.replace("base", lowest, &thin).ok();
    assert!(s.read_bytes(&s.archive("base")).len() < LITTLE);
    whole(s);
    // Three archives need the removed layers; one of them is made whole.
    let replaced = chain.replace("lowest", &image(vec![debian(1000)]), &[]);
    replaced.ok().stderr_has(&format!(
        "{}: is no longer thin, because its base",
        s.image("base")
    ));
    assert!(s.read_bytes(&s.archive("middle")).len() < LITTLE);
    whole(s);
}

#[test]
fn a_registry_that_says_nothing_of_bases_changes_nothing() {
    let chain = Chain::new();
    let s = &chain.s;
    let text = s.read("image-registry.yml");
    let lines = text.lines().filter(|line| {
        let line = line.trim_start();
        !line.starts_with("base:") && !line.starts_with("thin:")
    });
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    s.write("image-registry.yml", text);
    whole(s);
    let thin = ["--thin", "--base", &s.image("middle")];
    let before = chain.state();
    chain.replace("base", &on(&chain.middle), &thin).code(3);
    assert!(chain.state() == before);
    chain.replace("base", &image(vec![debian(1000)]), &[]).ok();
    whole(s);
}

#[test]
fn a_file_that_no_entry_names_is_replaced_only_if_no_layer_is_lost() {
    let chain = Chain::new();
    let s = &chain.s;
    forget_entry(s, "base");
    let replaced = chain.replace("base", &image(vec![debian(1000)]), &[]);
    replaced.ok().stderr_has(&format!(
        "{}: is no longer thin, because its base",
        s.image("middle")
    ));
    assert!(s.read_bytes(&s.archive("middle")).len() > BASE);
    whole(s);
    // It contains the layers itself.
    let chain = Chain::new();
    forget_entry(&chain.s, "base");
    chain.replace("base", &on(&chain.base), &[]).ok();
    let middle = chain.s.read_bytes(&chain.s.archive("middle"));
    assert!(middle.len() < LITTLE);
    whole(&chain.s);
    // An unknown base is refused.
    let chain = Chain::new();
    let s = &chain.s;
    forget_entry(s, "base");
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
    s.write(&s.archive("top"), pointer);
    let before = chain.state();
    let refused = chain.replace("base", &image(vec![debian(1000)]), &[]);
    refused.fails("imgsave", 3, &s.image("top"));
    assert!(chain.state() == before);
}

#[test]
fn a_renamed_base_is_found_by_its_layers() {
    for (moved, without_ids) in [(false, false), (true, false), (false, true), (true, true)] {
        let chain = Chain::new();
        let s = &chain.s;
        rename(s, "base", "renamed", moved, without_ids);
        whole(s);
        let replaced = chain.replace("renamed", &image(vec![debian(1000)]), &[]);
        replaced.ok().stderr_has(&format!(
            "{}: is no longer thin, because its base",
            s.image("middle")
        ));
        assert!(s.read_bytes(&s.archive("middle")).len() > BASE);
        assert!(s.read_bytes(&s.archive("top")).len() < LITTLE);
        whole(s);
    }
}

#[test]
fn any_number_of_thin_archives_keeps_its_layers() {
    let chain = Chain::new();
    for number in 0..12 {
        chain.save(&format!("x{number}"), &on(&chain.base), &["--thin", "base"]);
    }
    chain.replace("base", &image(vec![debian(1000)]), &[]).ok();
    whole(&chain.s);
}

#[test]
fn without_room_for_the_layers_nothing_is_replaced() {
    let s = Sandbox::without_engine();
    let small = SmallDisk::new(&s, "2m");
    let save = |name: &str, image: &TestImage, flags: &[&str]| {
        s.write("small/own.tar", image.classic());
        let command = small.command("imgsave").args(["--name", &s.image(name)]);
        let saved = command.args(flags).arg("own.tar").run();
        s.remove("small/own.tar");
        saved
    };
    let base = image(vec![debian(400_000)]);
    save("base", &base, &[]).ok();
    for variant in ["a", "b", "c"] {
        let thin = ["--thin", "--base", &s.image("base")];
        save(variant, &on(&base), &thin).ok();
    }
    let before = s.read("small/image-registry.yml");
    let refused = save("base", &image(vec![debian(1000)]), &[]);
    refused
        .fails("imgsave", 6, &s.image("base"))
        .stderr_has(&s.image("b"))
        .stderr_has("the store has only");
    assert_eq!(s.read("small/image-registry.yml"), before);
    assert!(s.files("small/images/.imgpipe/unfinished").is_empty());
    small
        .command("imgls")
        .args(["--check", "--no-engine"])
        .run()
        .ok();
}

#[test]
fn a_pointer_of_git_lfs_may_need_any_layer() {
    let chain = Chain::new();
    let s = &chain.s;
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
    s.write(&s.archive("top"), pointer);
    let before = chain.state();
    let refused = chain.replace("base", &image(vec![debian(1000)]), &[]);
    refused
        .fails("imgsave", 3, &s.image("top"))
        .stderr_has("hint: git lfs pull");
    assert!(chain.state() == before);
}

#[test]
fn what_can_not_be_read_any_more_is_no_reason_to_keep_a_base() {
    let chain = Chain::new();
    let s = &chain.s;
    let mut damaged = s.read_bytes(&s.archive("base"));
    damaged[BASE / 2] ^= 1;
    s.write(&s.archive("base"), damaged);
    let replaced = chain.replace("base", &image(vec![debian(1000)]), &[]);
    replaced.ok().stderr_has(&format!(
        "warning: {}: cannot read this thin archive on",
        s.image("middle")
    ));
    assert_eq!(s.files("images/.imgpipe/unfinished"), [""; 0]);
}

#[test]
fn an_archive_of_two_entries_is_not_taken_from_one_of_them() {
    let chain = Chain::new();
    let s = &chain.s;
    let (base, other) = (s.image("base"), s.image("other"));
    let text = s.read("image-registry.yml");
    let start = text.find("  - name: ").expect("an entry");
    let end = text[start + 1..].find("  - name: ").expect("another") + start + 1;
    let copy = text[start..end].replace(&format!("name: {base}\n"), &format!("name: {other}\n"));
    s.write("image-registry.yml", format!("{text}{copy}"));
    let before = chain.state();
    let refused = chain.replace("base", &image(vec![debian(1000)]), &[]);
    refused.fails("imgsave", 3, &other).stderr_has("hint: ");
    assert!(chain.state() == before);
    // The same image in another form is the other entry's as well.
    chain
        .replace("base", &chain.base, &["--compress", "zstd"])
        .ok();
    whole(s);
}

#[test]
fn a_base_that_is_fetched_anew_takes_no_layers() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let base = image(vec![debian(BASE)]);
    let reference = publish(&s, &registry, &base, "ci/base:1");
    s.run("imgfetch", ["--insecure", &reference]).ok();
    let thin = ["--thin", "--base", "base-debian-12-1"];
    save(&s, &on(&base), &s.image("top"), &thin);
    publish(&s, &registry, &image(vec![debian(1000)]), "ci/base:1");
    s.run("imgfetch", ["--insecure", "--update", &reference])
        .ok()
        .stderr_has(&format!(
            "{}: is no longer thin, because its base base-debian-12-1",
            s.image("top")
        ));
    whole(&s);
}
