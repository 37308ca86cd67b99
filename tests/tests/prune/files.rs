//! The removal of files, entries and tags.

use super::*;

/// A large number of images.
const MANY: usize = 3000;

#[test]
fn what_belongs_to_nobody_goes_when_asked() {
    let s = Sandbox::without_engine();
    three(&s);
    std::fs::remove_file(s.path(s.archive("b"))).unwrap();
    s.write("images/lost.tar", "lost");
    s.write("images/Dockerfile.x", "FROM scratch");
    s.write("images/.imgpipe/unfinished/1-0-0000000a.tar", "dead");
    s.write("outside.tar", "outside");
    std::os::unix::fs::symlink("../outside.tar", s.path("images/link.tar")).unwrap();
    let told = prune(&s, ["--max-size", "1GB"]);
    told.ok()
        .stdout("")
        .stderr_has(&format!("no archive for {}", s.image("b")));
    told.stderr_has("2 files not registered, 8 B (--orphans removes them)");
    let gone = prune(&s, ["--orphans", "--missing"]);
    gone.ok()
        .stdout("images/lost.tar\nimages/.imgpipe/unfinished/1-0-0000000a.tar\n");
    gone.stderr_has(&format!("{}: only the entry was removed", s.image("b")));
    assert_eq!(there(&s), ["a", "c"]);
    assert!(s.path("outside.tar").exists() && s.path("images/link.tar").is_symlink());
    assert!(s.path("images/Dockerfile.x").exists());
    prune(&s, ["--orphans", "--missing"]).ok().stdout("");
}

#[test]
fn an_entry_without_an_archive_stays_for_what_stands_on_it_and_that_is_said() {
    let s = Sandbox::without_engine();
    three(&s);
    std::fs::remove_file(s.path(s.archive("b"))).unwrap();
    let (base, thin) = (s.image("b"), s.image("a"));
    let registry = s.read("image-registry.yml");
    let named = format!("name: {thin},");
    assert!(registry.contains(&named), "{registry}");
    let stands = format!("{named} thin: true, base: {base},");
    s.write("image-registry.yml", registry.replace(&named, &stands));
    for words in [&["--missing", "-n"][..], &["--missing"]] {
        let kept = prune(&s, words.iter().copied());
        kept.ok().stdout("");
        kept.stderr_has(&format!(
            "{base}: has no archive; kept its entry: base of {thin}\n"
        ));
        assert!(!kept.stderr.contains("--missing removes"), "{kept}");
    }
    assert!(s.read("image-registry.yml").contains(&base));
}

#[test]
fn what_is_on_its_way_waits_an_hour_for_whoever_goes_on() {
    let s = Sandbox::without_engine();
    three(&s);
    let folder = "images/.imgpipe/transfers/a";
    s.write(&format!("{folder}/blob"), "half");
    let left = prune(&s, ["--orphans"]);
    left.ok().stdout("");
    left.stderr_has(
        "1 file not registered, 4 B (kept for now: in use, or changed within the last hour",
    );
    let hours = std::time::Duration::from_secs(2 * 60 * 60);
    let opened = std::fs::File::open(s.path(folder)).unwrap();
    let long_ago = std::time::SystemTime::now() - hours;
    opened.set_modified(long_ago).unwrap();
    prune(&s, ["--orphans"]).ok().stdout(&format!("{folder}\n"));
    assert!(!s.path(folder).exists());
}

#[test]
fn links_and_paths_that_lead_out_are_left_alone() {
    let s = Sandbox::without_engine();
    three(&s);
    s.write("outside.tar", "outside");
    std::fs::remove_file(s.path(s.archive("a"))).unwrap();
    std::os::unix::fs::symlink("../../outside.tar", s.path(s.archive("a"))).unwrap();
    let registry = s.read("image-registry.yml");
    s.write(
        "image-registry.yml",
        registry.replace(&s.archive("b"), "../b.tar"),
    );
    let left = prune(&s, ["--max-size", "0"]);
    left.code(3).stdout(&paths(&s, &["c"]));
    left.stderr_has(&format!("{}: skipped: ", s.image("a")));
    left.stderr_has(&format!("{}: ../b.tar: holds `..`", s.image("b")));
    assert!(s.path("outside.tar").exists());
}

#[test]
fn a_file_that_two_entries_name_goes_with_the_last() {
    let s = Sandbox::without_engine();
    three(&s);
    let registry = s.read("image-registry.yml");
    s.write(
        "image-registry.yml",
        registry.replace(&s.archive("a"), &s.archive("c")),
    );
    std::fs::remove_file(s.path(s.archive("a"))).unwrap();
    // The file counts once, and is removed with its last entry.
    let kept = prune(&s, ["--max-age", "1d", "--keep", "*-c"]);
    kept.ok().stdout(&paths(&s, &["b"]));
    kept.stderr_has("before 500 kB in 3 images, freed 200 kB, after 300 kB in 1 image");
    kept.stderr_has(&format!("{}: only the entry was removed", s.image("a")));
    assert!(s.path(s.archive("c")).exists());
    prune(&s, ["--max-age", "1d"])
        .ok()
        .stdout(&paths(&s, &["c"]));
    assert!(!s.path(s.archive("c")).exists());
}

#[test]
fn an_entry_stays_whose_archive_can_not_be_removed() {
    let s = Sandbox::without_engine();
    three(&s);
    // Root may do anything, except on a folder with a mount over it.
    let folder = format!("images/{}", s.project());
    let registry = s.read("image-registry.yml");
    s.sh(&format!(
        "mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
    ))
    .ok();
    let held = prune(&s, ["--max-size", "0"]);
    s.sh(&format!("umount {folder}")).ok();
    held.fails("imgprune", 6, "in a folder that is not writable");
    assert_eq!(s.read("image-registry.yml"), registry);
}

