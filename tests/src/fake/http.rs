//! Just enough HTTP/1.1 for the fake server: whole requests in, whole answers out, keep-alive.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// One request, body and all.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body as JSON; an empty or broken body is `null`.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What the server does with a request.
#[derive(Debug)]
pub(crate) enum Reply {
    Answer(Answer),
    /// Closes the connection without a word.
    Drop,
    /// Announces the whole answer and sends only the first half of its body.
    Cut(Answer),
}

/// A status, headers beyond the usual ones, and a body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(value: &serde_json::Value) -> Reply {
        Self::with_status(200, value)
    }

    pub(crate) fn with_status(status: u16, value: &serde_json::Value) -> Reply {
        Reply::Answer(Self {
            status,
            headers: vec![("Content-Type", "application/json; charset=UTF-8".to_owned())],
            body: value.to_string().into_bytes(),
        })
    }

    pub(crate) fn error(code: u16, status: &str, message: &str) -> Reply {
        let body = serde_json::json!({
            "error": {"code": code, "message": message, "status": status}
        });
        Self::with_status(code, &body)
    }
}

/// Reads one request; `None` when the other side has hung up between two.
pub(crate) fn read_request(from: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let Some(first) = read_line(from)? else {
        return Ok(None);
    };
    let mut words = first.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(io::Error::other(format!("not a request line: {first:?}")));
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = BTreeMap::new();
    while let Some(line) = read_line(from)?.filter(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    let mut request = Request {
        method: method.to_owned(),
        path: percent_decoded(path),
        query: parse_query(query),
        headers,
        body: Vec::new(),
    };
    request.body = read_body(from, &request)?;
    Ok(Some(request))
}

fn read_line(from: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn read_body(from: &mut BufReader<TcpStream>, request: &Request) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if request.header("transfer-encoding").eq_ignore_ascii_case("chunked") {
        loop {
            let line = read_line(from)?.unwrap_or_default();
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
            from.take(size).read_to_end(&mut body)?;
            read_line(from)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
    let length: u64 = request.header("content-length").parse().unwrap_or(0);
    from.take(length).read_to_end(&mut body)?;
    if (body.len() as u64) < length {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    Ok(body)
}

/// Writes a reply; `false` when the connection is to be closed after it.
pub(crate) fn write_reply(to: &mut TcpStream, reply: &Reply) -> io::Result<bool> {
    let (answer, sent) = match reply {
        Reply::Drop => return Ok(false),
        Reply::Answer(answer) => (answer, answer.body.len()),
        Reply::Cut(answer) => (answer, answer.body.len() / 2),
    };
    let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status)).into_bytes();
    for (name, value) in &answer.headers {
        write!(head, "{name}: {value}\r\n")?;
    }
    write!(head, "Content-Length: {}\r\n\r\n", answer.body.len())?;
    to.write_all(&head)?;
    to.write_all(&answer.body[..sent])?;
    to.flush()?;
    Ok(sent == answer.body.len())
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

fn parse_query(query: &str) -> BTreeMap<String, String> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (percent_decoded(name), percent_decoded(value)))
        .collect()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
