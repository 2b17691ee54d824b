//! What clients may not do to the machine: fill its disk or memory, hold every connection.

use std::time::Duration;

use gemini_emulator::{Action, Emulator, Fault, Limits, Script};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Client, faults, manual, rows, small};

async fn limited(
    change: impl FnOnce(&mut Limits),
) -> (Emulator, Client, gemini_emulator::ManualClock) {
    let mut limits = small();
    change(&mut limits);
    manual(|b| b.limits(limits)).await
}

/// A chunk of an upload whose length nobody says beforehand; `ends` or breaks off.
async fn chunked(emulator: &Emulator, session: &str, pieces: &[&[u8]], ends: bool) -> String {
    let mut stream = TcpStream::connect(emulator.local_addr()).await.unwrap();
    let head = format!(
        "POST {session} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         X-Goog-Upload-Command: upload, finalize\r\nX-Goog-Upload-Offset: 0\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for piece in pieces {
        stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await.unwrap();
        stream.write_all(piece).await.unwrap();
        stream.write_all(b"\r\n").await.unwrap();
    }
    if ends {
        stream.write_all(b"0\r\n\r\n").await.unwrap();
    } else {
        stream.shutdown().await.unwrap();
    }
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

async fn received(client: &Client, session: &str) -> String {
    let query = client.command(session, "query", 0, b"").await.unwrap().ok();
    query.header("x-goog-upload-size-received").unwrap_or("over").to_owned()
}

/// Bytes that lie in a folder and below it.
fn on_disk(dir: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let about = entry.metadata().unwrap();
            if about.is_dir() { on_disk(&entry.path()) } else { about.len() }
        })
        .sum()
}

