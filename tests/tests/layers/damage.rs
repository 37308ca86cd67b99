//! Damaged archives among sound ones.

use super::*;

#[test]
fn one_damaged_archive_among_good_ones() {
    for related in [false, true] {
        let s = Sandbox::new();
        let variants = ["one", "two", "three"];
        let (images, text) = if related {
            (family(&s, &variants)[1..].to_vec(), top_mark("two"))
        } else {
            (strangers(&s, &variants), MARK.to_owned())
        };
        s.flip(&s.archive("two"), &text);
        let paths = archives(&s, &variants);
        let mut used = 0;
        for jobs in ["1", "2"] {
            let run = |words: &[&str]| {
                let command = s.command("imgload").args(["--jobs", jobs]).args(words);
                let outcome = command.args(&paths).run();
                outcome.code(4).stderr_has(&paths[1]).stderr_has("damaged");
                assert!(!engine().has(&images[1]), "a tag was left\n{outcome}");
                outcome
            };
            let stopped = run(&[]);
            stopped.stdout(&lines(&[&images[0]]));
            assert!(engine().has(&images[0]), "{stopped}");
            s.forget_all(&images);
            let went_on = run(&["--keep-going"]);
            went_on.stdout(&lines(&[&images[0], &images[2]]));
            assert!(engine().has(&images[2]), "{went_on}");
            s.forget_all(&images);
            // Only printed images count as used.
            used += 1;
            let registry = s.read("image-registry.yml");
            let counts = [2 * used, 0, used].map(|count| format!("usage_count: {count}"));
            for (variant, count) in variants.iter().zip(counts) {
                let entry = registry.split("- name: ");
                let mut entry = entry.filter(|entry| entry.starts_with(&s.image(variant)));
                let entry = entry.next().expect("it is registered");
                assert!(entry.contains(&count), "{variant}: not {count} in\n{entry}");
            }
        }
    }
}

#[test]
fn damage_in_a_layer_that_archives_share_is_one_archives_damage() {
    let s = Sandbox::new();
    let variants = ["one", "two", "three"];
    let images = family(&s, &variants);
    let paths = archives(&s, &variants);
    s.flip(&paths[0], MARK);
    let outcome = s.command("imgload").arg("--keep-going").args(&paths).run();
    outcome
        .code(4)
        .stdout(&lines(&[&images[2], &images[3]]))
        .stderr_has(&paths[0])
        .stderr_lacks(&format!("{}: ", paths[1]));
    assert!(!engine().has(&images[1]), "a tag was left\n{outcome}");
    for image in &images[2..] {
        let mark = run(image, &["cat", "/base-mark"]);
        assert_eq!(mark.as_deref(), Some(MARK), "{outcome}");
    }
}
