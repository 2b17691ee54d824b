//! A tap on the line between a client and a server: it passes bytes on and keeps what the client sent.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// All that came so far.
type Sent = Arc<Mutex<Log>>;

#[derive(Debug, Default)]
struct Log {
    /// The bytes of each connection.
    connections: Vec<Vec<u8>>,
    /// For each piece that came: its connection, and how many bytes that one had before.
    pieces: Vec<(usize, usize)>,
}

impl Log {
    /// When the byte at `offset` of a connection came, as the number of its piece.
    fn came(&self, connection: usize, offset: usize) -> usize {
        let holds = |piece: &(usize, usize)| piece.0 == connection && piece.1 <= offset;
        self.pieces.iter().rposition(holds).unwrap_or(0)
    }
}

/// A running tap; it lives as long as the test process.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    sent: Sent,
}

/// A request as it was on the wire.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers in their order and spelling.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// The only header of this name, in any case; empty when there is none.
    ///
    /// # Panics
    ///
    /// When the header stands there twice.
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(have, _)| have.eq_ignore_ascii_case(name));
        let first = found.next().map_or("", |(_, value)| value);
        assert!(found.next().is_none(), "{name} twice in {:?}", self.headers);
        first
    }
}

impl Recorder {
    /// A tap before the server at `base_url`, an address such as `http://127.0.0.1:4711`.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub fn before(base_url: &str) -> io::Result<Self> {
        let server = base_url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let sent = Sent::default();
        let kept = Arc::clone(&sent);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&server) else { break };
                let number = with(&kept, |log| {
                    log.connections.push(Vec::new());
                    log.connections.len() - 1
                });
                let kept = Arc::clone(&kept);
                thread::spawn(move || tap(&client, &server, number, &kept));
            }
        });
        Ok(Self { address, sent })
    }

    /// The base URL for the client.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All bytes of all connections so far.
    pub fn bytes(&self) -> Vec<u8> {
        with(&self.sent, |log| log.connections.concat())
    }

    /// The requests so far, in the order in which they began, over all connections.
    ///
    /// # Panics
    ///
    /// When what was sent is not whole HTTP/1.1 requests with `Content-Length`.
    pub fn requests(&self) -> Vec<Request> {
        with(&self.sent, |log| {
            let mut found = Vec::new();
            for (connection, bytes) in log.connections.iter().enumerate() {
                let begun = requests(bytes).into_iter();
                found.extend(begun.map(|(at, request)| (log.came(connection, at), request)));
            }
            found.sort_by_key(|(came, _)| *came);
            found.into_iter().map(|(_, request)| request).collect()
        })
    }
}

fn with<T>(sent: &Sent, act: impl FnOnce(&mut Log) -> T) -> T {
    act(&mut sent.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Passes bytes on in both directions until one side has hung up.
fn tap(client: &TcpStream, server: &TcpStream, number: usize, sent: &Sent) {
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut from, mut to) = (server, client);
            let _ = io::copy(&mut from, &mut to);
            let _ = client.shutdown(Shutdown::Both);
        });
        let mut buffer = vec![0; 1 << 16];
        let (mut from, mut to) = (client, server);
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let bytes = &buffer[..read];
            // Kept first: whoever has the answer finds the request here.
            with(sent, |log| {
                log.pieces.push((number, log.connections[number].len()));
                log.connections[number].extend_from_slice(bytes);
            });
            if to.write_all(bytes).is_err() {
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Both);
    });
}

/// The requests of one connection, each with the offset of its first byte.
fn requests(mut bytes: &[u8]) -> Vec<(usize, Request)> {
    let (mut requests, whole) = (Vec::new(), bytes.len());
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|at| at == b"\r\n\r\n");
        let Some(end) = end else { panic!("a request without an end of its head") };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
        let (method, target) = (words.next(), words.next());
        assert_eq!(words.next().as_deref(), Some("HTTP/1.1"), "{head}");
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut request = Request {
            method: method.unwrap_or_default(),
            target: target.unwrap_or_default(),
            headers,
            body: Vec::new(),
        };
        assert_eq!(request.header("transfer-encoding"), "", "a body of unknown length: {head}");
        let length: usize = request.header("content-length").parse().unwrap_or(0);
        let body = bytes.get(end + 4..end + 4 + length);
        let Some(body) = body else { panic!("a body is cut: {head}") };
        request.body = body.to_vec();
        requests.push((whole - bytes.len(), request));
        bytes = &bytes[end + 4 + length..];
    }
    requests
}
