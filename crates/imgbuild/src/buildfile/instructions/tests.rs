use super::*;
use proptest::prelude::*;

fn names(text: &str) -> Vec<String> {
    let parsed = parse(text).expect(text);
    parsed
        .list
        .iter()
        .map(|i| format!("{}:{} {}", i.line, i.name, i.rest))
        .collect()
}

#[test]
fn instructions() {
    let table: [(&str, &[&str]); 14] = [
        ("FROM a\nRUN b", &["1:FROM a", "2:RUN b"]),
        ("\u{feff}from a", &["1:FROM a"]),
        (
            "FROM \\\n  a \\  \n# note\n\n AS b\nRUN c",
            &["1:FROM a  AS b", "6:RUN c"],
        ),
        (
            "# escape=`\nFROM `\n a\nRUN c:\\\nRUN d",
            &["2:FROM a", "4:RUN c:\\", "5:RUN d"],
        ),
        ("#Escape = `\nFROM `\na", &["2:FROM a"]),
        (
            "# note\n# escape=`\nFROM `\nRUN x",
            &["3:FROM `", "4:RUN x"],
        ),
        (
            "RUN <<EOF\nFROM no\nEOF\nFROM b",
            &["1:RUN <<EOF", "4:FROM b"],
        ),
        (
            "RUN cat <<-'A' 3<<\"B\"\n\tFROM x\n\tA\nFROM y\nB\nFROM b",
            &["1:RUN cat <<-'A' 3<<\"B\"", "6:FROM b"],
        ),
        (
            "COPY <<a <<b /x/\na\nb\nFROM z",
            &["1:COPY <<a <<b /x/", "4:FROM z"],
        ),
        (
            "RUN echo \"<<EOF\"\nFROM b",
            &["1:RUN echo \"<<EOF\"", "2:FROM b"],
        ),
        (
            "RUN echo $((1<<4)) <<<word\nFROM b",
            &["1:RUN echo $((1<<4)) <<<word", "2:FROM b"],
        ),
        ("ENV A=<<EOF\nFROM b", &["1:ENV A=<<EOF", "2:FROM b"]),
        ("FROM a\\", &["1:FROM a"]),
        ("", &[]),
    ];
    for (text, expected) in table {
        assert_eq!(names(text), expected, "{text:?}");
    }
    assert!(parse("RUN <<EOF\nFROM a").is_err());
    assert!(parse("# escape=x\nFROM a").is_err());
    let syntax = parse("# syntax=docker/dockerfile:1\nFROM a")
        .expect("directive")
        .syntax;
    assert_eq!(syntax.as_deref(), Some("docker/dockerfile:1"));
    assert_eq!(parse("\n# syntax=x\nFROM a").expect("comment").syntax, None);
}

proptest! {
    #[test]
    fn never_panics(text in "([#\\\\`\"'<$-]|FROM|RUN|COPY|<<|EOF|escape|=| |\\n|\\PC){0,60}") {
        if let Ok(parsed) = parse(&text) {
            for instruction in parsed.list {
                words(&instruction.rest, parsed.escape);
            }
        }
    }

    #[test]
    fn words_keep_every_visible_character(text in "\\PC{0,40}") {
        let kept: String = words(&text, '\\').concat();
        let visible = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        prop_assert_eq!(visible(&kept), visible(&text));
    }
}
