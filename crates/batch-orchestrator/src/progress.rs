//! What a run tells while it works: plain data, rendered by whoever listens.

use std::fmt;
use std::time::Duration;

use batch_backend::{JobCounts, JobName, JobState};

use crate::{Event, InputId, JobId};

/// Something worth showing.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// An event was journalled.
    Happened(&'a Event),
    /// So many bytes of an input are at the service.
    Uploaded {
        /// Which input.
        input: InputId,
        /// Bytes there.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// So many bytes of a result are here.
    Downloaded {
        /// Which job.
        job: JobId,
        /// Bytes here.
        bytes: u64,
    },
    /// A job was looked at and is not over.
    Looked {
        /// Which job.
        job: JobId,
        /// Its name at the service.
        name: &'a JobName,
        /// Its state.
        state: &'a JobState,
        /// Its rows.
        counts: JobCounts,
        /// Its age by the service's own time, if told.
        age: Option<Duration>,
    },
    /// The next look at the jobs.
    NextLook {
        /// Time until then.
        wait: Duration,
    },
    /// A job may or may not exist; the list is being watched.
    Settling {
        /// Which job.
        job: JobId,
        /// Time until it is held not to exist.
        left: Duration,
    },
    /// A job is created although it alone is heavier than its model's limit of tokens: the
    /// estimate may be wrong, and the service has the last word.
    Overweight {
        /// Which job.
        job: JobId,
    },
    /// Something failed and will be tried again.
    Trouble {
        /// What failed, in words.
        what: &'a str,
        /// Time until the next try.
        wait: Duration,
    },
}

/// Hears what a run tells.
pub trait Listener: fmt::Debug + Send + Sync {
    /// Takes one notice; returns soon.
    fn notice(&self, notice: &Notice<'_>);
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Listener for Silent {
    fn notice(&self, _notice: &Notice<'_>) {}
}
