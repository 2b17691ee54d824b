//! Transfers of any size in little memory: 256 MiB up and down, each cut in the middle, against a
//! server that keeps nothing of them. In a binary of its own, as it looks at the whole process.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::io::{self, Read};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use batch_backend::{BatchBackend, ByteSink, NoProgress, OutputName, Payload, Upload};
use gemini_client::{ApiKey, BaseUrl, Client, Policies};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

const MIB: u64 = 1024 * 1024;
const TOTAL: u64 = 256 * MIB;

/// The first data request breaks after so many bytes, and so does the first download.
const BREAK: u64 = 37 * MIB + 4_321;

/// What the transfers may add to the process, server included.
const MOST_GROWTH_KIB: u64 = 16 * 1024;

/// Bytes that are different everywhere and made on the way.
fn fill(at: u64, buffer: &mut [u8]) {
    for (n, word) in buffer.chunks_mut(8).enumerate() {
        let number = (at / 8 + n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        word.copy_from_slice(&number.to_le_bytes()[..word.len()]);
    }
}

/// As many of them as asked for, from anywhere.
#[derive(Debug)]
struct Made;

struct Reader(u64);

impl Payload for Made {
    fn len(&self) -> u64 {
        TOTAL
    }

    fn open_at(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Reader(offset)))
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A word at a time where the start is within one.
        let odd = usize::try_from(self.0 % 8).unwrap();
        let len = buffer.len().min(usize::try_from(TOTAL - self.0).unwrap());
        let len = if odd == 0 { len } else { len.min(8 - odd) };
        if odd == 0 {
            fill(self.0, &mut buffer[..len]);
        } else {
            let mut word = [0; 8];
            fill(self.0 - odd as u64, &mut word);
            buffer[..len].copy_from_slice(&word[odd..odd + len]);
        }
        self.0 += len as u64;
        Ok(len)
    }
}

/// Counts and hashes, keeps nothing.
#[derive(Debug, Default, Clone)]
struct Sum {
    bytes: u64,
    hasher: Sha256,
    restarts: u32,
}

impl Sum {
    fn take(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hasher.update(bytes);
    }

    fn hex(&self) -> String {
        let digest = self.hasher.clone().finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    }
}

impl ByteSink for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.take(bytes);
        Ok(())
    }

    fn restart(&mut self) -> io::Result<()> {
        *self = Self { restarts: self.restarts + 1, ..Self::default() };
        Ok(())
    }
}

#[derive(Debug, Default)]
struct State {
    got: Sum,
    broken: bool,
    requests: Vec<String>,
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) -> io::Result<()> {
    let mut stream = BufReader::with_capacity(64 * 1024, stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await? == 0 {
                return Ok(());
            }
        }
        let head = head.to_ascii_lowercase();
        let field = |name: &str| {
            let mut lines = head.lines();
            let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            found.unwrap_or_default().to_owned()
        };
        let length: u64 = field("content-length").parse().unwrap_or_default();
        let command = field("x-goog-upload-command");
        let line = head.lines().next().unwrap().to_owned();
        state.lock().unwrap().requests.push(format!("{line} {command}"));
        if line.starts_with("get ") {
            download(&mut stream, &field("range"), &state).await?;
            continue;
        }
        let headers = match command.as_str() {
            "start" => {
                take(&mut stream, length, |_| ()).await?;
                "X-Goog-Upload-URL: http://x/upload/v1beta/files?upload_id=1\r\n".to_owned()
            }
            "query" => String::new(),
            _ => {
                let first = !std::mem::replace(&mut state.lock().unwrap().broken, true);
                let length = if first { BREAK } else { length };
                take(&mut stream, length, |bytes| state.lock().unwrap().got.take(bytes)).await?;
                if first {
                    return Ok(());
                }
                String::new()
            }
        };
        let (bytes, digest) = {
            let got = &state.lock().unwrap().got;
            (got.bytes, got.hex())
        };
        let over = command.contains("finalize");
        let status = if over { "final" } else { "active" };
        let body = format!(
            r#"{{"file":{{"name":"files/a","sizeBytes":"{bytes}","sha256Hash":"{digest}"}}}}"#
        );
        let body = if over { body } else { String::new() };
        let answer = format!(
            "HTTP/1.1 200 OK\r\n{headers}X-Goog-Upload-Status: {status}\r\n\
             X-Goog-Upload-Size-Received: {bytes}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await?;
    }
}

