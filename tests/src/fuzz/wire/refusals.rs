//! A status and any bytes as the body of a refusal.

use gemini_client::batch_backend::{
    Applied, BackendError, ErrorKind, InputName, JobName, JobSpec, JobToken, ModelId,
};
use gemini_client::{Cause, Refusal};

use super::desk::{Reply, Request, Service, converse_once};
use super::{FILE, JOB, words};

const STATUSES: [u16; 11] = [400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504];

/// Refuses all but the question which models there are.
#[derive(Debug, Clone)]
struct Refusing {
    status: u16,
    body: Vec<u8>,
    creates: u32,
    others: u32,
}

impl Service for Refusing {
    fn answer(&mut self, request: &Request) -> Reply {
        if request.target.starts_with("/v1beta/models?") {
            return Reply::new(200, r#"{"models":[{"name":"models/sim-flash"}]}"#);
        }
        let count = if request.method == "POST" { &mut self.creates } else { &mut self.others };
        *count += 1;
        Reply::new(self.status, self.body.clone())
    }
}

/// A status by the first byte, and the body of a refusal: it has one of the causes that the status can
/// have, with the kind that the cause has, and nothing is asked besides but which models there are.
pub fn error_body(bytes: &[u8]) {
    let (&first, body) = bytes.split_first().unwrap_or((&0, &[]));
    let status = STATUSES[usize::from(first) % STATUSES.len()];
    let refusing = Refusing { status, body: body.to_vec(), creates: 0, others: 0 };
    let (refusing, errors) = converse_once(refusing, async |client| {
        let spec = JobSpec {
            token: JobToken::new("be1.run.s0001.v0.m0.a1.0123abcd"),
            model: ModelId::parse("sim-flush").ok()?,
            input: InputName::new(FILE),
        };
        Some([
            client.create_job(&spec).await.err()?,
            client.get_job(&JobName::new(JOB)).await.err()?,
            client.get_file(&spec.input).await.err()?,
        ])
    });
    assert_eq!((refusing.creates, refusing.others), (1, 2), "all that was asked");
    let Some(errors) = errors else {
        panic!("{status} was taken for a success");
    };
    for error in &errors {
        words::check(error);
        check(error, status, body);
    }
    let is_definite = matches!(status, 400 | 401 | 403 | 404 | 413 | 429);
    let applied = if is_definite { Applied::No } else { Applied::Maybe };
    assert_eq!(errors.map(|error| error.applied()), [applied, Applied::No, Applied::No]);
}

fn check(error: &BackendError, status: u16, body: &[u8]) {
    let source = std::error::Error::source(error).and_then(|s| s.downcast_ref::<Refusal>());
    let Some(refusal) = source else {
        panic!("no refusal: {error:?}");
    };
    let cause = Cause::of(error);
    assert_eq!((refusal.http, refusal.cause), (status, cause));
    let is_page = body.trim_ascii_start().starts_with(b"<");
    assert!(causes(status, is_page).contains(&cause), "{cause:?} of {status}: {error:?}");
    assert!(cause != Cause::Row || refusal.line.is_some(), "no line: {error:?}");
    assert!(has_kind(error.kind(), cause), "{:?} of {cause:?}", error.kind());
}

/// The causes of a status, as the documentation of the client has them.
fn causes(status: u16, is_page: bool) -> &'static [Cause] {
    use Cause::{
        Billing, Busy, Forbidden, Gone, Key, Model, Proxy, Quota, Refused, Region, Row,
        StorageFull, TooLarge,
    };
    match status {
        413 => &[TooLarge],
        429 => &[Quota, StorageFull],
        500.. => &[Busy],
        _ if is_page => &[Proxy],
        400 => &[Key, Billing, Region, TooLarge, Row, Refused],
        401 => &[Key],
        403 => &[Key, Gone, Billing, Region, Forbidden],
        404 => &[Gone, Model],
        _ => &[Refused],
    }
}

fn has_kind(kind: &ErrorKind, cause: Cause) -> bool {
    use Cause::{Billing, Busy, Forbidden, Gone, Key, Proxy, Quota, Region, StorageFull};
    match cause {
        Busy => matches!(kind, ErrorKind::Transient { .. }),
        Proxy => kind == &ErrorKind::Protocol,
        Key | Forbidden | Billing | Region => kind == &ErrorKind::Auth,
        Gone => kind == &ErrorKind::NotFound,
        Quota | StorageFull => matches!(kind, ErrorKind::Quota { .. }),
        _ => kind == &ErrorKind::Rejected,
    }
}
