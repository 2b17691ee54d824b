//! The resumable protocol: the exchanges of the SDKs, what a resuming client does, what is refused.

use gemini_emulator::{Action, Fault};
use serde_json::json;

use crate::support::{Client, faults, manual};

/// The start request of the Python SDK as recorded: `snake_case` with a number.
#[tokio::test]
async fn the_exchange_of_the_python_sdk() {
    let (_emulator, client, _) = manual(|b| b).await;
    let headers = [
        ("Content-Type", "application/json"),
        ("X-Goog-Upload-Protocol", "resumable"),
        ("X-Goog-Upload-Command", "start"),
        ("X-Goog-Upload-Header-Content-Length", "5"),
        ("X-Goog-Upload-Header-Content-Type", "application/json"),
        ("X-Goog-Upload-File-Name", "clear_dataset.jsonl"),
    ];
    let body =
        br#"{"file": {"display_name": "eval dataset", "mime_type": "application/json", "size_bytes": 5}}"#;
    let start = client.call("POST", "/upload/v1/files", &headers, body).await.ok();
    assert_eq!(start.header("x-goog-upload-status"), Some("active"));
    assert_eq!(start.header("x-goog-upload-chunk-granularity"), Some("4"));
    assert_eq!(start.header("content-length"), Some("0"));
    assert_eq!(start.header("date"), Some("Thu, 01 Jan 2026 00:00:00 GMT"));
    let url = start.header("x-goog-upload-url").unwrap();
    assert!(
        url.contains("/upload/v1/files?upload_id=") && url.contains("upload_protocol=resumable")
    );
    assert_eq!(start.header("x-goog-upload-control-url"), Some(url));
    let session = &url[url.find("/upload/").unwrap()..];
    // It repeats the start headers and sends no key.
    let data = [
        ("no-key", ""),
        ("X-Goog-Upload-Protocol", "resumable"),
        ("X-Goog-Upload-Command", "upload, finalize"),
        ("X-Goog-Upload-Header-Content-Length", "5"),
        ("X-Goog-Upload-Offset", "0"),
    ];
    let done = client.call("POST", session, &data, b"hello").await.ok();
    assert_eq!(done.header("x-goog-upload-status"), Some("final"));
    let name = done.json()["file"]["name"].as_str().unwrap().to_owned();
    assert_eq!(name.len(), "files/".len() + 12);
    let expected = json!({
        "name": name,
        "displayName": "eval dataset",
        "mimeType": "application/json",
        "sizeBytes": "5",
        "createTime": "2026-01-01T00:00:00.000000000Z",
        "updateTime": "2026-01-01T00:00:00.000000000Z",
        "expirationTime": "2026-01-03T00:00:00.000000000Z",
        // The base64 of the hex text of the digest of "hello".
        "sha256Hash": "MmNmMjRkYmE1ZmIwYTMwZTI2ZTgzYjJhYzViOWUyOWUxYjE2MWU1YzFmYTc0MjVlNzMwNDMzNjI5MzhiOTgyNA==",
        "uri": format!("{}/v1/{name}", &url[..url.find("/upload/").unwrap()]),
        "state": "ACTIVE",
        "source": "UPLOADED",
    });
    assert_eq!(done.json(), json!({ "file": expected }));
    assert_eq!(client.get(&format!("/v1/{name}")).await.ok().json(), expected);
}

#[tokio::test]
async fn chunks_query_and_resume() {
    let (_emulator, client, _) = manual(|b| b).await;
    let session =
        client.start(10, &json!({"file": {"sizeBytes": "10", "mimeType": "jsonl"}})).await;
    let first = client.command(&session, "upload", 0, b"01234567").await.unwrap().ok();
    assert_eq!(first.header("x-goog-upload-status"), Some("active"));
    assert_eq!(first.header("x-goog-upload-size-received"), Some("8"));
    assert!(first.body.is_empty());
    for (command, offset, chunk) in
        [("upload", 4, &b"4567"[..]), ("upload", 8, b"89a"), ("jump", 8, b"")]
    {
        let refused = client.command(&session, command, offset, chunk).await.unwrap();
        refused.fails(400, "INVALID_ARGUMENT");
        assert_eq!(refused.header("x-goog-upload-status"), Some("active"));
        assert_eq!(refused.header("x-goog-upload-size-received"), Some("8"));
    }
    let early = client.command(&session, "finalize", 8, b"").await.unwrap();
    early.fails(400, "INVALID_ARGUMENT");
    let query = client.command(&session, "query", 0, b"").await.unwrap().ok();
    assert_eq!(query.header("x-goog-upload-size-received"), Some("8"));
    let done = client.command(&session, "upload, finalize", 8, b"89").await.unwrap().ok();
    assert_eq!(done.json()["file"]["sizeBytes"], "10");
    let after = client.command(&session, "query", 0, b"").await.unwrap().ok();
    assert_eq!(after.header("x-goog-upload-status"), Some("final"));
    let again = client.command(&session, "upload, finalize", 10, b"").await.unwrap();
    again.fails(400, "INVALID_ARGUMENT");
    assert_eq!(again.header("x-goog-upload-status"), Some("final"));
}

