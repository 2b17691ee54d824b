//! Why calls fail, by name: how each cause is recognised, what kind of error it is, what helps.

use std::error::Error;

use batch_backend::{BackendError, ErrorKind, Operation};

use crate::error::{About, Refusal, Thing};
use crate::failure::No;

/// Why a call failed, finer than its [`ErrorKind`]. [`Cause::of`] finds it in an error of this
/// client; the table in the [crate's documentation](crate#errors) lists them all.
///
/// ```
/// use gemini_client::Cause;
///
/// # use batch_backend::{BackendError, ErrorKind, Operation};
/// # let error = BackendError::new(Operation::Get, "files/k", ErrorKind::NotFound, "gone");
/// if Cause::of(&error) == Cause::Gone {
///     // upload it again
/// }
/// # assert_eq!(Cause::of(&error), Cause::Gone);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// No connection came about: refused, no such host, no handshake.
    Unreachable,
    /// The service's certificate is not trusted here.
    Certificate,
    /// The service's certificate is of another time: most often this machine's clock is wrong.
    Clock,
    /// The connection broke or went silent before a whole answer was there.
    Lost,
    /// The service cannot at the moment: 408, 500, 502, 503, 504.
    Busy,
    /// Something on the way answered in the service's place, with a web page or a 407.
    Proxy,
    /// An answer of success that makes no sense.
    Nonsense,
    /// A redirect, which is never followed.
    Redirect,
    /// The API key is missing, wrong, expired, revoked or blocked as leaked.
    Key,
    /// The key is known and may not do this.
    Forbidden,
    /// The project has no billing, which batch jobs need.
    Billing,
    /// The service is not offered where the request comes from.
    Region,
    /// It is not there: a file or job that is gone, expired, never was, or of another project.
    Gone,
    /// No such model in this version of the API.
    Model,
    /// A row of the input was refused; [`Refusal::line`] says which.
    Row,
    /// The file or the body is larger than the service takes.
    TooLarge,
    /// A limit of the project is reached; [`Refusal::quotas`] names it.
    Quota,
    /// The project's room for files is used up.
    StorageFull,
    /// Refused for another reason, which the error's text tells.
    Refused,
    /// The payload, the sink or another thing of this machine failed.
    Local,
}

impl Cause {
    /// The cause of an error that this client gave.
    pub fn of(error: &BackendError) -> Self {
        if let Some(refusal) = error.source().and_then(|source| source.downcast_ref::<Refusal>()) {
            return refusal.cause;
        }
        match error.kind() {
            ErrorKind::Auth => Self::Key,
            ErrorKind::NotFound => Self::Gone,
            ErrorKind::Protocol => Self::Nonsense,
            ErrorKind::Local => Self::Local,
            ErrorKind::Quota { .. } => Self::Quota,
            ErrorKind::Transient { .. } => error.source().map_or(Self::Lost, Self::of_connection),
            _ => Self::Refused,
        }
    }

    /// Why a connection failed, or never came about.
    pub(crate) fn of_connection(error: &(dyn Error + 'static)) -> Self {
        let mut connecting = false;
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(cause) = of_trust(error) {
                return cause;
            }
            let request = error.downcast_ref::<reqwest::Error>();
            connecting |= request.is_some_and(|e| e.is_connect() || e.is_builder());
            next = within(error).or_else(|| error.source());
        }
        if connecting { Self::Unreachable } else { Self::Lost }
    }

    /// The cause of an answer that is no success.
    pub(crate) fn of_answer(no: &No, about: &About<'_>) -> Self {
        match no.status {
            300..400 => Self::Redirect,
            407 => Self::Proxy,
            408 | 500 | 502 | 503 | 504 => Self::Busy,
            413 => Self::TooLarge,
            429 if no.error.is_storage_full() => Self::StorageFull,
            429 => Self::Quota,
            _ if no.page => Self::Proxy,
            400 => bad_request(no),
            401 => Self::Key,
            403 => forbidden(no, about),
            404 | 410 => missing(no, about),
            _ => Self::Refused,
        }
    }

