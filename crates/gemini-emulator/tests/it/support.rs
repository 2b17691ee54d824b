//! A client of a few lines, and the shapes that the tests send.

use std::net::SocketAddr;
use std::time::Duration;

use gemini_emulator::{Builder, Emulator, Fault, JobPlan, JobRule, Limits, ManualClock, Script};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body ended as its head promised.
    pub(crate) complete: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.text());
        self
    }

    /// Checks an error body and gives its message.
    #[track_caller]
    pub(crate) fn fails(&self, status: u16, name: &str) -> String {
        let error = self.json()["error"].clone();
        assert_eq!((self.status, &error["status"]), (status, &json!(name)), "{error}");
        assert_eq!(error["code"], status);
        error["message"].as_str().unwrap().to_owned()
    }
}

pub(crate) struct Client {
    address: SocketAddr,
}

impl Client {
    pub(crate) fn of(emulator: &Emulator) -> Self {
        Self::at(emulator.local_addr())
    }

    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Sends a request with a key; `None` when the connection closed without an answer.
    pub(crate) async fn try_call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<Answer> {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n",
            self.address,
            body.len()
        );
        let keyless = headers.iter().any(|(name, _)| *name == "no-key");
        let key = ("x-goog-api-key", "test-key");
        let all = headers.iter().chain((!keyless).then_some(&key));
        for (name, value) in all.filter(|(name, _)| *name != "no-key") {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        // The server may close before it has read all: that is for the answer to show.
        let _ = stream.write_all(body).await;
        let mut raw = Vec::new();
        let _ = stream.read_to_end(&mut raw).await;
        (!raw.is_empty()).then(|| parse(&raw))
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.try_call(method, path, headers, body).await.expect("an answer")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], b"").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(
            "POST",
            path,
            &[("Content-Type", "application/json")],
            body.to_string().as_bytes(),
        )
        .await
    }

    /// Starts an upload and gives the path of its session.
    pub(crate) async fn start(&self, size: usize, about: &Value) -> String {
        let size = size.to_string();
        let headers = [
            ("X-Goog-Upload-Protocol", "resumable"),
            ("X-Goog-Upload-Command", "start"),
            ("X-Goog-Upload-Header-Content-Length", size.as_str()),
            ("X-Goog-Upload-Header-Content-Type", "application/json"),
        ];
        let body = about.to_string();
        let answer =
            self.call("POST", "/upload/v1beta/files", &headers, body.as_bytes()).await.ok();
        let url = answer.header("x-goog-upload-url").unwrap().to_owned();
        let at = url.find("/upload/").unwrap();
        assert_eq!(&url[..at], format!("http://{}", self.address));
        url[at..].to_owned()
    }

    /// Sends a command to an upload session, without a key as the Python SDK does.
    pub(crate) async fn command(
        &self,
        session: &str,
        command: &str,
        offset: usize,
        body: &[u8],
    ) -> Option<Answer> {
        let offset = offset.to_string();
        let headers = [
            ("no-key", ""),
            ("X-Goog-Upload-Command", command),
            ("X-Goog-Upload-Offset", offset.as_str()),
        ];
        self.try_call("POST", session, &headers, body).await
    }

    /// Uploads `bytes` in one piece and gives the file's name.
    pub(crate) async fn upload(&self, bytes: &[u8]) -> String {
        let session = self.start(bytes.len(), &json!({"file": {"displayName": "rows"}})).await;
        let answer = self.command(&session, "upload, finalize", 0, bytes).await.unwrap().ok();
        answer.json()["file"]["name"].as_str().unwrap().to_owned()
    }

    /// Asks for a job over an uploaded file.
    pub(crate) async fn create(&self, model: &str, file: &str, name: &str) -> Option<Answer> {
        let body = json!({"batch": {"displayName": name, "inputConfig": {"fileName": file}}});
        let path = format!("/v1beta/models/{model}:batchGenerateContent");
        self.try_call("POST", &path, &[], body.to_string().as_bytes()).await
    }

    /// Makes a job over an uploaded file and gives its name.
    pub(crate) async fn job(&self, model: &str, file: &str, name: &str) -> String {
        let answer = self.create(model, file, name).await.unwrap().ok();
        answer.json()["name"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn state(&self, job: &str) -> String {
        let answer = self.get(&format!("/v1beta/{job}")).await.ok();
        answer.json()["metadata"]["state"].as_str().unwrap().to_owned()
    }

    /// Looks again, a request apart, until something the emulator does by itself is done.
    pub(crate) async fn until(&self, done: impl Fn() -> bool) {
        for _ in 0..10_000 {
            if done() {
                return;
            }
            self.get("/v1/models").await.ok();
        }
        panic!("it never came");
    }

    /// Display names in the list, newest first.
    pub(crate) async fn listed(&self) -> Vec<String> {
        let list = self.get("/v1beta/batches?pageSize=100").await.ok().json();
        let operations = list["operations"].as_array().cloned().unwrap_or_default();
        let name = |job: &Value| job["metadata"]["displayName"].as_str().unwrap().to_owned();
        operations.iter().map(name).collect()
    }
}

fn parse(raw: &[u8]) -> Answer {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
    let head = std::str::from_utf8(&raw[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap()["HTTP/1.1 ".len()..][..3].parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut answer = Answer { status, headers, body: raw[end + 4..].to_vec(), complete: true };
    if answer.header("transfer-encoding") == Some("chunked") {
        (answer.body, answer.complete) = unchunk(&answer.body);
    } else if let Some(length) = answer.header("content-length") {
        answer.complete = length.parse() == Ok(answer.body.len());
    }
    answer
}

fn unchunk(mut raw: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = raw.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&raw[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return (body, true);
        }
        body.extend_from_slice(&raw[end + 2..][..size]);
        raw = &raw[end + 4 + size..];
    }
    (body, false)
}

/// An emulator whose clock only moves by hand; jobs take 30 s.
pub(crate) async fn manual(
    change: impl FnOnce(Builder) -> Builder,
) -> (Emulator, Client, ManualClock) {
    let clock = ManualClock::new();
    let builder = Emulator::builder().clock(clock.clone()).limits(small());
    let emulator = change(builder).start().await.unwrap();
    let client = Client::of(&emulator);
    (emulator, client, clock)
}

/// Chunks of 4 bytes, so that uploads in tests stay small.
pub(crate) fn small() -> Limits {
    let mut limits = Limits::default();
    limits.granularity = 4;
    limits
}

/// Past the end of a job with ordinary timings.
pub(crate) const DONE: Duration = Duration::from_secs(31);

pub(crate) fn faults(faults: impl IntoIterator<Item = Fault>) -> Script {
    let mut script = Script::default();
    script.faults.extend(faults);
    script
}

pub(crate) fn plan(plan: JobPlan) -> Script {
    let mut script = Script::default();
    script.jobs.push(JobRule { plan, ..JobRule::default() });
    script
}

/// `n` rows with keys and a tool.
pub(crate) fn rows(n: usize) -> Vec<u8> {
    let line = |i: usize| {
        let row = json!({"key": format!("k{i}"), "request": {
            "contents": [{"role": "user", "parts": [{"text": format!("Claim your prize {i}!!! http://bit.ly/{i}")}]}],
            "tools": [{"functionDeclarations": [{"name": "flag_spam",
                "parameters": {"type": "OBJECT", "properties": {"why": {"type": "STRING"}}}}]}]}});
        format!("{row}\n")
    };
    (0..n).map(line).collect::<String>().into_bytes()
}
