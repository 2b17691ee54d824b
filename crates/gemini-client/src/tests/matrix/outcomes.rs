//! What can come of a request, each by a name: what the server does, and what a client has seen.

use super::super::server::{Reply, refusal};

/// What a client has seen, as far as it decides on anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// No whole answer, though the request was sent.
    Lost,
    /// A success with a web page for a body, and said to be one.
    Page,
    /// A success with this body, which not every call can be content with.
    Body(&'static str),
    /// A success without an end to it.
    Flood,
    /// A refusal.
    Status(u16),
    /// A refusal by a web page.
    PageOf(u16),
    /// A refusal that says when to ask again, in seconds.
    Later(u16, u64),
    /// The room for files is used up.
    Full,
    /// The key is no good, though the status is that of a bad request.
    BadKey,
    /// The good answer, in an odd form.
    Fine,
}

/// How the good answer comes when it comes.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// In its place, and nothing is done.
    Instead(Reply),
    /// Not at all, though what was asked for is done.
    DoneAndDropped,
    /// Behind an early hint.
    Hinted,
    /// In the older version of HTTP, to the end of the connection.
    Old,
}

pub(super) struct Outcome {
    pub(super) name: String,
    pub(super) seen: Seen,
    pub(super) act: Act,
}

fn outcome(name: &str, seen: Seen, reply: Reply) -> Outcome {
    Outcome { name: name.to_owned(), seen, act: Act::Instead(reply) }
}

fn raw(text: &str) -> Reply {
    Reply::Raw(text.as_bytes().to_vec())
}

const PAGE: &str = "\n<!DOCTYPE html><html>Welcome";

const STATUSES: [u16; 33] = [
    300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403, 404, 405, 407, 408, 409, 410, 412,
    413, 416, 418, 422, 425, 429, 451, 499, 500, 501, 502, 503, 504, 505,
];

pub(super) fn all() -> Vec<Outcome> {
    let mut all = broken();
    all.extend(odd());
    for status in STATUSES {
        let reply = refusal(status, "X", "no", "").with("Location", "http://127.0.0.1:9/");
        all.push(outcome(&status.to_string(), Seen::Status(status), reply));
    }
    for status in [400, 401, 403, 404, 429, 502, 503] {
        let reply = Reply::json(status, PAGE);
        all.push(outcome(&format!("{status} page"), Seen::PageOf(status), reply));
    }
    all.extend(asked());
    let done = |name: &str, seen, act| Outcome { name: name.to_owned(), seen, act };
    all.push(done("done and dropped", Seen::Lost, Act::DoneAndDropped));
    all.push(done("103 and the answer", Seen::Fine, Act::Hinted));
    all.push(done("HTTP/1.0", Seen::Fine, Act::Old));
    all
}

/// Answers that do not come, or not to their end.
fn broken() -> Vec<Outcome> {
    let hung = |text: &str| Reply::RawThenHang(text.as_bytes().to_vec());
    let head = "HTTP/1.1 200 OK\r\nX-Goog-Upload-Status: active\r\nContent-Length: 99\r\n\r\n";
    let refused = "HTTP/1.1 503 Word\r\nContent-Length: 99\r\n\r\n{\"error\":";
    let flooded = format!("HTTP/1.1 200 OK\r\n{}", "X-Much: 0123456789abcdef\r\n".repeat(40_000));
    vec![
        outcome("dropped", Seen::Lost, Reply::Drop),
        outcome("silence", Seen::Lost, Reply::Hang),
        outcome("half a head", Seen::Lost, raw("HTTP/1.1 20")),
        outcome("another protocol", Seen::Lost, raw("SSH-2.0-x\r\n")),
        outcome("cut body", Seen::Lost, raw(&format!("{head}{{"))),
        outcome("silence in the body", Seen::Lost, hung(&format!("{head}{{"))),
        outcome("silence in the head", Seen::Lost, hung("HTTP/1.1 200 OK\r\nContent-")),
        outcome("two lengths", Seen::Lost, raw(&head.replace("99", "5, 7"))),
        outcome("a head of a megabyte", Seen::Lost, raw(&flooded)),
        outcome("a cut refusal", Seen::Status(503), raw(refused)),
        outcome("silence in a refusal", Seen::Status(503), hung(refused)),
    ]
}

/// Successes that may be none.
fn odd() -> Vec<Outcome> {
    let mut all: Vec<_> = ["", "{}", "[]", "null", "7", "{\"name\":", "\u{feff}{}"]
        .map(|body| outcome(&format!("200 {body:?}"), Seen::Body(body), Reply::json(200, body)))
        .into();
    let page = Reply::json(200, PAGE).with("Content-Type", "text/html; charset=utf-8");
    all.push(outcome("200 page", Seen::Page, page));
    let endless = format!("{{\"a\":\"{}\"}}", "x".repeat(17 * 1024 * 1024));
    all.push(outcome("200 flood", Seen::Flood, Reply::json(200, &endless)));
    all
}

/// Refusals that say what would help.
fn asked() -> Vec<Outcome> {
    let info = r#"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3s"}"#;
    let full = r#"{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"file_storage_bytes"}]}"#;
    let key = r#"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}"#;
    let busy = |status, after: &str| refusal(status, "X", "no", "").with("Retry-After", after);
    vec![
        outcome("429 in 3 s", Seen::Later(429, 3), refusal(429, "X", "no", info)),
        outcome("503 in 7 s", Seen::Later(503, 7), busy(503, "7")),
        outcome("429 tomorrow", Seen::Later(429, 86_400), busy(429, "86400")),
        outcome("503 soon", Seen::Status(503), busy(503, "soon")),
        outcome("503 before", Seen::Status(503), busy(503, "-1")),
        outcome("no room", Seen::Full, refusal(429, "RESOURCE_EXHAUSTED", "no", full)),
        outcome("bad key", Seen::BadKey, refusal(400, "INVALID_ARGUMENT", "no", key)),
        outcome("a long refusal", Seen::Status(500), Reply::json(500, &"x".repeat(2 << 20))),
    ]
}
