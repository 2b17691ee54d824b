//! Streaming of results: length checked, silence noticed, cut transfers taken up where the service
//! allows it and started over where it does not.

use batch_backend::{BackendError, ByteSink, ErrorKind, Fetched, Operation, OutputName};
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE, RANGE,
};
use reqwest::{Method, Response, StatusCode, Url};
use tracing::{Instrument as _, Span};

use crate::client::Client;
use crate::clock::before;
use crate::failure::{Failure, header_text};
use crate::name;
use crate::policy::CallClass;

/// So many characters of a page are shown.
const BEGINNING: usize = 80;

/// What a page begins with, for the end of a sentence; it is made safe where the sentence is shown.
fn beginning(body: &[u8]) -> String {
    let body = &body[..body.len().min(4 * BEGINNING)];
    let text: String = String::from_utf8_lossy(body).trim().chars().take(BEGINNING).collect();
    if text.is_empty() { text } else { format!(", which begins with {text}") }
}

/// How far a download has come, over all its tries.
#[derive(Debug, Default)]
struct Arrived {
    bytes: u64,
    /// The length of the whole, once the service has named it.
    total: Option<u64>,
    /// The mark of this very content, to ask for the rest of nothing else.
    etag: Option<String>,
    /// Whether it ends as results do, with the end of a line.
    ends_line: bool,
}

impl Client {
    pub(crate) async fn download(
        &self,
        output: &OutputName,
        into: &mut dyn ByteSink,
    ) -> Result<Fetched, BackendError> {
        let about = self.about_file(Operation::Fetch, output.as_str());
        let Some(output) = name::output(output.as_str()) else {
            let why = "this is no name of a file of results";
            let error = BackendError::new(about.operation, about.subject, ErrorKind::Rejected, why);
            return Err(error);
        };
        let mut url = self.at(&format!("{output}:download"));
        url.set_query(Some("alt=media"));
        let mut arrived = Arrived::default();
        let started = self.clock().elapsed();
        // The farthest byte of any try, and where one ended that nothing vouches for.
        let (mut farthest, mut unsure) = (0, None);
        let mut attempt = 1;
        loop {
            let failure = match self.try_download(&url, attempt, &mut arrived, into).await {
                Ok(()) if arrived.looks_cut() && unsure != Some(arrived.bytes) => {
                    unsure = Some(arrived.bytes);
                    Failure::Lost("no length was named, and the last line has no end".into())
                }
                Ok(()) => {
                    self.budget().success();
                    return Ok(Fetched {
                        bytes: arrived.bytes,
                        length_checked: arrived.total.is_some(),
                    });
                }
                Err(failure) => failure,
            };
            if arrived.bytes > farthest {
                (farthest, attempt) = (arrived.bytes, 1);
                self.budget().success();
            }
            let outcome = failure.outcome();
            let Some(wait) = self.pause(CallClass::Download, outcome, attempt, started) else {
                return Err(about.failed(failure));
            };
            tracing::debug!(target: "exchange", ?outcome, attempt, ?wait, "fetching again");
            self.clock().sleep(wait).await;
            attempt += 1;
        }
    }

    async fn try_download(
        &self,
        url: &Url,
        attempt: u32,
        arrived: &mut Arrived,
        into: &mut dyn ByteSink,
    ) -> Result<(), Failure> {
        let span = Self::span(&Method::GET, url, attempt);
        async {
            let began = self.clock().elapsed();
            let result = self.stream(url, arrived, into).await;
            self.close_span(&Span::current(), &result, began);
            result
        }
        .instrument(span)
        .await
    }