#[tokio::test]
async fn a_chunked_upload_is_stopped_at_what_it_declared() {
    let dir = tempfile::tempdir().unwrap();
    let state = Some(dir.path().to_owned());
    let (emulator, client, _) = manual(|b| b.limits(small()).state_dir(state)).await;
    let session = client.start(10, &json!({})).await;
    let piece = vec![b'x'; 1 << 16];
    for ends in [true, false] {
        let answer = chunked(&emulator, &session, &[&piece[..]; 16], ends).await;
        assert!(!ends || answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert_eq!(received(&client, &session).await, "0", "nothing of it is kept");
        assert!(on_disk(dir.path()) < 10_000);
    }
    // Of one that breaks off what came stays, and the session goes on.
    chunked(&emulator, &session, &[b"0123"], false).await;
    assert_eq!(received(&client, &session).await, "4");
    client.command(&session, "upload, finalize", 4, b"456789").await.unwrap().ok();
}

#[tokio::test]
async fn a_length_that_no_file_has_is_refused() {
    let (emulator, client, _) = manual(|b| b).await;
    let session = client.start(12, &json!({})).await;
    client.command(&session, "upload", 0, b"01234567").await.unwrap().ok();
    let length = u64::MAX.to_string();
    let mut stream = TcpStream::connect(emulator.local_addr()).await.unwrap();
    let head = format!(
        "POST {session} HTTP/1.1\r\nHost: localhost\r\nX-Goog-Upload-Command: upload\r\n\
         X-Goog-Upload-Offset: 8\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let _ = stream.read_to_end(&mut Vec::new()).await;
    assert_eq!(received(&client, &session).await, "8");
}

#[tokio::test]
async fn uploads_of_unknown_size_share_the_room() {
    let (_emulator, client, clock) = limited(|limits| limits.storage_bytes = 20).await;
    let start = || async {
        let headers = [("X-Goog-Upload-Protocol", "resumable"), ("X-Goog-Upload-Command", "start")];
        let answer = client.call("POST", "/upload/v1/files", &headers, b"{}").await.ok();
        let url = answer.header("x-goog-upload-url").unwrap().to_owned();
        url[url.find("/upload/").unwrap()..].to_owned()
    };
    let (one, two, three) = (start().await, start().await, start().await);
    client.command(&one, "upload, finalize", 0, b"01234567").await.unwrap().ok();
    client.command(&two, "upload", 0, b"01234567").await.unwrap().ok();
    for command in ["upload", "upload, finalize"] {
        let full = client.command(&three, command, 0, b"01234567").await.unwrap();
        assert!(full.fails(429, "RESOURCE_EXHAUSTED").contains("file_storage_bytes"));
        assert_eq!(received(&client, &three).await, "0");
    }
    client.command(&three, "upload", 0, b"0123").await.unwrap().ok();
    // What an open upload has said it will have counts as well.
    client.command(&three, "cancel", 0, b"").await.unwrap().ok();
    client.start(4, &json!({})).await;
    let headers = [
        ("X-Goog-Upload-Protocol", "resumable"),
        ("X-Goog-Upload-Command", "start"),
        ("X-Goog-Upload-Header-Content-Length", "1"),
    ];
    let full = client.call("POST", "/upload/v1/files", &headers, b"{}").await;
    full.fails(429, "RESOURCE_EXHAUSTED");
    // A week later nobody will come back.
    clock.advance(Duration::from_hours(7 * 24));
    client.command(&two, "query", 0, b"").await.unwrap().fails(404, "NOT_FOUND");
    client.call("POST", "/upload/v1/files", &headers, b"{}").await.ok();
}

#[tokio::test]
async fn a_file_is_checked_for_room_at_its_end() {
    let (_emulator, client, _) = manual(|b| b.control(true)).await;
    let session = client.start(8, &json!({})).await;
    let script = json!({"limits": {"storage_bytes": 4}}).to_string();
    client.call("PUT", "/__emulator/script", &[], script.as_bytes()).await.ok();
    let full = client.command(&session, "upload, finalize", 0, b"01234567").await.unwrap();
    full.fails(429, "RESOURCE_EXHAUSTED");
    assert_eq!(received(&client, &session).await, "8");
    client.call("DELETE", "/__emulator/script", &[], b"").await.ok();
    client.command(&session, "finalize", 8, b"").await.unwrap().ok();
}

#[tokio::test]
async fn sessions_are_counted_and_expire_with_their_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let mut limits = small();
    limits.open_uploads = 2;
    let state = Some(dir.path().to_owned());
    let (_emulator, client, clock) = manual(|b| b.limits(limits).state_dir(state)).await;
    let first = client.start(4_000_000, &json!({})).await;
    client.command(&first, "upload", 0, &vec![b'x'; 2_000_000]).await.unwrap().ok();
    client.start(4, &json!({})).await;
    let headers = [("X-Goog-Upload-Protocol", "resumable"), ("X-Goog-Upload-Command", "start")];
    let more = || client.call("POST", "/upload/v1/files", &headers, b"{}");
    more().await.fails(429, "RESOURCE_EXHAUSTED");
    assert!(on_disk(dir.path()) > 2_000_000);
    clock.advance(Duration::from_hours(7 * 24));
    more().await.ok();
    assert!(on_disk(dir.path()) < 10_000, "the bytes of sessions that nobody ended");
}

#[tokio::test]
async fn who_lost_the_race_for_a_name_is_told_the_same_twice() {
    let (_emulator, client, _) = manual(|b| b).await;
    let about = json!({"file": {"name": "files/mine"}});
    let (one, two) = (client.start(1, &about).await, client.start(1, &about).await);
    client.command(&one, "upload, finalize", 0, b"x").await.unwrap().ok();
    let taken = client.command(&two, "upload, finalize", 0, b"y").await.unwrap();
    taken.fails(409, "ALREADY_EXISTS");
    let query = client.command(&two, "query", 0, b"").await.unwrap().ok();
    let status = |answer: &crate::support::Answer| {
        answer.header("x-goog-upload-status").unwrap_or_default().to_owned()
    };
    assert_eq!((status(&taken), status(&query)), ("final".into(), "final".into()));
}

#[tokio::test]
async fn upload_ids_do_not_come_from_the_seed() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let (_emulator, client, _) = manual(|b| b).await;
        ids.push(client.start(1, &json!({})).await);
        ids.push(client.start(1, &json!({})).await);
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4, "{ids:?}");
}

/// Announces a body and sends none of it.
async fn hold(emulator: &Emulator) -> TcpStream {
    let mut stream = TcpStream::connect(emulator.local_addr()).await.unwrap();
    let head = "POST /upload/v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn idle_bodies_give_their_connections_back() {
    let (emulator, client, _) = limited(|limits| {
        limits.connections = 2;
        limits.body_idle = Duration::from_millis(50);
    })
    .await;
    let mut held = [hold(&emulator).await, hold(&emulator).await];
    client.get("/v1/models").await.ok();
    for stream in &mut held {
        assert_eq!(stream.read_to_end(&mut Vec::new()).await.unwrap_or(0), 0, "closed");
    }
}

