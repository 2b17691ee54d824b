//! What a run remembers: each event is on stable storage before the next effect begins.

use std::time::SystemTime;

use batch_backend::{
    InputName, JobCounts, JobError, JobName, JobState, JobToken, OutputName, StoredInput,
    UploadSession,
};

use crate::{InputId, JobId};

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
}

/// Why it is unknown whether a job exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The answer was lost, unreadable, or the program stopped while it waited.
    Unanswered,
    /// Turned away for now, by a limit or before anything was sent: almost surely no job, and yet
    /// one look costs less than a second job.
    Declined,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Its last state.
    pub state: JobState,
    /// What the service says went wrong.
    pub error: Option<JobError>,
    /// Its rows.
    pub counts: JobCounts,
    /// Where its results lie, if there are any.
    pub output: Option<OutputName>,
}

/// A result file on stable storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResult {
    /// Length in bytes.
    pub bytes: u64,
    /// Lines, blank ones included.
    pub lines: u64,
    /// Lower-case hex SHA-256.
    pub sha256: String,
    /// Whether the last line has its line end; without one the file may have been cut.
    pub whole: bool,
}
