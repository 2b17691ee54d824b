//! From a failed exchange to the one error of the contract: its kind, its words, what to do next.

use batch_backend::{Applied, BackendError, ErrorKind, Operation};

use crate::failure::{Failure, No};
use crate::policy::is_passing_status;
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
    /// The service's name for it, such as `INVALID_ARGUMENT`.
    pub status: Option<String>,
    /// The service's finer name, such as `API_KEY_INVALID`.
    pub reason: Option<String>,
    /// The line of the input that was refused, from 1.
    pub line: Option<u64>,
    /// The quotas that are used up.
    pub quotas: Vec<String>,
}

fn spaced(word: Option<&str>) -> String {
    word.map(|word| format!(" {word}")).unwrap_or_default()
}

/// One call as an error tells of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) operation: Operation,
    pub(crate) subject: &'a str,
    /// Whether a 403 means that the thing is gone: so it is for files.
    pub(crate) file: bool,
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
            Operation::Get | Operation::List | Operation::Fetch | Operation::OpenUpload => {
                Applied::No
            }
            _ => Applied::Maybe,
        }
    }

    /// An answer of success that makes no sense.
    pub(crate) fn nonsense(&self, why: &str) -> BackendError {
        self.error(ErrorKind::Protocol, shown(why, self.key))
            .with_applied(self.in_doubt())
            .with_hint("check that the base URL leads to the Gemini API, not to a proxy's page")
    }

    /// A thing that is not there.
    pub(crate) fn not_found(&self, why: &str) -> BackendError {
        self.error(ErrorKind::NotFound, why)
    }

    /// The error of a failed exchange.
    pub(crate) fn failed(&self, failure: Failure) -> BackendError {
        match failure {
            Failure::NotSent(cause) => self
                .error(ErrorKind::Transient { retry_after: None }, "no connection came about")
                .with_hint("check the network, the proxy variables and the base URL")
                .with_source(cause),
            Failure::Lost(cause) => self
                .error(ErrorKind::Transient { retry_after: None }, "no whole answer came back")
                .with_applied(self.in_doubt())
                .with_source(cause),
            Failure::Unreadable(why) => self.nonsense(&why),
            Failure::Local(cause) => self
                .error(ErrorKind::Local, "this machine failed to read or to write")
                .with_source(cause),
            Failure::Refused(no) => self.refused(&no),
        }
    }

    fn refused(&self, no: &No) -> BackendError {
        let verdict = self.verdict(no);
        let definite = (400..500).contains(&no.status) && no.status != 408;
        let applied = if definite { Applied::No } else { self.in_doubt() };
        let error = self
            .error(verdict.kind, self.words(no))
            .with_applied(applied)
            .with_source(refusal(no, self.key));
        match verdict.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }

    /// The service's own words, or something in their place.
    fn words(&self, no: &No) -> String {
        let mut words = match (&no.error.message, no.status) {
            (Some(message), _) if !message.trim().is_empty() => shown(message.trim(), self.key),
            (_, 300..400) => "a redirect was answered, and none is ever followed".to_owned(),
            (_, status) => format!("HTTP {status} was answered without a word the API uses"),
        };
        if !no.error.quotas.is_empty() {
            let ids = shown(&no.error.quotas.join(", "), self.key);
            words = format!("{words} (quota {ids})");
        }
        words
    }

    fn verdict(&self, no: &No) -> Verdict {
        let retry_after = no.retry_after;
        match no.status {
            300..400 => verdict(
                ErrorKind::Rejected,
                "set the base URL to where the service really is; the key is not sent elsewhere",
            ),
            400 => bad_request(no),
            401 => verdict(ErrorKind::Auth, KEY_HINT),
            403 => self.forbidden(no),
            404 | 410 => self.missing(no),
            413 => verdict(ErrorKind::Rejected, "an input may have 2 GB at most: use more shards"),
            429 => verdict(ErrorKind::Quota { retry_after }, quota_hint(no)),
            status if is_passing_status(status) => {
                Verdict { kind: ErrorKind::Transient { retry_after }, hint: None }
            }
            _ => Verdict { kind: ErrorKind::Rejected, hint: None },
        }
    }

    fn forbidden(&self, no: &No) -> Verdict {
        let says = |word: &str| says(no, word);
        let key = no.error.reason.as_deref().is_some_and(|r| r.starts_with("API_KEY"))
            || says("api key")
            || says("unregistered caller")
            || says("leaked");
        let create = self.operation == Operation::Create;
        if !key && (self.file || create && (says("may not exist") || says("file"))) {
            verdict(ErrorKind::NotFound, GONE_HINT)
        } else {
            verdict(ErrorKind::Auth, KEY_HINT)
        }
    }

    fn missing(&self, no: &No) -> Verdict {
        let create = self.operation == Operation::Create;
        if create && says(no, "model") && !says(no, "file") {
            return verdict(
                ErrorKind::Rejected,
                "no such model for this API version: check its name and its spelling",
            );
        }
        let file = self.file || create;
        Verdict { kind: ErrorKind::NotFound, hint: file.then_some(GONE_HINT) }
    }
}

