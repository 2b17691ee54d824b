//! One job of the backend in memory: where it stands is a function of the tick.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::{
    InputName, JobCounts, JobError, JobName, JobSnapshot, JobState, JobToken, ModelId, OutputName,
};

/// The service's time at tick 0.
const EPOCH: SystemTime = SystemTime::UNIX_EPOCH;
/// One tick of the service's time.
const TICK: Duration = Duration::from_secs(10);

/// The service's time at `tick`.
pub(super) fn time_at(tick: u32) -> SystemTime {
    EPOCH + TICK * tick
}

/// The number in the name of a job or of its results.
pub(super) fn number(name: &str) -> Option<u64> {
    name.rsplit_once('/')?.1.parse().ok()
}

/// How jobs move, tick by tick.
#[derive(Debug, Clone)]
pub struct Course {
    /// One state a tick; the last one stays.
    pub states: Vec<JobState>,
    /// Whether the end says `done`; unknown states need it to be an end.
    pub done_at_end: bool,
    /// Whether there are results at the end.
    pub results: bool,
    /// Ticks between the end and the moment its results have a name.
    pub output_lag: u32,
    /// How many rows there are all the same when it is cancelled; none at all for `None`.
    pub rows_at_cancel: Option<usize>,
}

impl Course {
    /// Queued, running, succeeded, with results.
    pub fn success() -> Self {
        Self::ending(JobState::Succeeded)
    }

    /// Queued, running, then `end`; results only where the state means that there are some.
    pub fn ending(end: JobState) -> Self {
        let results = matches!(end, JobState::Succeeded | JobState::PartiallySucceeded);
        Self {
            states: vec![JobState::Queued, JobState::Running, end],
            done_at_end: true,
            results,
            output_lag: 0,
            rows_at_cancel: None,
        }
    }
}

/// A job as the backend remembers it.
pub(super) struct Job {
    pub(super) number: u64,
    pub(super) token: JobToken,
    pub(super) model: ModelId,
    pub(super) input: InputName,
    pub(super) lines: Arc<[u8]>,
    pub(super) course: Course,
    /// The tick from which the job is there.
    pub(super) born: u32,
    pub(super) cancelled: Option<u32>,
    pub(super) deleted: bool,
}

impl Job {
    pub(super) fn name(&self) -> JobName {
        JobName::new(format!("jobs/{:04}", self.number))
    }

    pub(super) fn output(&self) -> OutputName {
        OutputName::new(format!("results/{:04}", self.number))
    }

    pub(super) fn ended(&self, tick: u32) -> bool {
        let (state, done, _) = self.step(tick);
        state.is_end() || done
    }

    /// How many of its rows there will ever be.
    pub(super) fn rows(&self, tick: u32) -> usize {
        let cancelled = self.step(tick).0 == JobState::Cancelled;
        self.course.rows_at_cancel.filter(|_| cancelled).unwrap_or(usize::MAX)
    }

    pub(super) fn step(&self, tick: u32) -> (JobState, bool, bool) {
        let age = tick.saturating_sub(self.born) as usize;
        let last = self.course.states.len().saturating_sub(1);
        let end_tick = self.born + u32::try_from(last).unwrap_or(u32::MAX);
        if let Some(at) = self.cancelled
            && at < end_tick
        {
            return (JobState::Cancelled, true, self.course.rows_at_cancel.is_some());
        }
        let state = self.course.states[age.min(last)].clone();
        let ended = age >= last;
        let output = ended && self.course.results && tick >= end_tick + self.course.output_lag;
        (state, ended && self.course.done_at_end, output)
    }

    pub(super) fn snapshot(&self, tick: u32) -> JobSnapshot {
        let (state, done, output) = self.step(tick);
        let total =
            self.lines.split(|b| *b == b'\n').filter(|line| !line.is_empty()).count() as u64;
        let failed = matches!(state, JobState::Failed | JobState::Cancelled | JobState::Expired);
        JobSnapshot {
            name: self.name(),
            token: Some(self.token.clone()),
            model: Some(self.model.clone()),
            input: Some(self.input.clone()),
            done,
            counts: JobCounts { total: Some(total), ..JobCounts::default() },
            output: output.then(|| self.output()),
            error: failed.then(|| JobError { code: Some(13), message: format!("job {state}") }),
            created: Some(time_at(self.born)),
            observed: Some(time_at(tick)),
            state,
        }
    }
}
