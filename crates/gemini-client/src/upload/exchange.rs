//! The three requests of the resumable protocol, and what their answers mean to an upload.

use std::io;
use std::pin::pin;

use batch_backend::Payload;
use futures_util::future::{Either, select};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder, Response};
use tokio::sync::watch;
use tracing::{Instrument as _, Span};

use crate::body::Outgoing;
use crate::client::Client;
use crate::clock::before;
use crate::digest::Hashing;
use crate::exchange::Call;
use crate::failure::{Answer, Failure, header_text};
use crate::policy::{CallClass, is_passing_status};
use crate::upload::machine::{Piece, Received, USUAL_GRANULARITY};
use crate::upload::session::Session;
use crate::wire::{StartFile, StartUpload};

/// What an answer means to an upload.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The session is open, and so much has arrived.
    Active(Received),
    /// The service has the whole file; this answer's body may tell of it.
    Final(Vec<u8>),
    /// The session is no more.
    Gone,
    /// It may go better later.
    Trouble(Failure),
    /// It may be a refusal, or a request that crossed another one.
    Doubt(Failure),
    /// It will not go better.
    Over(Failure),
}

pub(crate) fn hear(result: Result<Answer, Failure>) -> Heard {
    match result {
        Ok(answer) => match header_text(&answer.headers, "x-goog-upload-status") {
            Some("final") => Heard::Final(answer.body),
            Some("cancelled") => Heard::Gone,
            Some("active") => {
                let size = header_text(&answer.headers, "x-goog-upload-size-received");
                Heard::Active(Received::read(size))
            }
            _ => Heard::Trouble(Failure::Unreadable(
                "an answer came without the state of the upload".to_owned(),
            )),
        },
        Err(Failure::Refused(no)) if no.upload_final => Heard::Over(Failure::Refused(no)),
        // Something on the way spoke: the session may be as it was.
        Err(failure) if failure.is_page() => Heard::Trouble(failure),
        Err(Failure::Refused(no)) => match no.status {
            404 | 410 => Heard::Gone,
            308 | 400 | 412 | 416 => Heard::Doubt(Failure::Refused(no)),
            status if is_passing_status(status) => Heard::Trouble(Failure::Refused(no)),
            _ => Heard::Over(Failure::Refused(no)),
        },
        Err(failure @ Failure::Local(_)) => Heard::Over(failure),
        Err(failure) => Heard::Trouble(failure),
    }
}

