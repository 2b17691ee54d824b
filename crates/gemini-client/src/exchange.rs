//! One request and its answer, and the loop that repeats it by policy.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, Url};
use tracing::{Instrument as _, Span};

use crate::client::Client;
use crate::clock::{Wait, before};
use crate::failure::{Answer, Failure, No, header_text};
use crate::lenient::http_date;
use crate::policy::{CallClass, Outcome};

/// The largest answer without success that is taken in; the rest of it is left.
const MAX_REFUSAL: usize = 1024 * 1024;

const KEY_HEADER: HeaderName = HeaderName::from_static("x-goog-api-key");

/// A request that can be sent again.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) class: CallClass,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Option<Vec<u8>>,
}

impl Call {
    pub(crate) fn new(class: CallClass, method: Method, url: Url) -> Self {
        Self { class, method, url, headers: HeaderMap::new(), json: None }
    }

    pub(crate) fn json(mut self, body: Vec<u8>) -> Self {
        self.json = Some(body);
        self
    }
}

/// What became of all tries of one call.
#[derive(Debug)]
pub(crate) struct Tries<T> {
    pub(crate) result: Result<T, Failure>,
    /// Whether an earlier try may have arrived though its answer was lost.
    pub(crate) doubtful: bool,
}

impl Client {
    /// Sends a call, again where its policy says so, until `read` makes sense of an answer.
    pub(crate) async fn call<T>(
        &self,
        call: &Call,
        read: impl Fn(&Answer) -> Result<T, Failure> + Send + Sync,
    ) -> Tries<T> {
        let started = self.clock().elapsed();
        let (mut attempt, mut doubtful) = (1, false);
        loop {
            let result = match self.once(call, attempt).await {
                Ok(answer) => read(&answer),
                Err(failure) => Err(failure),
            };
            let failure = match result {
                Ok(value) => {
                    self.budget().success();
                    return Tries { result: Ok(value), doubtful };
                }
                Err(failure) => failure,
            };
            let Some(wait) = self.pause(call.class, failure.outcome(), attempt, started) else {
                let result = Err(failure);
                return Tries { result, doubtful };
            };
            let outcome = failure.outcome();
            tracing::debug!(target: "exchange", ?outcome, attempt, ?wait, "trying again");
            doubtful |= outcome != Outcome::NotSent;
            self.clock().sleep(wait).await;
            attempt += 1;
        }
    }

    /// How long to wait before another try, if there is to be one.
    pub(crate) fn pause(
        &self,
        class: CallClass,
        outcome: Outcome,
        attempt: u32,
        started: Duration,
    ) -> Option<Duration> {
        let policy = self.policies().of(class);
        let wait = policy.wait(class, outcome, attempt, self.clock().draw())?;
        let bounded = !matches!(class, CallClass::Upload | CallClass::Download);
        let spent = self.clock().elapsed().saturating_sub(started);
        if bounded && spent.saturating_add(wait) > policy.total {
            return None;
        }
        self.budget().take(outcome.is_silence()).then_some(wait)
    }

    /// How long one try of a call may take.
    fn limit_of(&self, class: CallClass) -> Duration {
        match class {
            CallClass::Create | CallClass::Generate => self.timeouts().create,
            _ => self.timeouts().call,
        }
    }

    /// Sends a call once.
    pub(crate) async fn once(&self, call: &Call, attempt: u32) -> Result<Answer, Failure> {
        let mut request = self
            .http()
            .request(call.method.clone(), call.url.clone())
            .headers(call.headers.clone())
            .header(KEY_HEADER, self.key_header());
        if let Some(json) = &call.json {
            request = request.header("content-type", "application/json").body(json.clone());
        }
        let span = Self::span(&call.method, &call.url, attempt);
        async {
            let started = self.clock().elapsed();
            let result = self.converse(request, self.limit_of(call.class)).await;
            let result = result.and_then(Answer::unless_page);
            self.close_span(&Span::current(), &result, started);
            result
        }
        .instrument(span)
        .await
    }

    /// Sends a request with a short body and takes its answer in, all before `limit`.
    pub(crate) async fn converse(
        &self,
        request: RequestBuilder,
        limit: Duration,
    ) -> Result<Answer, Failure> {
        let mut timer = self.clock().limit(limit);
        let silent = || Failure::silent("no answer came", limit);
        let response = before(&mut timer, request.send()).await.ok_or_else(silent)?;
        let response = response.map_err(Failure::from_reqwest)?;
        self.take_in(response, &mut timer).await.unwrap_or_else(|| Err(silent()))
    }

    /// Reads an answer to its end, within bounds; nothing when the timer ends first.
    pub(crate) async fn take_in(
        &self,
        mut response: Response,
        timer: &mut Wait<'_>,
    ) -> Option<Result<Answer, Failure>> {
        let status = response.status().as_u16();
        let success = response.status().is_success();
        let limit = if success { self.transfers().answer_bytes } else { MAX_REFUSAL };
        let headers = std::mem::take(response.headers_mut());
        let observed = header_text(&headers, DATE.as_str()).and_then(http_date);
        let mut body = Vec::new();
        loop {
            match before(timer, response.chunk()).await {
                Some(Ok(Some(chunk))) if body.len() + chunk.len() <= limit => {
                    body.extend_from_slice(&chunk);
                }
                Some(Ok(Some(_))) if success => {
                    let why = format!("the answer is larger than {limit} bytes");
                    let hint = "take more with Transfers::answer_bytes, or ask for less at once";
                    return Some(Err(Failure::Senseless { why, hint }));
                }
                Some(Err(error)) if success => return Some(Err(Failure::from_reqwest(error))),
                None if success => return None,
                // What a refusal says is worth less than that it is one.
                _ => break,
            }
        }
        Some(if success {
            Ok(Answer { headers, body, observed })
        } else {
            let no = No::read(status, &headers, &body, observed);
            Err(Failure::Refused(Box::new(no)))
        })
    }

    /// A span without a secret: the query of an address may hold one, so it is left out.
    pub(crate) fn span(method: &Method, url: &Url, attempt: u32) -> Span {
        tracing::debug_span!(
            target: "exchange",
            "exchange",
            %method,
            path = ?url.path(),
            attempt,
            status = tracing::field::Empty,
            ms = tracing::field::Empty,
        )
    }

    pub(crate) fn close_span<T>(
        &self,
        span: &Span,
        result: &Result<T, Failure>,
        started: Duration,
    ) {
        let spent = self.clock().elapsed().saturating_sub(started);
        span.record("ms", u64::try_from(spent.as_millis()).unwrap_or(u64::MAX));
        match result {
            Ok(_) => span.record("status", "success"),
            Err(failure) => match failure.status() {
                Some(status) => span.record("status", status),
                None => span.record("status", "none"),
            },
        };
        tracing::debug!(target: "exchange", "ended");
    }

    /// A request without a key: the address of an upload session is all it needs.
    pub(crate) fn keyless(&self, url: &Url) -> RequestBuilder {
        self.http().post(url.clone())
    }

    pub(crate) fn header_value(text: &str) -> Result<HeaderValue, Failure> {
        HeaderValue::from_str(text)
            .map_err(|_| Failure::Unreadable("a value cannot stand in a header".to_owned()))
    }
}
