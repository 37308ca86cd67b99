//! The program as a whole: how it is called, and when a call is tried again.

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

/// The pause before the second attempt. It doubles before each further one, up to the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a call may read and write nothing if no other limit is given: a registry that stalls is told from a slow one.
const TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// How many indexes may name each other before there is an image. The specification's example has two levels.
const MAX_INDEX_DEPTH: usize = 4;

/// How registries are reached.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Over plain HTTP, or with a certificate that nobody vouches for.
    pub insecure: bool,
    /// Where credentials are, as an absolute path, if not in the usual files.
    pub authfile: Option<Utf8PathBuf>,
    /// How often a call is tried again that failed for a reason which may pass.
    pub retries: u32,
    /// How long a call may read and write nothing, if not ten minutes.
    pub timeout: Option<Duration>,
    /// The folder for the user's session, where credentials may be, is somebody else's: there are none in it.
    pub no_runtime_folder: bool,
    /// Hears of each failure after which a call is tried again, and after how long a pause.
    pub on_retry: OnRetry,
}

/// Somebody who hears of failures that may pass, or nobody.
#[derive(Clone, Default)]
pub struct OnRetry(Option<Hears>);

type Hears = Arc<dyn Fn(&str) + Send + Sync>;

impl OnRetry {
    /// Tells this one.
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
    /// Registries as this program reaches them. Nothing is run yet.
    pub fn new(program: impl Into<OsString>, options: Options) -> Self {
        Self {
            program: program.into(),
            options,
        }
    }

    /// The image that a reference stands for on an architecture. Only documents are read.
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

    /// The digest of what a registry serves under a reference: an image's manifest, or an index.
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

    /// A manifest as it is served, or the config that it names.
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
            // One that is not there is passed over; the other places where credentials may be are not.
            true => call.env("XDG_RUNTIME_DIR", "/nonexistent"),
            false => call,
        }
    }

    pub(crate) fn authfile(&self, flag: &str) -> Option<String> {
        let file = self.options.authfile.as_ref()?;
        Some(format!("--{flag}={file}"))
    }

    /// Tries a call, and again where its failure may pass.
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
