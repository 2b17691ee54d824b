//! The fake server itself, spoken to over bare TCP: its faults are real, its ledger is honest.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};
use tests::fake::{CreateFault, FakeServer, Knobs};
use tests::process::Server;

/// One exchange on a connection of its own: status (0 for a silent hang-up), head, body.
fn exchange(base_url: &str, request_line: &str, headers: &str, body: &str) -> (u16, String, Value) {
    let address = base_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{request_line} HTTP/1.1\r\nHost: {address}\r\nx-goog-api-key: k\r\nConnection: close\r\n\
         {headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, head.to_owned(), serde_json::from_str(body).unwrap_or_default())
}

fn get(base_url: &str, path: &str) -> Value {
    exchange(base_url, &format!("GET {path}"), "", "").2
}

/// Uploads two rows in one chunk and gives the file's name.
fn upload(base_url: &str) -> String {
    let rows = "{\"key\":\"a\",\"request\":{\"contents\":[]}}\n{\"key\":\"b\",\"request\":{\"contents\":[]}}\n";
    let start = format!(
        "X-Goog-Upload-Protocol: resumable\r\nX-Goog-Upload-Command: start\r\n\
         X-Goog-Upload-Header-Content-Length: {}\r\n",
        rows.len()
    );
    let (_, head, _) = exchange(base_url, "POST /upload/v1beta/files", &start, "{}");
    let url = head.lines().find_map(|line| line.strip_prefix("X-Goog-Upload-URL: ")).unwrap();
    let target = url.trim_start_matches(base_url);
    let data = "X-Goog-Upload-Command: upload, finalize\r\nX-Goog-Upload-Offset: 0\r\n";
    let (_, _, answer) = exchange(base_url, &format!("POST {target}"), data, rows);
    answer["file"]["name"].as_str().unwrap().to_owned()
}

fn create(base_url: &str, file: &str) -> (u16, Value) {
    let body =
        json!({"batch": {"displayName": "n", "inputConfig": {"fileName": file}}}).to_string();
    let line = "POST /v1beta/models/m:batchGenerateContent";
    let (status, _, answer) = exchange(base_url, line, "", &body);
    (status, answer)
}

#[test]
fn a_job_goes_from_pending_to_its_results() {
    let server = FakeServer::start(Knobs { looks: (1, 1), ..Knobs::default() }).unwrap();
    let url = server.base_url();
    let (status, job) = create(&url, &upload(&url));
    assert_eq!(status, 200);
    let path = format!("/v1beta/{}", job["name"].as_str().unwrap());
    let seen: Vec<Value> = (0..3).map(|_| get(&url, &path)["metadata"]["state"].clone()).collect();
    assert_eq!(seen, ["BATCH_STATE_PENDING", "BATCH_STATE_RUNNING", "BATCH_STATE_SUCCEEDED"]);
    let operation = get(&url, &path);
    assert_eq!((&operation["done"], &operation["error"]), (&json!(true), &Value::Null));
    assert_eq!(server.ledger()["violations"], json!([]));
}

#[test]
fn a_dropped_create_comes_into_being_later() {
    let late = std::time::Duration::from_millis(30);
    let creates = [CreateFault::DropThenApply(late), CreateFault::DropUnapplied].into();
    let server = FakeServer::start(Knobs { creates, ..Knobs::default() }).unwrap();
    let url = server.base_url();
    let file = upload(&url);
    assert_eq!(create(&url, &file).0, 0, "the first create is not answered");
    assert_eq!(create(&url, &file).0, 0, "nor the second");
    let listed = (0..10_000)
        .map(|_| get(&url, "/v1beta/batches"))
        .find(|list| list["operations"].is_array())
        .expect("the job never came");
    assert_eq!(listed["operations"].as_array().unwrap().len(), 1);
    let ledger = server.ledger();
    assert_eq!((&ledger["createsSeen"], ledger["jobs"].as_array().unwrap().len()), (&json!(2), 1));
    assert_eq!(create(&url, &file).0, 200, "the third create goes well");
}

#[test]
fn what_a_client_does_wrong_is_written_down() {
    let server = FakeServer::start(Knobs::default()).unwrap();
    let url = server.base_url();
    let result_file = format!("files/batch-{}", "a".repeat(36));
    let (status, _, _) = exchange(&url, &format!("GET /v1beta/{result_file}"), "", "");
    assert_eq!(status, 400);
    get(&url, "/v1beta/batches?key=secret");
    let violations = server.ledger()["violations"].as_array().unwrap().len();
    assert_eq!(violations, 2);
}

#[test]
fn the_process_prints_its_address_and_serves() {
    let program = env!("CARGO_BIN_EXE_fake-server");
    let server = Server::fake(program, &["end=expired", "looks=0,0"]);
    let (_, job) = create(server.base_url(), &upload(server.base_url()));
    let operation = get(server.base_url(), &format!("/v1/{}", job["name"].as_str().unwrap()));
    assert_eq!(operation["metadata"]["state"], "BATCH_STATE_EXPIRED");
    assert_eq!(get(server.base_url(), "/fake/ledger")["createsSeen"], 1);
}
