//! HTTP as such: methods, keys, queries, encodings, kept connections, calls that are refused.

use gemini_emulator::Emulator;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{manual, rows};

#[tokio::test]
async fn wrong_methods_and_unknown_paths() {
    let (_emulator, client, _) = manual(|b| b).await;
    for (method, path, allow) in [
        ("PUT", "/v1beta/batches", "GET"),
        ("POST", "/v1/batches/x", "GET, DELETE"),
        ("GET", "/v1/models/m:batchGenerateContent", "POST"),
        ("GET", "/upload/v1beta/files", "POST, PUT"),
    ] {
        let answer = client.call(method, path, &[], b"{}").await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{method} {path}");
    }
    for path in ["/", "/v1beta", "/v2/files", "/v1beta/batches/a/b", "/v1/files/x:frob", "/%3Cb%3E"]
    {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=UTF-8"));
        assert!(!answer.text().contains("<b>"));
    }
    for path in ["/__emulator/history", "/__emulator/script", "/__emulator/reset"] {
        assert_eq!(client.get(path).await.status, 404, "nobody asked for control");
    }
}

#[tokio::test]
async fn head_is_a_get_without_a_body() {
    let (_emulator, client, _) = manual(|b| b).await;
    let get = client.get("/v1beta/models").await.ok();
    let head = client.call("HEAD", "/v1beta/models", &[], b"").await.ok();
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert!(head.body.is_empty() && !get.body.is_empty());
}

#[tokio::test]
async fn keys_come_in_many_ways() {
    let (_emulator, client, _) = manual(|b| b.bad_key("wrong")).await;
    for way in [("X-Goog-Api-Key", "k"), ("x-goog-api-key", " k "), ("Authorization", "Bearer t")] {
        client.call("GET", "/v1/files", &[("no-key", ""), way], b"").await.ok();
    }
    client.call("GET", "/v1/files?alt=json&key=k&%24alt=json", &[("no-key", "")], b"").await.ok();
    for way in [("authorization", "Basic abc"), ("x-goog-api-key", " ")] {
        let refused = client.call("GET", "/v1/files", &[("no-key", ""), way], b"").await;
        refused.fails(403, "PERMISSION_DENIED");
    }
    let wrong = client.call("GET", "/v1/files?key=wrong", &[("no-key", "")], b"").await;
    wrong.fails(400, "INVALID_ARGUMENT");
}

#[tokio::test]
async fn queries_of_all_calls_and_of_none() {
    let (_emulator, client, _) = manual(|b| b).await;
    client.get("/v1beta/batches?filter=x%3D1&returnPartialSuccess=true&prettyPrint=1").await.ok();
    let odd = client.get("/v1beta/batches?page_count=2").await;
    let message = odd.fails(400, "INVALID_ARGUMENT");
    assert!(message.contains("Unknown name \"page_count\": Cannot bind query"), "{message}");
    client.get("/v1beta/batches?alt=proto").await.fails(400, "INVALID_ARGUMENT");
    client.get("/v1beta/batches?pageSize=many").await.fails(400, "INVALID_ARGUMENT");
    client.get("/v1beta/batches?pageSize=-1").await.fails(400, "INVALID_ARGUMENT");
}

#[tokio::test]
async fn compressed_bodies_are_refused_in_words() {
    let (_emulator, client, _) = manual(|b| b).await;
    let zipped = [("Content-Encoding", "gzip")];
    let create = "/v1/models/m:batchGenerateContent";
    let answer = client.call("POST", create, &zipped, b"\x1f\x8b").await;
    assert!(answer.fails(400, "INVALID_ARGUMENT").contains("Content-Encoding: gzip"));
    let session = client.start(4, &json!({})).await;
    client.call("POST", &session, &zipped, b"0123").await.fails(400, "INVALID_ARGUMENT");
    client.command(&session, "upload, finalize", 0, b"0123").await.unwrap().ok();
}

#[tokio::test]
async fn register_wants_more_than_a_key() {
    let (_emulator, client, _) = manual(|b| b).await;
    let answer = client.post("/v1beta/files:register", &json!({"uris": ["gs://b/o"]})).await;
    assert!(answer.fails(401, "UNAUTHENTICATED").contains("OAuth2"));
    let stream = client.post("/v1/models/m:streamGenerateContent", &json!({})).await;
    stream.fails(501, "UNIMPLEMENTED");
}

#[tokio::test]
async fn a_batch_may_be_renamed() {
    let (_emulator, client, _) = manual(|b| b).await;
    let file = client.upload(&rows(1)).await;
    let job = client.job("m", &file, "old").await;
    let path = format!("/v1beta/{job}:updateGenerateContentBatch");
    let patch = |query: &'static str, body: Value| {
        let (client, path) = (&client, format!("{path}{query}"));
        async move { client.call("PATCH", &path, &[], body.to_string().as_bytes()).await }
    };
    let renamed = patch("?updateMask=displayName", json!({"displayName": "new"})).await.ok();
    assert_eq!(
        (&renamed.json()["name"], &renamed.json()["displayName"]),
        (&json!(job), &json!("new"))
    );
    patch("?updateMask=priority", json!({"priority": "5", "displayName": "not"})).await.ok();
    assert_eq!(client.listed().await, ["new"]);
    patch("?updateMask=state", json!({})).await.fails(400, "INVALID_ARGUMENT");
    patch("", json!({"colour": 1})).await.fails(400, "INVALID_ARGUMENT");
}

