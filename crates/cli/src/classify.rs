//! The one place where an error's kind becomes an exit code.

use crate::{Code, Failure};

/// What to do where there is no room.
const NO_ROOM: &str = "free some room where the store is; nothing that was there has changed";

impl Failure {
    fn of(code: Code, error: &impl std::error::Error, hint: Option<String>) -> Self {
        let failure = Self::new(code, error.to_string());
        match hint.or_else(|| (code == Code::Room).then(|| NO_ROOM.to_owned())) {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}

impl From<naming::NameError> for Failure {
    fn from(error: naming::NameError) -> Self {
        Self::of(Code::Invalid, &error, error.hint().map(str::to_owned))
    }
}

impl From<registry::Error> for Failure {
    fn from(error: registry::Error) -> Self {
        let code = match error.kind() {
            registry::ErrorKind::Invalid => Code::Invalid,
            registry::ErrorKind::LockTimeout => Code::Lock,
            registry::ErrorKind::NoRoom => Code::Room,
            _ => Code::Other,
        };
        Self::of(code, &error, error.hint())
    }
}

impl From<archive::Error> for Failure {
    fn from(error: archive::Error) -> Self {
        let code = match error.kind() {
            archive::ErrorKind::Archive => Code::Archive,
            archive::ErrorKind::Room => Code::Room,
            archive::ErrorKind::Other => Code::Other,
        };
        Self::of(code, &error, error.hint().map(str::to_owned))
    }
}

impl From<thin::Error> for Failure {
    fn from(error: thin::Error) -> Self {
        match error {
            thin::Error::Archive(error) => error.into(),
            thin::Error::Registry(error) => error.into(),
            thin::Error::Cycle { .. } => Self::of(Code::Invalid, &error, error.hint()),
            _ => Self::of(Code::Archive, &error, error.hint()),
        }
    }
}

impl From<inventory::Error> for Failure {
    fn from(error: inventory::Error) -> Self {
        match error {
            inventory::Error::Archive(error) => error.into(),
            inventory::Error::Temporary { .. } => Self::of(Code::Other, &error, error.hint()),
            _ => Self::of(Code::Archive, &error, error.hint()),
        }
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        let code = match error {
            engine::Error::Name(_) | engine::Error::Argument { .. } => Code::Invalid,
            _ => Code::Engine,
        };
        // What the message says already need not be said twice.
        let message = error.to_string();
        let tail = error.tail().filter(|tail| !message.contains(tail.trim()));
        Self::of(code, &error, error.hint()).with_tail(tail.unwrap_or_default())
    }
}

impl From<remote::Error> for Failure {
    /// What a registry does not have is a missing archive; what it refuses, or fails at, is as an engine's failure.
    fn from(error: remote::Error) -> Self {
        let code = match error {
            remote::Error::Unknown { .. }
            | remote::Error::NoPlatform { .. }
            | remote::Error::Unsupported { .. }
            | remote::Error::Damaged { .. }
            | remote::Error::Mismatch { .. } => Code::Archive,
            remote::Error::NoRoom { .. } => Code::Room,
            _ => Code::Engine,
        };
        Self::of(code, &error, error.hint().map(str::to_owned))
            .with_tail(error.tail().unwrap_or_default())
    }
}

impl<E: Into<Self>> From<engine::LoadError<E>> for Failure {
    fn from(error: engine::LoadError<E>) -> Self {
        match error {
            engine::LoadError::Feed(error) => error.into(),
            engine::LoadError::Engine(error) => error.into(),
        }
    }
}

impl<E: Into<Self>> From<engine::SaveError<E>> for Failure {
    fn from(error: engine::SaveError<E>) -> Self {
        match error {
            engine::SaveError::Read(error) => error.into(),
            engine::SaveError::Engine(error) => error.into(),
        }
    }
}

impl From<plan::Error> for Failure {
    fn from(error: plan::Error) -> Self {
        let code = match error {
            plan::Error::Read(_) => Code::Other,
            _ => Code::Invalid,
        };
        Self::of(code, &error, error.hint())
    }
}
