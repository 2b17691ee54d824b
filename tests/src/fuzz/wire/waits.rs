//! Any bytes as what a service asks to wait: `Retry-After`, `Date` and a `RetryInfo` in the body.

use std::time::Duration;

use gemini_client::batch_backend::{
    BackendError, BatchBackend as _, BytesPayload, ErrorKind, NoProgress, Upload, UploadSession,
};
use gemini_client::{Policies, RetryPolicy};
use serde_json::Value;

use super::desk::{Reply, Request, Service, converse};
use super::words;

/// Has never any time.
#[derive(Debug, Clone)]
struct Busy {
    reply: Reply,
    looks: usize,
    questions: usize,
}

impl Service for Busy {
    fn answer(&mut self, request: &Request) -> Reply {
        let count = if request.method == "GET" { &mut self.looks } else { &mut self.questions };
        *count += 1;
        self.reply.clone()
    }
}

/// Behind one byte for 429 or 503: a line `Retry-After`, a line `Date`, and the body. What is asked for is
/// waited at least, or told where it is more than the policy has; more than the policy has is never waited.
pub fn retry_headers(bytes: &[u8]) {
    let (&first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let status = if first.is_multiple_of(2) { 429 } else { 503 };
    let mut parts = rest.splitn(3, |byte| *byte == b'\n');
    let [after, date, body] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let reply = Reply::new(status, body).with("Retry-After", after).with("Date", date);
    let asked = told_by_header(after, date).max(told_by_body(body, after, date));
    let is_page = body.trim_ascii_start().starts_with(b"<");
    let Policies { read, upload, .. } = Policies::default();

    let busy = Busy { reply, looks: 0, questions: 0 };
    let held = converse(busy, async |client| {
        let looked = client.list_jobs(None).await.err();
        let session = UploadSession::new("http://127.0.0.1/upload?upload_id=1#granularity=4");
        let payload = BytesPayload::from(b"0123456789".to_vec());
        let (session, progress) = (&session, &NoProgress);
        let upload = Upload { session, resumed: true, payload: &payload, progress };
        [looked, client.upload(upload).await.err()]
    });
    let Busy { looks, questions, .. } = held.service;
    assert_eq!(held.waits.len() + 2, looks + questions, "a wait before each try but the first");
    let (looking, uploading) = held.waits.split_at(looks - 1);
    check(looking, asked, &read);
    assert!(looking.iter().sum::<Duration>() <= read.total, "{looking:?}");
    // A page is the word of something on the way, which no session waits for.
    check(uploading, if is_page { Duration::ZERO } else { asked }, &upload);
    for error in held.result {
        check_error(error, asked);
    }
}

fn check(waits: &[Duration], asked: Duration, policy: &RetryPolicy) {
    assert!(waits.len() < policy.attempts as usize, "{} waits", waits.len());
    let bounds = asked..=policy.longest;
    assert!(waits.iter().all(|wait| bounds.contains(wait)), "{waits:?} are not in {bounds:?}");
}

fn check_error(error: Option<BackendError>, asked: Duration) {
    let Some(error) = error else {
        panic!("a refusal was taken for a success");
    };
    words::check(&error);
    let (ErrorKind::Transient { retry_after } | ErrorKind::Quota { retry_after }) = error.kind()
    else {
        panic!("this passes: {error:?}");
    };
    assert!(retry_after.unwrap_or_default() >= asked, "{asked:?} is not told: {error:?}");
}

/// The least wait that a header of plain seconds asks for; zero for all others.
fn told_by_header(after: &[u8], date: &[u8]) -> Duration {
    let is_plain = is_head(after) && is_head(date) && after.len() <= 15;
    let text = std::str::from_utf8(after).unwrap_or_default().trim_matches(' ');
    let seconds = text.parse().ok().filter(|_| is_plain && !text.starts_with('+'));
    Duration::from_secs(seconds.unwrap_or_default())
}

/// The longest wait of whole seconds that a body beyond doubt asks for; zero for all others.
fn told_by_body(body: &[u8], after: &[u8], date: &[u8]) -> Duration {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    // A member that is there twice makes its object none, which `Value` does not show.
    let outside = text.split('"').step_by(2);
    let colons: usize = outside.map(|text| text.matches(':').count()).sum();
    let is_plain = !text.contains('\\') && members(&value) == colons;
    if !is_plain || !is_head(after) || !is_head(date) {
        return Duration::ZERO;
    }
    let details = value["error"]["details"].as_array().map(Vec::as_slice).unwrap_or_default();
    let delay = |detail: &Value| -> Option<u32> {
        detail["retryDelay"].as_str()?.strip_suffix('s')?.parse().ok()
    };
    let longest = details.iter().filter_map(delay).max();
    Duration::from_secs(longest.unwrap_or_default().into())
}

/// Whether it can stand in the head of an answer, so that the answer is one.
fn is_head(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
}

fn members(value: &Value) -> usize {
    match value {
        Value::Object(object) => object.len() + object.values().map(members).sum::<usize>(),
        Value::Array(items) => items.iter().map(members).sum(),
        _ => 0,
    }
}
