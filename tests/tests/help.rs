//! What README.md says of the flags, and what the commands say.

use std::collections::BTreeSet;

use pipeline_tests::Sandbox;

const README: &str = include_str!("../../README.md");

/// Every word of a text that is a flag.
fn flags(text: &str) -> BTreeSet<String> {
    let words = text.split([' ', ',', '`', '|', '/', '\n']);
    let is_flag = |word: &&str| {
        let name = word.trim_start_matches('-');
        let dashes = word.len() - name.len();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        name.chars().all(plain)
            && match dashes {
                1 => name.len() == 1,
                2 => name.len() > 1,
                _ => false,
            }
    };
    words.filter(is_flag).map(str::to_owned).collect()
}

/// The lines of the README's table below a line that ends so.
fn table(heading: &str) -> impl Iterator<Item = &'static str> {
    let below = README
        .lines()
        .skip_while(move |line| !line.ends_with(heading));
    let table = below.skip_while(|line| !line.starts_with('|'));
    table.take_while(|line| line.starts_with('|'))
}

/// What `--help` lists: the lines that begin with a flag, as far as the flags go.
fn listed(s: &Sandbox, command: &str) -> BTreeSet<String> {
    let help = s.run(command, ["--help"]);
    let lines = help.ok().stdout.lines().map(str::trim_start);
    let lines = lines.filter(|line| line.starts_with('-'));
    flags(&lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn the_readme_has_every_flag_and_no_other() {
    let s = Sandbox::without_engine();
    let common: Vec<_> = table("Every command knows these:").collect();
    let common = flags(&common.join("\n"));
    assert!(
        common.contains("--registry") && common.contains("-0"),
        "{common:?}"
    );
    let rows: Vec<_> = table("which its `--help` explains:").skip(2).collect();
    let commands: Vec<_> = table("## The commands").skip(2).collect();
    assert_eq!(rows.len(), commands.len());
    for row in rows {
        let command = row.split('`').nth(1).unwrap_or_default();
        let mut told = flags(row);
        assert!(!told.is_empty(), "{row}");
        told.extend(common.iter().cloned());
        assert_eq!(listed(&s, command), told, "{command}");
    }
}
