//! Loading thin archives, with and without their base.

use super::*;

#[test]
fn thin_archives_and_their_base_at_once_send_the_base_once() {
    let s = Sandbox::new();
    let [base, top] = thin_on_base(&s);
    let watched = Watched::new(&s);
    let words = [watched.program(), &s.image("top"), &s.image("base")];
    s.command("imgload")
        .arg("--engine")
        .args(words)
        .run()
        .ok()
        .stdout(&format!("{top}\n{base}\n"));
    assert_eq!(watched.loads(), 1);
    assert!(
        watched.bytes() < BASE as u64 + LITTLE,
        "{}",
        watched.bytes()
    );
}

#[test]
fn a_base_in_the_engine_is_as_good_as_its_archive() {
    let s = Sandbox::new();
    let [_, top] = thin_on_base(&s);
    s.run("imgload", [s.image("base")]).ok();
    let watched = Watched::new(&s);
    let load = || {
        let words = ["--engine", watched.program(), &s.image("top")];
        s.run("imgload", words).ok().stdout(&format!("{top}\n"));
        assert!(watched.bytes() < LITTLE, "{} bytes", watched.bytes());
        s.forget(&top);
    };
    s.flip(&s.archive("base"), MARK);
    load();
    // A containerd store identifies layers by blobs, so the base's archive is needed.
    if !engine().is_containerd() {
        watched.reset();
        s.remove(&s.archive("base"));
        load();
    }
}

/// A way to damage a base, and the expected message besides its name.
type Fault = (&'static str, fn(&Sandbox), &'static str);

const FAULTS: [Fault; 4] = [
    ("gone", |s| s.remove(&s.archive("base")), "no such file"),
    ("damaged", |s| s.flip(&s.archive("base"), MARK), "damaged"),
    (
        "truncated",
        |s| {
            let bytes = s.read_bytes(&s.archive("base"));
            s.write(&s.archive("base"), &bytes[..bytes.len() / 2]);
        },
        "truncated",
    ),
    (
        "not registered",
        |s| {
            let registry = s.read("image-registry.yml");
            let base = format!("  - name: {}", entry(s, "base"));
            let base = base.trim_end_matches([' ', '-']);
            s.write("image-registry.yml", registry.replacen(base, "", 1));
        },
        "which is not registered",
    ),
];

#[test]
fn without_its_base_a_thin_archive_is_not_loaded() {
    let s = Sandbox::new();
    let [base, top] = thin_on_base(&s);
    let (registry, archive) = (
        s.read("image-registry.yml"),
        s.read_bytes(&s.archive("base")),
    );
    for (name, spoil, said) in FAULTS {
        spoil(&s);
        let outcome = s.run("imgload", [s.image("top")]);
        outcome
            .fails("imgload", 4, said)
            .stderr_has(&s.image("base"));
        let left = [&base, &top].map(|image| engine().has(image));
        assert_eq!(left, [false, false], "{name}: a tag was left\n{outcome}");
        s.write("image-registry.yml", &registry);
        s.write(&s.archive("base"), &archive);
    }
    s.run("imgload", [s.image("top")]).ok();
}

#[test]
fn an_image_whose_base_is_replaced_is_made_whole_and_loads() {
    let s = Sandbox::new();
    let [base, top] = thin_on_base(&s);
    s.run("imgload", ["--quiet", &s.image("base")]).ok();
    s.run("imgsave", [&base]).ok().stderr_lacks("warning");
    s.forget(&base);
    large(&s, "base");
    s.run("imgsave", [&base]).ok().stderr_has(&format!(
        "{}: is no longer thin, because its base {}",
        s.image("top"),
        s.image("base")
    ));
    s.forget(&base);
    s.run("imgload", [s.image("top")])
        .ok()
        .stdout(&format!("{top}\n"));
    assert!(s.size("top") > BASE as u64);
}

#[test]
fn a_base_that_was_replaced_by_more_of_the_same_still_serves() {
    let s = Sandbox::new();
    let [base, top] = thin_on_base(&s);
    s.run("imgload", [s.image("base")]).ok();
    let more = Image::on(&base).build(&s, "more");
    s.run("imgsave", ["--name", &s.image("base"), &more]).ok();
    s.forget_all(&[base, more]);
    s.run("imgload", [s.image("top")])
        .ok()
        .stdout(&format!("{top}\n"));
}

#[test]
fn an_engine_that_has_the_base_loads_a_thin_archive_itself() {
    let s = Sandbox::new();
    // Others identify layers by blobs, or need every blob of a manifest.
    if engine().is_containerd() {
        return;
    }
    let [_, top] = thin_on_base(&s);
    assert!(!engine_loads(&s, &s.archive("top")) && !engine().has(&top));
    s.run("imgload", [s.image("base")]).ok();
    assert!(engine_loads(&s, &s.archive("top")) && engine().has(&top));
}