    async fn stream(
        &self,
        url: &Url,
        arrived: &mut Arrived,
        into: &mut dyn ByteSink,
    ) -> Result<(), Failure> {
        let opened = self.open_download(url, arrived).await;
        let fits = opened.as_ref().is_ok_and(|r| arrived.is_continued_by(r));
        let refused = opened.as_ref().is_err_and(|f| f.status() == Some(416));
        if arrived.bytes > 0 && !fits && (refused || opened.is_ok()) {
            into.restart().map_err(Failure::Local)?;
            *arrived = Arrived::default();
        }
        let partial = opened.as_ref().is_ok_and(|r| r.status() == StatusCode::PARTIAL_CONTENT);
        if refused || partial && !fits {
            let why = "another part of the results came than was asked for";
            return Err(Failure::Unreadable(why.to_owned()));
        }
        let mut response = opened?;
        if arrived.bytes == 0 {
            arrived.total = response.content_length();
            arrived.etag = header_text(response.headers(), ETAG.as_str()).map(str::to_owned);
        }
        let idle = self.timeouts().idle;
        loop {
            let mut timer = self.clock().limit(idle);
            let chunk = before(&mut timer, response.chunk())
                .await
                .ok_or_else(|| Failure::silent("the download stood still", idle))?
                .map_err(Failure::from_reqwest)?;
            let Some(chunk) = chunk else {
                break;
            };
            into.write(&chunk).map_err(Failure::Local)?;
            arrived.bytes += chunk.len() as u64;
            arrived.ends_line = chunk.ends_with(b"\n");
        }
        match arrived.total {
            Some(total) if total != arrived.bytes => {
                let text = format!("{} of {total} bytes came", arrived.bytes);
                Err(Failure::Lost(text.into()))
            }
            _ => Ok(()),
        }
    }

    /// Asks for the whole, or for the rest where part of it is here; returns a success.
    async fn open_download(&self, url: &Url, arrived: &Arrived) -> Result<Response, Failure> {
        let mut request = self
            .http()
            .get(url.clone())
            .header("x-goog-api-key", self.key_header())
            .header(ACCEPT_ENCODING, "identity");
        // Without a known length nothing could tell a fitting rest from another one.
        if arrived.bytes > 0 && arrived.total.is_some() {
            request = request.header(RANGE, format!("bytes={}-", arrived.bytes));
            if let Some(etag) = &arrived.etag {
                request = request.header(IF_RANGE, Self::header_value(etag)?);
            }
        }
        let limit = self.timeouts().call;
        let mut timer = self.clock().limit(limit);
        let silent = || Failure::silent("no answer came", limit);
        let response = before(&mut timer, request.send()).await.ok_or_else(silent)?;
        let mut response = response.map_err(Failure::from_reqwest)?;
        if !response.status().is_success() {
            let refused = self.take_in(response, &mut timer).await;
            return match refused.ok_or_else(silent)? {
                Err(failure) => Err(failure),
                Ok(_) => Err(Failure::Unreadable("a refusal that is none".to_owned())),
            };
        }
        let media_type = header_text(response.headers(), CONTENT_TYPE.as_str());
        if media_type.is_some_and(|text| text.starts_with("text/html")) {
            // Of a page that does not even begin nothing is shown.
            let start = before(&mut timer, response.chunk()).await;
            let start = start.and_then(|chunk| chunk.ok().flatten()).unwrap_or_default();
            return Err(Failure::Unreadable(format!(
                "a web page came in place of the results{}",
                beginning(&start)
            )));
        }
        match header_text(response.headers(), CONTENT_ENCODING.as_str()) {
            None | Some("identity" | "") => Ok(response),
            Some(_) => Err(Failure::Unreadable(
                "the results came compressed though they were asked for plain".to_owned(),
            )),
        }
    }
}

impl Arrived {
    /// Whether only a cut explains the end, as far as one can see. Two such ends at the same byte
    /// are taken for the end.
    fn looks_cut(&self) -> bool {
        self.total.is_none() && self.bytes > 0 && !self.ends_line
    }

    /// Whether an answer is the rest of exactly what is here.
    fn is_continued_by(&self, response: &Response) -> bool {
        let Some(total) = self.total else {
            return false;
        };
        let expected = format!("bytes {}-{}/{total}", self.bytes, total.saturating_sub(1));
        let range = header_text(response.headers(), CONTENT_RANGE.as_str());
        response.status() == StatusCode::PARTIAL_CONTENT && range == Some(expected.as_str())
    }
}