#[tokio::test]
async fn bare_finalize_cancel_and_empty_files() {
    let (_emulator, client, _) = manual(|b| b).await;
    let about = json!({"file": {}});
    let session = client.start(4, &about).await;
    client.command(&session, "upload", 0, b"abcd").await.unwrap().ok();
    let done = client.command(&session, "finalize", 4, b"").await.unwrap().ok();
    assert_eq!(done.json()["file"]["sizeBytes"], "4");
    let session = client.start(4, &about).await;
    let cancelled = client.command(&session, "cancel", 0, b"").await.unwrap().ok();
    assert_eq!(cancelled.header("x-goog-upload-status"), Some("cancelled"));
    client.command(&session, "upload", 0, b"abcd").await.unwrap().fails(400, "INVALID_ARGUMENT");
    let session = client.start(0, &about).await;
    let empty = client.command(&session, "upload, finalize", 0, b"").await.unwrap().ok();
    let file = empty.json()["file"].clone();
    assert_eq!(file.get("sizeBytes"), None, "an absent zero");
    let refused = client.create("m", file["name"].as_str().unwrap(), "j").await.unwrap();
    assert_eq!(refused.fails(400, "INVALID_ARGUMENT"), "The input file is empty.");
}

#[tokio::test]
async fn names_that_clients_choose() {
    let (_emulator, client, _) = manual(|b| b).await;
    let about = json!({"file": {"name": "files/my-own-1"}});
    let session = client.start(1, &about).await;
    let done = client.command(&session, "upload, finalize", 0, b"x").await.unwrap().ok();
    assert_eq!(done.json()["file"]["name"], "files/my-own-1");
    let start = |about: serde_json::Value| {
        let client = &client;
        async move {
            let headers =
                [("X-Goog-Upload-Protocol", "resumable"), ("X-Goog-Upload-Command", "start")];
            let body = about.to_string();
            client.call("POST", "/upload/v1beta/files", &headers, body.as_bytes()).await
        }
    };
    start(about).await.fails(409, "ALREADY_EXISTS");
    for bad in ["files/UPPER", "files/-x", "files/x-", &format!("files/{}", "x".repeat(41))] {
        start(json!({"file": {"name": bad}})).await.fails(400, "INVALID_ARGUMENT");
    }
    let stranger = start(json!({"file": {"colour": "red"}})).await;
    assert!(stranger.fails(400, "INVALID_ARGUMENT").contains("Unknown name \"colour\" at 'file'"));
}

#[tokio::test]
async fn limits_of_size_and_storage() {
    let (_emulator, client, _) = manual(|b| {
        let mut limits = crate::support::small();
        limits.file_bytes = 8;
        limits.storage_bytes = 12;
        b.limits(limits)
    })
    .await;
    let ask = |size: &'static str| {
        let client = &client;
        async move {
            let headers = [
                ("X-Goog-Upload-Protocol", "resumable"),
                ("X-Goog-Upload-Command", "start"),
                ("X-Goog-Upload-Header-Content-Length", size),
            ];
            client.call("POST", "/upload/v1beta/files", &headers, b"{}").await
        }
    };
    ask("9").await.fails(400, "INVALID_ARGUMENT");
    client.upload(b"12345678").await;
    let full = ask("5").await;
    assert!(full.fails(429, "RESOURCE_EXHAUSTED").contains("file_storage_bytes"));
    let session = client.start(4, &json!({})).await;
    let more = client.command(&session, "upload, finalize", 0, b"12345").await.unwrap();
    more.fails(400, "INVALID_ARGUMENT");
}

async fn received(client: &Client, session: &str) -> String {
    let query = client.command(session, "query", 0, b"").await.unwrap().ok();
    query.header("x-goog-upload-size-received").unwrap().to_owned()
}

#[tokio::test]
async fn a_broken_connection_keeps_what_came() {
    let data =
        |action| Fault::on("POST", "/upload/", action).header("x-goog-upload-command", "upload");
    let script = faults([
        data(Action::CutUpload { bytes: 3 }).times(1),
        data(Action::ApplyThenDrop).times(1),
        data(Action::ShortSizeReceived { by: 2 }).times(1),
    ]);
    let (_emulator, client, _) = manual(|b| b.script(script)).await;
    let session = client.start(12, &json!({})).await;
    assert!(client.command(&session, "upload", 0, b"01234567").await.is_none());
    assert_eq!(received(&client, &session).await, "3");
    assert!(client.command(&session, "upload", 3, b"3456").await.is_none());
    assert_eq!(received(&client, &session).await, "7");
    let short = client.command(&session, "upload, finalize", 7, b"789ab").await.unwrap().ok();
    assert_eq!(short.header("x-goog-upload-status"), Some("active"));
    assert_eq!(short.header("x-goog-upload-size-received"), Some("10"));
    let done = client.command(&session, "upload, finalize", 10, b"ab").await.unwrap().ok();
    // The digest of "0123456789ab", although the bytes came in pieces and some twice.
    assert_eq!(
        done.json()["file"]["sha256Hash"],
        "ZDQwN2FkOTAxODk1NzIzZjMyZDMxZTY1MTVmNTI4NGJlYjRjMDFlNzBlNTY3MjBkNjUwOTlkYTQ3NzFmMzE5Mw=="
    );
}

#[tokio::test]
async fn a_lost_session_and_a_stranger_are_not_found() {
    let lost = Fault::on("POST", "/upload/", Action::LoseSession)
        .header("x-goog-upload-command", "upload");
    let (_emulator, client, _) = manual(|b| b.script(faults([lost]))).await;
    let session = client.start(4, &json!({})).await;
    client.command(&session, "upload", 0, b"0123").await.unwrap().fails(404, "NOT_FOUND");
    client.command(&session, "query", 0, b"").await.unwrap().fails(404, "NOT_FOUND");
    let other = "/upload/v1beta/files?upload_id=nobody";
    client.command(other, "query", 0, b"").await.unwrap().fails(404, "NOT_FOUND");
}