#[test]
fn two_ways_to_one_file_count_once() {
    let s = Sandbox::without_engine();
    three(&s);
    std::os::unix::fs::symlink("images", s.path("alias")).unwrap();
    let alias = s.archive("c").replacen("images/", "alias/", 1);
    let registry = s.read("image-registry.yml");
    s.write(
        "image-registry.yml",
        registry.replace(&s.archive("a"), &alias),
    );
    s.remove(&s.archive("a"));
    prune(&s, ["--max-age", "1d"])
        .ok()
        .stdout(&paths(&s, &["b", "c"]))
        .stderr_has("before 500 kB in 3 images, freed 500 kB, after 0 B in 0 images");
    assert!(!s.path(s.archive("c")).exists());
}

/// A store of so many images that they are removed in parts, with time for a disturbance.
fn many(s: &Sandbox) {
    let images: Vec<String> = (0..MANY).map(|number| format!("i{number}")).collect();
    let all: Vec<_> = images
        .iter()
        .map(|variant| (variant.as_str(), 0, "size_mb: 1"))
        .collect();
    stored(s, &all);
}

/// Removes all of [`many`], with a disturbance after the first removal. Returns how many were printed, and how many are
/// left.
fn disturbed(s: &Sandbox, disturb: &str, code: i32) -> (usize, usize) {
    let script = format!(
        "(exec imgprune --no-engine --max-age 0 --json) > out & pid=$!
        while [ $(ls images/* | wc -l) -eq {MANY} ]; do kill -0 $pid || exit 99; done
        {disturb}; wait $pid"
    );
    s.sh(&script).code(code);
    let printed = s.read("out").matches("\"kind\":\"image\"").count();
    let files = s.files(&format!("images/{}", s.project())).len();
    assert!(printed > 0 && files > 0, "{printed} and {files}");
    (printed, files)
}

#[test]
fn an_interrupted_run_says_what_it_removed_and_registers_the_rest() {
    let s = Sandbox::without_engine();
    many(&s);
    let (printed, files) = disturbed(&s, "kill -INT $pid", 130);
    let entries = s.read("image-registry.yml").matches("- {name: ").count();
    assert_eq!((files, entries), (MANY - printed, MANY - printed));
}

#[test]
fn a_run_that_fails_on_the_way_says_what_it_removed() {
    let s = Sandbox::without_engine();
    many(&s);
    // Like an editor, which takes no lock and renames a file that it has written.
    let broken = "echo 'images: [' > new.yml; mv new.yml image-registry.yml";
    let (printed, files) = disturbed(&s, broken, 3);
    assert_eq!(files, MANY - printed);
    assert_eq!(s.read("image-registry.yml"), "images: [\n");
}

#[test]
fn what_can_not_be_deleted_is_told_once() {
    let s = Sandbox::without_engine();
    three(&s);
    // A mount point cannot be deleted.
    let file = s.archive("a");
    s.sh(&format!("mount --bind {file} {file}")).ok();
    let pruned = prune(&s, ["--max-size", "0", "--orphans"]);
    s.sh(&format!("umount {file}")).ok();
    pruned.code(1).stdout(&paths(&s, &["b", "c"]));
    assert_eq!(
        pruned.stderr.matches("cannot remove").count(),
        1,
        "{pruned}"
    );
    pruned.stderr_lacks("not registered");
    // Its entry is gone, so it is an orphan now.
    prune(&s, ["--orphans"]).ok().stdout(&paths(&s, &["a"]));
}

#[test]
fn another_image_under_the_tag_stays_in_the_engine() {
    let s = Sandbox::new();
    let image = saved(&s, "a");
    s.forget(&image);
    Image::new().build(&s, "a");
    let pruned = s.run("imgprune", ["--max-size", "0", "--rmi"]);
    pruned.ok().stderr_has("in the engine: it is another image");
    assert!(engine().has(&image));
}

/// An image with the registered image's layers, but another config. Engines that identify images by their manifests
/// cannot distinguish them by ID.
#[test]
fn an_image_of_the_same_layers_stays_in_the_engine() {
    let s = Sandbox::new();
    let image = saved(&s, "a");
    let build = |label: &str| {
        s.write(
            "other/Dockerfile",
            format!("FROM {image}\nLABEL a={label}\n"),
        );
        let other = format!("{}:latest", s.image("b"));
        let words = ["build", "--tag", &other, s.path("other").as_str()].map(str::to_owned);
        s.run(engine().program(), words).ok();
        other
    };
    let other = build("one");
    s.run("imgsave", [&other]).ok();
    build("two");
    let listed = s.run("imgls", ["--json", &s.image("b")]).ok().json();
    assert_eq!(listed[0]["loaded"], false);
    let words = ["--max-size", "0", "--rmi", "--json", "--keep", "*-a"];
    let pruned = s.run("imgprune", words);
    assert_eq!(pruned.code(6).json()[0]["untagged"], false, "{pruned}");
    assert!(engine().has(&other));
    // Its own image is removed, even if imgload did not load it.
    build("one");
    s.run("imgsave", [&other]).ok();
    let listed = s.run("imgls", ["--json", &s.image("b")]).ok().json();
    assert_eq!(listed[0]["loaded"], true);
    let pruned = s.run("imgprune", words);
    assert_eq!(pruned.code(6).json()[0]["untagged"], true, "{pruned}");
    assert!(!engine().has(&other));
}
