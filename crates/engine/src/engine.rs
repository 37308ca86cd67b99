//! The engine: how to call it, its flavor, and its image store.

use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use process::{Call, interrupted};

use crate::flavor::{self, Flavor, StoreKind, Version};
use crate::spool::Spool;
use crate::{Error, ImageInfo};

/// The timeout of a cleanup call after an interruption, without I/O: the user is waiting.
const CLEAN_UP_TIMEOUT: Duration = Duration::from_secs(30);

/// A container engine behind its command-line program. Cheap to clone. Clones share the engine's properties once they
/// are known.
#[derive(Clone, Debug)]
pub struct Engine {
    program: Arc<OsString>,
    version: Arc<OnceLock<Version>>,
    /// The flavor of its images, if an answer has shown it.
    shown: Arc<OnceLock<Flavor>>,
    store: Arc<OnceLock<StoreKind>>,
    timeout: Option<Duration>,
    /// The folder for podman's temporary folders.
    spools: Option<Arc<Utf8PathBuf>>,
    cleans_up: bool,
}

impl Engine {
    /// The engine behind `program`, which is a name on `PATH` or a path. Runs nothing yet.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: Arc::new(program.into()),
            version: Arc::default(),
            shown: Arc::default(),
            store: Arc::default(),
            timeout: None,
            spools: None,
            cleans_up: false,
        }
    }

    /// Aborts a call with [`Error::Timeout`] after `limit` without I/O. An engine is silent while it unpacks a large
    /// image, for minutes. Without a limit, only the engine or [`kill_all`](process::kill_all) ends a call.
    #[must_use]
    pub fn with_timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Gives each load, save and build of podman its own temporary folder in `folder`, and removes it afterwards. podman
    /// leaves temporary files there.
    #[must_use]
    pub fn with_spools(mut self, folder: Utf8PathBuf) -> Self {
        self.spools = Some(Arc::new(folder));
        self
    }

    /// The engine of a command, with its timeout and the folder for spools, if given.
    pub fn configured(
        program: &Utf8Path,
        timeout: Option<Duration>,
        spools: Option<Utf8PathBuf>,
    ) -> Self {
        let engine = Self::new(program.as_str());
        let engine = match spools {
            Some(folder) => engine.with_spools(folder),
            None => engine,
        };
        match timeout {
            Some(limit) => engine.with_timeout(limit),
            None => engine,
        }
    }

    /// The program's name, as given.
    pub(crate) fn program(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    /// The same engine for cleanup after a failure. Its calls also run after [`kill_all`](process::kill_all), with a
    /// timeout of half a minute without I/O.
    #[must_use]
    pub fn clean_up(&self) -> Self {
        Self {
            cleans_up: true,
            ..self.clone()
        }
    }

    /// Asks the program and the engine for their versions, once: later calls return the first answer.
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

    /// Whether it loads layers that are compressed with zstd.
    pub fn loads_zstd(&self) -> Result<bool, Error> {
        Ok(self.probe()?.loads_zstd())
    }

    /// The flavor of its images. Calls [`Engine::probe`] if no answer has shown it.
    pub(crate) fn flavor(&self) -> Result<Flavor, Error> {
        match self.known_flavor() {
            Some(flavor) => Ok(flavor),
            None => Ok(self.probe()?.server_flavor),
        }
    }

    /// The flavor of its images, if it is known without a call.
    pub(crate) fn known_flavor(&self) -> Option<Flavor> {
        let probed = self.version.get().map(|version| version.server_flavor);
        probed.or_else(|| self.shown.get().copied())
    }

    /// Records the flavor that an answer has shown.
    pub(crate) fn has_shown(&self, flavor: Flavor) {
        let _ = self.shown.set(flavor);
    }

    /// The probable flavor of its images, to spell the first question. The program's name is no proof.
    pub(crate) fn likely_flavor(&self) -> Flavor {
        let name = Path::new(&*self.program).file_name().unwrap_or_default();
        if name.to_string_lossy().starts_with("podman") {
            Flavor::Podman
        } else {
            Flavor::Docker
        }
    }

    /// Asks for the engine's image store, once.
    pub fn store(&self) -> Result<StoreKind, Error> {
        if let Some(kind) = self.store.get() {
            return Ok(*kind);
        }
        let kind = if self.flavor()? == Flavor::Podman {
            StoreKind::Podman
        } else if self.probe()?.is_before_containerd() {
            StoreKind::GraphDriver
        } else {
            let call = self
                .call("info")
                .args(["--format", "{{json .DriverStatus}}"]);
            let answer = call.answer()?;
            flavor::parse_driver_status(&answer)
                .ok_or_else(|| call.bad_output(&String::from_utf8_lossy(&answer)))?
        };
        Ok(*self.store.get_or_init(|| kind))
    }

    /// The engine's image store, as some of its images show it; otherwise it asks the engine.
    pub fn store_of(&self, images: &[ImageInfo]) -> Result<StoreKind, Error> {
        match images.iter().find_map(ImageInfo::store) {
            Some(kind) => Ok(*self.store.get_or_init(|| kind)),
            None => self.store(),
        }
    }

    /// A call for which podman writes temporary files, and its folder. Keep the folder until the call has ended.
    pub(crate) fn spooled_call(&self, verbs: &str) -> Result<(Call, Option<Spool>), Error> {
        let call = self.call(verbs);
        let Some(parent) = &self.spools else {
            return Ok((call, None));
        };
        if self.known_flavor() == Some(Flavor::Docker) {
            return Ok((call, None));
        }
        // Without its own folder, the call uses the common one.
        Ok(match Spool::create(parent) {
            Ok(spool) => (call.env("TMPDIR", spool.path().as_std_path()), Some(spool)),
            Err(_) => (call, None),
        })
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
