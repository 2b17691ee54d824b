//! One exchange with the upstream: tries, waits, sizes, and errors as row errors.

use std::time::Duration;

use bytes::BytesMut;
use futures_util::StreamExt;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, Url, redirect};
use serde_json::Value;
use serde_json::value::RawValue;

use super::config::{UpstreamConfig, UpstreamError, UpstreamKey, is_loopback};
use crate::answer::RowAnswer;
use crate::clock::pause;

/// Larger answers are not read.
const MOST: usize = 64 << 20;

/// Waits between tries are at most so long, whatever `Retry-After` says.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How much of an error's text is passed on.
const SHOWN: usize = 500;

/// The header in which a key goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    Bearer,
    Goog,
}

#[derive(Debug)]
pub(super) struct Sender {
    http: reqwest::Client,
    key: Option<UpstreamKey>,
    tries: u32,
    first_wait: Duration,
}

/// How one try failed.
struct Failed {
    answer: RowAnswer,
    again: Again,
}

/// Whether another try may help.
#[derive(Debug, Clone, Copy)]
enum Again {
    No,
    Soon,
    /// When the server wants it.
    After(Duration),
}

impl Sender {
    pub(super) fn new(config: &UpstreamConfig, url: &Url) -> Result<Self, UpstreamError> {
        // Losing the race to another thread is as good: then there is a provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            // A redirect would take the key and the rows to wherever it leads.
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(Duration::from_secs(10).min(config.timeout))
            .timeout(config.timeout);
        if is_loopback(url) {
            builder = builder.no_proxy();
        }
        let http =
            builder.build().map_err(|error| UpstreamError::Http(error.without_url().into()))?;
        let key = config.key.clone();
        Ok(Self { http, key, tries: config.tries, first_wait: config.first_wait })
    }

    pub(super) async fn get(&self, url: Url, key: Key) -> Result<Box<RawValue>, RowAnswer> {
        self.tried(|| self.http.get(url.clone()), key).await
    }

    pub(super) async fn post(
        &self,
        url: Url,
        key: Key,
        body: impl Into<bytes::Bytes>,
    ) -> Result<Box<RawValue>, RowAnswer> {
        let body = body.into();
        let request = || {
            let request = self.http.post(url.clone()).header(CONTENT_TYPE, "application/json");
            request.body(body.clone())
        };
        self.tried(request, key).await
    }

    async fn tried(
        &self,
        request: impl Fn() -> RequestBuilder,
        key: Key,
    ) -> Result<Box<RawValue>, RowAnswer> {
        let mut wait = self.first_wait;
        let mut tries = 0;
        loop {
            tries += 1;
            let failed = match self.once(request(), key).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let pace = match failed.again {
                Again::Soon if tries < self.tries => wait,
                Again::After(wanted) if tries < self.tries => wanted,
                _ => return Err(failed.answer),
            };
            tracing::debug!(tries, answer = ?failed.answer, "the upstream is asked again");
            pause(pace.min(LONGEST_WAIT)).await;
            wait = wait.saturating_mul(2);
        }
    }

