//! Single steps and their caches on BuildKit, if a client of the engine builds with it.
//!
//! Docker's client of 20.10 lets the engine do it; newer ones need a plugin that Debian does not have. So Debian's own
//! client is tested too, if another is found first.

use super::*;

/// Another client to test.
const OTHER: &str = "/usr/bin/docker";

/// The variable that makes a client use BuildKit.
const VARIABLE: &str = "DOCKER_BUILDKIT";

/// BuildKit, behind a client of the engine. Dropping this removes its cache of a sandbox's steps.
struct BuildKit<'a> {
    s: &'a Sandbox,
    client: &'static str,
}

impl<'a> BuildKit<'a> {
    /// `None` on podman, which has its own builder.
    fn of(s: &'a Sandbox) -> Option<Self> {
        if engine().is_podman() {
            return None;
        }
        let own = engine().program();
        let client = [own, OTHER].into_iter().find(|client| {
            let id = |program| ask(program, &["info", "--format", "{{.ID}}"]);
            let same = *client == own || id(*client).is_some_and(|other| Some(other) == id(own));
            let help = ask(client, &["build", "--help"]).unwrap_or_default();
            same && help.contains("--secret")
        });
        assert!(
            client.is_some(),
            "neither {own} nor {OTHER} builds with BuildKit; Debian's docker.io does, and others with the buildx plugin"
        );
        client.map(|client| Self { s, client })
    }

    /// Builds a plan. Returns whether that was necessary.
    fn build(&self, plan: &str) -> bool {
        let command = self.s.command("imgbuild").args(["--engine", self.client]);
        let outcome = command
            .variable(VARIABLE, "1")
            .arg("--json")
            .input(plan)
            .run();
        let built = outcome.ok().json()[0]["built"] == true;
        let by_buildkit = outcome.stderr.contains("load build definition");
        assert_eq!(by_buildkit, built, "{outcome}");
        built
    }

    /// The cached steps of this sandbox.
    fn kept(&self) -> Vec<String> {
        let words = ["system", "df", "-v", "--format", "{{json .BuildCache}}"];
        let text = ask(self.client, &words).unwrap_or_default();
        let all: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap_or_default();
        let own = all.iter().filter(|kept| {
            let said = kept["Description"].as_str();
            said.is_some_and(|said| said.contains(self.s.project()))
        });
        own.filter_map(|kept| Some(kept["ID"].as_str()?.to_owned()))
            .collect()
    }

    /// Removes this sandbox's steps from BuildKit, and its images from the engine.
    fn forget(&self) {
        self.s.forget_all(&engine().images_of(self.s.project()));
        // A step with a child cannot be removed.
        for _ in 0..10 {
            for id in self.kept() {
                let filter = format!("id={id}");
                let words = ["builder", "prune", "--force", "--all", "--filter", &filter];
                ask(self.client, &words);
            }
        }
    }
}

impl Drop for BuildKit<'_> {
    fn drop(&mut self) {
        self.forget();
    }
}

fn ask(program: &str, words: &[&str]) -> Option<String> {
    let call = duct::cmd(program, words).env(VARIABLE, "1");
    call.stdin_null().stderr_null().read().ok()
}

/// A step that writes a unique value.
fn step(s: &Sandbox, number: usize, text: &str, cache: &str) -> String {
    let run = format!(
        ": {} {text}; cat /proc/sys/kernel/random/uuid > /{number}",
        s.project()
    );
    format!(r#"{{"run":"{run}","cache":{cache}}}"#)
}

fn plan(s: &Sandbox, steps: &[String]) -> String {
    format!(
        r#"{{"name":"{}","best_base_image_path":"{}","build":{{"context":"files","steps":[{}]}}}}"#,
        s.image("tool"),
        s.archive("base"),
        steps.join(",")
    )
}

/// The values that the steps wrote.
fn written(s: &Sandbox, count: usize) -> Vec<String> {
    let files = (1..=count).map(|number| format!("/{number}"));
    let words: Vec<String> = [s.archive("tool")].into_iter().chain(files).collect();
    let read = s.run("imgcat", &words);
    let lines: Vec<_> = read.ok().stdout.lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), count, "{read}");
    lines
}

