//! Faults on the way to a registry.

use crate::Request;

/// The fault of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    /// It gets this status, and never reaches the registry.
    Status(u16),
    /// The connection is cut after so many bytes of the answer's body.
    Cut(u64),
    /// The answer's body stalls after so many bytes.
    Stall(u64),
    /// The first byte of the answer's body is changed.
    Spoil,
}

/// A fault of some requests.
#[derive(Debug, Clone)]
#[must_use = "it strikes nothing before a registry has it"]
pub struct Fault {
    method: String,
    path: String,
    times: usize,
    action: Action,
}

impl Fault {
    fn new(request: &str, action: Action) -> Self {
        let (method, path) = request.split_once(' ').unwrap_or(("", request));
        Self {
            method: method.into(),
            path: path.into(),
            times: usize::MAX,
            action,
        }
    }

    /// Answers with a status. `request` is a method and a part of the path, such as `GET /blobs/`, as for all faults.
    pub fn status(request: &str, status: u16) -> Self {
        Self::new(request, Action::Status(status))
    }

    /// Cuts the connection after so many bytes of the body.
    pub fn cut(request: &str, after: u64) -> Self {
        Self::new(request, Action::Cut(after))
    }

    /// Stalls after so many bytes of the body. After 0 the request never reaches the registry.
    pub fn stall(request: &str, after: u64) -> Self {
        Self::new(request, Action::Stall(after))
    }

    /// Changes the first byte.
    pub fn spoil(request: &str) -> Self {
        Self::new(request, Action::Spoil)
    }

    /// Only so often.
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// The action for a request, if this fault applies to it. Counts it.
    pub(crate) fn strikes(&mut self, request: &Request) -> Option<Action> {
        if self.times == 0 || request.method != self.method || !request.path.contains(&self.path) {
            return None;
        }
        self.times -= 1;
        Some(self.action)
    }
}
