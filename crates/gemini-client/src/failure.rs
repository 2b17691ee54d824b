//! What can become of one exchange, before anyone has said what it was for.

use std::io;
use std::time::{Duration, SystemTime};

use batch_backend::BoxError;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::cause::Cause;
use crate::lenient;
use crate::policy::Outcome;
use crate::service_error::ServiceError;

/// A whole answer with a status of success.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// The service's own time.
    pub(crate) observed: Option<SystemTime>,
}

impl Answer {
    /// A web page where the API was asked is the page of something between.
    pub(crate) fn unless_page(self) -> Result<Self, Failure> {
        if is_page(&self.body) {
            let why = "a web page came in place of an answer of the API";
            return Err(Failure::Unreadable(why.to_owned()));
        }
        Ok(self)
    }
}

fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

/// Why there is no such answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No connection came about: the service saw nothing.
    NotSent(BoxError),
    /// The request may have arrived; no whole answer came back.
    Lost(BoxError),
    /// An answer came that makes no sense, and why.
    Unreadable(String),
    /// An answer came that makes no sense, would not the next time either, and what helps.
    Senseless { why: String, hint: &'static str },
    /// The service said no.
    Refused(Box<No>),
    /// This machine failed.
    Local(io::Error),
}

/// An answer with any status but success.
#[derive(Debug)]
pub(crate) struct No {
    pub(crate) status: u16,
    pub(crate) error: ServiceError,
    pub(crate) retry_after: Option<Duration>,
    /// `X-Goog-Upload-Status: final` beside it: the upload is over for good.
    pub(crate) upload_final: bool,
    /// The body is a web page: something on the way answered in the service's place.
    pub(crate) page: bool,
}

impl No {
    pub(crate) fn read(
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
        observed: Option<SystemTime>,
    ) -> Self {
        let error = ServiceError::read(body);
        let header = header_text(headers, RETRY_AFTER.as_str());
        let asked = header.and_then(|text| lenient::retry_after(text, observed));
        let retry_after = asked.max(error.retry_delay);
        Self {
            status,
            error,
            retry_after,
            page: is_page(body),
            upload_final: header_text(headers, "x-goog-upload-status") == Some("final"),
        }
    }
}

impl Failure {
    pub(crate) fn from_reqwest(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() || error.is_builder() {
            Self::NotSent(error.into())
        } else {
            Self::Lost(error.into())
        }
    }

    pub(crate) fn silent(what: &str, after: Duration) -> Self {
        let text = format!("{what} for {} s", after.as_secs_f64());
        Self::Lost(io::Error::new(io::ErrorKind::TimedOut, text).into())
    }

    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            // The same certificate will come again.
            Self::NotSent(cause) => match Cause::of_connection(&**cause) {
                Cause::Certificate | Cause::Clock => Outcome::Distrust,
                _ => Outcome::NotSent,
            },
            Self::Lost(_) => Outcome::Lost,
            Self::Unreadable(_) => Outcome::Unreadable,
            Self::Senseless { .. } => Outcome::Senseless,
            Self::Local(_) => Outcome::Local,
            Self::Refused(no) => Outcome::Status {
                code: no.status,
                floor: no.retry_after,
                stuck: no.error.is_storage_full(),
            },
        }
    }

    /// Whether a web page came with a status that is no success.
    pub(crate) fn is_page(&self) -> bool {
        matches!(self, Self::Refused(no) if no.page)
    }

    /// The status of the answer, if there was one.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(no) => Some(no.status),
            _ => None,
        }
    }
}

pub(crate) fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}