#[test]
fn exactly_the_steps_are_done_again_whose_key_changed() {
    let s = Sandbox::new();
    let Some(buildkit) = BuildKit::of(&s) else {
        return;
    };
    with_base(&s);
    s.write("files/one.lock", "1");
    s.script("probe", "cat answer");
    s.write("answer", "1");
    let steps = |text: &str, key: &str, age: &str| {
        [
            step(&s, 1, text, r#""default""#),
            step(&s, 2, "", &format!(r#"{{"key":"{key}"}}"#)),
            step(&s, 3, "", r#"{"files":["*.lock"]}"#),
            step(&s, 4, "", r#"{"probe":["./probe"]}"#),
            step(&s, 5, "", &format!(r#"{{"max_age":"{age}"}}"#)),
            step(&s, 6, "", r#""never""#),
        ]
    };
    let all = |text: &str, key: &str, age: &str| plan(&s, &steps(text, key, age));
    assert!(buildkit.build(&all("1", "1", "1h")));
    let mut before = written(&s, 6);
    let changes: [(&str, &dyn Fn(), String, usize); 6] = [
        ("nothing", &|| (), all("1", "1", "1h"), 6),
        ("the age", &|| (), all("1", "1", "1s"), 5),
        (
            "the answer",
            &|| drop(s.write("answer", "2")),
            all("1", "1", "1h"),
            4,
        ),
        (
            "a file",
            &|| drop(s.write("files/one.lock", "2")),
            all("1", "1", "1h"),
            3,
        ),
        ("the key", &|| (), all("1", "2", "1h"), 2),
        ("the text", &|| (), all("2", "2", "1h"), 1),
    ];
    for (what, change, plan, first) in changes {
        change();
        assert!(buildkit.build(&plan), "{what}");
        let after = written(&s, 6);
        let same = before.iter().zip(&after).map(|(old, new)| old == new);
        let expected: Vec<_> = (1..=6).map(|number| number < first).collect();
        assert_eq!(same.collect::<Vec<_>>(), expected, "{what} changed");
        before = after;
    }
    // Without the step that is never cached, the second run does nothing.
    let without = plan(&s, &steps("2", "2", "1h")[..5]);
    assert!(buildkit.build(&without));
    assert_eq!(written(&s, 5), before[..5]);
    assert!(!buildkit.build(&without));
    let words = ["history", "--format", "{{.Comment}}", &s.image("tool")];
    let comments = engine().read(&words).unwrap_or_default();
    assert!(comments.starts_with("buildkit"), "{comments}");
}

#[test]
fn steps_come_from_the_archive_where_buildkit_has_forgotten_them() {
    let s = Sandbox::new();
    let Some(buildkit) = BuildKit::of(&s) else {
        return;
    };
    with_base(&s);
    let with = |last: &str| {
        let steps = [
            step(&s, 1, "", r#"{"key":"1"}"#),
            step(&s, 2, last, r#""default""#),
        ];
        plan(&s, &steps)
    };
    s.write("files/any", "");
    assert!(buildkit.build(&with("one")));
    let first = written(&s, 2);
    buildkit.forget();
    assert_eq!(buildkit.kept(), [""; 0]);
    assert!(buildkit.build(&with("two")));
    let second = written(&s, 2);
    // With containerd's store, it asks a remote registry for the cache source.
    assert_eq!(second[0] == first[0], !engine().is_containerd());
    assert_ne!(second[1], first[1]);
    // The archive was not the reason: without it, all steps run again.
    buildkit.forget();
    s.remove(&s.archive("tool"));
    assert!(buildkit.build(&with("two")));
    assert_ne!(written(&s, 2)[0], second[0]);
    let names = engine().images_of(&s.image("tool"));
    assert_eq!(names, [format!("{}:latest", s.image("tool"))]);
}

#[test]
fn secrets_reach_the_step_and_nothing_else() {
    let s = Sandbox::new();
    let Some(buildkit) = BuildKit::of(&s) else {
        return;
    };
    let base = Image::new().busybox().build(&s, "base");
    let word = format!("{}-word", s.project());
    s.write("token", format!("{word}\n"));
    s.write(
        "Dockerfile",
        format!(
            "FROM {base}\nRUN --mount=type=secret,id=token test -s /run/secrets/token && \\\n    \
             wc -c < /run/secrets/token > /length\n"
        ),
    );
    let plan = |secrets: &str| {
        format!(
            r#"{{"name":"{}","build":{{"dockerfile":"Dockerfile","secrets":{secrets}}}}}"#,
            s.image("tool")
        )
    };
    assert!(buildkit.build(&plan(r#"["id=token,src=token"]"#)));
    let length = s.run("imgcat", [&s.archive("tool"), "/length"]);
    length.ok().stdout(&format!("{}\n", word.len() + 1));
    for path in ["image-registry.yml", &s.archive("tool")] {
        let bytes = s.read_bytes(path);
        let found = bytes
            .windows(word.len())
            .any(|piece| piece == word.as_bytes());
        assert!(!found, "{path} holds the secret");
    }
    // The ID is an input, the secret is not.
    s.write("token", "another");
    assert!(!buildkit.build(&plan(r#"{"token":"token"}"#)));
    assert!(buildkit.build(&plan(r#"["id=token,src=token","id=more,src=token"]"#)));
}
