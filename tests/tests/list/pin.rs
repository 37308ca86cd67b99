//! Pinning.

use super::*;

#[test]
fn pinning_changes_nothing_else() {
    let s = Sandbox::without_engine();
    let entry = |name: &str| {
        format!(
            "  # {name} is ours\n  - file: \"{name}.tar\"   # where it is\n    name: {name}\n    docker_tag: '{name}:1'\n    \
             os: debian:12\n    architecture: x86_64\n    owner: somebody\n"
        )
    };
    let before = format!("# A registry.\nimages:\n{}{}", entry("one"), entry("two"));
    s.write("image-registry.yml", &before);
    let pinned = |outcome: &Outcome| {
        let lines = lines(outcome.ok());
        lines
            .into_iter()
            .map(|line| (line.name, line.pinned))
            .collect::<Vec<_>>()
    };
    let two = |answer: &str| vec![("two".to_owned(), answer.to_owned())];
    assert_eq!(pinned(&s.run("imgls", ["--pin", "two"])), two("yes"));
    let after = s.read("image-registry.yml");
    assert_eq!(after.replacen("    pinned: true\n", "", 1), before);
    assert!(after.find("pinned") > after.find("name: two"), "{after}");

    assert_eq!(pinned(&s.run("imgls", ["--unpin", "two"])), two("no"));
    let again = s.read("image-registry.yml");
    assert_eq!(again, after.replace("pinned: true", "pinned: false"));

    s.run("imgls", ["--pin", "one", "none"]).fails(
        "imgls",
        4,
        "no image of that name is registered",
    );
    assert_eq!(s.read("image-registry.yml"), again);
    s.run("imgls", ["--pin"])
        .fails("imgls", 2, "need image names");
    s.run("imgls", ["--pin", "--check", "one"])
        .fails("imgls", 2, "cannot be used with");
}
