//! What a run remembers: each event is on stable storage before the next effect begins.

use std::time::SystemTime;

use batch_backend::{InputName, JobName, JobToken, StoredInput, UploadSession};

use crate::{Attempt, Doubt, Ending, InputId, JobId, Look, StoredResult, Then};

/// One thing that happened, or is about to be attempted. A run's state is the fold of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An upload session is open: bytes may be sent into it.
    UploadOpened {
        /// Which input.
        input: InputId,
        /// The session; a secret.
        session: UploadSession,
    },
    /// The session is no more, or the stored input is gone: the upload starts afresh.
    InputLost {
        /// Which input.
        input: InputId,
        /// Why.
        reason: String,
    },
    /// The input lies at the service.
    InputStored {
        /// Which input.
        input: InputId,
        /// Where, and what.
        stored: StoredInput,
    },
    /// A job is about to be created. Written before the request leaves.
    CreateIntended {
        /// Which job.
        job: JobId,
        /// Which attempt, from 1.
        attempt: u32,
        /// The mark the job will carry.
        token: JobToken,
        /// The input it will read.
        input: InputName,
    },
    /// The job is known to exist.
    Created {
        /// Which job.
        job: JobId,
        /// Its name at the service.
        name: JobName,
        /// Whether it was found by its mark rather than told by the answer to create.
        adopted: bool,
        /// When the service made it.
        created: Option<SystemTime>,
    },
    /// Nobody knows whether the job exists.
    Doubted {
        /// Which job.
        job: JobId,
        /// Why.
        doubt: Doubt,
        /// In words.
        reason: String,
    },
    /// Complete lists over the settle time found no such job: it does not exist.
    Settled {
        /// Which job.
        job: JobId,
    },
    /// The service refused to create the job for good.
    Refused {
        /// Which job.
        job: JobId,
        /// In words.
        reason: String,
    },
    /// A person has to decide about this job.
    Quarantined {
        /// Which job.
        job: JobId,
        /// What was found, if something was.
        name: Option<JobName>,
        /// In words.
        reason: String,
    },
    /// The user asked for the job to be stopped.
    CancelRequested {
        /// Which job.
        job: JobId,
    },
    /// The job is over at the service.
    Ended {
        /// Which job.
        job: JobId,
        /// How.
        ending: Ending,
    },
    /// The results are on stable storage.
    Fetched {
        /// Which job.
        job: JobId,
        /// What was stored.
        result: StoredResult,
    },
    /// The results cannot be had.
    ResultsLost {
        /// Which job.
        job: JobId,
        /// In words.
        reason: String,
    },
    /// What was given up is tried again: results that could not be had, an end without results
    /// that should have some, a job of which a person has now decided.
    Reopened {
        /// Which job.
        job: JobId,
    },
    /// A second job for the same work was found; it is cancelled if it still runs.
    ExtraFound {
        /// Whose work it doubles.
        job: JobId,
        /// Its name at the service.
        name: JobName,
    },
    /// The job was looked at and is not over. Journalled when something changed, and sparsely.
    Looked {
        /// Which job.
        job: JobId,
        /// What was seen.
        look: Look,
    },
    /// The job is older than the run's patience with it, and is cut short.
    Stuck {
        /// Which job.
        job: JobId,
        /// What is done about it.
        then: Then,
    },
    /// The budget does not bear the job, so it is not created.
    NotAfforded {
        /// Which job.
        job: JobId,
        /// The budget, in millionths of a dollar.
        budget: u64,
    },
    /// What a job that is over really cost; the ledger counts this in place of the forecast.
    Spent {
        /// Which job.
        job: JobId,
        /// Millionths of a dollar.
        cost: u64,
    },
    /// A person gave the job a counterpart at the service, be it another run's.
    Adopted {
        /// Which job.
        job: JobId,
        /// Its name at the service.
        name: JobName,
        /// When the service made it.
        created: Option<SystemTime>,
    },
    /// A person decided that a job which may exist is not created again.
    Abandoned {
        /// Which job.
        job: JobId,
    },
    /// Rows are sent again in new inputs.
    Attempted {
        /// Which rows, and in which inputs.
        attempt: Attempt,
    },
}

impl Event {
    /// The event in one lower-case word or two, for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::UploadOpened { .. } => "upload opened",
            Self::InputLost { .. } => "input lost",
            Self::InputStored { .. } => "input stored",
            Self::CreateIntended { .. } => "create intended",
            Self::Created { .. } => "created",
            Self::Doubted { .. } => "doubted",
            Self::Settled { .. } => "settled",
            Self::Refused { .. } => "refused",
            Self::Quarantined { .. } => "quarantined",
            Self::CancelRequested { .. } => "cancel requested",
            Self::Ended { .. } => "ended",
            Self::Fetched { .. } => "fetched",
            Self::ResultsLost { .. } => "results lost",
            Self::Reopened { .. } => "reopened",
            Self::ExtraFound { .. } => "extra found",
            Self::Looked { .. } => "looked",
            Self::Stuck { .. } => "stuck",
            Self::NotAfforded { .. } => "not afforded",
            Self::Spent { .. } => "spent",
            Self::Adopted { .. } => "adopted",
            Self::Abandoned { .. } => "abandoned",
            Self::Attempted { .. } => "attempted",
        }
    }

    /// The job this event is about, if it is about one.
    pub fn job(&self) -> Option<JobId> {
        match self {
            Self::UploadOpened { .. }
            | Self::InputLost { .. }
            | Self::InputStored { .. }
            | Self::Attempted { .. } => None,
            Self::CreateIntended { job, .. }
            | Self::Created { job, .. }
            | Self::Doubted { job, .. }
            | Self::Settled { job }
            | Self::Refused { job, .. }
            | Self::Quarantined { job, .. }
            | Self::CancelRequested { job }
            | Self::Ended { job, .. }
            | Self::Fetched { job, .. }
            | Self::ResultsLost { job, .. }
            | Self::Reopened { job }
            | Self::ExtraFound { job, .. }
            | Self::Looked { job, .. }
            | Self::Stuck { job, .. }
            | Self::NotAfforded { job, .. }
            | Self::Spent { job, .. }
            | Self::Adopted { job, .. }
            | Self::Abandoned { job } => Some(*job),
        }
    }
}
