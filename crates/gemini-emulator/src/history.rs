//! What the emulator has seen: every request, and every job ever created, so that tests can count.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::clock::Stamp;
use crate::record::{JobRecord, Source};

/// The requests kept at most; the oldest go first.
const KEPT: usize = 100_000;

/// What the emulator has seen so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct History {
    /// Emulated time, as RFC 3339.
    pub now: String,
    /// Requests since the start of this process, oldest first, at most the last 100,000.
    pub requests: Vec<Seen>,
    /// Every create that was or will be applied, oldest first, over all restarts.
    pub creates: Vec<Created>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Seen {
    /// When it came, in emulated time, as RFC 3339.
    pub at: String,
    /// The method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The `X-Goog-Upload-Command`, if there was one.
    pub command: Option<String>,
    /// The status of the answer; `None` while there is none, or when none was given.
    pub status: Option<u16>,
    /// The fault of the script that it met, such as `drop` or `refuse/overloaded`; those drawn by chance
    /// begin with `chaos/`.
    pub fault: Option<String>,
}

/// One job, whatever has become of it.
#[expect(clippy::struct_excessive_bools, reason = "plain facts for tests, each on its own")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Created {
    /// `batches/…`.
    pub name: String,
    /// What the client called it.
    pub display_name: Option<String>,
    /// The model as its resource is named: `models/…`.
    pub model: String,
    /// `files/…`; `None` for inlined requests.
    pub input: Option<String>,
    /// From when on it exists, in emulated time, as RFC 3339.
    pub at: String,
    /// Whether that moment has come (it lies in the future for a late create).
    pub applied: bool,
    /// The state it is or was last in.
    pub state: String,
    /// Whether it has ended.
    pub ended: bool,
    /// Whether a client cancelled it.
    pub cancelled: bool,
    /// Whether a client deleted it.
    pub deleted: bool,
}

impl Created {
    pub(crate) fn of(job: &JobRecord, now: Stamp) -> Self {
        let standing = job.standing(job.deleted.unwrap_or(now));
        Self {
            name: format!("batches/{}", job.id),
            display_name: job.display_name.clone(),
            model: job.model.clone(),
            input: match &job.source {
                Source::File(id) => Some(format!("files/{id}")),
                Source::Inlined => None,
            },
            at: job.created.rfc3339(),
            applied: job.created <= now,
            state: standing.state,
            ended: standing.ended,
            cancelled: job.cancelled.is_some(),
            deleted: job.deleted.is_some(),
        }
    }
}

/// The requests seen, with the number of those already forgotten.
#[derive(Debug, Default)]
pub(crate) struct Log {
    seen: Mutex<(u64, VecDeque<Seen>)>,
}

impl Log {
    /// Notes a request and gives the number under which its answer can be noted.
    pub(crate) fn note(&self, seen: Seen) -> u64 {
        let mut log = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if log.1.len() == KEPT {
            log.1.pop_front();
            log.0 += 1;
        }
        log.1.push_back(seen);
        log.0 + log.1.len() as u64 - 1
    }

    pub(crate) fn answered(&self, number: u64, status: u16) {
        let mut log = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let at = number.checked_sub(log.0).and_then(|at| usize::try_from(at).ok());
        if let Some(seen) = at.and_then(|at| log.1.get_mut(at)) {
            seen.status = Some(status);
        }
    }

    pub(crate) fn clear(&self) {
        let mut log = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Requests under way still have their numbers: those shall find nothing here.
        log.0 += log.1.len() as u64;
        log.1.clear();
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        let log = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        log.1.iter().cloned().collect()
    }
}