impl Client {
    /// The request that opens a session.
    pub(crate) fn start_call(&self, label: &str, len: u64) -> Result<Call, Failure> {
        let body = StartUpload {
            file: StartFile {
                display_name: label,
                mime_type: self.media_type(),
                size_bytes: len.to_string(),
            },
        };
        let json = serde_json::to_vec(&body).map_err(|e| Failure::Local(io::Error::other(e)))?;
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-goog-upload-protocol", "resumable"),
            ("x-goog-upload-command", "start"),
            ("x-goog-upload-header-content-type", self.media_type()),
        ] {
            headers.insert(name, Self::header_value(value)?);
        }
        headers.insert("x-goog-upload-header-content-length", HeaderValue::from(len));
        let call = Call::new(CallClass::OpenUpload, Method::POST, self.upload_address());
        Ok(Call { headers, ..call }.json(json))
    }

    /// The session in the answer to it.
    pub(crate) fn read_start(&self, answer: &Answer, label: &str) -> Result<Session, Failure> {
        let nonsense = |why: &str| Failure::Unreadable(why.to_owned());
        let url = header_text(&answer.headers, "x-goog-upload-url")
            .ok_or_else(|| nonsense("the answer names no upload address"))?;
        let url = reqwest::Url::parse(url)
            .map_err(|_| nonsense("the upload address in the answer is none"))?;
        self.base_url()
            .adopt(&url)
            .map_err(|why| nonsense(&format!("the upload address is refused: {why}")))?;
        let granularity = header_text(&answer.headers, "x-goog-upload-chunk-granularity");
        Ok(Session {
            url,
            label: Some(label.to_owned()),
            granularity: granularity
                .and_then(|text| text.parse().ok())
                .unwrap_or(USUAL_GRANULARITY),
        })
    }

    /// Sends a command that has no body.
    async fn command(
        &self,
        session: &Session,
        word: &str,
        attempt: u32,
    ) -> Result<Answer, Failure> {
        let request = self
            .keyless(&session.url)
            .header("x-goog-upload-command", word)
            .header(CONTENT_LENGTH, 0);
        let span = Self::span(&Method::POST, &session.url, attempt);
        let result = async {
            let started = self.clock().elapsed();
            let result = self.converse(request, self.timeouts().call).await;
            self.close_span(&Span::current(), &result, started);
            result
        };
        result.instrument(span).await
    }

    /// Ends a session, again where the policy of changes says so.
    pub(crate) async fn end_session(&self, session: &Session) -> Result<(), Failure> {
        let started = self.clock().elapsed();
        let mut attempt = 1;
        loop {
            let failure = match hear(self.command(session, "cancel", attempt).await) {
                Heard::Final(_) | Heard::Gone => return Ok(()),
                Heard::Active(_) => Failure::Unreadable("the session is still open".to_owned()),
                Heard::Doubt(failure) | Heard::Trouble(failure) | Heard::Over(failure) => failure,
            };
            // It is over without us: finished, or refused for good.
            if matches!(&failure, Failure::Refused(no) if no.upload_final) {
                return Ok(());
            }
            let outcome = failure.outcome();
            let Some(wait) = self.pause(CallClass::Change, outcome, attempt, started) else {
                return Err(failure);
            };
            tracing::debug!(target: "exchange", ?outcome, attempt, ?wait, "cancelling again");
            self.clock().sleep(wait).await;
            attempt += 1;
        }
    }

    /// Asks how many bytes have arrived.
    pub(crate) async fn ask(&self, session: &Session) -> Heard {
        match hear(self.command(session, "query", 1).await) {
            // A question that is refused was asked of a session that is no more.
            Heard::Doubt(_) => Heard::Gone,
            heard => heard,
        }
    }

    /// Sends a piece.
    pub(crate) async fn send_piece(
        &self,
        session: &Session,
        payload: &dyn Payload,
        piece: Piece,
        hashing: &mut Hashing,
    ) -> Heard {
        let span = Self::span(&Method::POST, &session.url, 1);
        let result = async {
            let started = self.clock().elapsed();
            let result = self.exchange_piece(session, payload, piece, hashing).await;
            self.close_span(&Span::current(), &result, started);
            result
        };
        hear(result.instrument(span).await)
    }

    async fn exchange_piece(
        &self,
        session: &Session,
        payload: &dyn Payload,
        piece: Piece,
        hashing: &mut Hashing,
    ) -> Result<Answer, Failure> {
        let request = self
            .keyless(&session.url)
            .header(CONTENT_TYPE, Self::header_value(self.media_type())?)
            .header("x-goog-upload-command", piece.command())
            .header("x-goog-upload-offset", piece.offset)
            .header(CONTENT_LENGTH, piece.len);
        if piece.len == 0 {
            return self.converse(request, self.timeouts().call).await;
        }
        let outgoing =
            Outgoing::open(payload, piece.offset, piece.len, hashing).map_err(Failure::Local)?;
        let fault = outgoing.fault();
        let result = self.send_streamed(request.body(outgoing.body), outgoing.beat).await;
        match fault.take() {
            Some(error) => Err(Failure::Local(error)),
            None => result,
        }
    }

    /// Sends a body of any length: not its whole time is bounded, but how long it stands still.
    async fn send_streamed(
        &self,
        request: RequestBuilder,
        mut beat: watch::Receiver<()>,
    ) -> Result<Answer, Failure> {
        let idle = self.timeouts().idle;
        let silent = || Failure::silent("the upload stood still", idle);
        let mut sending = Box::pin(request.send());
        let response: Response = loop {
            let mut timer = self.clock().limit(idle);
            let step = pin!(before(&mut timer, beat.changed()));
            match select(sending, step).await {
                Either::Left((answer, _)) => break answer.map_err(Failure::from_reqwest)?,
                Either::Right((Some(Ok(())), rest)) => sending = rest,
                // The whole body is out: now the answer is waited for.
                Either::Right((Some(Err(_)), rest)) => {
                    let mut timer = self.clock().limit(idle);
                    let answer = before(&mut timer, rest).await.ok_or_else(silent)?;
                    break answer.map_err(Failure::from_reqwest)?;
                }
                Either::Right((None, _)) => return Err(silent()),
            }
        };
        let call = self.timeouts().call;
        let mut timer = self.clock().limit(call);
        self.take_in(response, &mut timer)
            .await
            .unwrap_or_else(|| Err(Failure::silent("the answer stood still", call)))
    }
}