    async fn once(&self, request: RequestBuilder, key: Key) -> Result<Box<RawValue>, Failed> {
        let request = match (&self.key, key) {
            (None, _) => request,
            (Some(secret), Key::Bearer) => {
                request.header(AUTHORIZATION, hidden(&format!("Bearer {}", secret.reveal())))
            }
            (Some(secret), Key::Goog) => request.header("x-goog-api-key", hidden(secret.reveal())),
        };
        let response = request.send().await.map_err(|error| out_of_reach(&error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(Failed { answer: self.redirected(&response), again: Again::No });
        }
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        let body = whole(response).await?;
        if status.is_success() {
            let broken = |_| Failed {
                answer: RowAnswer::error(13, "the upstream's answer is not JSON"),
                again: Again::No,
            };
            return serde_json::from_slice(&body).map_err(broken);
        }
        let again = match status.as_u16() {
            408 | 425 | 429 | 500 | 502 | 503 | 504 => after.map_or(Again::Soon, Again::After),
            _ => Again::No,
        };
        let parsed: Option<Value> = serde_json::from_slice(&body).ok();
        let message = parsed
            .as_ref()
            .and_then(message_of)
            .map_or_else(|| String::from_utf8_lossy(&body).trim().to_owned(), ToOwned::to_owned);
        let answer = refusal(status.as_u16(), parsed.as_ref(), &self.shown(&message));
        Err(Failed { answer, again })
    }

    /// Says where a redirect leads, without what may be secret in it.
    fn redirected(&self, response: &Response) -> RowAnswer {
        let status = response.status().as_u16();
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let place = location.and_then(|location| response.url().join(location).ok());
        let place = place.map(|mut url| {
            url.set_query(None);
            url.set_fragment(None);
            // An address without a host has no user either.
            let _ = (url.set_username(""), url.set_password(None));
            format!(" to {}", self.shown(url.as_str()))
        });
        let place = place.unwrap_or_default();
        RowAnswer::error(
            9,
            format!(
                "the upstream answered {status}, a redirect{place}; redirects are not followed: \
                 give the address of the server itself as the upstream"
            ),
        )
    }

    /// A server's own words as far as they may be passed on: short, and without the key, which
    /// some servers say again.
    fn shown(&self, message: &str) -> String {
        let message = match &self.key {
            Some(key) => message.replace(key.reveal(), "(key)"),
            None => message.to_owned(),
        };
        message.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
    }
}

/// The whole body, up to a size.
async fn whole(response: Response) -> Result<BytesMut, Failed> {
    let mut body = BytesMut::new();
    let mut pieces = response.bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| out_of_reach(&error))?;
        if body.len() + piece.len() > MOST {
            let answer = RowAnswer::error(13, "the upstream's answer is too large");
            return Err(Failed { answer, again: Again::No });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

fn hidden(value: &str) -> HeaderValue {
    // A key is checked to fit a header when it is made.
    let mut value = HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

fn out_of_reach(error: &reqwest::Error) -> Failed {
    tracing::debug!(?error, "the upstream did not answer");
    let answer = if error.is_timeout() {
        RowAnswer::error(4, "the upstream did not answer in time")
    } else if error.is_connect() {
        RowAnswer::error(14, "the upstream cannot be reached")
    } else {
        RowAnswer::error(14, "the connection to the upstream broke")
    };
    Failed { answer, again: Again::Soon }
}

fn message_of(body: &Value) -> Option<&str> {
    // Gemini wraps some errors in a list; some servers give the message alone.
    let error = body.get("error").or_else(|| body.get(0)?.get("error")).unwrap_or(body);
    let text = error.get("message").or_else(|| error.get("detail")).unwrap_or(error);
    text.as_str()
}

/// A status and a body as a row's error; a refusal for the content's sake is a blocked prompt.
fn refusal(status: u16, body: Option<&Value>, message: &str) -> RowAnswer {
    let error = body.and_then(|body| body.get("error"));
    let kind = error.and_then(|error| error.get("code")?.as_str());
    if matches!(kind, Some("content_filter" | "content_policy_violation")) {
        return RowAnswer::Response(serde_json::json!({
            "promptFeedback": {
                "blockReason": "PROHIBITED_CONTENT",
                "blockReasonMessage": message,
            },
        }));
    }
    let said = if message.is_empty() { String::new() } else { format!(": {message}") };
    RowAnswer::error(code(status), format!("the upstream answered {status}{said}"))
}

/// The `google.rpc.Code` for a status.
fn code(status: u16) -> i32 {
    match status {
        401 => 16,
        403 => 7,
        404 => 5,
        408 | 504 => 4,
        429 => 8,
        400..=499 => 3,
        500 => 13,
        501 => 12,
        _ => 14,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn refusals_keep_their_meaning() {
        let plain = |status| match refusal(status, None, "why") {
            RowAnswer::Error { code, message } => (code, message),
            other => panic!("{other:?}"),
        };
        for (status, code) in [
            (400, 3),
            (401, 16),
            (403, 7),
            (404, 5),
            (422, 3),
            (429, 8),
            (500, 13),
            (502, 14),
            (503, 14),
            (504, 4),
        ] {
            assert_eq!(plain(status), (code, format!("the upstream answered {status}: why")));
        }
        let body = json!({"error": {"code": "content_filter", "message": "no"}});
        let RowAnswer::Response(blocked) = refusal(400, Some(&body), "no") else { panic!() };
        assert_eq!(blocked["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
    }

    #[test]
    fn messages_are_found_where_servers_put_them() {
        for (body, expected) in [
            (json!({"error": {"message": "m", "code": null}}), Some("m")),
            (json!({"error": "m"}), Some("m")),
            (json!([{"error": {"code": 429, "message": "m"}}]), Some("m")),
            (json!({"detail": "m"}), Some("m")),
            (json!({"message": "m"}), Some("m")),
            (json!({"error": {"code": 1}}), None),
        ] {
            assert_eq!(message_of(&body), expected, "{body}");
        }
    }
}
