//! Without a reader of messages, commands do and return the same.

use pipeline_tests::Sandbox;

const COMMANDS: [&str; 9] = [
    "imgplan", "imgbuild", "imgload", "imgsave", "imgfetch", "imgpush", "imgls", "imgcat",
    "imgprune",
];

#[test]
fn words_that_nobody_can_read_change_no_exit_code() {
    let s = Sandbox::without_engine();
    s.write("empty", "");
    for command in COMMANDS {
        for words in [
            "--no-such-flag",
            "--registry missing.yml -- no-such-thing",
            "<empty",
        ] {
            let heard = s.sh(&format!("{command} {words}"));
            assert!((1..=7).contains(&heard.code), "{heard}");
            for deaf in ["2>/dev/full", "2>&-", "2>closed"] {
                // A pipe without a reader.
                let line = if deaf == "2>closed" {
                    format!(
                        "{{ {command} {words}; echo $? >code; }} 2>&1 >/dev/null | true; cat code"
                    )
                } else {
                    format!("{command} {words} {deaf}; echo $?")
                };
                let found = s.sh(&line);
                let code = found
                    .ok()
                    .stdout
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .to_owned();
                assert_eq!(code, heard.code.to_string(), "{line}");
            }
        }
    }
}

#[test]
fn progress_that_nobody_can_read_ends_no_work() {
    let s = Sandbox::new();
    let base = pipeline_tests::Image::new()
        .file("etc/motd", "hello")
        .build(&s, "base");
    let save = format!("imgsave -v --progress plain {base} 2>/dev/full");
    s.sh(&save)
        .code(0)
        .stdout(&format!("{}\n", s.archive("base")));
    s.forget(&base);
    s.sh(&format!("imgload -v {} 2>/dev/full", s.image("base")))
        .code(0)
        .stdout(&format!("{base}\n"));
    s.sh("imgprune -v --no-engine --max-size 0 2>/dev/full; echo $?")
        .stdout(&format!("{}\n0\n", s.archive("base")));
}
