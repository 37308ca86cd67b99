//! The engine as a whole: how it is called, which it is, where it keeps images.

use std::ffi::OsString;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use program::{Call, interrupted};

use crate::Error;
use crate::flavor::{self, Flavor, StoreKind, Version};

/// The longest silence of a call that cleans up after an interruption: somebody waits for the end.
const CLEAN_UP_TIMEOUT: Duration = Duration::from_secs(30);

/// A container engine behind its command-line program. Cheap to clone; a clone shares what was
/// found out about the engine.
#[derive(Clone, Debug)]
pub struct Engine {
    program: Arc<OsString>,
    version: Arc<OnceLock<Version>>,
    /// Set once an image was shown as only Docker shows it.
    is_docker: Arc<OnceLock<()>>,
    timeout: Option<Duration>,
    cleans_up: bool,
}

impl Engine {
    /// The engine that `program` reaches: a name on `PATH`, or a path. Nothing is run yet.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: Arc::new(program.into()),
            version: Arc::default(),
            is_docker: Arc::default(),
            timeout: None,
            cleans_up: false,
        }
    }

    /// Ends a call as [`Error::Timeout`] when it has neither read nor written a byte for `limit`.
    /// An engine is silent while it unpacks what it has read, for minutes if that is large. Without
    /// this, nothing ends a call but the engine and [`kill_all`](program::kill_all).
    #[must_use]
    pub fn with_timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// The same engine for what must be put right after a failure: its calls go through after
    /// [`kill_all`](program::kill_all) as well, and may then be silent for half a minute at most.
    #[must_use]
    pub fn clean_up(&self) -> Self {
        Self {
            cleans_up: true,
            ..self.clone()
        }
    }

    /// Asks the program and the engine who they are, once: later calls return the first answer.
    pub fn probe(&self) -> Result<Version, Error> {
        if let Some(version) = self.version.get() {
            return Ok(version.clone());
        }
        let call = self.call("version").args(["--format", "{{json .}}"]);
        let answer = call.answer()?;
        let version = flavor::parse_version(&answer)
            .ok_or_else(|| call.bad_output(&String::from_utf8_lossy(&answer)))?;
        Ok(self.version.get_or_init(|| version).clone())
    }

    /// Who answers, where that is known or [`Engine::probe`] finds it out.
    pub(crate) fn flavor(&self) -> Result<Flavor, Error> {
        match self.is_docker.get() {
            Some(()) => Ok(Flavor::Docker),
            None => Ok(self.probe()?.server_flavor),
        }
    }

    /// Notes what an answer showed.
    pub(crate) fn showed_docker(&self) {
        let _ = self.is_docker.set(());
    }

    /// Whether [`Engine::probe`] has its answer.
    pub(crate) fn is_probed(&self) -> bool {
        self.version.get().is_some()
    }

    /// Asks where the engine keeps images.
    pub fn store(&self) -> Result<StoreKind, Error> {
        let version = self.probe()?;
        if version.server_flavor == Flavor::Podman {
            return Ok(StoreKind::Podman);
        }
        if version.is_before_containerd() {
            return Ok(StoreKind::GraphDriver);
        }
        let call = self
            .call("info")
            .args(["--format", "{{json .DriverStatus}}"]);
        let answer = call.answer()?;
        flavor::parse_driver_status(&answer)
            .ok_or_else(|| call.bad_output(&String::from_utf8_lossy(&answer)).into())
    }

    pub(crate) fn call(&self, verbs: &str) -> Call {
        let timeout = match self.timeout {
            None if self.cleans_up && interrupted() => Some(CLEAN_UP_TIMEOUT),
            Some(limit) if self.cleans_up && interrupted() => Some(limit.min(CLEAN_UP_TIMEOUT)),
            timeout => timeout,
        };
        Call::new(&self.program, verbs, timeout, self.cleans_up)
    }
}
