//! Content digests: `sha256:` and 64 lower-case hexadecimal digits.
//!
//! The OCI image specification (descriptor.md) allows other algorithms, but no engine writes them. They are refused
//! with their own message.

use std::fmt;
use std::str::FromStr;

use crate::NameError;
use crate::text::as_text;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// How many hexadecimal digits [`Digest::short`] has, as in `docker images`.
const SHORT_DIGITS: usize = 12;

impl Digest {
    /// The digest with these 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The value without its algorithm.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 hexadecimal digits without the algorithm: the name of a blob in an OCI layout.
    pub fn hex(&self) -> String {
        let mut out = String::with_capacity(64);
        for byte in self.0 {
            for nibble in [byte >> 4, byte & 0xf] {
                out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
        out
    }

    /// The first 12 hexadecimal digits, for messages.
    pub fn short(&self) -> String {
        let mut hex = self.hex();
        hex.truncate(SHORT_DIGITS);
        hex
    }

    /// Parses 64 hexadecimal digits without an algorithm, as in podman and classic archives.
    pub fn from_hex(hex: &str) -> Result<Self, NameError> {
        parse_hex(hex).ok_or_else(|| {
            NameError::new(
                "digest",
                hex,
                "is not 64 lower-case hexadecimal digits of SHA-256",
            )
        })
    }
}

fn parse_hex(hex: &str) -> Option<Digest> {
    let digits = hex.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(Digest(bytes))
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl FromStr for Digest {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (algorithm, hex) = text
            .split_once(':')
            .ok_or_else(|| NameError::new("digest", text, "lacks its algorithm (`sha256:…`)"))?;
        if algorithm != "sha256" {
            return Err(NameError::new("digest", text, "is not a SHA-256 digest"));
        }
        parse_hex(hex).ok_or_else(|| {
            NameError::new(
                "digest",
                text,
                "is not `sha256:` and 64 lower-case hexadecimal digits",
            )
        })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

as_text!(Digest);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_is_not_sha256() {
        let hex = "a".repeat(64);
        for text in [
            String::new(),
            hex.clone(),
            format!("sha512:{hex}{hex}"),
            format!("sha256:{}", "A".repeat(64)),
            format!("sha256:{}", &hex[1..]),
            format!("sha256:{hex}a"),
            format!("sha256: {}", &hex[1..]),
        ] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
        assert!(Digest::from_hex(&hex).is_ok());
    }

    proptest! {
        #[test]
        fn parse_after_format_is_identity(bytes: [u8; 32]) {
            let digest = Digest::from_bytes(bytes);
            prop_assert_eq!(digest.to_string().parse::<Digest>(), Ok(digest));
            prop_assert_eq!(Digest::from_hex(&digest.hex()), Ok(digest));
        }

        #[test]
        fn never_panics(text in ".{0,100}") {
            let _ = text.parse::<Digest>();
        }
    }
}
