//! Creation of jobs: never sent twice once it may have arrived, and every doubt called by its name.

use std::error::Error as _;
use std::time::Duration;

use batch_backend::{Applied, BatchBackend, ErrorKind, JobState};

use super::server::{Reply, Server, refusal};
use super::{all_words, client_of, hasty_client_of, job, operation, spec};
use crate::Refusal;

/// The kind as one word, the certainty, and how often it was sent.
async fn fate(reply: Reply) -> (String, Applied, usize) {
    // What is not a create is the one look at the models after a 404.
    let server = Server::start(move |request| match request.method.as_str() {
        "POST" => reply.clone(),
        _ => Reply::json(200, "{}"),
    })
    .await;
    let error = hasty_client_of(&server.base).create(&spec()).await.expect_err("no job");
    let kind = format!("{:?}", error.kind());
    let word = kind.split([' ', '{']).next().unwrap().to_owned();
    let posts = server.requests().iter().filter(|request| request.method == "POST").count();
    (word, error.applied(), posts)
}

async fn check(reply: Reply, kind: &str, applied: Applied) {
    let shown = format!("{reply:?}");
    assert_eq!(fate(reply).await, (kind.to_owned(), applied, 1), "{shown}");
}

#[tokio::test]
async fn request_is_the_one_that_the_sdks_send() {
    let made = operation("BATCH_STATE_PENDING");
    let server = Server::script(vec![Reply::json(200, &made)]).await;
    let (client, _) = client_of(&server.base);
    let snapshot = client.create(&spec()).await.unwrap();
    assert_eq!((snapshot.name, snapshot.state), (job(), JobState::Queued));
    let [request] = &server.requests()[..] else {
        panic!("one request");
    };
    assert_eq!(request.method, "POST");
    assert_eq!(request.target, "/v1beta/models/sim-flash:batchGenerateContent");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("x-goog-api-key"), Some(super::KEY));
    assert_eq!(request.header("accept-encoding"), None);
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    let expected = serde_json::json!({"batch": {
        "displayName": "be1.run.s0001.v0.m0.a1.0123abcd",
        "inputConfig": {"fileName": "files/k3v9qh2m7x1c"},
    }});
    assert_eq!(body, expected);
}

#[tokio::test]
async fn doubt_is_called_doubt() {
    use Applied::Maybe;
    check(Reply::Drop, "Transient", Maybe).await;
    check(Reply::Hang, "Transient", Maybe).await;
    check(
        Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{".to_vec()),
        "Transient",
        Maybe,
    )
    .await;
    check(refusal(500, "INTERNAL", "x", ""), "Transient", Maybe).await;
    check(refusal(503, "UNAVAILABLE", "x", ""), "Transient", Maybe).await;
    check(Reply::json(504, "<html>gateway</html>"), "Transient", Maybe).await;
    check(refusal(501, "UNIMPLEMENTED", "x", ""), "Rejected", Maybe).await;
    check(refusal(409, "ABORTED", "x", ""), "Rejected", Maybe).await;
    check(refusal(499, "CANCELLED", "x", ""), "Rejected", Maybe).await;
    check(refusal(408, "DEADLINE_EXCEEDED", "x", ""), "Transient", Maybe).await;
    check(Reply::json(200, "<html>welcome</html>"), "Protocol", Maybe).await;
    check(Reply::json(200, ""), "Protocol", Maybe).await;
    check(Reply::json(200, "{}"), "Protocol", Maybe).await;
    check(Reply::json(200, r#"{"name":"batches/../files"}"#), "Protocol", Maybe).await;
    check(Reply::json(302, "").with("Location", "http://127.0.0.1:9/"), "Rejected", Maybe).await;
}

#[tokio::test]
async fn definite_refusals_are_definite() {
    use Applied::No;
    let auth = r#"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}"#;
    check(refusal(400, "INVALID_ARGUMENT", "API key not valid.", auth), "Auth", No).await;
    check(refusal(400, "FAILED_PRECONDITION", "Billing is not enabled", ""), "Auth", No).await;
    check(refusal(400, "INVALID_ARGUMENT", "bad field", ""), "Rejected", No).await;
    check(refusal(401, "UNAUTHENTICATED", "x", ""), "Auth", No).await;
    check(refusal(403, "PERMISSION_DENIED", "unregistered callers", ""), "Auth", No).await;
    let gone = "You do not have permission to access the File k3 or it may not exist.";
    check(refusal(403, "PERMISSION_DENIED", gone, ""), "NotFound", No).await;
    check(refusal(404, "NOT_FOUND", "File files/k3 not found", ""), "NotFound", No).await;
    let model = "models/sim-flash is not found for API version v1beta";
    check(refusal(404, "NOT_FOUND", model, ""), "Rejected", No).await;
    check(refusal(413, "x", "x", ""), "Rejected", No).await;
    check(refusal(429, "RESOURCE_EXHAUSTED", "x", ""), "Quota", No).await;
}

#[tokio::test]
async fn unreachable_service_is_tried_again_and_saw_nothing() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let (client, clock) = client_of(&format!("http://127.0.0.1:{port}"));
    let error = client.create(&spec()).await.expect_err("nobody there");
    assert_eq!(error.applied(), Applied::No);
    assert_eq!(error.kind(), &ErrorKind::Transient { retry_after: None });
    let waits: Vec<_> = clock.slept().iter().map(Duration::as_millis).collect();
    assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000], "half of 1, 2, 4, 8, 16 s");
}

