//! What the emulator has seen: every request, and every job ever created, so that tests can count.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

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
    /// Requests since the start of this process, oldest first, at most the last 100,000
    /// and as many as `Limits::history_bytes` lets there be.
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
    /// The path without the query, cut after 256 bytes.
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

/// The requests seen.
#[derive(Debug)]
pub(crate) struct Log {
    /// The bytes kept at most.
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// How many are already forgotten.
    forgotten: u64,
    bytes: usize,
    seen: VecDeque<Seen>,
}

/// What a client sent, short enough to be kept.
pub(crate) fn short(text: &str) -> String {
    const MOST: usize = 256;
    if text.len() <= MOST {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(MOST)])
}

fn size(seen: &Seen) -> usize {
    let optional = [&seen.command, &seen.fault].map(|text| text.as_ref().map_or(0, String::len));
    let texts = [seen.at.len(), seen.method.len(), seen.path.len()];
    size_of::<Seen>() + texts.iter().chain(&optional).sum::<usize>()
}

impl Kept {
    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.seen.pop_front() {
            self.bytes -= size(&oldest);
            self.forgotten += 1;
        }
    }
}

impl Log {
    pub(crate) fn up_to(most: usize) -> Self {
        Self { most, kept: Mutex::default() }
    }

    /// Notes a request and gives the number under which its answer can be noted.
    pub(crate) fn note(&self, seen: Seen) -> u64 {
        let mut kept = self.kept();
        kept.bytes += size(&seen);
        kept.seen.push_back(seen);
        while kept.seen.len() > KEPT || kept.bytes > self.most && !kept.seen.is_empty() {
            kept.forget_oldest();
        }
        // One that is larger than all there may be has a number all the same.
        (kept.forgotten + kept.seen.len() as u64).saturating_sub(1)
    }

    pub(crate) fn answered(&self, number: u64, status: u16) {
        let mut kept = self.kept();
        let at = number.checked_sub(kept.forgotten).and_then(|at| usize::try_from(at).ok());
        if let Some(seen) = at.and_then(|at| kept.seen.get_mut(at)) {
            seen.status = Some(status);
        }
    }

    pub(crate) fn clear(&self) {
        let mut kept = self.kept();
        // Requests under way still have their numbers: those shall find nothing here.
        while !kept.seen.is_empty() {
            kept.forget_oldest();
        }
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.kept().seen.iter().cloned().collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(path: &str) -> Seen {
        let (at, method) = (String::new(), "GET".into());
        Seen { at, method, path: short(path), command: None, status: None, fault: None }
    }

    #[test]
    fn what_is_kept_is_bounded_by_bytes_and_each_path_too() {
        let log = Log::up_to(10 * size(&seen("/v1/files")));
        let numbers: Vec<u64> = (0..50).map(|_| log.note(seen("/v1/files"))).collect();
        assert_eq!(numbers, (0..50).collect::<Vec<u64>>());
        log.answered(3, 200);
        log.answered(49, 404);
        let statuses: Vec<_> = log.requests().iter().map(|seen| seen.status).collect();
        assert_eq!((statuses.len(), statuses[9]), (10, Some(404)));
        log.note(seen(&"/é".repeat(30_000)));
        let kept = log.requests();
        let path = &kept.last().unwrap().path;
        assert!(path.len() < 300 && path.ends_with('…'), "{path}");
        let bytes: usize = kept.iter().map(size).sum();
        assert!(bytes <= 10 * size(&seen("/v1/files")), "{bytes}");
    }
}
