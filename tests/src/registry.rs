//! A test's own real registry: Debian's `docker-registry`, only on this machine, behind a [`Front`].

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;
use xtask::folders;

use crate::front::Front;
use crate::{Fault, Request, Tokens};

/// How long a registry may take to start listening.
const START: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);
/// The possible paths of programs that may not be in the PATH.
const PROGRAM: [&str; 2] = ["/usr/bin/docker-registry", "/usr/local/bin/docker-registry"];

/// Manifests of every kind: a registry claims that others do not exist.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/// The only user of a registry with a login, the password, and the line with both for the registry: it accepts only
/// bcrypt.
pub const LOGIN: (&str, &str) = ("ci", "open sesame");
const HTPASSWD: &str = "ci:$2b$04$LWebwXKKpIVd9PBlFu2Hm.cxEOfAeyv755RDVvry8SA3n/gqZcY6G\n";

/// An empty registry. Dropping it stops and removes it.
#[derive(Debug)]
pub struct Registry {
    process: duct::Handle,
    behind: SocketAddr,
    front: Front,
    _folder: TempDir,
}

impl Registry {
    /// A registry without a login.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::create("")
    }

    /// A registry with the login [`LOGIN`].
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn with_login() -> Self {
        Self::create("auth: {htpasswd: {realm: tests, path: htpasswd}}\n")
    }

    /// A registry that accepts tokens of this server.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn with_tokens(tokens: &Tokens) -> Self {
        Self::create(&tokens.settings())
    }

    fn create(more: &str) -> Self {
        let parent = folders::target()
            .expect("a test runs from Cargo's target folder")
            .join("tmp");
        fs::create_dir_all(&parent).expect("the target folder is writable");
        let folder = tempfile::Builder::new()
            .prefix("registry-")
            .tempdir_in(&parent)
            .expect("a folder for the registry");
        let root = Utf8Path::from_path(folder.path()).expect("the target folder's path is UTF-8");
        let write = |name: &str, text: &str| {
            fs::write(root.join(name), text).expect("the folder is writable");
        };
        write("htpasswd", HTPASSWD);
        write(
            "config.yml",
            &format!(
                "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: data}}}}\n\
                 http: {{addr: '127.0.0.1:0', secret: none}}\n{more}"
            ),
        );
        let log = root.join("log");
        let file = File::create(&log).expect("the folder is writable");
        // The kernel ends it if the test is killed.
        let program = program();
        let words = [
            "--pdeathsig",
            "KILL",
            program.as_str(),
            "serve",
            "config.yml",
        ];
        let mut command = duct::cmd("setpriv", words)
            .dir(root)
            .stdin_null()
            .stderr_to_stdout()
            .stdout_file(file);
        // It also reads settings from the environment, and one of these variables is skopeo's.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("REGISTRY_")) {
            command = command.env_remove(name);
        }
        let process = command.unchecked().start().expect("setpriv can be run");
        let address = listening(&process, &log);
        Self {
            process,
            behind: address,
            front: Front::start(address).expect("a port is free"),
            _folder: folder,
        }
    }

    /// The prefix of its images' references, without the slash.
    #[must_use]
    pub fn address(&self) -> String {
        self.front.address().to_string()
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        self.front.add(fault);
    }

    /// Forgets all faults, and the requests so far.
    pub fn reset(&self) {
        self.front.clear();
    }

    /// All requests since the start or [`Registry::reset`].
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.front.requests()
    }

    /// The requests with this method and this part in their path: `GET /blobs/`.
    #[must_use]
    pub fn requests_of(&self, request: &str) -> Vec<Request> {
        let (method, path) = request.split_once(' ').unwrap_or(("", request));
        let mut requests = self.requests();
        requests.retain(|request| request.method == method && request.path.contains(path));
        requests
    }

    /// The registry's own answer for `/v2/` and this path: a manifest, a blob. Not counted, and without faults.
    ///
    /// # Panics
    /// If it does not answer.
    #[must_use]
    pub fn holds(&self, path: &str) -> Option<Vec<u8>> {
        let answer = self.ask(path).expect("a registry answers");
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let (head, body) = answer.split_at(end.expect("an answer has a head") + 4);
        head.starts_with(b"HTTP/1.0 200 ").then(|| body.to_owned())
    }

    /// With HTTP 1.0, whose bodies are not chunked and end with the connection.
    fn ask(&self, path: &str) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(self.behind)?;
        let host = self.behind;
        write!(
            stream,
            "GET /v2/{path} HTTP/1.0\r\nHost: {host}\r\nAccept: {MANIFESTS}\r\n\r\n"
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has seen.
        let _ = self.process.kill();
    }
}

fn program() -> Utf8PathBuf {
    let found = PROGRAM.iter().find(|path| Utf8Path::new(path).exists());
    found.map_or_else(|| "docker-registry".into(), Utf8PathBuf::from)
}

/// The registry reports its port, so no other process can have taken the port.
fn listening(process: &duct::Handle, log: &Utf8Path) -> SocketAddr {
    let began = Instant::now();
    loop {
        let said = fs::read_to_string(log).unwrap_or_default();
        let address = said
            .split_once("listening on ")
            .and_then(|(_, rest)| rest.split(['"', ',', ' ']).next()?.parse().ok());
        if let Some(address) = address {
            return address;
        }
        let ended = process.try_wait().expect("a child can be waited for");
        assert!(
            ended.is_none() && began.elapsed() < START,
            "docker-registry does not start; it is the package docker-registry:\n{said}"
        );
        sleep(PAUSE);
    }
}
