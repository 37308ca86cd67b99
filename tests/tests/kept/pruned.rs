//! Layers that registered archives need stay, whatever the registry says.

use super::*;

/// Removes the lines that name bases from the registry.
fn without_bases(s: &Sandbox) {
    let text = s.read("image-registry.yml");
    let is_other = |line: &&str| !line.contains("base: ") && !line.contains("thin: ");
    let lines = text.lines().filter(is_other);
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    s.write("image-registry.yml", text);
}

fn prune(s: &Sandbox, words: &[&str]) -> Outcome {
    s.command("imgprune").arg("--no-engine").args(words).run()
}

#[test]
fn a_base_stays_by_the_word_of_the_archives_alone() {
    let chain = Chain::new();
    let s = &chain.s;
    without_bases(s);
    let top = s.image("top");
    let kept = prune(s, &["--max-size", "1kB", "--keep", &top]);
    kept.fails("imgprune", 6, "held back by ").stdout("");
    whole(s);
    // With the last one the bases are removed, too.
    let all = ["top", "middle", "base"].map(|variant| s.archive(variant) + "\n");
    prune(s, &["--max-size", "0"]).ok().stdout(&all.concat());
}

#[test]
fn an_archive_behind_a_link_needs_its_base_too() {
    let chain = Chain::new();
    let s = &chain.s;
    without_bases(s);
    let (top, elsewhere) = (s.archive("top"), "images/elsewhere.tar");
    s.sh(&format!(
        "mv '{top}' {elsewhere} && ln -s ../elsewhere.tar '{top}'"
    ))
    .ok();
    prune(s, &["--max-size", "0", "-v"])
        .fails("imgprune", 6, "held back by ")
        .stderr_has(&format!(
            "{}: kept: base of {}",
            s.image("middle"),
            s.image("top")
        ))
        .stdout("");
    whole(s);
}

#[test]
fn a_base_without_an_entry_is_no_orphan() {
    let chain = Chain::new();
    let s = &chain.s;
    let registry = s.read("image-registry.yml");
    forget_entry(s, "base");
    s.write("images/nobody.tar", image(vec![debian(1000)]).classic());
    prune(s, &["--orphans"])
        .ok()
        .stdout("images/nobody.tar\n")
        .stderr_has(&format!("{}: kept this orphan", s.archive("base")));
    s.write("image-registry.yml", registry);
    whole(s);
}

#[test]
fn a_renamed_base_stays_by_its_layers() {
    for (moved, without_ids) in [(false, false), (true, false), (false, true), (true, true)] {
        let chain = Chain::new();
        let s = &chain.s;
        rename(s, "base", "renamed", moved, without_ids);
        let [top, renamed] = ["top", "renamed"].map(|variant| s.image(variant));
        let before = chain.state();
        prune(s, &[&renamed])
            .fails("imgprune", 6, &renamed)
            .stdout("");
        prune(s, &["--max-size", "0", "--keep", &top])
            .fails("imgprune", 6, "held back by ")
            .stdout("");
        prune(s, &["--max-age", "0d", "--keep", &top])
            .ok()
            .stdout("");
        assert!(chain.state() == before);
        whole(s);
        // With the last archive that needs it, it is removed.
        prune(s, &["--max-size", "0"]).ok();
        assert!(!s.read("image-registry.yml").contains("name: "));
    }
}
