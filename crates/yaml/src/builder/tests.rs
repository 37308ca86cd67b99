use proptest::prelude::*;

use super::*;

/// The text of each node, the outer before the inner.
fn spans<'a>(text: &'a str, node: &Node, out: &mut Vec<&'a str>) {
    out.push(text.get(node.span()).expect("a span is within the text"));
    match &node.value {
        Value::List { items, .. } => items.iter().for_each(|node| spans(text, node, out)),
        Value::Map { pairs, .. } => pairs.iter().for_each(|(key, value)| {
            spans(text, key, out);
            spans(text, value, out);
        }),
        Value::Scalar { .. } | Value::Alias { .. } => {}
    }
}

#[test]
fn spans_are_exact() {
    let cases: [(&str, &[&str]); 9] = [
        ("é: \"ü\"  # c", &["é: \"ü\"", "é", "\"ü\""]),
        ("a: 'it''s' # 'c'", &["a: 'it''s'", "a", "'it''s'"]),
        ("a: \"\\\"\" # \"", &["a: \"\\\"\"", "a", "\"\\\"\""]),
        ("a: !t &x 'b' # c", &["a: !t &x 'b'", "a", "!t &x 'b'"]),
        ("[ a, b , ] # c", &["[ a, b , ]", "a", "b"]),
        (
            "a: &x [b, c ]  # ]\nd:",
            &[
                "a: &x [b, c ]  # ]\nd",
                "a",
                "&x [b, c ]",
                "b",
                "c",
                "d",
                "",
            ],
        ),
        (
            "a: | # c\n  b\n\n# d\ne: f",
            &["a: | # c\n  b\n\n# d\ne: f", "a", "| # c\n  b", "e", "f"],
        ),
        (
            "a:\n  - b\n  # c\n  - d # e\n# f",
            &[
                "a:\n  - b\n  # c\n  - d",
                "a",
                "- b\n  # c\n  - d",
                "b",
                "d",
            ],
        ),
        ("a: b\n c  \n\n", &["a: b\n c", "a", "b\n c"]),
    ];
    for (text, wanted) in cases {
        let tree = parse(text).unwrap().unwrap();
        let mut found = Vec::new();
        spans(text, tree.root(), &mut found);
        assert_eq!(found, wanted, "{text}");
    }
}

proptest! {
    #[test]
    fn whatever_parses_has_spans(tokens in prop::collection::vec(prop::sample::select(vec![
        "a", "é", "\"", "'", "\\", ": ", ":", "- ", "-", "? ", "[", "]", "{", "}", ", ", ",", "&x ", "*x", "!t ",
        "!!str ", "|", ">", "\n", "\r\n", "\r", " ", "  ", "\t", "# c", "#", "---\n", "...", "%Y", "\u{feff}", "\u{85}",
    ]), 0..30)) {
        let text = tokens.concat();
        if let Ok(Some(tree)) = parse(&text) {
            spans(&text, tree.root(), &mut Vec::new());
            tree.resolve(tree.root());
        }
    }
}
