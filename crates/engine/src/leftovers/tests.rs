use super::*;

/// An image that is ID, parent, container and instruction, in that order.
fn new(words: [&str; 4]) -> New {
    let [id, parent, container, cmd] = words.map(str::to_owned);
    New {
        id: format!("sha256:{id}"),
        repo_tags: None,
        parent: Some(parent),
        container: Some(container),
        container_config: Some(Made {
            cmd: Some(vec![cmd]),
        }),
    }
}

#[test]
fn only_what_the_build_made_is_its_own() {
    let base = "0000000000000";
    let made = "1111111111111";
    let new = |words| new(words);
    let mut tagged = new(["2222222222222", made, "", ""]);
    tagged.repo_tags = Some(vec!["x:1".into()]);
    let mut result = new(["9999999999999", made, "", ""]);
    result.repo_tags = Some(vec!["imgpipe-build/x:1".into()]);
    let images = [
        new([made, base, "", ""]),
        result,
        tagged,
        new(["3333333333333", made, "", ""]),
        new(["4444444444444", base, "aaaaaaaaaaaaaaa", ""]),
        new(["5555555555555", base, "bbbbbbbbbbbbbbb", "RUN x"]),
        new(["6666666666666", base, "", "#(nop) COPY file:1 in /to "]),
        new(["7777777777777", base, "", "#(nop) COPY file:1 in /other "]),
        new(["8888888888888", "", "", "#(nop) COPY file:1 in /to "]),
    ];
    let tag = "imgpipe-build/x:1".parse().unwrap();
    let ids = |steps: &Steps| {
        let before = BTreeSet::new();
        let since = SystemTime::UNIX_EPOCH;
        let build = Failed {
            tag: &tag,
            steps,
            before: &before,
            since,
            cut_off: false,
            copies: &[],
            images: &[],
            notes: None,
        };
        let own = own(&images, &build);
        own.ids
            .iter()
            .map(|id| hex(id)[..1].to_owned())
            .collect::<String>()
    };
    let mut steps = Steps {
        last: Some(base[..12].into()),
        ..Steps::default()
    };
    assert_eq!(ids(&steps), "");
    steps.container = Some("aaaaaaaaaaaa".into());
    assert_eq!(ids(&steps), "4");
    steps.container = None;
    steps.open = Some("copy [\"a\", \"/to\"]".into());
    assert_eq!(ids(&steps), "6");
    steps.last = None;
    assert_eq!(ids(&steps), "8");
    steps.open = None;
    steps.made = vec![made[..12].into()];
    assert_eq!(ids(&steps), "391");
}

#[test]
fn steps_that_were_not_printed() {
    let base = "0".repeat(64);
    let before = BTreeSet::from([Digest::from_hex(&base).unwrap()]);
    let copies = ["COPY a /to".to_owned(), "ADD b /other".to_owned()];
    let images = [
        new(["1111111111111", &base, "", "#(nop) COPY file:1 in /to "]),
        new([
            "2222222222222",
            "1111111111111",
            "",
            "#(nop) ADD file:1 in /other ",
        ]),
        new(["3333333333333", "2222222222222", "cccccccccccccc", "RUN x"]),
        new([
            "4444444444444",
            &base,
            "",
            "#(nop) COPY file:1 in /elsewhere ",
        ]),
        new([
            "5555555555555",
            "9999999999999",
            "",
            "#(nop) COPY file:1 in /to ",
        ]),
    ];
    let tag = "imgpipe-build/x:1".parse().unwrap();
    let ids = |lines: &[&str], cut_off| {
        let mut steps = Steps::default();
        lines.iter().for_each(|line| steps.see(line));
        let since = SystemTime::UNIX_EPOCH;
        let build = Failed {
            tag: &tag,
            steps: &steps,
            before: &before,
            since,
            cut_off,
            copies: &copies,
            images: &[],
            notes: None,
        };
        let own = own(&images, &build);
        let ids = own.ids.iter().map(|id| &hex(id)[..1]);
        ids.collect::<String>()
    };
    let printed = ["Step 1/4 : FROM a", &format!(" ---> {}", &base[..12])];
    let begun = [printed[0], printed[1], "Step 2/4 : COPY a /to"];
    for lines in [&[][..], &printed[..1], &printed, &begun] {
        assert_eq!(ids(lines, true), "321", "{lines:?}");
    }
    assert_eq!(ids(&printed, false), "", "the build ended by itself");
    assert_eq!(ids(&["#0 building with \"default\""], true), "", "BuildKit");
    let elsewhere = [printed[0], " ---> 888888888888"];
    assert_eq!(ids(&elsewhere, true), "", "on another image");
}
