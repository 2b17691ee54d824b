//! The events of a run as the journal's lines hold them: shapes of their own, kept for ever.

use std::time::SystemTime;

use batch_backend::{
    InputName, JobCounts, JobError, JobName, JobState, JobToken, OutputName, StoredInput,
    UploadSession,
};
use batch_orchestrator::{Doubt, Ending, Event, InputId, JobId, StoredResult};
use serde::{Deserialize, Serialize};

use crate::stamp::Stamp;

/// One line's own part. The names `v`, `seq`, `t`, `opt`, `prev` and `crc` belong to every line.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ev", rename_all = "snake_case")]
pub(crate) enum Record {
    // The store's own: these change nothing in the run's state.
    RunCreated {
        tag: String,
        manifest_sha256: String,
    },
    SessionStart {
        pid: u32,
        host: String,
        program: String,
    },
    SessionEnd {
        how: String,
    },
    TailCut {
        at: u64,
        bytes: u64,
        kept_as: String,
    },
    // The run's.
    UploadOpened {
        input: String,
        session: Secret,
    },
    InputLost {
        input: String,
        reason: String,
    },
    InputStored {
        input: String,
        name: String,
        bytes: u64,
        sha256: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Stamp>,
    },
    CreateIntended {
        job: String,
        attempt: u32,
        token: String,
        input: String,
    },
    Created {
        job: String,
        name: String,
        adopted: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created: Option<Stamp>,
    },
    Doubted {
        job: String,
        doubt: DoubtShape,
        reason: String,
    },
    Settled {
        job: String,
    },
    Refused {
        job: String,
        reason: String,
    },
    Quarantined {
        job: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        reason: String,
    },
    CancelRequested {
        job: String,
    },
    Ended {
        job: String,
        state: StateShape,
        /// The service's own spelling of [`StateShape::Other`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spelled: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<ErrorShape>,
        counts: CountsShape,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<String>,
    },
    Fetched {
        job: String,
        bytes: u64,
        lines: u64,
        sha256: String,
        whole: bool,
    },
    ResultsLost {
        job: String,
        reason: String,
    },
    Reopened {
        job: String,
    },
    ExtraFound {
        job: String,
        name: String,
    },
    /// An event that this version does not know.
    #[serde(other, skip_serializing)]
    Unknown,
}

