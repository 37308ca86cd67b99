//! Stores with denied operations: a system call that fails anywhere, and files of another user.

#![expect(
    clippy::expect_used,
    reason = "a test reports what is wrong by panicking"
)]

use std::os::unix::fs::PermissionsExt as _;

use pipeline_tests::{Image, Sandbox};

/// The most calls of one kind that are made to fail.
const MOST: u32 = 60;

/// Saves one archive over another. The first, the second, … call of one kind fails, until no call is left.
fn fails_at_every_place(call: &str, error: &str, codes: &[i32]) {
    let s = Sandbox::new();
    let images = ["a", "b"].map(|variant| Image::new().build(&s, variant));
    let ids = images
        .each_ref()
        .map(|image| pipeline_tests::engine().id(image).expect("an image"));
    for (image, file) in images.iter().zip(["a.tar", "b.tar"]) {
        s.sh(&format!("$IMG_ENGINE save {image} > {file}")).ok();
    }
    let name = s.image("saved");
    let save = |file: &str| format!("imgsave --name {name} {file}");
    s.sh(&save("a.tar")).ok();
    let is = || {
        let found = s
            .run("imgls", ["--check", "--json", "--no-engine"])
            .ok()
            .json();
        found[0]["image_id"].as_str().map(str::to_owned)
    };
    let mut denied = 0;
    for number in 1..=MOST {
        let inject = format!("-e trace={call} -e inject={call}:error={error}:when={number}");
        let outcome = s.sh(&format!(
            "strace -f -qqq -o trace {inject} {}",
            save("b.tar")
        ));
        let was_denied = s.read("trace").contains("(INJECTED)");
        if outcome.code != 0 {
            assert!(codes.contains(&outcome.code), "{call} {number}\n{outcome}");
            outcome.fails("imgsave", outcome.code, "");
            // Either the old state or the new one, never a mixture, and no other files.
            let is = is();
            assert!(
                is.as_ref() == Some(&ids[0]) || call == "fsync" && is.as_ref() == Some(&ids[1]),
                "{call} {number}: {is:?}\n{outcome}"
            );
            denied += 1;
        }
        assert_eq!(
            s.files("images/.imgpipe/unfinished"),
            [""; 0],
            "{call} {number}"
        );
        let note = s.path("images/.imgpipe/installing.json");
        assert!(!note.exists(), "{call} {number}\n{outcome}");
        assert!(!s.path(".image-registry.yml.unfinished").exists());
        s.sh(&save("a.tar")).ok();
        assert_eq!(is().as_ref(), Some(&ids[0]));
        if !was_denied {
            assert!(denied > 0, "{call} is never called");
            return;
        }
    }
    panic!("{call} is called more than {MOST} times");
}

#[test]
fn no_flush_to_disk_is_believed_that_failed() {
    fails_at_every_place("fsync", "EIO", &[1]);
    fails_at_every_place("fsync", "ENOSPC", &[6]);
}

#[test]
fn a_rename_that_fails_changes_nothing() {
    fails_at_every_place("rename", "EACCES", &[1]);
    fails_at_every_place("rename", "ENOSPC", &[6]);
}

#[test]
fn what_belongs_to_somebody_else_is_read_and_stays() {
    let s = Sandbox::new();
    let image = Image::new().build(&s, "a");
    s.run("imgsave", [&image]).ok();
    s.sh(&format!("$IMG_ENGINE save {image} > saved.tar")).ok();
    // In a public folder, with the commands beside it.
    let folder = tempfile::tempdir().expect("a folder");
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).expect("the mode is set");
    let there = folder.path().to_str().expect("UTF-8");
    s.sh(&format!("cp -r images image-registry.yml saved.tar '{there}' && for c in imgls imgsave imgprune imgcat imgplan; do cp \"$(command -v $c)\" '{there}'; done")).ok();
    s.sh(&format!("rm -r '{there}/images/.imgpipe'")).ok();
    let name = s.image("a");
    let archive = s.archive("a");
    let nobody = |line: &str| {
        s.sh(&format!("cd '{there}' && exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs ./{line}"))
    };
    let before = s.sh(&format!(
        "cd '{there}' && find . -type f -exec sha256sum {{}} +"
    ));
    nobody("imgls --check --no-engine").ok();
    nobody(&format!("imgcat {name} /etc/os-release")).ok();
    nobody(&format!("imgls --pin {name}")).fails("imgls", 1, "Permission denied");
    nobody(&format!("imgsave --name {name} saved.tar")).fails("imgsave", 1, "Permission denied");
    let prune = nobody("imgprune --max-size 0 --no-engine");
    assert!([1, 6].contains(&prune.code), "{prune}");
    prune.stdout("");
    let after = s.sh(&format!(
        "cd '{there}' && find . -type f -exec sha256sum {{}} +"
    ));
    assert_eq!(after.ok().stdout, before.ok().stdout);
    // Unreadable files.
    s.sh(&format!("chmod 000 '{there}/{archive}'")).ok();
    let unread = nobody("imgls --check --no-engine");
    assert!([1, 4].contains(&unread.code), "{unread}");
    unread.stderr_has("Permission denied");
    s.sh(&format!("chmod 000 '{there}/image-registry.yml'"))
        .ok();
    nobody("imgls --no-engine").fails("imgls", 1, "Permission denied");
}
