use camino::Utf8Path;

use super::*;

fn config(text: &str) -> Result<Config, Failure> {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
    std::fs::write(root.join(".localci.yml"), text).expect("a config");
    Ok(Config::find(root, None)?)
}

fn in_force(asked: &Asked, text: &str) -> Result<InForce, Failure> {
    InForce::new(asked, &config(text)?)
}

fn origins(in_force: &InForce) -> Vec<String> {
    let text = |origin: &Origin| {
        let from = origin
            .from
            .rsplit_once('/')
            .map_or(&*origin.from, |(_, from)| from);
        format!("{} {} {from}", origin.limit, origin.value)
    };
    in_force.origins.iter().map(text).collect()
}

const CONFIG: &str = "resource_limits: {disk_min_free_gb: 10}
images:
  cleanup:
    max_age_days: 30
    max_size_gb: 50
    keep_last: 3
    per: project
    min_free_gb: 5
    keep: '*-base'
";

#[test]
fn each_limit_says_where_it_comes_from() {
    let found = in_force(&Asked::default(), CONFIG).expect("limits");
    assert_eq!(
        origins(&found),
        [
            "max-size 50 GB .localci.yml:5:18: images.cleanup.max_size_gb",
            "max-age 30d .localci.yml:4:19: images.cleanup.max_age_days",
            "keep-last 3 .localci.yml:6:16: images.cleanup.keep_last",
            "per project .localci.yml:7:10: images.cleanup.per",
            "min-free 10 GB .localci.yml:1:37: resource_limits.disk_min_free_gb",
            "keep *-base .localci.yml:9:11: images.cleanup.keep",
        ]
    );
    assert!(found.has_limit());
}

#[test]
fn a_flag_wins_and_patterns_add_up() {
    let asked = Asked {
        max_size: Some(1),
        min_free: Some(2),
        per: vec!["a-*".into(), "b-*".into()],
        keep: vec!["c-*".into()],
        ..Asked::default()
    };
    let found = in_force(&asked, CONFIG).expect("limits");
    assert_eq!(found.limits.max_size, Some(1));
    assert_eq!(found.limits.min_free, Some(2));
    let keep_last = found.limits.keep_last.as_ref().expect("a number");
    assert!(matches!(&keep_last.per, Per::Patterns(patterns) if patterns.len() == 2));
    assert_eq!(found.keep.len(), 2);
    assert_eq!(origins(&found)[0], "max-size 1 B --max-size");
}

#[test]
fn what_is_switched_off_is_no_limit() {
    let off = CONFIG.replace("cleanup:\n", "cleanup:\n    enabled: false\n");
    let found = in_force(&Asked::default(), &off).expect("limits");
    assert!(
        found
            .disabled
            .is_some_and(|at| at.ends_with(".localci.yml:4:14"))
    );
    assert_eq!(found.limits.max_size, None);
    assert_eq!(found.limits.min_free, Some(10_000_000_000));
    assert_eq!(found.keep.len(), 1, "what is kept is kept");
    let found = in_force(&Asked::default(), "").expect("none");
    assert!(!found.has_limit() && found.origins.is_empty());
}

#[test]
fn what_is_wrong_is_wrong_switched_off_or_not() {
    for enabled in ["true", "false"] {
        for key in ["max_size_gb", "max_age_days", "keep_last", "min_free_gb"] {
            let config = format!("images: {{cleanup: {{enabled: {enabled}, {key}: many}}}}");
            let failure = in_force(&Asked::default(), &config).expect_err("no number");
            assert_eq!(failure.code(), failure::Code::Invalid);
            let says = format!("`images.cleanup.{key}` must be");
            assert!(failure.to_string().contains(&says), "{failure}");
        }
    }
}

#[test]
fn every_key_of_a_limit_is_known() {
    let config = config(CONFIG).expect("a config");
    assert_eq!(config.warnings().count(), 0);
}

#[test]
fn a_wrong_pattern_is_refused() {
    let asked = Asked {
        keep: vec!["[".into()],
        ..Asked::default()
    };
    let failure = in_force(&asked, "").expect_err("a pattern");
    assert_eq!(failure.code(), failure::Code::Usage);
    let failure = in_force(&Asked::default(), "images: {cleanup: {keep: '[a'}}");
    let failure = failure.expect_err("a pattern");
    assert_eq!(failure.code(), failure::Code::Invalid);
    assert!(
        failure.to_string().contains(".localci.yml:1:26"),
        "{failure}"
    );
    let alone = Asked {
        per: vec!["os".into()],
        ..Asked::default()
    };
    assert_eq!(
        in_force(&alone, "").expect_err("alone").code(),
        failure::Code::Usage
    );
}
