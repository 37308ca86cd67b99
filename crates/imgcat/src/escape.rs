//! Escapes names for people: no cursor movements, no line ends.

use std::fmt::Write;

use archive::name_bytes;

/// A name with the escapes of C, as `tar -t` and `ls -b` show them: `\n` and similar, three octal digits for other
/// control characters and invalid UTF-8, and a doubled backslash. `printf %b` restores the name.
pub(crate) fn escape(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    for chunk in name_bytes(name).utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => shown.push_str("\\\\"),
                '\u{7}' => shown.push_str("\\a"),
                '\u{8}' => shown.push_str("\\b"),
                '\t' => shown.push_str("\\t"),
                '\n' => shown.push_str("\\n"),
                '\u{b}' => shown.push_str("\\v"),
                '\u{c}' => shown.push_str("\\f"),
                '\r' => shown.push_str("\\r"),
                c if c.is_control() => octal(&mut shown, c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => shown.push(c),
            }
        }
        octal(&mut shown, chunk.invalid());
    }
    shown
}

fn octal(shown: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(shown, "\\{byte:03o}");
    }
}

#[cfg(test)]
mod tests {
    use archive::name_text;

    use super::*;

    #[test]
    fn shows_what_can_be_shown() {
        for (name, shown) in [
            (&b"etc/os-release"[..], "etc/os-release"),
            ("größe mit Raum".as_bytes(), "größe mit Raum"),
            (b"a\nb\tc\rd", "a\\nb\\tc\\rd"),
            (b"\x07\x08\x0b\x0c", "\\a\\b\\v\\f"),
            (b"back\\slash", "back\\\\slash"),
            (b"\x1b[31m\x7f", "\\033[31m\\177"),
            ("\u{9b}2J".as_bytes(), "\\302\\2332J"),
            (b"\xff\xfe-\xc3", "\\377\\376-\\303"),
        ] {
            assert_eq!(escape(&name_text(name)), shown);
        }
    }
}
