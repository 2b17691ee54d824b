//! Answers of many kinds: the cause that is made of each, its kind and its hint.

use std::error::Error as _;

use batch_backend::{BackendError, BatchBackend, ErrorKind, InputName};

use super::server::{Reply, Server, refusal};
use super::{client_of, job, spec};
use crate::{Cause, Refusal};

/// The kind as the table has it: one word.
pub(crate) fn kind(error: &BackendError) -> &'static str {
    match error.kind() {
        ErrorKind::Transient { .. } => "Transient",
        ErrorKind::Quota { .. } => "Quota",
        ErrorKind::Auth => "Auth",
        ErrorKind::NotFound => "NotFound",
        ErrorKind::Rejected => "Rejected",
        ErrorKind::Protocol => "Protocol",
        ErrorKind::Local => "Local",
        _ => "new",
    }
}

/// What a create comes to when the service always replies so.
pub(crate) async fn created(reply: Reply) -> BackendError {
    let server = Server::start(move |request| match request.method.as_str() {
        "POST" => reply.clone(),
        _ => Reply::json(200, "{}"),
    })
    .await;
    let (client, _) = client_of(&server.base);
    client.create(&spec()).await.expect_err("no job")
}

#[track_caller]
fn check(error: &BackendError, cause: Cause, word: &str, hint: &str) {
    assert_eq!((Cause::of(error), kind(error)), (cause, word), "{error:?}");
    let given = error.hint().unwrap_or_default();
    assert!(given.contains(hint), "{given} / {hint}");
}

fn detail(reason: &str) -> String {
    format!(r#"{{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"{reason}"}}"#)
}

fn quota(id: &str) -> String {
    format!(
        r#"{{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{{"quotaId":"{id}"}}]}}"#
    )
}

#[tokio::test]
async fn bad_requests() {
    let bad = |word: &str, message: &str, details: &str| refusal(400, word, message, details);
    let (invalid, failed) = ("INVALID_ARGUMENT", "FAILED_PRECONDITION");
    let key =
        bad(invalid, "API key not valid. Please pass a valid one.", &detail("API_KEY_INVALID"));
    check(&created(key).await, Cause::Key, "Auth", "check the API key");
    let key =
        bad(invalid, "API key expired. Please renew the API key.", &detail("API_KEY_EXPIRED"));
    check(&created(key).await, Cause::Key, "Auth", "expired");
    let billing = bad(
        failed,
        "Gemini API free tier is not available in your country. Please enable billing.",
        "",
    );
    check(&created(billing).await, Cause::Billing, "Auth", "billing");
    let region = bad(failed, "User location is not supported for the API use.", "");
    check(&created(region).await, Cause::Region, "Auth", "country");
    let large = bad(invalid, "Request payload size exceeds the limit: 20971520 bytes.", "");
    check(&created(large).await, Cause::TooLarge, "Rejected", "shards");
    let other = bad(invalid, "unknown field", "");
    check(&created(other).await, Cause::Refused, "Rejected", "service's words");
    let row = created(bad(invalid, "error on line 17: no such field 'store'", "")).await;
    check(&row, Cause::Row, "Rejected", "row on that line");
    let source = row.source().unwrap().downcast_ref::<Refusal>().unwrap();
    assert_eq!(source.line, Some(17));
}

#[tokio::test]
async fn forbidden_and_missing_things() {
    let no = |message: &str, details: &str| refusal(403, "PERMISSION_DENIED", message, details);
    let leaked = no("Your API key was reported as leaked.", "");
    check(&created(leaked).await, Cause::Key, "Auth", "check the API key");
    let off = no("Generative Language API has not been used", &detail("SERVICE_DISABLED"));
    check(&created(off).await, Cause::Forbidden, "Auth", "switched on");
    let unpaid = no("This needs an account in good standing", &detail("BILLING_DISABLED"));
    check(&created(unpaid).await, Cause::Billing, "Auth", "billing");
    let gone = "You do not have permission to access the File k3 or it may not exist.";
    check(&created(no(gone, "")).await, Cause::Gone, "NotFound", "48 hours");
    let foreign = refusal(404, "NOT_FOUND", "File files/k3 not found", "");
    check(&created(foreign).await, Cause::Gone, "NotFound", "another project");
    let model = refusal(404, "NOT_FOUND", "models/x is not found for API version v1beta", "");
    check(&created(model).await, Cause::Model, "Rejected", "spelling");
    check(&created(refusal(401, "UNAUTHENTICATED", "x", "")).await, Cause::Key, "Auth", "key");
    let server = Server::start(move |_| no(gone, "")).await;
    let (client, _) = client_of(&server.base);
    let error = client.get_file(&InputName::new("files/k3")).await.expect_err("gone");
    check(&error, Cause::Gone, "NotFound", "48 hours");
}

#[tokio::test]
async fn limits() {
    let full = |id: &str| refusal(429, "RESOURCE_EXHAUSTED", "Quota exceeded", &quota(id));
    for (id, cause, hint) in [
        ("EnqueuedTokensPerModel", Cause::Quota, "tokens of all unfinished jobs"),
        ("BatchConcurrentJobs", Cause::Quota, "too many unfinished jobs"),
        ("RequestsPerMinute", Cause::Quota, "wait"),
        ("file_storage_bytes", Cause::StorageFull, "20 GB"),
    ] {
        let error = created(full(id)).await;
        check(&error, cause, "Quota", hint);
        assert!(error.reason().contains(id), "{error}");
        let source = error.source().unwrap().downcast_ref::<Refusal>().unwrap();
        assert_eq!(source.quotas, [id]);
    }
    let large = refusal(413, "x", "Request Entity Too Large", "");
    check(&created(large).await, Cause::TooLarge, "Rejected", "2 GB");
}

#[tokio::test]
async fn proxies_and_redirects() {
    const PAGE: &str = "\n<!DOCTYPE html><html>Blocked by policy</html>";
    for status in [400, 401, 403, 404, 451] {
        let error = created(Reply::json(status, PAGE)).await;
        check(&error, Cause::Proxy, "Protocol", "proxy variables");
        assert!(error.reason().contains("web page"), "{error}");
    }
    check(&created(Reply::json(407, "")).await, Cause::Proxy, "Protocol", "HTTPS_PROXY");
    check(&created(Reply::json(502, PAGE)).await, Cause::Busy, "Transient", "gateway");
    check(
        &created(refusal(503, "UNAVAILABLE", "x", "")).await,
        Cause::Busy,
        "Transient",
        "in a while",
    );
    check(&created(Reply::json(200, PAGE)).await, Cause::Nonsense, "Protocol", "base URL");
    let away = Reply::json(302, "").with("Location", "https://login.example/");
    check(&created(away).await, Cause::Redirect, "Rejected", "not sent elsewhere");
    check(&created(Reply::Drop).await, Cause::Lost, "Transient", "check the network");
    // Calls that read nothing of an answer are not fooled either.
    let server = Server::start(|_| Reply::json(200, PAGE)).await;
    let (client, _) = client_of(&server.base);
    let error = client.cancel(&job()).await.expect_err("no cancel");
    check(&error, Cause::Nonsense, "Protocol", "base URL");
}

#[tokio::test]
async fn nobody_there() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let (client, _) = client_of(&format!("http://127.0.0.1:{port}"));
    let error = client.list(None).await.expect_err("nobody there");
    check(&error, Cause::Unreachable, "Transient", "network");
}
