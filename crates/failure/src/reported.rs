//! An error's exit code, hint and tail, from the error itself.

use std::error::Error;

use crate::{Code, Failure};

/// The hint of an error without one, if there is no room.
const NO_ROOM: &str = "free some disk space for the store; the store is unchanged";

/// An error that can end a command. Its `Display` is one line: lower case, no full stop.
pub trait Reported: Error {
    /// The exit code.
    fn code(&self) -> Code;

    /// A hint.
    fn hint(&self) -> Option<String> {
        None
    }

    /// The end of a program's output, if the message does not contain it.
    fn tail(&self) -> Option<String> {
        None
    }
}

impl<E: Reported> From<E> for Failure {
    fn from(error: E) -> Self {
        let code = error.code();
        let failure =
            Self::new(code, error.to_string()).with_tail(error.tail().unwrap_or_default());
        let no_room = || (code == Code::Room).then(|| NO_ROOM.to_owned());
        match error.hint().or_else(no_room) {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}

impl Reported for naming::NameError {
    fn code(&self) -> Code {
        Code::Invalid
    }

    fn hint(&self) -> Option<String> {
        self.hint().map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Full(Option<&'static str>);

    impl fmt::Display for Full {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a.tar: cannot write")
        }
    }

    impl Error for Full {}

    impl Reported for Full {
        fn code(&self) -> Code {
            Code::Room
        }

        fn hint(&self) -> Option<String> {
            self.0.map(str::to_owned)
        }

        fn tail(&self) -> Option<String> {
            Some("disk full\n".to_owned())
        }
    }

    #[test]
    fn an_error_keeps_its_code_hint_and_tail() {
        for (hint, shown) in [(Some("wait"), "wait"), (None, NO_ROOM)] {
            let failure = Failure::from(Full(hint));
            assert_eq!(failure.code(), Code::Room);
            assert_eq!(
                failure.to_string(),
                format!("a.tar: cannot write\n  | disk full\nhint: {shown}")
            );
        }
    }
}
