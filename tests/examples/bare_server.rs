//! A server that does nothing but take and give bytes, plain or over TLS: what is measured against it
//! is the client.
//!
//! ```text
//! bare_server BYTES                     # a result file has at least so many
//! bare_server FILE                      # the result file
//! bare_server BYTES CERTIFICATE KEY     # two PEM files: the same over TLS
//! ```
//! The first line printed is the base URL. Uploads are counted and thrown away, and every job has ended
//! as soon as it is made.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const USAGE: &str = "usage: bare_server BYTES|FILE [CERTIFICATE KEY]";

const PIECE: usize = 512 * 1024;

/// The head of a request, as far as it matters.
#[derive(Debug, Default)]
struct Head {
    method: String,
    path: String,
    command: String,
    offset: u64,
    length: u64,
}

impl Head {
    fn read(text: &str) -> Option<Self> {
        let mut lines = text.split("\r\n");
        let mut words = lines.next()?.split(' ').map(str::to_owned);
        let mut head = Self { method: words.next()?, path: words.next()?, ..Self::default() };
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.length = value.parse().ok()?,
                "x-goog-upload-command" => value.clone_into(&mut head.command),
                "x-goog-upload-offset" => head.offset = value.parse().ok()?,
                _ => {}
            }
        }
        Some(head)
    }

    /// Headers and body of the answer to an upload's request.
    fn answer(&self, base: &str) -> (String, String) {
        let header = |name: &str, value: &str| format!("X-Goog-Upload-{name}: {value}\r\n");
        let stored = self.offset + self.length;
        if self.command == "start" {
            let url = header("URL", &format!("{base}/upload/v1beta/files?upload_id=1"));
            (url + &header("Status", "active"), String::new())
        } else if self.command.contains("finalize") {
            let file = format!(r#"{{"file":{{"name":"files/bare","sizeBytes":"{stored}"}}}}"#);
            (header("Status", "final"), file)
        } else {
            let received = header("Size-Received", &stored.to_string());
            (header("Status", "active") + &received, String::new())
        }
    }
}

/// One connection, served until the client closes it.
struct Connection<S> {
    stream: S,
    /// What was read and not yet used.
    ahead: Vec<u8>,
}

/// What is given to everybody.
#[derive(Debug)]
struct Stock {
    base: String,
    results: Results,
    /// The label of the job made last: there is one job at a time.
    label: Mutex<String>,
}

/// What a download gives.
#[derive(Debug)]
enum Results {
    /// These lines over and over, until there are so many bytes.
    Lines(Vec<u8>, u64),
    File(PathBuf),
}

impl Stock {
    /// The job, which has ended.
    fn job(&self) -> String {
        let label = self.label.lock().unwrap_or_else(PoisonError::into_inner);
        json!({
            "name": "batches/bare", "done": true,
            "metadata": {
                "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
                "name": "batches/bare", "model": "models/sim-flash", "displayName": *label,
                "state": "BATCH_STATE_SUCCEEDED", "batchStats": {},
                "createTime": "2026-01-01T00:00:00Z", "updateTime": "2026-01-01T00:00:00Z",
                "output": {"responsesFile": "files/batch-bare"},
            },
            "response": {"responsesFile": "files/batch-bare"},
        })
        .to_string()
    }

