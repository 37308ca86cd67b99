//! Generated blocks in hand-written documents.

/// The beginning of a block, before its name.
const BEGIN: &str = "<!-- made by `cargo xtask generate`: ";
/// The end of a block.
const END: &str = "<!-- end -->";

/// The document with the text of its block replaced; `None` if it has no such block.
pub(crate) fn replace(document: &str, name: &str, text: &str) -> Option<String> {
    let begin = format!("{BEGIN}{name} -->\n");
    let at = document.find(&begin)? + begin.len();
    let end = at + document[at..].find(END)?;
    Some(format!("{}\n{text}\n{}", &document[..at], &document[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_one_block_alone() {
        let document = format!("a\n{BEGIN}x -->\nold\n{END}\nb\n{BEGIN}y -->\n{END}\n");
        let new = replace(&document, "x", "new\n").unwrap();
        assert_eq!(
            new,
            format!("a\n{BEGIN}x -->\n\nnew\n\n{END}\nb\n{BEGIN}y -->\n{END}\n")
        );
        assert_eq!(replace(&new, "x", "new\n").unwrap(), new);
        assert_eq!(replace(&document, "z", ""), None);
        assert_eq!(replace(&format!("{BEGIN}x -->\n"), "x", ""), None);
    }
}
