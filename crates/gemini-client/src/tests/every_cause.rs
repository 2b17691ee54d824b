//! One error of every cause there is: found again, of the kind that the table names, with a hint.

use std::collections::HashSet;
use std::io;

use batch_backend::{BackendError, BatchBackend, BytesPayload, NoProgress, Operation, Upload};
use rustls::CertificateError;

use super::causes::{created, kind};
use super::client_of;
use super::server::{Reply, Server, refusal};
use crate::Cause;
use crate::error::{About, Thing};
use crate::failure::Failure;

const README: &str = include_str!("../../README.md");

const ALL: [Cause; 20] = [
    Cause::Unreachable,
    Cause::Certificate,
    Cause::Clock,
    Cause::Lost,
    Cause::Busy,
    Cause::Proxy,
    Cause::Nonsense,
    Cause::Redirect,
    Cause::Key,
    Cause::Forbidden,
    Cause::Billing,
    Cause::Region,
    Cause::Gone,
    Cause::Model,
    Cause::Row,
    Cause::TooLarge,
    Cause::Quota,
    Cause::StorageFull,
    Cause::Refused,
    Cause::Local,
];

/// What brings the cause about. A new cause does not compile without its line here.
async fn error_of(cause: Cause) -> BackendError {
    let reply = match cause {
        Cause::Unreachable => return unreachable_service().await,
        Cause::Certificate => return distrusted(CertificateError::UnknownIssuer),
        Cause::Clock => return distrusted(CertificateError::Expired),
        Cause::Local => return unreadable_payload().await,
        Cause::Lost => Reply::Drop,
        Cause::Busy => refusal(503, "UNAVAILABLE", "overloaded", ""),
        Cause::Proxy => Reply::json(403, "<html>Blocked"),
        Cause::Nonsense => Reply::json(200, "<html>Welcome"),
        Cause::Redirect => Reply::json(302, "").with("Location", "https://login.example/"),
        Cause::Key => refusal(401, "UNAUTHENTICATED", "no", ""),
        Cause::Forbidden => refusal(403, "PERMISSION_DENIED", "no", ""),
        Cause::Billing => refusal(400, "FAILED_PRECONDITION", "enable billing", ""),
        Cause::Region => refusal(400, "FAILED_PRECONDITION", "user location", ""),
        Cause::Gone => refusal(403, "PERMISSION_DENIED", "or it may not exist", ""),
        Cause::Model => refusal(404, "NOT_FOUND", "models/x is not found", ""),
        Cause::Row => refusal(400, "INVALID_ARGUMENT", "line 3: no", ""),
        Cause::TooLarge => refusal(413, "x", "too large", ""),
        Cause::Quota => refusal(429, "RESOURCE_EXHAUSTED", "quota", ""),
        Cause::StorageFull => refusal(429, "RESOURCE_EXHAUSTED", "file_storage_bytes", ""),
        Cause::Refused => refusal(400, "INVALID_ARGUMENT", "unknown field", ""),
    };
    created(reply).await
}

async fn unreachable_service() -> BackendError {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let (client, _) = client_of(&format!("http://127.0.0.1:{port}"));
    client.list(None).await.expect_err("nobody is there")
}

/// As the connection wraps it.
fn distrusted(why: CertificateError) -> BackendError {
    let wrapped = io::Error::other(rustls::Error::InvalidCertificate(why));
    let about = About { operation: Operation::List, subject: "jobs", thing: Thing::Other, key: "" };
    about.failed(Failure::NotSent(Box::new(wrapped)))
}

/// A payload that says it is longer than it is.
#[derive(Debug)]
struct Short;

impl batch_backend::Payload for Short {
    fn len(&self) -> u64 {
        9
    }

    fn open_at(&self, offset: u64) -> io::Result<Box<dyn io::Read + Send>> {
        batch_backend::Payload::open_at(&BytesPayload::from(b"12345".to_vec()), offset)
    }
}

async fn unreadable_payload() -> BackendError {
    let server = Server::start(|_| {
        Reply::json(200, "")
            .with("X-Goog-Upload-URL", "http://127.0.0.1/upload?upload_id=1")
            .with("X-Goog-Upload-Status", "active")
            .with("X-Goog-Upload-Size-Received", "0")
    })
    .await;
    let (client, _) = client_of(&server.base);
    let session = client.open_upload("short", 9).await.unwrap();
    let (session, progress) = (&session, &NoProgress);
    let upload = Upload { session, resumed: true, payload: &Short, progress };
    client.upload(upload).await.expect_err("it ends early")
}

/// The rows of the table, by cause.
fn row(cause: &str) -> Option<&'static str> {
    README.lines().find_map(|line| line.strip_prefix(&format!("| `{cause}` |")))
}

#[tokio::test]
async fn every_cause_comes_about_as_the_table_says_and_has_a_hint() {
    let mut hints = HashSet::new();
    for cause in ALL {
        let error = error_of(cause).await;
        assert_eq!(Cause::of(&error), cause, "{error:?}");
        let hint = error.hint().unwrap_or_else(|| panic!("{cause:?} has no hint: {error:?}"));
        assert!(hints.insert(hint.to_owned()), "two causes say {hint:?}");
        let told = row(&format!("{cause:?}")).unwrap_or_else(|| panic!("{cause:?} has no row"));
        let kind = format!("`{}`", kind(&error));
        assert!(told.split('|').nth(1).unwrap().contains(&kind), "{cause:?} is {kind}: {told}");
    }
}

#[test]
fn the_table_names_every_cause_and_no_other() {
    let source = include_str!("../cause.rs");
    let body = source.split_once("pub enum Cause {").unwrap().1.split_once("\n}").unwrap().0;
    let names = body.lines().filter_map(|line| line.trim().strip_suffix(','));
    let expected: HashSet<String> = names.map(str::to_owned).collect();
    let rows = README.lines().filter_map(|line| line.strip_prefix("| `"));
    let told: HashSet<_> = rows.filter_map(|row| Some(row.split('`').next()?.to_owned())).collect();
    assert_eq!(told, expected);
    assert_eq!(ALL.map(|cause| format!("{cause:?}")).into_iter().collect::<HashSet<_>>(), expected);
}