#[tokio::test]
async fn refused_row_is_named() {
    let words = r"error on line 17: invalid JSON near column 5: no such field 'store'";
    let server = Server::start(move |_| refusal(400, "INVALID_ARGUMENT", words, "")).await;
    let (client, _) = client_of(&server.base);
    let error = client.create(&spec()).await.expect_err("refused");
    assert_eq!(error.reason(), words);
    let source = error.source().unwrap().downcast_ref::<Refusal>().unwrap();
    assert_eq!((source.line, source.http), (Some(17), 400));
    assert_eq!(source.to_string(), "HTTP 400 INVALID_ARGUMENT");
    assert!(error.hint().unwrap().contains("row"), "{error:?}");
}

#[tokio::test]
async fn quota_is_named_and_the_asked_wait_kept() {
    let details = r#"{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[
        {"subject":"s","quotaMetric":"m","quotaId":"EnqueuedTokensPerModel","description":"d"}]},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3.5s"}"#;
    let full = refusal(429, "RESOURCE_EXHAUSTED", "Quota exceeded", details);
    let server = Server::start(move |_| full.clone().with("Retry-After", "2")).await;
    let (client, _) = client_of(&server.base);
    let error = client.create(&spec()).await.expect_err("refused");
    let retry_after = Some(Duration::from_millis(3_500));
    assert_eq!(error.kind(), &ErrorKind::Quota { retry_after });
    assert_eq!(error.reason(), "Quota exceeded (quota EnqueuedTokensPerModel)");
    assert!(error.hint().unwrap().contains("tokens"), "{error:?}");
}

#[tokio::test]
async fn hostile_words_are_tamed() {
    let flood = format!("\\u001b[31mred {} {}", super::KEY, "x".repeat(1_000_000 - 400));
    let server = Server::start(move |_| refusal(400, "INVALID_ARGUMENT", &flood, "")).await;
    let (client, _) = client_of(&server.base);
    let error = client.create(&spec()).await.expect_err("refused");
    let words = all_words(&error);
    assert!(words.len() < 4_000, "{}", words.len());
    assert!(!words.contains('\u{1b}') && !words.contains(super::KEY), "{words}");
}

#[tokio::test]
async fn odd_input_names_are_never_sent() {
    let server = Server::script(Vec::new()).await;
    let (client, _) = client_of(&server.base);
    let mut odd = spec();
    odd.input = batch_backend::InputName::new("files/../batches");
    let error = client.create(&odd).await.expect_err("refused here");
    assert_eq!((error.kind(), error.applied()), (&ErrorKind::Rejected, Applied::No));
    assert!(server.requests().is_empty());
}

/// A handshake that fails is no doubt: the request never left.
#[cfg(feature = "rustls")]
#[tokio::test]
async fn failed_handshake_sent_nothing() {
    let plain = Server::start(|_| Reply::json(200, "{}")).await;
    let (client, clock) = client_of(&plain.base.replace("http://", "https://"));
    let error = client.create(&spec()).await.expect_err("no TLS there");
    assert_eq!(error.applied(), Applied::No);
    assert_eq!(error.kind(), &ErrorKind::Transient { retry_after: None });
    assert_eq!(clock.slept().len(), 5);
    assert!(plain.requests().is_empty());
}
