//! A proxy in front of a registry: it passes requests on, counts them, and produces faults for tests.
//!
//! A connection serves one request: both sides get `Connection: close`, so that no body needs to be parsed.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::fault::{Action, Fault};

/// How many bytes to pass on at a time.
const CHUNK: usize = 16 * 1024;
/// How often a stalled thread checks whether to continue.
const PAUSE: Duration = Duration::from_millis(10);
/// How long to read a client's data after its request was refused.
const DRAIN: Duration = Duration::from_secs(1);

/// The first byte of a TLS connection.
const TLS: u8 = 0x16;

/// A received request, and its result.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// With the query.
    pub path: String,
    /// The answer's status; 0 before the answer.
    pub status: u16,
    /// Bytes of its body, including the framing.
    pub sent: u64,
    /// Bytes of the answer's body.
    pub served: u64,
}

#[derive(Debug, Default)]
struct State {
    faults: Vec<Fault>,
    requests: Vec<Request>,
    is_over: bool,
}

/// The front of one registry. Its threads end with it.
#[derive(Debug)]
pub(crate) struct Front {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Front {
    /// Listens on a free port of this machine, for what listens on `registry`.
    pub fn start(registry: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if lock(&shared).is_over {
                    return;
                }
                let state = shared.clone();
                // The client sees an error.
                thread::spawn(move || drop(serve(&client, registry, &state)));
            }
        });
        Ok(Self { address, state })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn add(&self, fault: Fault) {
        lock(&self.state).faults.push(fault);
    }

    pub fn clear(&self) {
        let mut state = lock(&self.state);
        state.faults.clear();
        state.requests.clear();
    }

    pub fn requests(&self) -> Vec<Request> {
        lock(&self.state).requests.clone()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        lock(&self.state).is_over = true;
        // A connection wakes the listening thread, which then sees the end.
        drop(TcpStream::connect(self.address));
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(client: &TcpStream, registry: SocketAddr, state: &Arc<Mutex<State>>) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    // The answer of a registry without a certificate to TLS.
    if reader.fill_buf()?.first() == Some(&TLS) {
        return refuse(client, 400);
    }
    let head = head(&mut reader)?;
    let mut words = head.split(' ');
    let (method, path) = (words.next(), words.next());
    let request = Request {
        method: method.unwrap_or_default().into(),
        path: path.unwrap_or_default().into(),
        ..Request::default()
    };
    let (number, action) = {
        let mut state = lock(state);
        let faults = state.faults.iter_mut();
        let action = faults.filter_map(|fault| fault.strikes(&request)).next();
        state.requests.push(request.clone());
        (state.requests.len() - 1, action)
    };
    let note = |change: &dyn Fn(&mut Request)| {
        if let Some(request) = lock(state).requests.get_mut(number) {
            change(request);
        }
    };
    if let Some(Action::Status(status)) = action {
        note(&|request| request.status = status);
        return refuse(client, status);
    }
    if let Some(Action::Stall(0)) = action {
        hold_up(client, state);
        return Ok(());
    }
    let mut upstream = TcpStream::connect(registry)?;
    upstream.write_all(closing(&head).as_bytes())?;
    thread::scope(|scope| {
        let mut sink = upstream.try_clone()?;
        scope.spawn(move || {
            // Ends with the client, or with `shutdown` below.
            let _ = pass(&mut reader, &mut sink, u64::MAX, |bytes| {
                note(&|request| request.sent += bytes);
            });
        });
        let answered = answer(
            client,
            &upstream,
            request.method == "HEAD",
            action,
            state,
            note,
        );
        let _ = client.shutdown(Shutdown::Both);
        let _ = upstream.shutdown(Shutdown::Both);
        answered
    })
}

fn answer(
    mut client: &TcpStream,
    upstream: &TcpStream,
    is_head: bool,
    action: Option<Action>,
    state: &Mutex<State>,
    note: impl Fn(&dyn Fn(&mut Request)),
) -> io::Result<()> {
    let mut upstream = BufReader::new(upstream);
    let head = head(&mut upstream)?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    note(&|request| request.status = status.unwrap_or(0));
    client.write_all(closing(&head).as_bytes())?;
    if is_head {
        return Ok(());
    }
    let served = |bytes| note(&|request| request.served += bytes);
    match action {
        None | Some(Action::Status(_)) => {}
        Some(Action::Cut(after)) => return pass(&mut upstream, &mut client, after, served),
        Some(Action::Stall(after)) => {
            pass(&mut upstream, &mut client, after, served)?;
            hold_up(client, state);
            return Ok(());
        }
        Some(Action::Spoil) => {
            let mut first = [0];
            upstream.read_exact(&mut first)?;
            client.write_all(&[first[0] ^ 1])?;
        }
    }
    pass(&mut upstream, &mut client, u64::MAX, served)
}

/// Stalls a client until it gives up.
fn hold_up(client: &TcpStream, state: &Mutex<State>) {
    while !lock(state).is_over && is_there(client) {
        thread::sleep(PAUSE);
    }
}

/// Whether the other side is still connected.
fn is_there(client: &TcpStream) -> bool {
    client.set_nonblocking(true).is_ok()
        && !matches!(client.peek(&mut [0]), Ok(0))
        && client.set_nonblocking(false).is_ok()
}

/// The lines of a head, with the empty line at its end.
fn head(reader: &mut impl BufRead) -> io::Result<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

/// A head with `Connection: close`.
fn closing(head: &str) -> String {
    let is_other = |line: &&str| !line.to_lowercase().starts_with("connection:");
    let lines = head.trim_end().split("\r\n").filter(is_other);
    let lines: Vec<_> = lines.chain(["Connection: close", "", ""]).collect();
    lines.join("\r\n")
}

/// Passes at most so many bytes on, as they arrive.
fn pass(
    from: &mut impl Read,
    to: &mut impl Write,
    mut limit: u64,
    passed: impl Fn(u64),
) -> io::Result<()> {
    let mut buffer = [0; CHUNK];
    while limit > 0 {
        let most = usize::try_from(limit).map_or(CHUNK, |limit| limit.min(CHUNK));
        let count = from.read(&mut buffer[..most])?;
        if count == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..count])?;
        passed(count as u64);
        limit -= count as u64;
    }
    Ok(())
}

fn refuse(mut client: &TcpStream, status: u16) -> io::Result<()> {
    let more = match status {
        401 => "WWW-Authenticate: Basic realm=\"registry\"\r\n",
        429 => "Retry-After: 1\r\n",
        _ => "",
    };
    write!(
        client,
        "HTTP/1.1 {status} Refused\r\nContent-Length: 2\r\n{more}Connection: close\r\n\r\n{{}}"
    )?;
    client.shutdown(Shutdown::Write)?;
    client.set_read_timeout(Some(DRAIN))?;
    // Closing a connection with unread data would also discard the written data.
    let _ = io::copy(&mut client, &mut io::sink());
    Ok(())
}