/// One connection, and what was read of it but belongs to the next answer.
struct Kept {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Kept {
    async fn to(emulator: &Emulator) -> Self {
        Self { stream: TcpStream::connect(emulator.local_addr()).await.unwrap(), rest: Vec::new() }
    }

    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads on until `end` has come, and gives all up to there.
    async fn until(&mut self, end: &str) -> String {
        loop {
            let at = self.rest.windows(end.len()).position(|bytes| bytes == end.as_bytes());
            if let Some(at) = at {
                let rest = self.rest.split_off(at + end.len());
                return String::from_utf8(std::mem::replace(&mut self.rest, rest)).unwrap();
            }
            assert_ne!(self.stream.read_buf(&mut self.rest).await.unwrap(), 0, "closed early");
        }
    }
}

#[tokio::test]
async fn connections_are_kept_and_bodies_asked_for() {
    let (emulator, client, _) = manual(|b| b).await;
    let session = client.start(5, &json!({})).await;
    let mut kept = Kept::to(&emulator).await;
    for _ in 0..3 {
        kept.send("GET /v1/batches HTTP/1.1\r\nHost: localhost\r\nx-goog-api-key: k\r\n\r\n").await;
        assert!(kept.until("{}\n").await.starts_with("HTTP/1.1 200 OK"));
    }
    kept.send(&format!(
        "POST {session} HTTP/1.1\r\nHost: localhost\r\nX-Goog-Upload-Command: upload, finalize\r\n\
         X-Goog-Upload-Offset: 0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    ))
    .await;
    assert_eq!(kept.until("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    kept.send("hello").await;
    assert!(kept.until("\r\n\r\n").await.contains("x-goog-upload-status: final"));
    // A body in chunks has no length before its end.
    kept.until("}\n}\n").await;
    let session = client.start(5, &json!({})).await;
    kept.send(&format!(
        "POST {session} HTTP/1.1\r\nHost: localhost\r\nX-Goog-Upload-Command: upload, finalize\r\n\
         X-Goog-Upload-Offset: 0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    ))
    .await;
    assert!(kept.until("}\n}\n").await.contains("\"sizeBytes\": \"5\""));
}

#[tokio::test]
async fn inline_bodies_end_at_twenty_megabytes() {
    let (_emulator, client, _) = manual(|b| b).await;
    let text = "x".repeat(20 << 20);
    let body = json!({"batch": {"inputConfig": {"requests": {"requests": [
        {"request": {"contents": [{"parts": [{"text": text}]}]}}]}}}});
    let answer = client.post("/v1/models/m:batchGenerateContent", &body).await;
    let message = answer.fails(400, "INVALID_ARGUMENT");
    assert_eq!(message, "Request payload size exceeds the limit: 20971520 bytes.");
}

#[tokio::test]
async fn chosen_names_and_those_taken() {
    let (_emulator, client, clock) = manual(|b| b).await;
    let about = json!({"file": {"name": "files/my-file-1"}});
    let other = client.start(1, &about).await;
    let session = client.start(1, &about).await;
    let done = client.command(&session, "upload, finalize", 0, b"x").await.unwrap().ok();
    assert_eq!(done.json()["file"]["name"], "files/my-file-1");
    let taken = client.command(&other, "upload, finalize", 0, b"y").await.unwrap();
    taken.fails(409, "ALREADY_EXISTS");
    let headers = [("X-Goog-Upload-Protocol", "resumable"), ("X-Goog-Upload-Command", "start")];
    let start = |name: &str| {
        let body = json!({"file": {"name": name}}).to_string();
        let client = &client;
        async move { client.call("POST", "/upload/v1/files", &headers, body.as_bytes()).await }
    };
    start("my-file-1").await.fails(409, "ALREADY_EXISTS");
    for bad in ["files/-a", "files/a-", "files/A", "files/", &"a".repeat(41)] {
        start(bad).await.fails(400, "INVALID_ARGUMENT");
    }
    clock.advance(std::time::Duration::from_hours(48));
    start("files/my-file-1").await.ok();
    let multipart = [("X-Goog-Upload-Protocol", "multipart")];
    let refused = client.call("POST", "/upload/v1/files", &multipart, b"").await;
    refused.fails(400, "INVALID_ARGUMENT");
}

#[tokio::test]
async fn where_there_is_no_call_the_way_to_answer_does_not_matter() {
    let (_emulator, client, _) = manual(|b| b).await;
    let nowhere = client.get("/v1/files/..%2f..:download?alt=media").await;
    assert_eq!(nowhere.status, 404, "{}", nowhere.text());
    client.get("/v1/files?alt=media").await.fails(400, "INVALID_ARGUMENT");
}
