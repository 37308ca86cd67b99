//! Registries with many entries: the work for each is little, and does not grow with their number.
//!
//! Work is counted in system calls, which do not depend on the machine's load.

#![expect(
    clippy::expect_used,
    reason = "a test reports what is wrong by panicking"
)]

use pipeline_tests::Sandbox;

/// A store of so many images in a hundred folders. The archives are links to one file.
fn store(entries: usize) -> Sandbox {
    let s = Sandbox::without_engine();
    let archive = s.write("images/p0/archive.tar", "no archive");
    let mut text = String::from("version: 1.0\nimages:\n");
    for number in 0..entries {
        let project = format!("p{}", number % 100);
        let name = format!("{project}-debian-12-v{number}");
        let file = format!("images/{project}/{name}.tar");
        text += &format!(
            "  - name: {name}\n    file: {file}\n    docker_tag: {name}:latest\n    os: debian:12\n    architecture: x86_64\n    created: 2025-01-01T00:00:00Z\n"
        );
        std::fs::create_dir_all(s.path(format!("images/{project}"))).expect("a folder");
        std::fs::hard_link(&archive, s.path(file)).expect("a second name");
    }
    std::fs::remove_file(archive).expect("removed");
    s.write("image-registry.yml", text);
    s.write("requirement.yml", "{project: p0, os: 'debian:12'}");
    s
}

/// The system calls that a command makes.
fn calls(s: &Sandbox, line: &str) -> usize {
    let outcome = s.sh(&format!("strace -f -qq -c -o counts {line} > printed"));
    outcome.ok();
    let counts = s.read("counts");
    let total = counts.lines().find(|line| line.ends_with(" total"));
    let calls = total.and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    calls.unwrap_or_else(|| panic!("no total in\n{counts}"))
}

#[test]
fn an_entry_takes_a_few_system_calls() {
    let few = store(500);
    let many = store(2500);
    for (line, most) in [
        ("imgplan requirement.yml", 4),
        ("imgls --no-engine", 30),
        ("imgprune --no-engine --max-size 1GB", 12),
        // Before a removal, archives are read for their bases.
        ("imgprune --no-engine --max-size 1B -n", 50),
        // Each is checked again before it is removed, with all folders above.
        ("imgprune --no-engine --max-size 1B", 125),
    ] {
        let (few, many) = (calls(&few, line), calls(&many, line));
        let each = (many.saturating_sub(few)) as f64 / 2000.0;
        assert!(each <= f64::from(most), "{line}: {each} calls an entry");
    }
}
