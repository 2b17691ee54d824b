//! From a failed exchange to the one error of the contract: its kind, its words, what to do next.

use batch_backend::{Applied, BackendError, ErrorKind, ModelId, Operation};

use crate::cause::{Cause, line};
use crate::failure::{Failure, No};
use crate::text::shown;

/// What the service answered when it refused: the source of such a [`BackendError`].
///
/// ```
/// use std::error::Error;
/// use batch_backend::BackendError;
/// use gemini_client::Refusal;
///
/// /// The line of the uploaded file that the service did not like.
/// fn line(error: &BackendError) -> Option<u64> {
///     error.source()?.downcast_ref::<Refusal>()?.line
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("HTTP {http}{}{}", spaced(self.status.as_deref()), spaced(self.reason.as_deref()))]
#[non_exhaustive]
pub struct Refusal {
    /// The HTTP status.
    pub http: u16,
    /// What it comes to.
    pub cause: Cause,
    /// The service's name for it, such as `INVALID_ARGUMENT`.
    pub status: Option<String>,
    /// The service's finer name, such as `API_KEY_INVALID`.
    pub reason: Option<String>,
    /// The line of the input that was refused, from 1.
    pub line: Option<u64>,
    /// The quotas that are used up.
    pub quotas: Vec<String>,
    /// Models that there are, named much like the one that there is not; the closest first.
    pub close_models: Vec<ModelId>,
}

fn spaced(word: Option<&str>) -> String {
    word.map(|word| format!(" {word}")).unwrap_or_default()
}

/// What a call is about, as far as it changes what a refusal of it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thing {
    /// A job, a list.
    Other,
    /// A file: a 403 means that it is not there.
    File,
    /// A model, or what it is asked.
    Model,
}

/// One call as an error tells of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) operation: Operation,
    pub(crate) subject: &'a str,
    pub(crate) thing: Thing,
    /// The key, to be taken out of words from outside.
    pub(crate) key: &'a str,
}

impl About<'_> {
    fn error(&self, kind: ErrorKind, reason: impl Into<String>) -> BackendError {
        BackendError::new(self.operation, self.subject, kind, reason)
    }

    /// Whether a call that may have arrived may have changed something.
    fn in_doubt(&self) -> Applied {
        match self.operation {
            Operation::Get
            | Operation::List
            | Operation::Fetch
            | Operation::OpenUpload
            | Operation::Count => Applied::No,
            // An answer costs money, and the others change something.
            _ => Applied::Maybe,
        }
    }

    /// An answer of success that makes no sense.
    pub(crate) fn nonsense(&self, why: &str) -> BackendError {
        let error = self.error(ErrorKind::Protocol, shown(why, self.key));
        error.with_applied(self.in_doubt()).with_hint(Cause::Nonsense.hint(None))
    }

    /// A thing that is not there.
    pub(crate) fn not_found(&self, why: &str) -> BackendError {
        self.error(ErrorKind::NotFound, why)
    }

    /// A call that is refused before it is sent.
    pub(crate) fn odd(&self, why: &str) -> BackendError {
        self.error(ErrorKind::Rejected, why)
    }

    /// The error of a failed exchange.
    pub(crate) fn failed(&self, failure: Failure) -> BackendError {
        self.failed_near(failure, Vec::new())
    }

    /// The error of a failed exchange, with the models whose names are close to the one asked for.
    pub(crate) fn failed_near(&self, failure: Failure, close: Vec<ModelId>) -> BackendError {
        match failure {
            Failure::NotSent(cause) => {
                let why = Cause::of_connection(&*cause);
                let words = match why {
                    Cause::Certificate => "the service's certificate is not trusted",
                    Cause::Clock => "the service's certificate is not valid at this time",
                    _ => "no connection came about",
                };
                let error = self.error(ErrorKind::Transient { retry_after: None }, words);
                error.with_hint(why.hint(None)).with_source(cause)
            }
            Failure::Lost(cause) => self
                .error(ErrorKind::Transient { retry_after: None }, "no whole answer came back")
                .with_applied(self.in_doubt())
                .with_hint(Cause::Lost.hint(None))
                .with_source(cause),
            Failure::Unreadable(why) => self.nonsense(&why),
            Failure::Senseless { why, hint } => self.nonsense(&why).with_hint(hint),
            Failure::Local(cause) => self
                .error(ErrorKind::Local, "this machine failed to read or to write")
                .with_hint(Cause::Local.hint(None))
                .with_source(cause),
            Failure::Refused(no) => self.refused(&no, close),
        }
    }

    fn refused(&self, no: &No, close: Vec<ModelId>) -> BackendError {
        let cause = Cause::of_answer(no, self);
        // Only what the service itself says when it has looked and declined. Others, such as 409
        // (aborted), 425 or 499 (the caller went away), may come from a place on the way while the
        // service goes on.
        let definite = matches!(no.status, 400 | 401 | 403 | 404 | 413 | 429);
        let applied = if definite { Applied::No } else { self.in_doubt() };
        let error = self.error(cause.kind(no, self), self.words(no)).with_applied(applied);
        let mut hint = cause.hint(Some(no)).to_owned();
        if !close.is_empty() {
            let names: Vec<_> = close.iter().map(ModelId::as_str).collect();
            hint = format!("{hint}; there is {}", names.join(", "));
        }
        error.with_hint(hint).with_source(refusal(no, cause, self.key, close))
    }

    /// The service's own words, or something in their place.
    fn words(&self, no: &No) -> String {
        let mut words = match (&no.error.message, no.status) {
            (Some(message), _) if !message.trim().is_empty() => shown(message.trim(), self.key),
            (_, 300..400) => "a redirect was answered, and none is ever followed".to_owned(),
            (_, status) if no.page => format!("HTTP {status} was answered with a web page"),
            (_, status) => format!("HTTP {status} was answered without a word the API uses"),
        };
        if !no.error.quotas.is_empty() {
            let ids = shown(&no.error.quotas.join(", "), self.key);
            words = format!("{words} (quota {ids})");
        }
        words
    }
}

fn refusal(no: &No, cause: Cause, key: &str, close_models: Vec<ModelId>) -> Refusal {
    let word = |text: &Option<String>| text.as_deref().map(|text| shown(text, key));
    Refusal {
        http: no.status,
        cause,
        status: word(&no.error.status),
        reason: word(&no.error.reason),
        line: line(no),
        quotas: no.error.quotas.iter().map(|id| shown(id, key)).collect(),
        close_models,
    }
}
