//! Answers before they become HTTP: JSON, bytes or a file, and Google's way to say no.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Frame;
use hyper::{Response, StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::{Stamp, pause};
use crate::payload::Slow;
use crate::read_ahead::ReadAhead;
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
    /// One after the other.
    Pieces(VecDeque<Piece>),
}

#[derive(Debug)]
pub(crate) enum Piece {
    Bytes(Bytes),
    /// So many bytes of a file, as they are or with commas for line ends.
    File {
        file: File,
        length: u64,
        commas: bool,
    },
}

impl Piece {
    fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
        }
    }
}

impl Reply {
    pub(crate) fn json(value: &impl Serialize) -> Self {
        let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
        text.push('\n');
        Self::bytes(text.into()).header("Content-Type", JSON)
    }

    pub(crate) fn bytes(body: Bytes) -> Self {
        Self { status: 200, headers: Vec::new(), body: ReplyBody::Bytes(body) }
    }

    pub(crate) async fn file(path: &Path) -> io::Result<Self> {
        let file = tokio::fs::File::open(path).await?.into_std().await;
        let length = file.metadata()?.len();
        let body = ReplyBody::Pieces([Piece::File { file, length, commas: false }].into());
        Ok(Self { status: 200, headers: Vec::new(), body })
    }

    /// JSON that is yet to be put together.
    pub(crate) fn pieces() -> Self {
        let body = ReplyBody::Pieces(VecDeque::new());
        Self { status: 200, headers: Vec::new(), body }.header("Content-Type", JSON)
    }

    pub(crate) fn push(&mut self, text: String) {
        self.push_piece(Piece::Bytes(text.into()));
    }

    /// The lines of a file as the items of a list.
    pub(crate) fn push_rows(&mut self, path: &Path) -> io::Result<()> {
        let file = File::open(path)?;
        // The last line's end stays away.
        let length = file.metadata()?.len().saturating_sub(1);
        self.push_piece(Piece::File { file, length, commas: true });
        Ok(())
    }

    fn push_piece(&mut self, piece: Piece) {
        match &mut self.body {
            ReplyBody::Pieces(pieces) => pieces.push_back(piece),
            ReplyBody::Bytes(bytes) => {
                let first = Piece::Bytes(std::mem::take(bytes));
                self.body = ReplyBody::Pieces([first, piece].into());
            }
        }
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
            ReplyBody::Pieces(pieces) => pieces.iter().map(Piece::length).sum(),
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
    /// Bytes that are here, to be sent first.
    ready: Bytes,
    /// Where more comes from, with the bytes that are left of it, and commas or not.
    file: Option<(ReadAhead, u64, bool)>,
    /// What comes after that.
    rest: VecDeque<Piece>,
    left: u64,
    pace: Option<Slow>,
    first: bool,
    ending: Ending,
}

fn pieces(body: ReplyBody, left: u64, pace: Option<Slow>, ending: Ending) -> Body {
    let (ready, rest) = match body {
        ReplyBody::Bytes(bytes) => (bytes, VecDeque::new()),
        ReplyBody::Pieces(pieces) => (Bytes::new(), pieces),
    };
    let state = Pieces { ready, file: None, rest, left, pace, first: true, ending };
    let frames = stream::try_unfold(state, |mut state| async move {
        let piece = state.next().await?;
        Ok(piece.map(|piece| (Frame::data(piece), state)))
    });
    BodyExt::boxed(StreamBody::new(frames))
}

impl Pieces {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        if self.left == 0 {
            return self.end().await;
        }
        let most = self.left.min(self.pace.as_ref().map_or(u64::MAX, |pace| pace.bytes.max(1)));
        if let Some(pace) = &self.pace
            && !std::mem::take(&mut self.first)
        {
            pace.core.clock.wait(pace.every).await;
        }
        while self.ready.is_empty() && self.refill().await? {}
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let piece = self.ready.split_to(most.min(self.ready.len()));
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= piece.len() as u64;
        Ok(Some(piece))
    }

    /// Gets more bytes ready; says no at the end of everything.
    async fn refill(&mut self) -> io::Result<bool> {
        if let Some((file, left, commas)) = &mut self.file {
            let mut piece = file.next().await?;
            piece.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= piece.len() as u64;
            if *commas {
                let comma = |c: &u8| if *c == b'\n' { b',' } else { *c };
                piece = piece.iter().map(comma).collect();
            }
            if piece.is_empty() && *left > 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if *left == 0 {
                self.file = None;
            }
            self.ready = piece;
            return Ok(true);
        }
        match self.rest.pop_front() {
            Some(Piece::Bytes(bytes)) => self.ready = bytes,
            Some(Piece::File { length: 0, .. }) => {}
            Some(Piece::File { file, length, commas }) => {
                self.file = Some((ReadAhead::new(file), length, commas));
            }
            None => return Ok(false),
        }
        Ok(true)
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
