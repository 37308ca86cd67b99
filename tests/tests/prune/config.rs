//! Limits of the config, and its registry.

use super::*;

#[test]
fn limits_come_from_the_config_too() {
    let s = Sandbox::without_engine();
    three(&s);
    s.write(
        "local-ci-config.yml",
        "resource_limits: {disk_min_free_gb: 0.001, cpus: 3}\nimages:\n  cleanup: {max_size_gb: 0.0004, keep: ['*-a']}\n",
    );
    let shown = s.run("imgprune", ["--show-limits", "--max-age", "9999d"]);
    let shown = shown.ok().stdout.replace(s.root().as_str(), "");
    assert_eq!(
        shown,
        "max-size\t400 kB\t/local-ci-config.yml:3:26: images.cleanup.max_size_gb
max-age\t9999d\t--max-age
min-free\t1 MB\t/local-ci-config.yml:1:37: resource_limits.disk_min_free_gb
keep\t*-a\t/local-ci-config.yml:3:41: images.cleanup.keep
"
    );
    prune(&s, []).ok().stdout(&paths(&s, &["b"]));
    // A flag wins.
    prune(&s, ["--max-size", "1MB"]).ok().stdout("");
    s.write(
        "local-ci-config.yml",
        "images: {cleanup: {max_size_gb: 50GB}}\n",
    );
    prune(&s, []).fails("imgprune", 3, "local-ci-config.yml:1:33: ");
    assert_eq!(there(&s), ["a", "c"]);
}

#[test]
fn a_config_names_the_registry() {
    let s = Sandbox::without_engine();
    three(&s);
    s.write(
        "below/.localci.yml",
        "images: {registry: ../image-registry.yml}\n",
    );
    s.write("below/image-registry.yml", "images: []\n");
    let words = ["--no-engine", "--max-size", "350kB", "-n"];
    let below = s.command("imgprune").folder("below").args(words).run();
    below
        .ok()
        .stdout(&format!("../{}\n../{}\n", s.archive("a"), s.archive("b")));
}

#[test]
fn a_misspelled_limit_is_a_warning() {
    let s = Sandbox::without_engine();
    three(&s);
    let config = "images:\n  cleanup:\n    max_size_gb: 0.00035\n    keep_lats: 1\n";
    s.write(".localci.yml", config);
    let said = "imgprune: warning: ";
    let place = ".localci.yml:4:5: `images.cleanup.keep_lats` is unknown";
    let dry = prune(&s, ["-n", "--quiet"]);
    dry.ok().stdout(&paths(&s, &["a", "b"]));
    dry.stderr_has(said).stderr_has(place);
    // The rest of the config has no limit, so the error stays.
    s.write(".localci.yml", config.replace("max_size_gb", "max_sise_gb"));
    let nothing = prune(&s, []);
    nothing.fails("imgprune", 2, "no limit given");
    nothing.stderr_has(place).stderr_has(":3:5: ");
    // Each command that reads the section warns once.
    let listed = s.run("imgls", ["--no-engine"]);
    assert_eq!(listed.ok().stderr.matches("keep_lats").count(), 1);
    assert_eq!(nothing.stderr.matches("keep_lats").count(), 1);
    listed.stderr_has("imgls: warning: ").stderr_has(place);
    // Keys of other tools are free.
    s.write(
        ".localci.yml",
        "images: {x-a: 1, cleanup: {x-b: 1}}\nplan: {x-c: 1}\n",
    );
    s.run("imgls", ["--no-engine"]).ok().silent();
}
