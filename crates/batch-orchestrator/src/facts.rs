//! What events carry: doubts, looks, endings, stored results.

use std::time::SystemTime;

use batch_backend::{JobCounts, JobError, JobSnapshot, JobState, OutputName};

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

/// How far a job was when it was last looked at: what a status without the service knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Its state.
    pub state: JobState,
    /// Its rows.
    pub counts: JobCounts,
    /// When, by the service's time.
    pub seen: Option<SystemTime>,
}

impl Look {
    /// What a snapshot shows.
    pub fn of(snapshot: &JobSnapshot) -> Self {
        let JobSnapshot { state, counts, observed, .. } = snapshot;
        Self { state: state.clone(), counts: *counts, seen: *observed }
    }
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