#[tokio::test]
async fn more_connections_than_allowed_wait_their_turn() {
    let (emulator, client, _) = limited(|limits| limits.connections = 2).await;
    let held = [hold(&emulator).await, hold(&emulator).await];
    let waiting = client.get("/v1/models");
    tokio::pin!(waiting);
    tokio::select! {
        biased;
        _ = &mut waiting => panic!("three at a time"),
        () = async { for _ in 0..1_000 { tokio::task::yield_now().await } } => {}
    }
    drop(held);
    waiting.await.ok();
}

#[tokio::test]
async fn a_slow_script_is_no_idle_client() {
    let slow = Action::SlowUpload { bytes: 4, every_ms: 200 };
    let fault = Fault::on("POST", "/upload/", slow).header("x-goog-upload-command", "finalize");
    let mut limits = small();
    limits.body_idle = Duration::from_millis(50);
    let builder = Emulator::builder().limits(limits).script(faults([fault]));
    let emulator = builder.start().await.unwrap();
    let client = Client::of(&emulator);
    let session = client.start(8, &json!({})).await;
    client.command(&session, "upload, finalize", 0, b"01234567").await.unwrap().ok();
}

#[tokio::test]
async fn web_pages_of_others_are_not_served() {
    let (emulator, client, _) = manual(|b| b.control(true)).await;
    client.upload(&rows(1)).await;
    for (method, path) in [("POST", "/__emulator/reset"), ("GET", "/v1beta/files")] {
        let foreign = [("Origin", "https://evil.example")];
        client.call(method, path, &foreign, b"").await.fails(403, "PERMISSION_DENIED");
        client.call(method, path, &[("Origin", "null")], b"").await.fails(403, "PERMISSION_DENIED");
        let mut stream = TcpStream::connect(emulator.local_addr()).await.unwrap();
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n");
        stream.write_all(format!("{head}x-goog-api-key: k\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    }
    let own = [("Origin", "http://localhost:3000")];
    let files = client.call("GET", "/v1beta/files", &own, b"").await.ok().json();
    assert_eq!(files["files"].as_array().unwrap().len(), 1, "nobody has reset anything");
}

#[tokio::test]
async fn long_lines_are_named_and_the_rest_is_checked() {
    let script = Script::parse("json", r#"{"limits": {"line_bytes": 400}}"#).unwrap();
    let (_emulator, client, _) = manual(|b| b.script(script)).await;
    let long = json!({"request": {"contents": [{"parts": [{"text": "x".repeat(400)}]}]}});
    let strange = json!({"request": {"contents": [], "stream": true}});
    let text = format!("{long}\n{}{strange}\n{long}", String::from_utf8(rows(1)).unwrap());
    let file = client.upload(text.as_bytes()).await;
    let refused = client.create("m", &file, "d").await.unwrap();
    let message = refused.fails(400, "INVALID_ARGUMENT");
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines[0], "Error on line 1: longer than 400 bytes");
    assert!(
        lines[1].starts_with("Error on line 3: ") && lines[1].contains("'stream'"),
        "{message}"
    );
    assert_eq!(&lines[2..], ["Error on line 4: longer than 400 bytes"]);
    let exact = json!({"request": {"contents": [{"parts": [{"text": ""}]}]}}).to_string();
    let pad = "x".repeat(400 - exact.len());
    let exact = exact.replace("\"\"", &format!("\"{pad}\""));
    let file = client.upload(format!("{exact}\n{exact}").as_bytes()).await;
    client.job("m", &file, "as long as allowed").await;
}

#[tokio::test]
async fn names_end_at_512_characters() {
    let (_emulator, client, _) = manual(|b| b).await;
    let file = client.upload(&rows(1)).await;
    client.create("m", &file, &"é".repeat(512)).await.unwrap().ok();
    let long = "é".repeat(513);
    let refused = client.create("m", &file, &long).await.unwrap();
    refused.fails(400, "INVALID_ARGUMENT");
    let headers = [("X-Goog-Upload-Protocol", "resumable"), ("X-Goog-Upload-Command", "start")];
    let about = json!({"file": {"displayName": long}}).to_string();
    let refused = client.call("POST", "/upload/v1/files", &headers, about.as_bytes()).await;
    refused.fails(400, "INVALID_ARGUMENT");
}
