//! Checks of messages.

/// The longest message, in bytes.
const WORDS: usize = 2000;

/// A message is one line of bounded length without control characters.
pub(crate) fn fair(message: &str) {
    assert!(!message.contains(char::is_control), "{message:?}");
    assert!(message.len() <= WORDS, "{} bytes", message.len());
}
