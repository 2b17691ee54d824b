//! A server that answers from a script and keeps what it was asked.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What to do about a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A whole answer.
    Answer(u16, Vec<(String, String)>, Vec<u8>),
    /// These bytes and the end of the connection.
    Raw(Vec<u8>),
    /// The end of the connection, without a byte.
    Drop,
    /// Nothing, ever.
    Hang,
    /// These bytes, then nothing, ever.
    RawThenHang(Vec<u8>),
}

impl Reply {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::Answer(status, Vec::new(), body.as_bytes().to_vec())
    }

    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        match self {
            Self::Answer(status, mut headers, body) => {
                headers.push((name.to_owned(), value.to_owned()));
                Self::Answer(status, headers, body)
            }
            other => other,
        }
    }
}

/// An error as the service words it.
pub(crate) fn refusal(status: u16, word: &str, message: &str, details: &str) -> Reply {
    let body = format!(
        r#"{{"error":{{"code":{status},"message":"{message}","status":"{word}","details":[{details}]}}}}"#
    );
    Reply::json(status, &body)
}

type Handler = Box<dyn FnMut(&Request) -> Reply + Send>;

/// A running server; it stops when dropped.
pub(crate) struct Server {
    pub(crate) base: String,
    requests: Arc<Mutex<Vec<Request>>>,
    hung: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Server {
    /// Answers each request by `handler`.
    pub(crate) async fn start(handler: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), handler)
    }

    /// The same behind a door that is open already.
    pub(crate) fn on(
        listener: TcpListener,
        handler: impl FnMut(&Request) -> Reply + Send + 'static,
    ) -> Self {
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let hung = Arc::new(Notify::new());
        let (seen, hangs) = (Arc::clone(&requests), Arc::clone(&hung));
        let handler: Arc<Mutex<Handler>> = Arc::new(Mutex::new(Box::new(handler)));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, handler) = (Arc::clone(&seen), Arc::clone(&handler));
                let hangs = Arc::clone(&hangs);
                tokio::spawn(async move { serve(stream, &seen, &handler, &hangs).await });
            }
        });
        Self { base, requests, hung, task }
    }

    /// Gives the replies in turn; a request too many fails the test by its odd status.
    pub(crate) async fn script(replies: Vec<Reply>) -> Self {
        let mut replies = replies.into_iter();
        let over = || Reply::json(418, "the script is over");
        Self::start(move |_| replies.next().unwrap_or_else(over)).await
    }

    /// Told whenever a reply is one that never ends.
    pub(crate) fn hung(&self) -> Arc<Notify> {
        Arc::clone(&self.hung)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Request>>,
    handler: &Mutex<Handler>,
    hung: &Notify,
) {
    let mut buffer = Vec::new();
    while let Some(request) = read(&mut stream, &mut buffer).await {
        seen.lock().unwrap().push(request.clone());
        let reply = (handler.lock().unwrap())(&request);
        match reply {
            Reply::Answer(status, headers, body) => {
                let mut head = format!("HTTP/1.1 {status} Word\r\n");
                for (name, value) in headers {
                    write!(head, "{name}: {value}\r\n").unwrap();
                }
                write!(head, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
                let bytes = [head.as_bytes(), &body].concat();
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Reply::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Reply::Drop => return,
            Reply::Hang => {
                hung.notify_one();
                std::future::pending::<()>().await;
            }
            Reply::RawThenHang(bytes) => {
                let _ = stream.write_all(&bytes).await;
                hung.notify_one();
                std::future::pending::<()>().await;
            }
        }
    }
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Request> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        // The first byte of a TLS handshake, which is not spoken here.
        if stream.read_buf(buffer).await.ok()? == 0 || buffer[0] == 0x16 {
            return None;
        }
    };
    let head = String::from_utf8(buffer[..head_end].to_vec()).unwrap();
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ').map(str::to_owned);
    let mut request =
        Request { method: words.next()?, target: words.next()?, ..Request::default() };
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        let doubled = request.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        assert!(doubled.is_none(), "the header {name} came twice");
    }
    assert!(request.header("transfer-encoding").is_none(), "bodies have a length");
    let length = request.header("content-length").map_or(0, |text| text.parse().unwrap());
    let body_end = head_end + 4 + length;
    while buffer.len() < body_end {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    request.body = buffer[head_end + 4..body_end].to_vec();
    buffer.drain(..body_end);
    Some(request)
}
