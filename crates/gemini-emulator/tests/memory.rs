//! Inlined rows of any number in little memory, at create and in the answer. In a binary of its
//! own, as it looks at the whole process.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fmt::Write as _;
use std::time::Duration;

use gemini_emulator::{Answers, Emulator, ManualClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Values made of these rows would take over 30 MB at create and 140 MB in the answer.
const ROWS: usize = 8_000;
const MOST_GROWTH_KIB: u64 = 24 * 1024;

/// A field of `/proc/self/status`, in KiB.
fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

async fn send(emulator: &Emulator, method: &str, path: &str, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(emulator.local_addr()).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         x-goog-api-key: k\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    stream
}

/// Counts the bytes of an answer and the rows in it, and keeps none of them.
async fn count(mut stream: TcpStream) -> (usize, usize) {
    const MARK: &[u8] = b"\"modelVersion\"";
    let (mut bytes, mut marks, mut piece) = (0, 0, vec![0; 1 << 16]);
    let mut kept: Vec<u8> = Vec::new();
    loop {
        let n = stream.read(&mut piece).await.unwrap();
        if n == 0 {
            return (bytes, marks);
        }
        bytes += n;
        kept.extend_from_slice(&piece[..n]);
        marks += kept.windows(MARK.len()).filter(|window| *window == MARK).count();
        kept.drain(..kept.len().saturating_sub(MARK.len() - 1));
    }
}

#[tokio::test]
async fn inlined_rows_are_neither_parsed_nor_answered_whole() {
    let clock = ManualClock::new();
    let builder = Emulator::builder().clock(clock.clone()).answers(Answers::Echo);
    let emulator = builder.start().await.unwrap();
    let mut body = String::from(r#"{"batch":{"inputConfig":{"requests":{"requests":["#);
    for n in 0..ROWS {
        let comma = if n == 0 { "" } else { "," };
        write!(body, r#"{comma}{{"request":{{"contents":[{{"parts":[{{"text":"{n}"}}]}}]}}}}"#)
            .unwrap();
    }
    body.push_str("]}}}}");
    let before = memory("VmRSS");
    let path = "/v1/models/m:batchGenerateContent";
    let mut created = String::new();
    send(&emulator, "POST", path, body.as_bytes())
        .await
        .read_to_string(&mut created)
        .await
        .unwrap();
    let at = created.find("batches/").unwrap();
    let name = created[at..].split('"').next().unwrap().to_owned();
    clock.advance(Duration::from_secs(31));
    let answer = send(&emulator, "GET", &format!("/v1/{name}"), b"").await;
    let (bytes, rows) = count(answer).await;
    assert_eq!(rows, 2 * ROWS, "each row twice");
    let growth = memory("VmHWM").saturating_sub(before);
    assert!(growth < MOST_GROWTH_KIB, "{growth} KiB more than before, for {bytes} bytes");
}
