use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn read(text: &[u8]) -> Vec<Result<Value, String>> {
    Frames::new(text)
        .map(|frame| match frame.and_then(|frame| frame.parse()) {
            Ok(value) => Ok(value),
            Err(FrameError::Read(error)) => Err(error.to_string()),
            Err(FrameError::Syntax(message) | FrameError::Content(message)) => Err(message),
        })
        .collect()
}

#[test]
fn splits_every_form() {
    let table: [(&str, usize); 9] = [
        ("", 0),
        (" \n\t\r\n", 0),
        ("[]", 0),
        ("{}", 1),
        ("{}{}\n{\n}\n", 3),
        ("[{},\n{}]", 2),
        ("[{}]{}[{},{}]", 4),
        ("{}\0{}\0", 2),
        (r#"{"a":"}\"]{\\"}{"b":[{"c":{}}]}"#, 2),
    ];
    for (text, count) in table {
        let all: Result<Vec<_>, _> = read(text.as_bytes()).into_iter().collect();
        assert_eq!(all.map(|all| all.len()), Ok(count), "{text}");
    }
}

#[test]
fn faults_have_their_place_in_the_whole() {
    let table: [(&[u8], &str); 12] = [
        (
            b"x",
            "expected an object or a list of objects at line 1 column 1",
        ),
        (
            b"{}\n 7",
            "expected an object or a list of objects at line 2 column 2",
        ),
        (b"[7]", "expected an object at line 1 column 2"),
        (b"[[{}]]", "expected an object at line 1 column 2"),
        (b"[{},]", "expected an object at line 1 column 5"),
        (b"[{}{}]", "expected `,` or `]` at line 1 column 4"),
        (b"[\n{}", "the list is not closed at line 2 column 3"),
        (b"{}\n{", "EOF while parsing an object at line 2 column 1"),
        (b"{}  {\"a\":}", "expected value at line 1 column 10"),
        (
            b"{}\n\n{\"a\":1,\n \"b\":}",
            "expected value at line 4 column 6",
        ),
        (
            b"{\"a\":\"\xff\"}",
            "invalid unicode code point at line 1 column 7",
        ),
        (b"{]", "EOF"),
    ];
    for (text, says) in table {
        let last = read(text).pop().expect("a fault").expect_err("a fault");
        if says != "EOF" {
            assert_eq!(last, says, "{}", String::from_utf8_lossy(text));
        }
    }
}

#[test]
fn an_object_is_bounded() {
    struct Endless;
    impl io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(b'{');
            Ok(buffer.len())
        }
    }
    let mut frames = Frames::new(io::BufReader::new(Endless));
    assert!(matches!(
        frames.next(),
        Some(Err(FrameError::Syntax(message))) if message.contains("larger than")
    ));
    assert!(frames.next().is_none());
}

proptest! {
    #[test]
    fn never_panics_and_ends(text in prop::collection::vec(prop::sample::select(&b"{}[],:\"\\ \n\0a1\xff"[..]), 0..40)) {
        prop_assert!(read(&text).len() <= text.len());
    }

    /// The stream is split as by serde_json's own streaming reader.
    #[test]
    fn agrees_with_the_parser(texts in prop::collection::vec("\\PC{0,12}", 0..5), gap in "[ \n\t]{0,3}") {
        let objects: Vec<Value> = texts.iter().map(|text| serde_json::json!({text: [text, {"{": text}]})).collect();
        let lines: String = objects.iter().map(|object| format!("{object}{gap}")).collect();
        let pretty = serde_json::to_string_pretty(&objects).expect("json");
        for text in [lines, pretty] {
            let all: Result<Vec<_>, _> = read(text.as_bytes()).into_iter().collect();
            prop_assert_eq!(all.as_ref(), Ok(&objects));
        }
    }
}
