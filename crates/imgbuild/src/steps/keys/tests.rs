use std::time::Duration;

use super::*;

/// The folders of a step's files, and the answers of probes.
struct Scene {
    _folder: tempfile::TempDir,
    store: Store,
    probes: Probes,
    reporter: Reporter,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
        Self {
            store: Store::locate(root, None),
            probes: Probes::in_folder(root),
            reporter: Reporter::new("imgbuild", true, false, ui::ProgressMode::None),
            _folder: folder,
        }
    }

    /// The keys at a moment, after the recorded inputs, and the inputs to record now.
    fn keys(
        &self,
        now: DateTime<Utc>,
        start: u8,
        anew: bool,
        before: &[String],
        steps: &[Step],
    ) -> (Vec<Option<String>>, Inputs) {
        let before = Before::of(before);
        let keys = StepKeys {
            probes: &self.probes,
            reporter: &self.reporter,
            context: None,
            folder: self.store.root(),
            store: &self.store,
            whole_context: false,
            before: &before,
            now,
            anew,
        };
        let mut inputs = Inputs::default();
        let start = Digest::from_bytes([start; 32]);
        let keyed = keys.of(start, steps, &mut inputs).expect("keys");
        (keyed.into_iter().map(|step| step.key).collect(), inputs)
    }
}

fn step(text: &str, cache: Cache) -> Step {
    Step {
        action: StepAction::Shell(text.into()),
        cache,
    }
}

fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 60 * 60)
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

#[test]
fn an_age_counts_from_when_the_step_was_really_done() {
    let scene = Scene::new();
    let with = |key: &str| {
        [
            step("a", Cache::Key(key.into())),
            step("b", Cache::MaxAge(days(7))),
        ]
    };
    let began = at("2026-03-01T12:00:00.5Z");
    let (first, inputs) = scene.keys(began, 0, false, &[], &with("1"));
    assert_eq!(first[1].as_deref(), Some("2026-03-01T12:00:00Z"));
    let before = inputs.list();
    let told = |now: &str, start, anew, steps: &[Step]| {
        let (keys, inputs) = scene.keys(at(now), start, anew, &before, steps);
        let key = keys[1].clone().expect("a key");
        (key, inputs.changes(&Before::of(&before)))
    };
    let same = "2026-03-01T12:00:00Z";
    for (now, start, anew, key, expected) in [
        ("2026-03-08T12:00:00Z", 0, false, "1", same),
        (
            "2026-03-08T12:00:01Z",
            0,
            false,
            "1",
            "2026-03-08T12:00:01Z",
        ),
        // A clock that was set back.
        (
            "2026-02-01T00:00:00Z",
            0,
            false,
            "1",
            "2026-02-01T00:00:00Z",
        ),
        // Run again anyway.
        ("2026-03-02T00:00:00Z", 0, true, "1", "2026-03-02T00:00:00Z"),
        (
            "2026-03-02T00:00:00Z",
            1,
            false,
            "1",
            "2026-03-02T00:00:00Z",
        ),
        (
            "2026-03-02T00:00:00Z",
            0,
            false,
            "2",
            "2026-03-02T00:00:00Z",
        ),
    ] {
        let (found, _) = told(now, start, anew, &with(key));
        assert_eq!(found, expected, "{now} {start} {anew} {key}");
    }
    let (_, changes) = told("2026-03-09T00:00:00Z", 0, false, &with("1"));
    assert_eq!(changes, ["step 2 is older than 7d"]);
    let (_, changes) = told("2026-03-09T00:00:00Z", 0, false, &with("2"));
    assert_eq!(
        changes,
        ["step 1: its key changed"],
        "the second follows from the first"
    );
    let other = [with("1")[0].clone(), step("c", Cache::MaxAge(days(7)))];
    let (key, changes) = told("2026-03-02T00:00:00Z", 0, false, &other);
    assert_eq!(
        (key.as_str(), changes),
        ("2026-03-02T00:00:00Z", vec!["step 2 changed".into()])
    );
}

#[test]
fn only_steps_with_a_condition_have_a_key() {
    let scene = Scene::new();
    let now = at("2026-03-01T12:00:00Z");
    let steps = [
        step("a", Cache::Default),
        step("a", Cache::Always),
        step("a", Cache::Never),
        step("a", Cache::Key("x\n`$(id)`".into())),
    ];
    let (keys, inputs) = scene.keys(now, 0, false, &[], &steps);
    assert_eq!(keys[..2], [None, None]);
    for key in keys[2..].iter().flatten() {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':');
        assert!(key.chars().all(plain), "{key}");
    }
    let later = now + chrono::Duration::nanoseconds(1);
    let (again, _) = scene.keys(later, 0, false, &inputs.list(), &steps);
    assert_ne!(again[2], keys[2]);
    assert_eq!(again[3], keys[3]);
}

#[test]
fn the_last_answer_of_a_probe_is_that_of_the_very_same_step() {
    let scene = Scene::new();
    let now = at("2026-03-01T12:00:00Z");
    let with = |text: &str, on_failure| {
        let probe = Probe {
            command: vec!["/nonexistent/probe".into()],
            timeout: Duration::from_secs(5),
            on_failure,
        };
        [step(text, Cache::Probe(probe))]
    };
    let name = "step 1".to_owned();
    let text = archive::digest_of(b"RUN a").short();
    let before = [format!("{name} {text}"), format!("{name} probe 0a1b2c")];
    let (keys, _) = scene.keys(now, 0, false, &before, &with("a", OnFailure::Reuse));
    assert_eq!(keys, [Some("probe-0a1b2c".to_owned())]);
    for steps in [with("b", OnFailure::Reuse), with("a", OnFailure::Rebuild)] {
        let (keys, _) = scene.keys(now, 0, false, &before, &steps);
        let key = keys[0].as_deref().unwrap_or_default();
        assert!(key.starts_with("probe-failed-"), "{key}");
    }
}