const KEY_HINT: &str = "check the API key: it may be wrong, revoked, restricted or of a project \
                        without the Gemini API";
const GONE_HINT: &str = "it is gone, expired (files live 48 hours) or of another project's key";

struct Verdict {
    kind: ErrorKind,
    hint: Option<&'static str>,
}

fn verdict(kind: ErrorKind, hint: &'static str) -> Verdict {
    Verdict { kind, hint: Some(hint) }
}

fn bad_request(no: &No) -> Verdict {
    let reason = no.error.reason.as_deref();
    if reason == Some("API_KEY_INVALID") || says(no, "api key not valid") {
        return verdict(ErrorKind::Auth, KEY_HINT);
    }
    let billing = ["billing", "free tier", "location", "region", "country"];
    let failed = no.error.status.as_deref() == Some("FAILED_PRECONDITION");
    if failed && billing.iter().any(|word| says(no, word)) {
        return verdict(
            ErrorKind::Auth,
            "the project may not do this: batch jobs need billing, in a country that is served",
        );
    }
    let hint = line(no).map(|_| {
        "the service refuses the row on that line of the uploaded file, and with it the whole file"
    });
    Verdict { kind: ErrorKind::Rejected, hint }
}

fn quota_hint(no: &No) -> &'static str {
    let quota = |word: &str| no.error.quotas.iter().any(|id| id.to_lowercase().contains(word));
    if no.error.is_storage_full() {
        "the project's room for files (20 GB) is used up: delete files that no job needs, or wait \
         for them to expire after 48 hours"
    } else if quota("enqueued") || says(no, "enqueued") {
        "the tokens of all unfinished jobs are too many: wait for jobs to end, or send smaller ones"
    } else if quota("concurrent") || says(no, "concurrent") {
        "there are too many unfinished jobs: wait for some to end"
    } else {
        "a limit of the project is reached: wait, or run fewer jobs at once"
    }
}

fn says(no: &No, word: &str) -> bool {
    let message = no.error.message.as_deref().unwrap_or_default();
    message.to_lowercase().contains(word)
}

fn refusal(no: &No, key: &str) -> Refusal {
    let word = |text: &Option<String>| text.as_deref().map(|text| shown(text, key));
    Refusal {
        http: no.status,
        status: word(&no.error.status),
        reason: word(&no.error.reason),
        line: line(no),
        quotas: no.error.quotas.iter().map(|id| shown(id, key)).collect(),
    }
}

/// N of the first "line N" in the words of a refused request.
fn line(no: &No) -> Option<u64> {
    if no.status != 400 {
        return None;
    }
    let message = no.error.message.as_deref()?.to_lowercase();
    message.split("line ").skip(1).find_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    })
}
