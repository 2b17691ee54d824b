//! The plain words of the contract: names, states, counts.

use std::fmt;
use std::time::SystemTime;

macro_rules! opaque_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Wraps a name as the service gave it.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }

            /// The name as the service gave it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

opaque_name! {
    /// An uploaded input at the service.
    InputName
}
opaque_name! {
    /// A job at the service.
    JobName
}
opaque_name! {
    /// A file of results at the service.
    OutputName
}
opaque_name! {
    /// Where the next page of a list starts.
    PageToken
}
opaque_name! {
    /// Our own mark on a job, shown by the service in every list: how a job whose creation went
    /// unanswered is found again. At most 64 ASCII characters.
    JobToken
}

/// A model, without any prefix the service's paths may want.
///
/// ```
/// use batch_backend::ModelId;
///
/// assert_eq!(ModelId::parse("models/sim-pro")?.as_str(), "sim-pro");
/// assert!(ModelId::parse("../x").is_err());
/// # Ok::<(), batch_backend::ModelIdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(String);

/// A text that cannot name a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no model name: {reason}")]
pub struct ModelIdError {
    text: String,
    reason: &'static str,
}

impl ModelId {
    /// The longest name taken, in characters.
    pub const MAX_LEN: usize = 128;

    /// Takes a model name, with or without `models/` in front.
    ///
    /// # Errors
    /// Empty, too long, or with characters that have a meaning in paths.
    pub fn parse(text: &str) -> Result<Self, ModelIdError> {
        let fail = |reason| Err(ModelIdError { text: text.chars().take(64).collect(), reason });
        let name = text.strip_prefix("models/").unwrap_or(text);
        if name.is_empty() {
            return fail("it is empty");
        }
        if name.len() > Self::MAX_LEN {
            return fail("it is longer than 128 characters");
        }
        let tail = name.strip_prefix("tunedModels/").unwrap_or(name);
        if !tail.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._@".contains(&b)) {
            return fail("only letters, digits and - . _ @ may stand in it");
        }
        if !tail.bytes().any(|b| b.is_ascii_alphanumeric()) || tail.contains("..") {
            return fail("it reads like a path");
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An open upload. Who knows it can write to it, so it is a secret: no `Display`, and `Debug`
/// shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct UploadSession(String);

impl UploadSession {
    /// Wraps the session's address.
    pub fn new(address: impl Into<String>) -> Self {
        Self(address.into())
    }

    /// The address, for the one who sends and for the private journal.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UploadSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UploadSession(****)")
    }
}

/// An input that lies at the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredInput {
    /// Its name there.
    pub name: InputName,
    /// Its length in bytes.
    pub bytes: u64,
    /// Lower-case hex SHA-256 of what was sent, taken while it was sent.
    pub sha256: String,
    /// When the service will forget it.
    pub expires: Option<SystemTime>,
}

/// What a job is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSpec {
    /// Our mark on it.
    pub token: JobToken,
    /// The model that answers.
    pub model: ModelId,
    /// The input it reads.
    pub input: InputName,
}

/// How far a job has come, in neutral words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobState {
    /// Accepted, not started.
    Queued,
    /// At work.
    Running,
    /// Ended; single rows may have failed all the same.
    Succeeded,
    /// Ended with results for some rows only.
    PartiallySucceeded,
    /// Ended without success.
    Failed,
    /// Stopped on request.
    Cancelled,
    /// Given up by the service for its age.
    Expired,
    /// A state this program has no word for, as the service spelled it.
    Other(String),
}

impl JobState {
    /// Whether this state is known to be an end. [`JobState::Other`] is an end only when the
    /// service says that the job is done: see [`JobSnapshot::ended`].
    pub fn is_end(&self) -> bool {
        !matches!(self, Self::Queued | Self::Running | Self::Other(_))
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::PartiallySucceeded => "partially succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Other(text) => return write!(f, "{}", text.escape_debug()),
        })
    }
}

/// Rows of a job by fate, as far as the service tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobCounts {
    /// All rows.
    pub total: Option<u64>,
    /// Rows answered.
    pub succeeded: Option<u64>,
    /// Rows failed.
    pub failed: Option<u64>,
    /// Rows not done.
    pub pending: Option<u64>,
}

/// Why the service says a job failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobError {
    /// The service's code, if it gave one.
    pub code: Option<i64>,
    /// The service's words: text from outside, to be escaped wherever it is shown.
    pub message: String,
}

/// One look at a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSnapshot {
    /// The job.
    pub name: JobName,
    /// The mark it carries, ours or another's.
    pub token: Option<JobToken>,
    /// The model it was made for, as far as told.
    pub model: Option<ModelId>,
    /// The input it was made from, as far as told.
    pub input: Option<InputName>,
    /// How far it is.
    pub state: JobState,
    /// Whether the service says that nothing more will happen.
    pub done: bool,
    /// Its rows.
    pub counts: JobCounts,
    /// Where its results lie, once there are any.
    pub output: Option<OutputName>,
    /// Why it failed.
    pub error: Option<JobError>,
    /// When the service made it.
    pub created: Option<SystemTime>,
    /// The service's own time when it answered.
    pub observed: Option<SystemTime>,
}

impl JobSnapshot {
    /// Whether the job is over: in a known end state, or said to be done in whatever state.
    pub fn ended(&self) -> bool {
        self.state.is_end() || self.done
    }
}

/// One page of a list of jobs.
#[derive(Debug, Clone, Default)]
pub struct JobPage {
    /// Jobs, newest first.
    pub jobs: Vec<JobSnapshot>,
    /// The next page, if there is one.
    pub next: Option<PageToken>,
}