/// A text that is written to the file and nowhere else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DoubtShape {
    Unanswered,
    Declined,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StateShape {
    Queued,
    Running,
    Succeeded,
    PartiallySucceeded,
    Failed,
    Cancelled,
    Expired,
    Other,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ErrorShape {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
    message: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct CountsShape {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    succeeded: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<u64>,
}

impl Record {
    /// The line of an event.
    ///
    /// # Errors
    /// In words, for what no line can hold: times beyond the year 9999, states without a shape.
    pub(crate) fn of(event: &Event) -> Result<Self, String> {
        Ok(match event {
            Event::UploadOpened { input, session } => {
                let session = Secret(session.expose().to_owned());
                Self::UploadOpened { input: input.to_string(), session }
            }
            Event::InputLost { input, reason } => {
                Self::InputLost { input: input.to_string(), reason: reason.clone() }
            }
            Event::InputStored { input, stored } => Self::InputStored {
                input: input.to_string(),
                name: stored.name.as_str().to_owned(),
                bytes: stored.bytes,
                sha256: stored.sha256.clone(),
                expires: stamp(stored.expires)?,
            },
            Event::CreateIntended { job, attempt, token, input } => Self::CreateIntended {
                job: job.to_string(),
                attempt: *attempt,
                token: token.as_str().to_owned(),
                input: input.as_str().to_owned(),
            },
            Event::Created { job, name, adopted, created } => Self::Created {
                job: job.to_string(),
                name: name.as_str().to_owned(),
                adopted: *adopted,
                created: stamp(*created)?,
            },
            Event::Doubted { job, doubt, reason } => Self::Doubted {
                job: job.to_string(),
                doubt: match doubt {
                    Doubt::Unanswered => DoubtShape::Unanswered,
                    Doubt::Declined => DoubtShape::Declined,
                },
                reason: reason.clone(),
            },
            Event::Settled { job } => Self::Settled { job: job.to_string() },
            Event::Refused { job, reason } => {
                Self::Refused { job: job.to_string(), reason: reason.clone() }
            }
            Event::Quarantined { job, name, reason } => Self::Quarantined {
                job: job.to_string(),
                name: name.as_ref().map(|name| name.as_str().to_owned()),
                reason: reason.clone(),
            },
            Event::CancelRequested { job } => Self::CancelRequested { job: job.to_string() },
            Event::Ended { job, ending } => Self::of_ending(*job, ending)?,
            Event::Fetched { job, result } => Self::Fetched {
                job: job.to_string(),
                bytes: result.bytes,
                lines: result.lines,
                sha256: result.sha256.clone(),
                whole: result.whole,
            },
            Event::ResultsLost { job, reason } => {
                Self::ResultsLost { job: job.to_string(), reason: reason.clone() }
            }
            Event::Reopened { job } => Self::Reopened { job: job.to_string() },
            Event::ExtraFound { job, name } => {
                Self::ExtraFound { job: job.to_string(), name: name.as_str().to_owned() }
            }
        })
    }

    fn of_ending(job: JobId, ending: &Ending) -> Result<Self, String> {
        let (state, spelled) = match &ending.state {
            JobState::Queued => (StateShape::Queued, None),
            JobState::Running => (StateShape::Running, None),
            JobState::Succeeded => (StateShape::Succeeded, None),
            JobState::PartiallySucceeded => (StateShape::PartiallySucceeded, None),
            JobState::Failed => (StateShape::Failed, None),
            JobState::Cancelled => (StateShape::Cancelled, None),
            JobState::Expired => (StateShape::Expired, None),
            JobState::Other(spelled) => (StateShape::Other, Some(spelled.clone())),
            other => return Err(format!("the journal has no word for the state {other}")),
        };
        let JobCounts { total, succeeded, failed, pending } = ending.counts;
        Ok(Self::Ended {
            job: job.to_string(),
            state,
            spelled,
            error: ending
                .error
                .as_ref()
                .map(|error| ErrorShape { code: error.code, message: error.message.clone() }),
            counts: CountsShape { total, succeeded, failed, pending },
            output: ending.output.as_ref().map(|output| output.as_str().to_owned()),
        })
    }

    /// The event of a line; `None` for the store's own lines.
    ///
    /// # Errors
    /// In words, for ids that are none.
    pub(crate) fn event(self) -> Result<Option<Event>, String> {
        Ok(Some(match self {
            Self::RunCreated { .. }
            | Self::SessionStart { .. }
            | Self::SessionEnd { .. }
            | Self::TailCut { .. }
            | Self::Unknown => return Ok(None),
            Self::UploadOpened { input, session } => Event::UploadOpened {
                input: input_id(&input)?,
                session: UploadSession::new(session.0),
            },
            Self::InputLost { input, reason } => {
                Event::InputLost { input: input_id(&input)?, reason }
            }
            Self::InputStored { input, name, bytes, sha256, expires } => {
                let expires = expires.map(Stamp::time);
                let stored = StoredInput { name: InputName::new(name), bytes, sha256, expires };
                Event::InputStored { input: input_id(&input)?, stored }
            }
            Self::CreateIntended { job, attempt, token, input } => Event::CreateIntended {
                job: job_id(&job)?,
                attempt,
                token: JobToken::new(token),
                input: InputName::new(input),
            },
            Self::Created { job, name, adopted, created } => Event::Created {
                job: job_id(&job)?,
                name: JobName::new(name),
                adopted,
                created: created.map(Stamp::time),
            },
            Self::Doubted { job, doubt, reason } => {
                let doubt = match doubt {
                    DoubtShape::Unanswered => Doubt::Unanswered,
                    DoubtShape::Declined => Doubt::Declined,
                };
                Event::Doubted { job: job_id(&job)?, doubt, reason }
            }
            Self::Settled { job } => Event::Settled { job: job_id(&job)? },
            Self::Refused { job, reason } => Event::Refused { job: job_id(&job)?, reason },
            Self::Quarantined { job, name, reason } => {
                Event::Quarantined { job: job_id(&job)?, name: name.map(JobName::new), reason }
            }
            Self::CancelRequested { job } => Event::CancelRequested { job: job_id(&job)? },
            Self::Ended { job, state, spelled, error, counts, output } => {
                let CountsShape { total, succeeded, failed, pending } = counts;
                let ending = Ending {
                    state: state_of(state, spelled),
                    error: error.map(|error| JobError { code: error.code, message: error.message }),
                    counts: JobCounts { total, succeeded, failed, pending },
                    output: output.map(OutputName::new),
                };
                Event::Ended { job: job_id(&job)?, ending }
            }
            Self::Fetched { job, bytes, lines, sha256, whole } => Event::Fetched {
                job: job_id(&job)?,
                result: StoredResult { bytes, lines, sha256, whole },
            },
            Self::ResultsLost { job, reason } => Event::ResultsLost { job: job_id(&job)?, reason },
            Self::Reopened { job } => Event::Reopened { job: job_id(&job)? },
            Self::ExtraFound { job, name } => {
                Event::ExtraFound { job: job_id(&job)?, name: JobName::new(name) }
            }
        }))
    }
}

fn state_of(state: StateShape, spelled: Option<String>) -> JobState {
    match state {
        StateShape::Queued => JobState::Queued,
        StateShape::Running => JobState::Running,
        StateShape::Succeeded => JobState::Succeeded,
        StateShape::PartiallySucceeded => JobState::PartiallySucceeded,
        StateShape::Failed => JobState::Failed,
        StateShape::Cancelled => JobState::Cancelled,
        StateShape::Expired => JobState::Expired,
        StateShape::Other => JobState::Other(spelled.unwrap_or_default()),
    }
}

fn stamp(at: Option<SystemTime>) -> Result<Option<Stamp>, String> {
    at.map(|at| Stamp::new(at).map_err(|error| error.to_string())).transpose()
}

fn job_id(text: &str) -> Result<JobId, String> {
    JobId::parse(text).ok_or_else(|| format!("{text:?} is no job"))
}

fn input_id(text: &str) -> Result<InputId, String> {
    InputId::parse(text).ok_or_else(|| format!("{text:?} is no input"))
}