async fn take(
    stream: &mut BufReader<TcpStream>,
    length: u64,
    mut each: impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    let mut left = length;
    while left > 0 {
        let most = usize::try_from(left).unwrap().min(buffer.len());
        let taken = stream.read(&mut buffer[..most]).await?;
        if taken == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        each(&buffer[..taken]);
        left -= taken as u64;
    }
    Ok(())
}

async fn download(
    stream: &mut BufReader<TcpStream>,
    range: &str,
    state: &Mutex<State>,
) -> io::Result<()> {
    let start = range.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-'));
    let start: u64 = start.map_or(0, |text| text.parse().unwrap());
    let head = if start == 0 {
        format!("200 OK\r\nContent-Length: {TOTAL}")
    } else {
        let rest = TOTAL - start;
        let last = TOTAL - 1;
        format!("206 Rest\r\nContent-Range: bytes {start}-{last}/{TOTAL}\r\nContent-Length: {rest}")
    };
    stream.write_all(format!("HTTP/1.1 {head}\r\n\r\n").as_bytes()).await?;
    let again = std::mem::replace(&mut state.lock().unwrap().broken, true);
    let end = if again { TOTAL } else { BREAK };
    let mut reader = Reader(start);
    let mut buffer = vec![0; 64 * 1024];
    while reader.0 < end {
        let most = usize::try_from(end - reader.0).unwrap().min(buffer.len());
        let made = reader.read(&mut buffer[..most])?;
        stream.write_all(&buffer[..made]).await?;
    }
    if again { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
}

/// A field of `/proc/self/status`, in KiB.
fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

async fn start() -> (Client, Arc<Mutex<State>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let state = Arc::new(Mutex::new(State::default()));
    let held = Arc::clone(&state);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&held)));
        }
    });
    let client = Client::builder(ApiKey::new("any-key-will-do").unwrap())
        .base_url(BaseUrl::parse(&base).unwrap())
        .policies(Policies::default().with_first_wait(Duration::from_millis(1)))
        .build()
        .unwrap();
    (client, state)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn size_does_not_matter_to_memory() {
    let before = memory("VmRSS");

    let (client, state) = start().await;
    let session = client.open_upload("big", TOTAL).await.unwrap();
    let upload =
        Upload { session: &session, resumed: false, payload: &Made, progress: &NoProgress };
    let stored = client.upload(upload).await.unwrap();
    assert_eq!(stored.bytes, TOTAL);
    assert_eq!(state.lock().unwrap().got.hex(), stored.sha256, "every byte once, in order");
    // 64 MiB at a time: one broke, one question, and four from where it broke.
    assert_eq!(state.lock().unwrap().requests.len(), 1 + 1 + 1 + 4);

    let (client, state) = start().await;
    let mut sum = Sum::default();
    let fetched = client.fetch(&OutputName::new("files/batch-1"), &mut sum).await.unwrap();
    assert_eq!((fetched.bytes, fetched.length_checked), (TOTAL, true));
    assert_eq!((sum.bytes, sum.restarts), (TOTAL, 0), "the rest was asked for, not the whole");
    assert_eq!(sum.hex(), stored.sha256);
    assert_eq!(state.lock().unwrap().requests.len(), 2);

    let growth = memory("VmHWM").saturating_sub(before);
    assert!(growth < MOST_GROWTH_KIB, "{growth} KiB more than before");
}
