//! One HTTP/1.1 exchange over bare TCP: exactly the headers that the caller names, nothing hidden.

use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// No answer of a local server takes this long, unless it hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// A whole answer.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Headers in their order, as they were spelt.
    pub headers: Vec<(String, String)>,
    /// The body, chunks joined.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of this name, in any case; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends one request on a connection of its own and reads the answer. `Host`, `Connection` and,
/// for a body or a POST, `Content-Length` are added.
///
/// # Errors
///
/// When the connection breaks or what comes is no HTTP/1.1 answer.
pub fn exchange(
    base_url: &str,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> io::Result<Answer> {
    let address = base_url.strip_prefix("http://").ok_or(io::ErrorKind::InvalidInput)?;
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut stream = BufWriter::new(stream);
    write!(stream, "{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n")?;
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    if method == "POST" || !body.is_empty() {
        write!(stream, "Content-Length: {}\r\n", body.len())?;
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(body)?;
    stream.flush()?;
    read_answer(BufReader::new(stream.get_ref()))
}

fn read_answer(mut from: BufReader<&TcpStream>) -> io::Result<Answer> {
    let odd = |what: &str| io::Error::other(format!("not an answer: {what:?}"));
    let mut line = String::new();
    from.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut answer = Answer { status: status.ok_or_else(|| odd(&line))?, ..Answer::default() };
    loop {
        line.clear();
        from.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                answer.headers.push((name.to_owned(), value.trim().to_owned()));
            }
            None if line == "\r\n" => break,
            None => return Err(odd(&line)),
        }
    }
    if answer.header("transfer-encoding").eq_ignore_ascii_case("chunked") {
        read_chunks(&mut from, &mut answer.body)?;
    } else if let Ok(length) = answer.header("content-length").parse() {
        let read = from.take(length).read_to_end(&mut answer.body)?;
        if read as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    } else {
        from.read_to_end(&mut answer.body)?;
    }
    Ok(answer)
}

fn read_chunks(from: &mut BufReader<&TcpStream>, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
        let read = from.by_ref().take(size).read_to_end(body)?;
        if read as u64 != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        from.read_line(&mut line)?;
        if size == 0 {
            return Ok(());
        }
    }
}
