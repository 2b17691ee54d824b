//! One error type for every call, sorted by what the caller can do about it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Any error of another library.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// A call to the service that did not give what was asked.
///
/// Its text is what failed and on what; the cause is its source; what to do next is its hint.
#[derive(Debug, thiserror::Error)]
#[error("failed to {operation} {subject}: {reason}")]
pub struct BackendError {
    operation: Operation,
    subject: String,
    reason: String,
    kind: ErrorKind,
    applied: Applied,
    hint: Option<String>,
    #[source]
    source: Option<BoxError>,
}

impl BackendError {
    /// An error of `operation` on `subject` (a name the user knows), with a reason in plain words.
    ///
    /// It counts as not applied unless [`applied`](Self::with_applied) says otherwise.
    pub fn new(
        operation: Operation,
        subject: impl Into<String>,
        kind: ErrorKind,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            operation,
            subject: subject.into(),
            reason: reason.into(),
            kind,
            applied: Applied::No,
            hint: None,
            source: None,
        }
    }

    /// Says whether the service may have acted.
    #[must_use]
    pub fn with_applied(mut self, applied: Applied) -> Self {
        self.applied = applied;
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What was attempted.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// On what.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Why it failed, without the operation.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What can be done about it.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Whether the service may have acted.
    pub fn applied(&self) -> Applied {
        self.applied
    }

    /// What to do next, if there is something to say.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// The call that failed, as a verb in the error's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Opening an upload session.
    OpenUpload,
    /// Sending bytes.
    Upload,
    /// Creating a job.
    Create,
    /// Looking at a job.
    Get,
    /// Listing jobs.
    List,
    /// Cancelling a job.
    Cancel,
    /// Deleting a job.
    Delete,
    /// Downloading results.
    Fetch,
    /// Deleting an input.
    Discard,
    /// Counting the tokens of a request.
    Count,
    /// Asking for one answer outside of any job.
    Ask,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenUpload => "start the upload of",
            Self::Upload => "upload",
            Self::Create => "create a job for",
            Self::Get => "look at",
            Self::List => "list",
            Self::Cancel => "cancel",
            Self::Delete => "delete",
            Self::Fetch => "download",
            Self::Discard => "remove",
            Self::Count => "count the tokens of",
            Self::Ask => "ask",
        })
    }
}

/// What the caller can do about an error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Passing trouble that outlasted the backend's own retries: try again later.
    Transient {
        /// The wait the service asked for, if it did.
        retry_after: Option<Duration>,
    },
    /// A limit of the account: try again later, or free something.
    Quota {
        /// The wait the service asked for, if it did.
        retry_after: Option<Duration>,
    },
    /// The key is missing, wrong, revoked, or may not do this.
    Auth,
    /// The thing is not there: gone, expired, never was, or of another account.
    NotFound,
    /// The service refused the request for good.
    Rejected,
    /// The service answered something that cannot be understood.
    Protocol,
    /// The local disk or a local reader failed.
    Local,
}

/// Whether a failed call may have changed something at the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It certainly did not.
    No,
    /// It may have.
    Maybe,
}
