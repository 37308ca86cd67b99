//! Completion as shells request it: each loads the installed script.

use pipeline_tests::Sandbox;

/// Requests completions as bash's readline does.
const BASH: &str = r#"
. "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9
"_clap_complete_$1" "$1" "${COMP_WORDS[COMP_CWORD]}" ''
printf '%s\n' "${COMPREPLY[@]}"
"#;
/// Requests completions as zsh's completion system does; a stub prints them.
const ZSH: &str = r#"
compdef() { :; }
_describe() { print -l -- ${(P)@[-1]}; }
script=$1; shift
words=("$@") CURRENT=$#
source "$script"
_clap_dynamic_completer_$1
"#;
/// fish has a command for it.
const FISH: &str = r#"source "$argv[1]"; complete -C "$argv[2..]""#;

/// A store with two images, and the scripts.
fn sandbox() -> Sandbox {
    let s = Sandbox::without_engine();
    let registry: String = [
        "debian-12-base",
        "ubuntu-25.04-gcc15",
        "debian-12-$(reboot)",
    ]
    .map(|name| {
        format!(
            "  - name: capy-{name}\n    file: images/capy/{name}.tar\n    docker_tag: capy:1\n    \
                 os: debian:12\n    architecture: x86_64\n"
        )
    })
    .concat();
    s.write(
        "image-registry.yml",
        format!("version: 1.0\nimages:\n{registry}"),
    );
    s.write("elsewhere/capy.tar", "");
    for made in manual::installed().unwrap_or_default() {
        s.write(made.path.as_str(), &made.text);
    }
    s
}

/// A shell's completions of the last word of a command line.
fn offered(s: &Sandbox, shell: &str, folder: &str, words: &[&str]) -> Vec<String> {
    let program = words[0];
    let (file, text, line) = match shell {
        "bash" => (
            format!("bash-completion/completions/{program}"),
            BASH,
            "bash --norc",
        ),
        "zsh" => (format!("zsh/site-functions/_{program}"), ZSH, "zsh -f"),
        _ => (
            format!("fish/vendor_completions.d/{program}.fish"),
            FISH,
            "fish --no-config",
        ),
    };
    let ask = s.write(&format!("ask.{shell}"), text);
    let script = s.path(format!("share/{file}"));
    let line = line
        .split(' ')
        .map(str::to_owned)
        .chain([ask.into(), script.into()]);
    let mut line: Vec<String> = line.collect();
    let asked = words.iter().map(|word| (*word).to_owned());
    match shell {
        "fish" => line.push(words.join(" ")),
        _ => line.extend(asked),
    }
    let outcome = s.command(&line[0]).args(&line[1..]).folder(folder).run();
    let told = outcome.ok().silent().stdout.lines().map(|line| {
        // fish and zsh add descriptions.
        let value = line.split(['\t', ':']).next().unwrap_or_default();
        value.trim_end_matches('/').to_owned()
    });
    told.filter(|line| !line.is_empty()).collect()
}

#[test]
fn every_shell_knows_registered_names_flags_and_files() {
    let s = sandbox();
    for shell in ui::complete::SHELLS {
        let offered = |folder: &str, words: &[&str]| offered(&s, shell, folder, words);
        let names = ["capy-debian-12-base", "capy-ubuntu-25.04-gcc15"];
        assert_eq!(offered("", &["imgload", "cap"]), names, "{shell}");
        assert_eq!(
            offered("", &["imgls", "--json", "capy-u"]),
            names[1..],
            "{shell}"
        );
        assert_eq!(
            offered("", &["imgsave", "--base", "capy-d"]),
            names[..1],
            "{shell}"
        );
        // From the folders below too, and beside files.
        assert_eq!(
            offered("elsewhere", &["imgload", "capy"]),
            [names[0], names[1], "capy.tar"],
            "{shell}"
        );
        assert_eq!(
            offered("", &["imgprune", "--max-"]),
            ["--max-size", "--max-age"],
            "{shell}"
        );
        assert_eq!(
            offered("", &["imgls", "--progress", ""]),
            ["auto", "plain", "none"],
            "{shell}"
        );
    }
}

#[test]
fn nothing_is_said_where_there_is_no_registry_or_a_broken_one() {
    let s = sandbox();
    let asked = |registry: &str| {
        let words = ["imgload", "--registry", registry, "capy-"];
        offered(&s, "bash", "", &words)
    };
    assert_eq!(asked("image-registry.yml").len(), 2);
    assert_eq!(asked("no-such.yml"), [""; 0]);
    s.write("broken.yml", "images: [");
    assert_eq!(asked("broken.yml"), [""; 0]);
}
