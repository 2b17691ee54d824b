//! Answers before they become HTTP: JSON, bytes or a file, and Google's way to say no.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Frame;
use hyper::{Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::clock::{Stamp, pause};
use crate::payload::Slow;
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

    /// The HTTP response, its body as `shape` wants it.
    pub(crate) fn into_response(mut self, date: Stamp, shape: Shape) -> Response<Body> {
        for (name, value) in &shape.headers {
            self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            if !value.is_empty() {
                self = self.header(name, value);
            }
        }
        let whole = match &self.body {
            ReplyBody::Bytes(bytes) => bytes.len() as u64,
            ReplyBody::File(_, length) => *length,
        };
        let sent = shape.sent.unwrap_or(whole).min(whole);
        // A script may have set the length or taken it away: then hyper must not know it.
        let is_length = |name: &String| name.eq_ignore_ascii_case("content-length");
        let own_length = shape.headers.keys().any(is_length)
            || self.headers.iter().any(|(name, _)| is_length(name));
        let said = if own_length { LengthSaid::Absent } else { shape.said };
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
        let ending = match shape.stalls {
            true => Ending::Stall,
            false if sent < whole && shape.said == LengthSaid::Right => Ending::Break,
            false => Ending::Plain,
        };
        let body = match (self.body, shape.pace) {
            (ReplyBody::Bytes(bytes), None)
                if ending == Ending::Plain && sent == whole && !own_length =>
            {
                Full::new(bytes).map_err(|never| match never {}).boxed()
            }
            (body, pace) => pieces(body, sent, pace, ending),
        };
        builder.body(body).unwrap_or_else(|_| {
            let body = Empty::new().map_err(|never| match never {}).boxed();
            Response::new(body)
        })
    }
}

const JSON: &str = "application/json; charset=UTF-8";

/// How a script wants an answer to be sent.
#[derive(Debug)]
pub(crate) struct Shape {
    /// How many bytes of the body are sent; all when absent.
    sent: Option<u64>,
    said: LengthSaid,
    /// Nothing comes after that, and the connection stays open.
    stalls: bool,
    pace: Option<Slow>,
    headers: BTreeMap<String, String>,
}

impl Default for Shape {
    fn default() -> Self {
        let headers = BTreeMap::new();
        Self { sent: None, said: LengthSaid::Right, stalls: false, pace: None, headers }
    }
}

impl Shape {
    pub(crate) fn cut(bytes: u64, said: LengthSaid) -> Self {
        Self { sent: Some(bytes), said, ..Self::default() }
    }

    pub(crate) fn stalled(bytes: u64) -> Self {
        Self { sent: Some(bytes), stalls: true, ..Self::default() }
    }

    pub(crate) fn drip(pace: Slow) -> Self {
        Self { pace: Some(pace), ..Self::default() }
    }

    pub(crate) fn headers(headers: BTreeMap<String, String>) -> Self {
        Self { headers, ..Self::default() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Plain,
    /// The connection closes before its time.
    Break,
    Stall,
}

/// What is left of a body that is sent piece by piece.
struct Pieces {
    body: ReplyBody,
    left: u64,
    pace: Option<Slow>,
    first: bool,
    ending: Ending,
}

fn pieces(body: ReplyBody, left: u64, pace: Option<Slow>, ending: Ending) -> Body {
    let state = Pieces { body, left, pace, first: true, ending };
    let frames = stream::try_unfold(state, |mut state| async move {
        let piece = state.next().await?;
        Ok(piece.map(|piece| (Frame::data(piece), state)))
    });
    BodyExt::boxed(StreamBody::new(frames))
}

impl Pieces {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        const PIECE: u64 = 256 * 1024;
        if self.left == 0 {
            return self.end().await;
        }
        let size =
            self.left.min(self.pace.as_ref().map_or(PIECE, |pace| pace.bytes.clamp(1, PIECE)));
        if let Some(pace) = &self.pace
            && !std::mem::take(&mut self.first)
        {
            pace.core.clock.wait(pace.every).await;
        }
        let piece = match &mut self.body {
            ReplyBody::Bytes(bytes) => {
                bytes.split_to(usize::try_from(size).unwrap_or(usize::MAX).min(bytes.len()))
            }
            ReplyBody::File(file, _) => {
                let mut piece = Vec::new();
                file.take(size).read_to_end(&mut piece).await?;
                piece.into()
            }
        };
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= piece.len() as u64;
        Ok(Some(piece))
    }

    async fn end(&self) -> io::Result<Option<Bytes>> {
        match self.ending {
            Ending::Plain => Ok(None),
            Ending::Stall => std::future::pending().await,
            Ending::Break => {
                // An error throws away what is not yet written: let that go out first.
                pause(Duration::from_millis(20)).await;
                Err(io::Error::other("cut by the script"))
            }
        }
    }
}

/// A `google.rpc.Status` under `error`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) http: u16,
    /// The name of the status, when it is not the one that goes with the number.
    status: Option<&'static str>,
    pub(crate) message: String,
    pub(crate) details: Vec<Value>,
    pub(crate) headers: Vec<(String, String)>,
}

impl Failure {
    pub(crate) fn of(http: u16, message: impl Into<String>) -> Self {
        Self {
            http,
            status: None,
            message: message.into(),
            details: Vec::new(),
            headers: Vec::new(),
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::of(400, message)
    }

    pub(crate) fn not_found() -> Self {
        Self::of(404, "Requested entity was not found.")
    }

    pub(crate) fn status(self, name: &'static str) -> Self {
        Self { status: Some(name), ..self }
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
            "status": failure.status.unwrap_or_else(|| status_name(failure.http)),
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