    /// Takes a new job's label.
    fn create(&self, body: &[u8]) -> io::Result<()> {
        let body: Value = serde_json::from_slice(body)?;
        let label = body["batch"]["displayName"].as_str().unwrap_or_default();
        label.clone_into(&mut self.label.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    async fn serve(mut self, stock: &Stock) -> io::Result<()> {
        while let Some(head) = self.head().await? {
            let is_create = head.path.contains(":batchGenerateContent");
            if is_create {
                let body = self.body(head.length).await?;
                stock.create(&body)?;
            } else {
                self.skip(head.length).await?;
            }
            if head.method == "GET" && head.path.contains(":download") {
                self.give(&stock.results).await?;
                continue;
            }
            let json = "Content-Type: application/json\r\n".to_owned();
            let (headers, body) = if is_create || head.path.contains("/batches/bare") {
                (json, stock.job())
            } else if head.path.contains("/batches") {
                // Without it a client that looks for its jobs would ask again and again.
                (json, format!(r#"{{"operations":[{}]}}"#, stock.job()))
            } else {
                head.answer(&stock.base)
            };
            let length = body.len();
            let answer =
                format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
            self.stream.write_all(answer.as_bytes()).await?;
            self.stream.flush().await?;
        }
        Ok(())
    }

    async fn head(&mut self) -> io::Result<Option<Head>> {
        const END: &[u8] = b"\r\n\r\n";
        loop {
            if let Some(end) = self.ahead.windows(END.len()).position(|bytes| bytes == END) {
                let rest = self.ahead.split_off(end + END.len());
                let text = String::from_utf8_lossy(&self.ahead[..end]).into_owned();
                self.ahead = rest;
                let odd = || io::Error::other(format!("not a request: {text:?}"));
                return Head::read(&text).map(Some).ok_or_else(odd);
            }
            // A client that just goes away has nothing more to ask.
            if matches!(self.stream.read_buf(&mut self.ahead).await, Ok(0) | Err(_)) {
                return Ok(None);
            }
        }
    }

    /// Takes a body that is short.
    async fn body(&mut self, length: u64) -> io::Result<Vec<u8>> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        while self.ahead.len() < length {
            if self.stream.read_buf(&mut self.ahead).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let rest = self.ahead.split_off(length);
        Ok(std::mem::replace(&mut self.ahead, rest))
    }

    /// Takes a body and throws it away.
    async fn skip(&mut self, length: u64) -> io::Result<()> {
        let here = self.ahead.len().min(usize::try_from(length).unwrap_or(usize::MAX));
        self.ahead.drain(..here);
        let mut left = length - here as u64;
        let mut piece = vec![0; PIECE];
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            let read = self.stream.read(&mut piece[..most]).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left -= read as u64;
        }
        Ok(())
    }

    async fn give(&mut self, results: &Results) -> io::Result<()> {
        match results {
            Results::Lines(lines, bytes) => {
                let times = bytes.div_ceil(lines.len() as u64);
                self.begin(times * lines.len() as u64).await?;
                for _ in 0..times {
                    self.stream.write_all(lines).await?;
                }
            }
            Results::File(path) => {
                let mut file = std::fs::File::open(path)?;
                self.begin(file.metadata()?.len()).await?;
                let mut piece = vec![0; PIECE];
                loop {
                    let read = file.read(&mut piece)?;
                    if read == 0 {
                        break;
                    }
                    self.stream.write_all(&piece[..read]).await?;
                }
            }
        }
        self.stream.flush().await
    }

    async fn begin(&mut self, length: u64) -> io::Result<()> {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        self.stream.write_all(head.as_bytes()).await
    }
}

/// Whole lines of results, about a piece of them.
fn lines() -> Vec<u8> {
    let text = "Lorem ipsum dolor sit amet, consectetur adipiscing elit. ".repeat(790);
    let line = format!("{{\"key\":\"r\",\"response\":{{}},\"beside\":\"{text}\"}}\n");
    line.repeat(PIECE / line.len()).into_bytes()
}

fn acceptor(certificate: &str, key: &str) -> Result<TlsAcceptor, Box<dyn std::error::Error>> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(Path::new(certificate))?.collect();
    let key = PrivateKeyDer::from_pem_file(Path::new(key))?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain?, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (given, tls) = match words[..] {
        [given] => (given, None),
        [given, certificate, key] => (given, Some(acceptor(certificate, key)?)),
        _ => return Err(USAGE.into()),
    };
    let results = match given.parse() {
        Ok(bytes) => Results::Lines(lines(), bytes),
        Err(_) => Results::File(given.into()),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let base = format!("{scheme}://localhost:{port}");
    writeln!(io::stdout(), "{base}")?;
    let stock = Arc::new(Stock { base, results, label: Mutex::default() });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (stock, tls) = (Arc::clone(&stock), tls.clone());
        tokio::spawn(async move {
            let served = match tls {
                None => connection(stream).serve(&stock).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => connection(stream).serve(&stock).await,
                    Err(error) => Err(error),
                },
            };
            if let Err(error) = served {
                let _ = writeln!(io::stderr(), "bare_server: {error}");
            }
        });
    }
}

fn connection<S>(stream: S) -> Connection<S> {
    Connection { stream, ahead: Vec::new() }
}