    /// What helps.
    pub(crate) fn hint(self, no: Option<&No>) -> &'static str {
        match self {
            Self::Unreachable => "check the network, the proxy variables and the base URL",
            Self::Certificate => {
                "a proxy that opens TLS may be between: name its root certificates in \
                 SSL_CERT_FILE, or install them on this machine"
            }
            Self::Clock => "check the date and the time of this machine",
            Self::Busy if no.is_some_and(|no| no.page) => {
                "a gateway answered in the service's place; it may pass"
            }
            Self::Proxy if no.is_some_and(|no| no.status == 407) => {
                "the proxy wants a user name and a password: put them into HTTPS_PROXY"
            }
            Self::Proxy => "check the proxy variables and the base URL: a web page answered",
            Self::Nonsense => {
                "check that the base URL leads to the Gemini API, not to a proxy's page"
            }
            Self::Redirect => {
                "set the base URL to where the service really is; the key is not sent elsewhere"
            }
            Self::Key => "check the API key: it may be wrong, expired, revoked or blocked",
            Self::Forbidden => {
                "the key may not do this: it may be restricted, or its project may not have the \
                 Gemini API switched on"
            }
            Self::Billing => "batch jobs need a project with billing: switch it on for this key's",
            Self::Region => "the service is not offered in the country this request came from",
            Self::Gone => "it is gone, expired (files live 48 hours) or of another project's key",
            Self::Model => "no such model for this API version: check its name and its spelling",
            Self::Row => {
                "the service refuses the row on that line of the uploaded file, and with it the \
                 whole file"
            }
            Self::TooLarge => {
                "a file may have 2 GB at most, a body 20 MB: use more shards, or upload a file"
            }
            Self::Quota => quota_hint(no),
            Self::StorageFull => {
                "the project's room for files (20 GB) is used up: delete files that no job needs, \
                 or wait for them to expire after 48 hours"
            }
            Self::Lost => "try again; if it goes on, check the network and what is on the way",
            Self::Busy => "try again in a while: the service cannot at the moment",
            Self::Refused => "the service's words say what it did not like about the request",
            Self::Local => {
                "check the file: whether it is there, may be read or written, and has room on its disk"
            }
        }
    }

    /// The kind of error that it makes of a refused call.
    pub(crate) fn kind(self, no: &No, about: &About<'_>) -> ErrorKind {
        let retry_after = no.retry_after;
        match self {
            Self::Unreachable | Self::Certificate | Self::Clock | Self::Lost | Self::Busy => {
                ErrorKind::Transient { retry_after }
            }
            Self::Proxy | Self::Nonsense => ErrorKind::Protocol,
            Self::Key | Self::Forbidden | Self::Billing | Self::Region => ErrorKind::Auth,
            Self::Gone => ErrorKind::NotFound,
            // A job can be created of an input that is there and a model that is not.
            Self::Model if about.operation != Operation::Create => ErrorKind::NotFound,
            Self::Quota | Self::StorageFull => ErrorKind::Quota { retry_after },
            Self::Local => ErrorKind::Local,
            Self::Model | Self::Redirect | Self::Row | Self::TooLarge | Self::Refused => {
                ErrorKind::Rejected
            }
        }
    }
}

/// What an I/O error was made of, which its `source` skips.
fn within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let inner = error.downcast_ref::<std::io::Error>()?.get_ref()?;
    Some(inner)
}

#[cfg(feature = "rustls")]
fn of_trust(error: &(dyn Error + 'static)) -> Option<Cause> {
    use rustls::CertificateError as Why;
    let rustls::Error::InvalidCertificate(why) = error.downcast_ref::<rustls::Error>()? else {
        return None;
    };
    Some(match why {
        Why::Expired
        | Why::ExpiredContext { .. }
        | Why::NotValidYet
        | Why::NotValidYetContext { .. } => Cause::Clock,
        _ => Cause::Certificate,
    })
}

#[cfg(not(feature = "rustls"))]
fn of_trust(_: &(dyn Error + 'static)) -> Option<Cause> {
    None
}

fn bad_request(no: &No) -> Cause {
    if is_key(no) {
        return Cause::Key;
    }
    if no.error.status.as_deref() == Some("FAILED_PRECONDITION")
        && let Some(cause) = of_project(no)
    {
        return cause;
    }
    if says(no, "payload size exceeds") || says(no, "too large") {
        Cause::TooLarge
    } else if line(no).is_some() {
        Cause::Row
    } else {
        Cause::Refused
    }
}

fn forbidden(no: &No, about: &About<'_>) -> Cause {
    if is_key(no) || says(no, "api key") || says(no, "unregistered caller") || says(no, "leaked") {
        return Cause::Key;
    }
    let create = about.operation == Operation::Create;
    if about.thing == Thing::File || create && (says(no, "may not exist") || says(no, "file")) {
        return Cause::Gone;
    }
    of_project(no).unwrap_or(Cause::Forbidden)
}

fn missing(no: &No, about: &About<'_>) -> Cause {
    let create = about.operation == Operation::Create && says(no, "model") && !says(no, "file");
    if create || about.thing == Thing::Model { Cause::Model } else { Cause::Gone }
}

fn is_key(no: &No) -> bool {
    no.error.reason.as_deref().is_some_and(|reason| reason.starts_with("API_KEY"))
        || says(no, "api key not valid")
        || says(no, "api key expired")
}

/// What the project lacks, if that is it.
fn of_project(no: &No) -> Option<Cause> {
    let any = |words: &[&str]| words.iter().any(|word| says(no, word));
    if any(&["billing", "free tier"]) || no.error.reason.as_deref() == Some("BILLING_DISABLED") {
        Some(Cause::Billing)
    } else {
        any(&["location", "region", "country"]).then_some(Cause::Region)
    }
}

fn quota_hint(no: Option<&No>) -> &'static str {
    let about = |word: &str| {
        let names = |no: &No| no.error.quotas.iter().any(|id| id.to_lowercase().contains(word));
        no.is_some_and(|no| names(no) || says(no, word))
    };
    if about("enqueued") {
        "the tokens of all unfinished jobs are too many: wait for jobs to end, or send smaller ones"
    } else if about("concurrent") {
        "there are too many unfinished jobs: wait for some to end"
    } else {
        "a limit of the project is reached: wait, or run fewer jobs at once"
    }
}

fn says(no: &No, word: &str) -> bool {
    let message = no.error.message.as_deref().unwrap_or_default();
    message.to_lowercase().contains(word)
}

/// N of the first "line N" in the words of a refused request.
pub(crate) fn line(no: &No) -> Option<u64> {
    if no.status != 400 {
        return None;
    }
    let message = no.error.message.as_deref()?.to_lowercase();
    message.split("line ").skip(1).find_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    })
}
