//! Answers before they become HTTP: JSON, bytes or a file, and Google's way to say no.

use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Frame;
use hyper::{Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::clock::{Stamp, pause};
use crate::script::{Canned, LengthSaid};

pub(crate) type Body = BoxBody<Bytes, io::Error>;

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: ReplyBody,
}

#[derive(Debug)]
pub(crate) enum ReplyBody {
    Bytes(Bytes),
    File(tokio::fs::File, u64),
}

impl Reply {
    pub(crate) fn json(value: &Value) -> Self {
        Self::bytes(format!("{value:#}\n").into()).header("Content-Type", JSON)
    }

    pub(crate) fn bytes(body: Bytes) -> Self {
        Self { status: 200, headers: Vec::new(), body: ReplyBody::Bytes(body) }
    }

    pub(crate) async fn file(path: &Path) -> io::Result<Self> {
        let file = tokio::fs::File::open(path).await?;
        let length = file.metadata().await?.len();
        Ok(Self { status: 200, headers: Vec::new(), body: ReplyBody::File(file, length) })
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn canned(canned: &Canned) -> Self {
        let status = if canned.status == 0 { 200 } else { canned.status };
        let mut reply = match (&canned.json, &canned.body) {
            (Some(json), _) => Self::json(json),
            (None, Some(text)) => {
                Self::bytes(text.clone().into()).header("Content-Type", "text/html; charset=UTF-8")
            }
            (None, None) if status >= 400 => Failure::of(status, "Injected fault.").into(),
            (None, None) => Self::bytes(Bytes::new()),
        };
        reply.status = status;
        for (name, value) in &canned.headers {
            reply.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            reply = reply.header(name, value);
        }
        reply
    }

    /// The HTTP response; `cut` sends only the beginning of the body.
    pub(crate) fn into_response(
        self,
        date: Stamp,
        cut: Option<(u64, LengthSaid)>,
    ) -> Response<Body> {
        let whole = match &self.body {
            ReplyBody::Bytes(bytes) => bytes.len() as u64,
            ReplyBody::File(_, length) => *length,
        };
        let sent = cut.map_or(whole, |(bytes, _)| bytes.min(whole));
        let said = cut.map_or(LengthSaid::Right, |(_, said)| said);
        let mut builder = Response::builder()
            .status(StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK))
            .header(header::DATE, date.http_date());
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        match said {
            LengthSaid::Right => builder = builder.header(header::CONTENT_LENGTH, whole),
            LengthSaid::Short => builder = builder.header(header::CONTENT_LENGTH, sent),
            LengthSaid::Absent => {}
        }
        let breaks = sent < whole && said == LengthSaid::Right;
        let body = match self.body {
            ReplyBody::Bytes(bytes) if cut.is_none() => {
                Full::new(bytes).map_err(|never| match never {}).boxed()
            }
            ReplyBody::Bytes(bytes) => {
                let first = bytes.slice(..usize::try_from(sent).unwrap_or(usize::MAX));
                stream_body(stream::iter([Ok(Frame::data(first))]).chain(end(breaks)))
            }
            ReplyBody::File(file, _) => file_body(file, sent, breaks),
        };
        builder.body(body).unwrap_or_else(|_| {
            let body = Empty::new().map_err(|never| match never {}).boxed();
            Response::new(body)
        })
    }
}

const JSON: &str = "application/json; charset=UTF-8";

/// The end of a body: nothing, or an error that makes the server close the connection.
fn end(breaks: bool) -> impl Stream<Item = io::Result<Frame<Bytes>>> {
    stream::iter(breaks.then_some(())).then(|()| async {
        // An error throws away what is not yet written: let that go out first.
        pause(Duration::from_millis(20)).await;
        Err(io::Error::other("cut by the script"))
    })
}

fn stream_body<S>(frames: S) -> Body
where
    S: Stream<Item = io::Result<Frame<Bytes>>> + Send + Sync + 'static,
{
    BodyExt::boxed(StreamBody::new(frames))
}

fn file_body(file: tokio::fs::File, length: u64, breaks: bool) -> Body {
    const PIECE: u64 = 256 * 1024;
    let frames = stream::try_unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let mut piece = Vec::new();
        let read = (&mut file).take(left.min(PIECE)).read_to_end(&mut piece).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some((Frame::data(Bytes::from(piece)), (file, left - read as u64))))
    });
    stream_body(frames.chain(end(breaks)))
}

/// A `google.rpc.Status` under `error`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) http: u16,
    pub(crate) message: String,
    pub(crate) details: Vec<Value>,
    pub(crate) headers: Vec<(String, String)>,
}

impl Failure {
    pub(crate) fn of(http: u16, message: impl Into<String>) -> Self {
        Self { http, message: message.into(), details: Vec::new(), headers: Vec::new() }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::of(400, message)
    }

    pub(crate) fn not_found() -> Self {
        Self::of(404, "Requested entity was not found.")
    }

    pub(crate) fn detail(mut self, kind: &str, mut fields: Value) -> Self {
        fields["@type"] = format!("type.googleapis.com/google.rpc.{kind}").into();
        self.details.push(fields);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        tracing::debug!(?error, "failed to reach the emulator's own files");
        Self::of(500, "Internal error encountered.")
    }
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Self {
        let mut error = json!({
            "code": failure.http,
            "message": failure.message,
            "status": status_name(failure.http),
        });
        if !failure.details.is_empty() {
            error["details"] = failure.details.into();
        }
        let mut reply = Self::json(&json!({ "error": error }));
        reply.status = failure.http;
        reply.headers.extend(failure.headers);
        reply
    }
}

fn status_name(http: u16) -> &'static str {
    match http {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ALREADY_EXISTS",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        500 => "INTERNAL",
        501 => "UNIMPLEMENTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "UNKNOWN",
    }
}
