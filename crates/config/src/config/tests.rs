use failure::Reported as _;

use super::*;

fn parse(text: &str) -> Result<Config, String> {
    Config::parse("c.yml".into(), text).map_err(|error| error.to_string())
}

#[test]
fn reads_what_is_ours_and_leaves_the_rest() {
    for (text, compress, thin) in [
        ("", None, None),
        (
            "docker: [1, 2]\nresource_limits: {disk_min_free_gb: 5}\n",
            None,
            None,
        ),
        ("images:\n", None, None),
        ("images:\n  thin: true\n  registry: x\n", None, Some(true)),
        (
            "images: {compress: 'zstd:5', thin: no}\n",
            Some("zstd:5"),
            None,
        ),
        (
            "images: {compress: gzip, thin: false}\n",
            Some("gzip"),
            Some(false),
        ),
    ] {
        let found = parse(text);
        match (found, text.contains("no}")) {
            // YAML 1.2 has no other words for true and false.
            (Err(_), true) => {}
            (found, _) => {
                let found = found.expect(text);
                assert_eq!(
                    (found.compress.as_deref(), found.thin),
                    (compress, thin),
                    "{text}"
                );
            }
        }
    }
}

#[test]
fn a_wrong_type_has_its_place() {
    for (text, place) in [
        ("images: {cleanup: 3}", "c.yml:1:19: "),
        ("images: {registry: 7}", "c.yml:1:20: "),
        ("resource_limits: {disk_min_free_gb: lots}", "c.yml:1:37: "),
        ("resource_limits: 3", "c.yml:1:18: "),
        ("images: 7\n", "c.yml:1:9: "),
        ("images:\n  thin: 3\n", "c.yml:2:9: "),
        ("images:\n  compress: [zstd]\n", "c.yml:2:13: "),
        ("images: {\n", "c.yml:"),
    ] {
        let error = parse(text).expect_err(text);
        assert!(error.contains(place), "{error}");
    }
}

#[test]
fn the_registry_is_relative_to_the_config_and_sizes_are_bytes() {
    let text =
        "resource_limits: {disk_min_free_gb: 10.5, cpus: many}\nimages: {registry: ../a.yml}\n";
    let config = parse(text).expect("a config");
    assert_eq!(config.registry.as_deref(), Some("./../a.yml".into()));
    let free = config.disk_min_free.map(|free| free.value);
    assert_eq!(free, Some(10_500_000_000));
}

#[test]
fn the_nearest_file_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
    let below = root.join("a/b");
    std::fs::create_dir_all(&below).expect("folders");
    std::fs::write(root.join("local-ci-config.yml"), "images: {thin: true}").expect("a file");
    assert_eq!(Config::find(&below, None).expect("found").thin, Some(true));
    std::fs::write(root.join("a/.localci.yml"), "images: {thin: false}").expect("a file");
    let near = Config::find(&below, None).expect("found");
    assert_eq!(
        (near.thin, near.path),
        (Some(false), Some(root.join("a/.localci.yml")))
    );
    let named = Config::find(&below, Some("../../local-ci-config.yml".into()));
    assert_eq!(named.expect("named").thin, Some(true));
    let missing = Config::find(&below, Some("none.yml".into())).expect_err("missing");
    assert_eq!(missing.code(), failure::Code::Invalid);
}

#[test]
fn what_is_elsewhere_is_said_in_words() {
    let config = parse("images: {remote: 'registry.example/ci', fetch: missing, usage: local}\n");
    let config = config.expect("a config");
    let remote = config.remote.as_ref().map(|remote| remote.value.as_str());
    assert_eq!(remote, Some("registry.example/ci"));
    assert_eq!((config.fetch, config.local_usage), (Some(true), true));
    let config = parse("images: {fetch: never, usage: registry}\n").expect("a config");
    assert_eq!((config.fetch, config.local_usage), (Some(false), false));
    assert_eq!(parse("images: {}\n").expect("a config").fetch, None);
    for (text, expected) in [
        (
            "images: {fetch: always}",
            "c.yml:1:17: `images.fetch` must be missing or never",
        ),
        (
            "images: {fetch: true}",
            "c.yml:1:17: `images.fetch` must be missing or never",
        ),
        (
            "images: {usage: [local]}",
            "c.yml:1:17: `images.usage` must be registry or local",
        ),
        (
            "images: {remote: 7}",
            "c.yml:1:18: `images.remote` must be REGISTRY/PREFIX",
        ),
    ] {
        let found = parse(text).expect_err(text);
        assert!(found.starts_with(expected), "{found}");
    }
}

#[test]
fn keys_that_mean_nothing_are_said_in_our_sections_alone() {
    let text = "version: 1
images:
  registyr: a.yml
  auto_build: true
  x-ours: 1
  cleanup: {max_sise_gb: 50, max_age: 3, per: null, \"a\\tb\": {keep: x}, [x]: 1, x-note: 1}
resource_limits: {memory_gb: 4, disk_min_free: 5, x-note: 1}
plan: {x-note: 1, nmaes: distinct}
workflow: {plan: x}
";
    let config = Config::parse("c.yml".into(), text).expect("a config");
    let warnings: Vec<_> = config.warnings().collect();
    let known = "registry, compress, thin, remote, fetch, usage, cleanup";
    let limits = "enabled, max_size_gb, max_age_days, keep_last, per, min_free_gb, keep";
    assert_eq!(
        warnings,
        [
            "c.yml:7:19: `resource_limits.memory_gb` is unknown and ignored (known: disk_min_free_gb)".to_owned(),
            "c.yml:7:33: `resource_limits.disk_min_free` is unknown and ignored; did you mean `resource_limits.disk_min_free_gb`?".to_owned(),
            "c.yml:8:19: `plan.nmaes` is unknown and ignored; did you mean `plan.names`?".to_owned(),
            "c.yml:3:3: `images.registyr` is unknown and ignored; did you mean `images.registry`?".to_owned(),
            format!("c.yml:4:3: `images.auto_build` is unknown and ignored (known: {known})"),
            "c.yml:6:13: `images.cleanup.max_sise_gb` is unknown and ignored; did you mean `images.cleanup.max_size_gb`?".to_owned(),
            "c.yml:6:30: `images.cleanup.max_age` is unknown and ignored; did you mean `images.cleanup.max_age_days`?".to_owned(),
            format!("c.yml:6:53: `images.cleanup.a\\tb` is unknown and ignored (known: {limits})"),
            format!("c.yml:6:72: `images.cleanup.?` is unknown and ignored (known: {limits})"),
        ]
    );
}
