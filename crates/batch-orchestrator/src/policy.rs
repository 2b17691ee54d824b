//! How patient a run is, as values.

use std::collections::BTreeMap;
use std::time::Duration;

use batch_backend::ModelId;

use crate::Goal;

/// Taken of a job's results in any case, in bytes, where nobody says otherwise: the longest line that is read.
pub const FILE_BYTES: u64 = 64 << 20;

/// Taken beyond [`FILE_BYTES`] for each row of the job: an answer of 65,536 tokens is a few hundred kB, one with an
/// image a few MB. Only the mean of a whole file meets it, not a single line.
pub const ROW_BYTES: u64 = 4 << 20;

/// What to do when it stays unknown whether a job exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnAmbiguous {
    /// After the settle wait, create it again.
    Retry,
    /// Leave it to a person.
    Stop,
}

/// What is done about a job that is older than the run has patience with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It is told of and waited for.
    Wait,
    /// It is cancelled; what came is kept.
    Cancel,
    /// It is cancelled, and the missing rows are sent again as smaller inputs.
    Split,
}

/// The age from which a job is stuck, and what is done then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StuckAfter {
    /// The age, by the service's time.
    pub age: Duration,
    /// What is done.
    pub then: Then,
}

/// How much may be at the service at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Jobs alive in the whole project: other people's count, as far as lists show them.
    pub live_jobs: usize,
    /// Tokens of all live jobs of one model. A job that is heavier than this alone is sent when no
    /// other of its model is alive: the estimate may be wrong, and the service has the last word.
    /// Models that are not here have no limit.
    pub live_tokens: BTreeMap<ModelId, u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { live_jobs: 100, live_tokens: BTreeMap::new() }
    }
}

/// The settings of a session of a run.
#[derive(Debug, Clone)]
pub struct Policy {
    /// How far to go.
    pub goal: Goal,
    /// How long a job whose creation went unanswered is looked for before it is held not to exist.
    /// Must be longer than the service takes to make a job and to list it.
    pub settle: Duration,
    /// The same after a creation that was turned away.
    pub settle_declined: Duration,
    /// What to do after the settle wait.
    pub on_ambiguous: OnAmbiguous,
    /// A fixed time between looks; `None` for the growing one of [`Pace`](crate::Pace).
    pub poll_interval: Option<Duration>,
    /// The age, by the service's time, from which a job is waited for no longer.
    pub deadline: Duration,
    /// How long trouble that is worth trying again may last.
    pub patience: Duration,
    /// How much may be at the service at once.
    pub limits: Limits,
    /// What the whole run may cost, in millionths of a dollar: no job is created that would make
    /// the run's [`Ledger`](crate::Ledger) exceed it, and none without a known price.
    pub budget: Option<u64>,
    /// What is done about jobs that take too long; `None` waits for them.
    pub stuck: Option<StuckAfter>,
    /// Whether the run was made before this session: a journal without events may have lost them then, so that
    /// the service's jobs are looked through before the first one is created, as they are after any event.
    pub made_before: bool,
    /// How many events of the history are from before this process, `None` for all: results that could not be had
    /// since are not asked for again by it, however often it drives.
    pub events_before: Option<usize>,
    /// The most bytes that are taken of one job's results; `None` for [`FILE_BYTES`] and [`ROW_BYTES`] for each of
    /// its rows.
    pub max_result_bytes: Option<u64>,
    /// Chance: jitter is drawn from it.
    pub seed: u64,
}

impl Policy {
    /// The most bytes that are taken of the results of a job with so many rows.
    pub fn most_bytes(&self, rows: u64) -> u64 {
        let usual = || FILE_BYTES.saturating_add(ROW_BYTES.saturating_mul(rows));
        self.max_result_bytes.unwrap_or_else(usual)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            goal: Goal::Fetched,
            settle: Duration::from_mins(10),
            settle_declined: Duration::from_secs(30),
            on_ambiguous: OnAmbiguous::Retry,
            poll_interval: None,
            deadline: Duration::from_hours(50),
            patience: Duration::from_hours(6),
            limits: Limits::default(),
            budget: None,
            stuck: None,
            made_before: false,
            events_before: None,
            max_result_bytes: None,
            seed: 0,
        }
    }
}

/// Waits between tries of something that may work later: 1, 2, 4 … s, at most 15 min.
pub(crate) fn backoff(tries: u32) -> Duration {
    let seconds = 1u64 << tries.saturating_sub(1).min(20);
    Duration::from_secs(seconds).min(Duration::from_mins(15))
}

/// Waits before a creation that was turned away is tried again: 30 s, 1, 2, 4, 8, 15 min.
pub(crate) fn create_backoff(tries: u32) -> Duration {
    let factor = 1u32 << tries.saturating_sub(1).min(10);
    (Duration::from_secs(30) * factor).min(Duration::from_mins(15))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_caps() {
        let seconds = |f: fn(u32) -> Duration| [1, 2, 3, 6, 40].map(|n| f(n).as_secs());
        assert_eq!(seconds(backoff), [1, 2, 4, 32, 900]);
        assert_eq!(seconds(create_backoff), [30, 60, 120, 900, 900]);
    }

    #[test]
    fn results_are_bounded_by_the_rows_or_by_what_is_said() {
        let most =
            |said, rows| Policy { max_result_bytes: said, ..Policy::default() }.most_bytes(rows);
        assert_eq!((most(None, 0), most(None, 1)), (64 << 20, 68 << 20));
        assert_eq!((most(None, 1_000), most(None, u64::MAX)), (4_064 << 20, u64::MAX));
        assert_eq!((most(Some(7), 1), most(Some(7), 1_000)), (7, 7));
    }
}
