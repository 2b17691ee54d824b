//! The events of a run as the journal's lines hold them: shapes of their own, kept for ever.

use std::time::SystemTime;

use batch_backend::{
    InputName, JobError, JobName, JobToken, OutputName, StoredInput, UploadSession,
};
use batch_orchestrator::{Attempt, Doubt, Ending, Event, JobId, Look, StoredResult};
use serde::{Deserialize, Serialize};

use crate::shape::{
    CountsShape, DoubtShape, ErrorShape, NewInputShape, Secret, StateShape, ThenShape, WhyShape,
    counts_of, input_id, shape_of, state_of,
};
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
    Looked {
        job: String,
        state: StateShape,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spelled: Option<String>,
        counts: CountsShape,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<Stamp>,
    },
    Stuck {
        job: String,
        then: ThenShape,
    },
    NotAfforded {
        job: String,
        budget: u64,
    },
    Spent {
        job: String,
        cost: u64,
    },
    Adopted {
        job: String,
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created: Option<Stamp>,
    },
    Abandoned {
        job: String,
    },
    Attempted {
        why: WhyShape,
        of: Vec<String>,
        inputs: Vec<NewInputShape>,
    },
    /// An event that this version does not know.
    #[serde(other, skip_serializing)]
    Unknown,
}

impl Record {
    /// Whether a program that does not know the event may skip it: it changes nothing but what a
    /// status shows.
    pub(crate) fn is_optional(&self) -> bool {
        matches!(self, Self::Looked { .. })
    }

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
            Event::Looked { job, look } => {
                let (state, spelled) = shape_of(&look.state)?;
                let (counts, seen) = (counts_of(look.counts), stamp(look.seen)?);
                Self::Looked { job: job.to_string(), state, spelled, counts, seen }
            }
            Event::Stuck { job, then } => {
                Self::Stuck { job: job.to_string(), then: ThenShape::of(*then) }
            }
            Event::NotAfforded { job, budget } => {
                Self::NotAfforded { job: job.to_string(), budget: *budget }
            }
            Event::Spent { job, cost } => Self::Spent { job: job.to_string(), cost: *cost },
            Event::Adopted { job, name, created } => Self::Adopted {
                job: job.to_string(),
                name: name.as_str().to_owned(),
                created: stamp(*created)?,
            },
            Event::Abandoned { job } => Self::Abandoned { job: job.to_string() },
            Event::Attempted { attempt } => Self::Attempted {
                why: WhyShape::of(attempt.why),
                of: attempt.of.iter().map(ToString::to_string).collect(),
                inputs: attempt.inputs.iter().map(NewInputShape::of).collect(),
            },
        })
    }

    fn of_ending(job: JobId, ending: &Ending) -> Result<Self, String> {
        let (state, spelled) = shape_of(&ending.state)?;
        Ok(Self::Ended {
            job: job.to_string(),
            state,
            spelled,
            error: ending
                .error
                .as_ref()
                .map(|error| ErrorShape { code: error.code, message: error.message.clone() }),
            counts: counts_of(ending.counts),
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
                let ending = Ending {
                    state: state_of(state, spelled),
                    error: error.map(|error| JobError { code: error.code, message: error.message }),
                    counts: counts.into_counts(),
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
            Self::Looked { job, state, spelled, counts, seen } => {
                let state = state_of(state, spelled);
                let seen = seen.map(Stamp::time);
                let look = Look { state, counts: counts.into_counts(), seen };
                Event::Looked { job: job_id(&job)?, look }
            }
            Self::Stuck { job, then } => Event::Stuck { job: job_id(&job)?, then: then.then() },
            Self::NotAfforded { job, budget } => Event::NotAfforded { job: job_id(&job)?, budget },
            Self::Spent { job, cost } => Event::Spent { job: job_id(&job)?, cost },
            Self::Adopted { job, name, created } => Event::Adopted {
                job: job_id(&job)?,
                name: JobName::new(name),
                created: created.map(Stamp::time),
            },
            Self::Abandoned { job } => Event::Abandoned { job: job_id(&job)? },
            Self::Attempted { why, of, inputs } => {
                let of = of.iter().map(|job| job_id(job)).collect::<Result<_, _>>()?;
                let inputs =
                    inputs.into_iter().map(NewInputShape::input).collect::<Result<_, _>>()?;
                Event::Attempted { attempt: Attempt { why: why.why(), of, inputs } }
            }
        }))
    }
}

fn stamp(at: Option<SystemTime>) -> Result<Option<Stamp>, String> {
    at.map(|at| Stamp::new(at).map_err(|error| error.to_string())).transpose()
}

fn job_id(text: &str) -> Result<JobId, String> {
    JobId::parse(text).ok_or_else(|| format!("{text:?} is no job"))
}
