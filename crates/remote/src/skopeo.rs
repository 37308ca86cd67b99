//! Runs `skopeo`, and retries transient failures.

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use archive::{StoredManifest, digest_of};
use camino::Utf8PathBuf;
use naming::{Architecture, Digest, Reference};
use process::Call;

use crate::image::{Document, check, read};
use crate::reference::docker;
use crate::{Error, RemoteImage, complaint};

/// The pause before the first retry. It doubles for each further retry, up to the limit.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The default timeout of a call without I/O. It aborts calls to a stalled registry, but not to a slow one.
const TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// The largest depth of nested indexes. The specification's example has two levels.
const MAX_INDEX_DEPTH: usize = 4;

/// How to reach registries.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Allow plain HTTP and untrusted certificates.
    pub insecure: bool,
    /// The file with credentials, as an absolute path, if not one of the usual files.
    pub authfile: Option<Utf8PathBuf>,
    /// The number of retries after a transient failure.
    pub retries: u32,
    /// The timeout of a call without I/O, if not ten minutes.
    pub timeout: Option<Duration>,
    /// Ignore credentials in the user's runtime folder, because it belongs to another user.
    pub no_runtime_folder: bool,
    /// Is called before each retry, with the failure and the pause.
    pub on_retry: OnRetry,
}

/// A callback for transient failures, if any.
#[derive(Clone, Default)]
pub struct OnRetry(Option<Hears>);

type Hears = Arc<dyn Fn(&str) + Send + Sync>;

impl OnRetry {
    /// A callback.
    pub fn new(hears: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hears)))
    }
}

impl fmt::Debug for OnRetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnRetry").field(&self.0.is_some()).finish()
    }
}

/// Remote registries behind `skopeo`.
#[derive(Debug, Clone)]
pub struct Remote {
    program: OsString,
    pub(crate) options: Options,
}

impl Remote {
    /// The registries as this program reaches them. Runs nothing yet.
    pub fn new(program: impl Into<OsString>, options: Options) -> Self {
        Self {
            program: program.into(),
            options,
        }
    }

    /// The image of a reference for an architecture. Reads only documents.
    pub fn resolve(
        &self,
        reference: &Reference,
        architecture: Architecture,
    ) -> Result<RemoteImage, Error> {
        let mut at = reference.clone();
        for _ in 0..MAX_INDEX_DEPTH {
            let bytes = self.raw(&at, false)?;
            let digest = digest_of(&bytes);
            if let Some(expected) = at.digest() {
                check(&at, "manifest", expected, &bytes)?;
            }
            match read(reference, &bytes, architecture)? {
                Document::Manifest(manifest) => {
                    return self.image(&at.with_digest(digest), *manifest);
                }
                Document::Elsewhere(digest) => at = at.with_digest(digest),
            }
        }
        Err(Error::Unsupported {
            reference: reference.to_string(),
            what: "its indexes are nested too deeply".into(),
        })
    }

    /// The digest of the manifest or index that a registry serves for a reference.
    pub fn digest(&self, reference: &Reference) -> Result<Digest, Error> {
        Ok(digest_of(&self.raw(reference, false)?))
    }

    fn image(&self, reference: &Reference, manifest: StoredManifest) -> Result<RemoteImage, Error> {
        let config = self.raw(reference, true)?;
        check(reference, "config", manifest.config.digest, &config)?;
        Ok(RemoteImage {
            reference: reference.clone(),
            image_id: manifest.config.digest,
            config,
            manifest,
        })
    }

    /// A manifest as the registry serves it, or its config.
    fn raw(&self, reference: &Reference, config: bool) -> Result<Vec<u8>, Error> {
        let call = self
            .call("inspect")
            .arg("--raw")
            .args(config.then_some("--config"))
            .args(self.options.insecure.then_some("--tls-verify=false"))
            .args(self.authfile("authfile"))
            .args(["--", &docker(reference)]);
        self.attempts(reference, || call.answer())
    }

    pub(crate) fn call(&self, verb: &str) -> Call {
        let timeout = self.options.timeout.unwrap_or(TIMEOUT);
        let call = Call::new(&self.program, verb, Some(timeout), false).counting_all();
        match self.options.no_runtime_folder {
            // `skopeo` skips a missing folder, and still searches the other places for credentials.
            true => call.env("XDG_RUNTIME_DIR", "/nonexistent"),
            false => call,
        }
    }

    pub(crate) fn authfile(&self, flag: &str) -> Option<String> {
        let file = self.options.authfile.as_ref()?;
        Some(format!("--{flag}={file}"))
    }

    /// Makes a call, and retries transient failures.
    pub(crate) fn attempts<T>(
        &self,
        reference: &Reference,
        mut call: impl FnMut() -> Result<T, process::Error>,
    ) -> Result<T, Error> {
        let mut left = self.options.retries;
        let mut pause = PAUSE;
        loop {
            let error = match call() {
                Ok(done) => return Ok(done),
                Err(process::Error::Failed { tail, .. }) => complaint::error(reference, &tail),
                Err(error) => return Err(error.into()),
            };
            if !error.is_temporary() || left == 0 {
                return Err(error);
            }
            left -= 1;
            if let OnRetry(Some(hears)) = &self.options.on_retry {
                hears(&format!("{error}; retrying in {} s", pause.as_secs()));
            }
            thread::sleep(pause);
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }
}
