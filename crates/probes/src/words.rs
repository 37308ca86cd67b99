//! What a person reads.

/// How long a message may be, in bytes.
const WORDS: usize = 2000;

/// A message is one line of bounded length that steers no terminal.
pub(crate) fn fair(message: &str) {
    assert!(!message.contains(char::is_control), "{message:?}");
    assert!(message.len() <= WORDS, "{} bytes", message.len());
}
