//! Something on the way between the program and a server: it passes each request on, or does with it what a test says.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::raw::{self, Answer};
use crate::recorder::Request;

/// Nothing that a test waits for takes this long, unless it never comes.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is done with a request: the answer to give, or `None` to hang up. The function passes it on and gives the
/// server's answer.
type Act = dyn Fn(&Request, &dyn Fn() -> io::Result<Answer>) -> Option<Reply> + Send + Sync;

/// What goes back to the client.
enum Reply {
    Answer(Answer),
    /// A body of this, again and again, until the client has had enough.
    Endless(Vec<u8>),
}

/// A place on the way; it lives as long as the test process.
#[derive(Debug, Clone, Copy)]
pub struct Between(SocketAddr);

impl Between {
    /// Stands before the server at `base_url`, an address such as `http://127.0.0.1:4711`.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub fn before(
        base_url: &str,
        act: impl Fn(&Request, &dyn Fn() -> io::Result<Answer>) -> Option<Answer>
        + Send
        + Sync
        + 'static,
    ) -> io::Result<Self> {
        Self::stand(base_url, Arc::new(move |request, pass| act(request, pass).map(Reply::Answer)))
    }

    /// Stands before the server at `base_url` and answers requests that `is_it` knows with a body of `unit`, again and
    /// again, which has no length and no end.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub fn endless(
        base_url: &str,
        is_it: impl Fn(&Request) -> bool + Send + Sync + 'static,
        unit: Vec<u8>,
    ) -> io::Result<Self> {
        let act = move |request: &Request, pass: &dyn Fn() -> io::Result<Answer>| {
            if is_it(request) {
                return Some(Reply::Endless(unit.clone()));
            }
            pass().ok().map(Reply::Answer)
        };
        Self::stand(base_url, Arc::new(act))
    }

    fn stand(base_url: &str, act: Arc<Act>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let server = base_url.to_owned();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (server, act) = (server.clone(), Arc::clone(&act));
                // A connection that breaks is the client's to notice.
                thread::spawn(move || serve(&client, &server, &*act).unwrap_or_default());
            }
        });
        Ok(Self(address))
    }

    /// The base URL for the program.
    pub fn base_url(self) -> String {
        format!("http://{}", self.0)
    }
}

fn serve(client: &TcpStream, server: &str, act: &Act) -> io::Result<()> {
    let mut reader = BufReader::new(client);
    while let Some(request) = read(&mut reader)? {
        let own = ["host", "connection", "content-length"];
        let is_own = |name: &str| own.iter().any(|own| name.eq_ignore_ascii_case(own));
        let headers: Vec<_> =
            request.headers.iter().filter(|(name, _)| !is_own(name)).cloned().collect();
        let pass =
            || raw::exchange(server, &request.method, &request.target, &headers, &request.body);
        let answer = match act(&request, &pass) {
            None => return Ok(()),
            Some(Reply::Answer(answer)) => answer,
            Some(Reply::Endless(unit)) => return pour(client, &unit),
        };
        let mut head = format!("HTTP/1.1 {} Word\r\n", answer.status);
        for (name, value) in &answer.headers {
            if !is_own(name) && !name.eq_ignore_ascii_case("transfer-encoding") {
                // The server names itself in upload addresses; the client must come back here.
                let here = format!("http://{}", client.local_addr()?);
                let _ = write!(head, "{name}: {}\r\n", value.replace(server, &here));
            }
        }
        let _ = write!(head, "Content-Length: {}\r\n\r\n", answer.body.len());
        let mut writer = client;
        writer.write_all(&[head.as_bytes(), &answer.body].concat())?;
    }
    Ok(())
}

/// Writes until nobody reads any more.
fn pour(mut client: &TcpStream, unit: &[u8]) -> io::Result<()> {
    client.write_all(b"HTTP/1.1 200 Word\r\nConnection: close\r\n\r\n")?;
    let many = unit.repeat((1 << 16) / unit.len().max(1) + 1);
    loop {
        client.write_all(&many)?;
    }
}

fn read(from: &mut BufReader<&TcpStream>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut request = Request { method, target, headers: Vec::new(), body: Vec::new() };
    loop {
        line.clear();
        from.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        request.headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let length = request.header("content-length").parse().unwrap_or(0);
    from.take(length).read_to_end(&mut request.body)?;
    Ok(Some(request))
}

/// What becomes of a request that was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It is passed on, and the answer brought.
    Answer,
    /// It is passed on, and the connection breaks before the answer.
    LoseAnswer,
    /// The connection breaks, and the server never saw it.
    LoseRequest,
}

/// Holds the first request of a kind until it is told what becomes of it.
#[derive(Debug)]
pub struct Gate {
    between: Between,
    reached: Receiver<()>,
    open: Sender<Then>,
}

impl Gate {
    /// A gate before the server at `base_url`, for the first request that `is_it` knows.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub fn before(
        base_url: &str,
        is_it: impl Fn(&Request) -> bool + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (reached_by, reached) = channel();
        let (open, opened) = channel();
        let held = Mutex::new(Some((reached_by, opened)));
        let between = Between::before(base_url, move |request, pass| {
            let hold = is_it(request).then(|| held.lock().unwrap_or_else(PoisonError::into_inner));
            let Some((reached, opened)) = hold.and_then(|mut held| held.take()) else {
                return pass().ok();
            };
            reached.send(()).ok()?;
            match opened.recv().ok()? {
                Then::Answer => pass().ok(),
                Then::LoseAnswer => pass().map_or(None, |_| None),
                Then::LoseRequest => None,
            }
        })?;
        Ok(Self { between, reached, open })
    }

    /// The base URL for the program.
    pub fn base_url(&self) -> String {
        self.between.base_url()
    }

    /// Waits until a request is held.
    ///
    /// # Panics
    ///
    /// When none comes.
    pub fn wait(&self) {
        assert!(self.reached.recv_timeout(PATIENCE).is_ok(), "no such request came");
    }

    /// Says what becomes of the request that is held.
    ///
    /// # Panics
    ///
    /// When none is held any more.
    pub fn open(&self, then: Then) {
        assert!(self.open.send(then).is_ok(), "nothing is held");
    }
}
