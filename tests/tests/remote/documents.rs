//! The examples of docs/remote.md, run as they are, with the test's own registry instead of the example's.

use pipeline_tests::{Registry, Sandbox};

use crate::common::{publish, two_layers};

const DOCUMENT: &str = include_str!("../../../docs/remote.md");
const EXAMPLE: &str = "registry.example:5000";

/// Whether a line matches the document's, with `…` for any text.
fn is_as_said(line: &str, said: &str) -> bool {
    match said.split_once('…') {
        Some((start, end)) => line.starts_with(start) && line.ends_with(end),
        None => line == said,
    }
}

#[test]
fn the_examples_are_true() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    for path in ["library/nginx:1.27", "library/gcc:12", "library/debian:12"] {
        publish(&s, &registry, &two_layers(1000), path);
    }
    let address = registry.address();
    // Instead of a flag, which the examples do not have.
    let conf = format!("[[registry]]\nlocation = '{address}'\ninsecure = true\n");
    s.write("home/.config/containers/registries.conf", conf);
    let home = s.path("home");
    let blocks = DOCUMENT.split("```console\n").skip(1);
    let lines = blocks.filter_map(|block| block.split("```").next());
    let lines: Vec<_> = lines.flat_map(str::lines).collect();
    let mut commands = 0;
    for (number, line) in lines.iter().enumerate() {
        let Some(command) = line.strip_prefix("$ ") else {
            continue;
        };
        commands += 1;
        let said = lines[number + 1..]
            .iter()
            .take_while(|line| !line.starts_with("$ "));
        let said: Vec<_> = said.map(|line| line.replace(EXAMPLE, &address)).collect();
        let command = command.replace(EXAMPLE, &address);
        let ran = s
            .command("sh")
            .args(["-c", &command])
            .variable("HOME", home.as_str())
            .run();
        let printed: Vec<_> = ran.ok().stdout.lines().collect();
        let mut pairs = printed.iter().zip(&said);
        assert!(
            printed.len() == said.len() && pairs.all(|(line, said)| is_as_said(line, said)),
            "{said:?}\n{ran}"
        );
    }
    assert!(commands >= 4, "{commands} commands");
    s.run("imgls", ["--check", "--no-engine"]).ok();
}
