//! A GET over plain HTTP, enough to ask a local server what it has seen.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

/// The JSON at `path` of the server at `base_url`, an address such as `http://127.0.0.1:4711`.
///
/// # Panics
///
/// When there is no such server or it answers anything but JSON with a 200.
pub fn json(base_url: &str, path: &str) -> Value {
    match try_json(base_url, path) {
        Ok(value) => value,
        Err(error) => panic!("failed to get {path} of {base_url}: {error}"),
    }
}

fn try_json(base_url: &str, path: &str) -> Result<Value, Box<dyn std::error::Error>> {
    let address = base_url.strip_prefix("http://").ok_or("not plain http")?;
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head)? == 0 {
            return Err("the answer ends in its head".into());
        }
    }
    let mut body = Vec::new();
    match length(&head) {
        // The server may keep the connection open whatever it was asked.
        Some(length) => stream.take(length).read_to_end(&mut body)?,
        None => stream.read_to_end(&mut body)?,
    };
    if !head.starts_with("HTTP/1.1 200") {
        return Err(head.into());
    }
    if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        return Ok(serde_json::from_slice(&unchunked(&body).ok_or("bad chunks")?)?);
    }
    Ok(serde_json::from_slice(&body)?)
}

fn length(head: &str) -> Option<u64> {
    let line =
        head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-length:"))?;
    line.split_once(':')?.1.trim().parse().ok()
}

fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let line = body.windows(2).position(|at| at == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&body[..line]).ok()?, 16).ok()?;
        body = body.get(line + 2..)?;
        if size == 0 {
            return Some(bytes);
        }
        bytes.extend_from_slice(body.get(..size)?);
        body = body.get(size + 2..)?;
    }
}
