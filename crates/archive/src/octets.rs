//! Converts file names to text, and back without loss.
//!
//! A file name may have any bytes. Each byte that is not UTF-8 becomes a character of the private use area: U+EF80 and
//! up for 0x80 and up. If a name itself uses these characters, their bytes are converted in the same way. So different
//! names stay different.

use std::borrow::Cow;

/// The character of an octet, minus the octet.
const BASE: u32 = 0xEF00;
/// The characters of octets.
const OCTETS: std::ops::RangeInclusive<char> = '\u{EF80}'..='\u{EFFF}';

/// A name as text.
pub fn name_text(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            if OCTETS.contains(&c) {
                let mut bytes = [0; 4];
                push(&mut text, c.encode_utf8(&mut bytes).as_bytes());
            } else {
                text.push(c);
            }
        }
        push(&mut text, chunk.invalid());
    }
    text
}

/// Adds octets. All have their first bit set: a lower byte is always a character.
fn push(text: &mut String, octets: &[u8]) {
    let octets = octets.iter().map(|octet| BASE + u32::from(*octet));
    text.extend(octets.filter_map(char::from_u32));
}

/// The bytes of a name, from the text of [`name_text`].
pub fn name_bytes(text: &str) -> Cow<'_, [u8]> {
    if !text.contains(|c| OCTETS.contains(&c)) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut name = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from(u32::from(c).wrapping_sub(BASE)) {
            Ok(octet @ 0x80..) => name.push(octet),
            _ => name.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_text_are_themselves() {
        for name in ["", "etc/os-release", "größe", "\u{FFFD}", "a\nb\0"] {
            assert_eq!(name_text(name.as_bytes()), name);
            assert!(matches!(name_bytes(name), Cow::Borrowed(_)));
        }
        assert_eq!(name_text(b"a\xffb"), "a\u{efff}b");
    }

    #[test]
    fn no_two_names_are_one() {
        let names: [&[u8]; 5] = [
            b"\xff",
            b"\xfe",
            b"\xc3",
            "\u{efff}".as_bytes(),
            "\u{ef80}\u{ffff}x".as_bytes(),
        ];
        for name in names {
            assert_eq!(&*name_bytes(&name_text(name)), name);
        }
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name: Vec<u8>) {
            let text = name_text(&name);
            prop_assert_eq!(&*name_bytes(&text), name.as_slice());
        }

        #[test]
        fn every_text_comes_back(name in "[\u{ee00}-\u{f0ff}a-c]{0,8}") {
            let text = name_text(name.as_bytes());
            prop_assert_eq!(&*name_bytes(&text), name.as_bytes());
        }
    }
}
