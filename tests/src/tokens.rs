//! A token server as in Docker Hub, GHCR and Harbor: the registry sends clients to it, and admits those that return
//! with a token that the server signed.
//!
//! `openssl` makes the key and signs. The token's format is specified by the distribution project's "Token
//! Authentication Specification" and RFC 7519.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::LOGIN;

/// The service's name for the registry and the server.
const SERVICE: &str = "tests";
/// The lifetime of a token, in seconds.
const TERM: u64 = 60;

/// A token server for [`LOGIN`]; others get a token without access. Its thread ends with it.
#[derive(Debug)]
pub struct Tokens {
    address: SocketAddr,
    shared: Arc<Shared>,
    _folder: TempDir,
}

#[derive(Debug)]
struct Shared {
    root: Utf8PathBuf,
    is_over: AtomicBool,
    /// The requested scopes, and the users.
    asked: Mutex<Vec<String>>,
}

impl Tokens {
    /// A server on a free port of this machine, with its own key.
    ///
    /// # Panics
    /// If there is no `openssl`.
    #[must_use]
    pub fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let root = Utf8Path::from_path(folder.path()).expect("a path in UTF-8");
        let words = "req -x509 -newkey rsa:2048 -nodes -subj /CN=tests -days 2 -keyout key.pem -out cert.pem";
        openssl(root, &words.split(' ').collect::<Vec<_>>(), &[]);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            is_over: AtomicBool::new(false),
            asked: Mutex::default(),
        });
        let server = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if server.is_over.load(Ordering::SeqCst) {
                    return;
                }
                // The client sees an error.
                drop(server.serve(&client));
            }
        });
        Self {
            address,
            shared,
            _folder: folder,
        }
    }

    /// The settings of a registry for it.
    pub(crate) fn settings(&self) -> String {
        let (address, root) = (self.address, &self.shared.root);
        format!(
            "auth: {{token: {{realm: 'http://{address}/token', service: {SERVICE}, issuer: {SERVICE}, \
             rootcertbundle: '{root}/cert.pem'}}}}\n"
        )
    }

    /// The requested scopes so far, each with the user.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        let asked = self.shared.asked.lock();
        asked.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // A connection wakes the listening thread, which then sees the end.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn serve(&self, client: &TcpStream) -> io::Result<()> {
        let (mut target, mut login) = (String::new(), None);
        for line in BufReader::new(client.try_clone()?).lines() {
            let line = line?;
            let mut words = line.split(' ');
            match words.next().unwrap_or_default().to_lowercase().as_str() {
                "" => break,
                "get" => target = words.next().unwrap_or_default().to_owned(),
                "authorization:" => login = words.nth(1).map(str::to_owned),
                _ => {}
            }
        }
        let known = self.base64(format!("{}:{}", LOGIN.0, LOGIN.1).as_bytes());
        let who = match login {
            None => "nobody",
            Some(login) if login == known => LOGIN.0,
            Some(_) => return respond(client, "401 Unauthorized", &json!({"errors": []})),
        };
        let (_, query) = target.split_once('?').unwrap_or_default();
        let scopes: Vec<_> = query
            .split('&')
            .filter_map(|pair| pair.strip_prefix("scope="))
            .map(|scope| {
                scope
                    .replace("%3A", ":")
                    .replace("%2F", "/")
                    .replace("%2C", ",")
            })
            .collect();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.extend(scopes.iter().map(|scope| format!("{who} {scope}")));
        let granted = scopes.iter().filter(|_| who == LOGIN.0);
        let access: Vec<_> = granted.filter_map(|scope| access(scope)).collect();
        respond(
            client,
            "200 OK",
            &json!({"token": self.token(who, &access)}),
        )
    }

    fn token(&self, who: &str, access: &[Value]) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_secs());
        let certificate = openssl(
            &self.root,
            &["x509", "-in", "cert.pem", "-outform", "DER"],
            &[],
        );
        let head = json!({"typ": "JWT", "alg": "RS256", "x5c": [self.base64(&certificate)]});
        let claims = json!({
            "iss": SERVICE, "aud": SERVICE, "sub": who, "jti": "1",
            "iat": now, "nbf": now.saturating_sub(5), "exp": now + TERM, "access": access,
        });
        let part = |bytes: &[u8]| {
            let text = self.base64(bytes).replace('+', "-").replace('/', "_");
            text.trim_end_matches('=').to_owned()
        };
        let signed = format!(
            "{}.{}",
            part(head.to_string().as_bytes()),
            part(claims.to_string().as_bytes())
        );
        let words = ["dgst", "-sha256", "-sign", "key.pem", "-binary"];
        let signature = openssl(&self.root, &words, signed.as_bytes());
        format!("{signed}.{}", part(&signature))
    }

    fn base64(&self, bytes: &[u8]) -> String {
        let text = openssl(&self.root, &["base64", "-A"], bytes);
        String::from_utf8_lossy(&text).trim().to_owned()
    }
}

/// `repository:ci/x:pull,push`, in a token's format.
fn access(scope: &str) -> Option<Value> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let actions: Vec<_> = actions.split(',').collect();
    Some(json!({"type": kind, "name": name, "actions": actions}))
}

fn respond(mut client: &TcpStream, status: &str, body: &Value) -> io::Result<()> {
    let body = body.to_string();
    let length = body.len();
    write!(
        client,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

fn openssl(folder: &Utf8Path, words: &[&str], input: &[u8]) -> Vec<u8> {
    let command = duct::cmd("openssl", words).dir(folder).stdin_bytes(input);
    let output = command.stdout_capture().stderr_capture().run();
    output
        .expect("openssl can be run; it is the package openssl")
        .stdout
}
