//! What the emulator knows of files, uploads and jobs; a job's state is a function of its record
//! and the time, so that nothing needs to be written while it runs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Stamp;
use crate::script::{JobError, JobPlan, Phase};

/// How long files live, and how long a job may take, in emulated time.
pub(crate) const TWO_DAYS: Duration = Duration::from_hours(48);

/// How long upload sessions live, in emulated time.
pub(crate) const WEEK: Duration = Duration::from_hours(7 * 24);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    pub(crate) id: String,
    pub(crate) display_name: Option<String>,
    pub(crate) mime_type: String,
    pub(crate) size: u64,
    /// The digest in hex.
    pub(crate) sha256: String,
    pub(crate) created: Stamp,
}

impl FileRecord {
    pub(crate) fn expires(&self) -> Stamp {
        self.created.plus(TWO_DAYS)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct UploadRecord {
    pub(crate) id: String,
    /// The file id that the client chose, if it did.
    pub(crate) file_id: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) mime_type: String,
    pub(crate) declared_size: Option<u64>,
    #[serde(default)]
    pub(crate) started: Stamp,
    pub(crate) outcome: UploadOutcome,
}

impl UploadRecord {
    /// When the session and what came in it are forgotten.
    pub(crate) fn expires(&self) -> Stamp {
        self.started.plus(WEEK)
    }

    pub(crate) fn is_active(&self) -> bool {
        self.outcome == UploadOutcome::Active
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum UploadOutcome {
    /// The bytes received are those in the session's data file.
    Active,
    Final(FileRecord),
    Cancelled,
    /// Another file had the name by then.
    Taken,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Source {
    File(String),
    Inlined,
}

/// What a job makes of its rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    #[default]
    Generate,
    Embed,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct JobRecord {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) kind: Kind,
    /// The job's place among all ever created, from 0.
    pub(crate) index: u64,
    pub(crate) source: Source,
    pub(crate) model: String,
    pub(crate) display_name: Option<String>,
    /// From when on the job exists; later than the request if the create was applied late.
    pub(crate) created: Stamp,
    /// From when on the job is in the list.
    pub(crate) listed: Stamp,
    pub(crate) phases: Vec<(String, Duration)>,
    /// For each phase how many more times the job must be got in it; 0 for phases by time.
    #[serde(default)]
    pub(crate) polls_left: Vec<u64>,
    /// What the input counts for.
    #[serde(default)]
    pub(crate) tokens: u64,
    pub(crate) end: String,
    pub(crate) error: Option<JobError>,
    pub(crate) has_output: bool,
    pub(crate) output_delay: Duration,
    pub(crate) ignores_cancel: bool,
    pub(crate) rows: u64,
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    pub(crate) cancelled: Option<Stamp>,
    pub(crate) deleted: Option<Stamp>,
    #[serde(default)]
    pub(crate) progress: Progress,
    /// What the answers come from, by name.
    #[serde(default)]
    pub(crate) answers: String,
    /// What the script wants of the rows.
    #[serde(default)]
    pub(crate) plan: JobPlan,
}

/// How far a job's rows are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Progress {
    /// All are, or none is wanted; the job ends by its plan, but not before `at`.
    Answered { at: Option<Stamp> },
    /// All are, made up by `at` when the job had ended by its plan: the emulator was slow beside its own clock,
    /// which takes nothing from the time for which results are kept.
    Late { at: Stamp },
    /// Answers are being made up; the job ends by its plan.
    Made,
    /// Someone is being asked; the job ends with the last answer.
    Real,
    /// Nobody wants the rest.
    Halted,
}

impl Default for Progress {
    fn default() -> Self {
        Self::Answered { at: None }
    }
}

/// The phases of a plan, or the usual two, and how often each wants to be polled.
pub(crate) fn phases(
    plan: &JobPlan,
    pending: Duration,
    running: Duration,
) -> (Vec<(String, Duration)>, Vec<u64>) {
    if plan.phases.is_empty() {
        let usual =
            vec![("BATCH_STATE_PENDING".into(), pending), ("BATCH_STATE_RUNNING".into(), running)];
        return (usual, vec![0, 0]);
    }
    let phase = |phase: &Phase| match phase.polls {
        // Until it was polled often enough it lasts for ever, which is to say until it expires.
        Some(polls) if polls > 0 => ((phase.state.clone(), Duration::MAX), polls),
        Some(_) => ((phase.state.clone(), Duration::ZERO), 0),
        None => ((phase.state.clone(), seconds(phase.lasts_s)), 0),
    };
    plan.phases.iter().map(phase).unzip()
}

/// A span given in a script; what is no span is none, what is too long is for ever.
pub(crate) fn seconds(n: f64) -> Duration {
    Duration::try_from_secs_f64(n.max(0.0)).unwrap_or(Duration::MAX)
}

/// A job as it stands at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) state: String,
    /// Since when it is in this state.
    pub(crate) since: Stamp,
    pub(crate) ended: bool,
    pub(crate) error: Option<JobError>,
    /// Whether the output's name shows.
    pub(crate) output: bool,
}

impl JobRecord {
    pub(crate) fn exists(&self, now: Stamp) -> bool {
        self.created <= now && self.deleted.is_none()
    }

    pub(crate) fn is_live(&self, now: Stamp) -> bool {
        self.exists(now) && !self.standing(now).ended
    }

    /// The end in the plan of things, as if nobody cancelled.
    fn planned_end(&self) -> (Stamp, &str) {
        let wanted: Duration =
            self.phases.iter().fold(Duration::ZERO, |sum, (_, span)| sum.saturating_add(*span));
        let by_plan = self.created.plus(wanted);
        let end = match self.progress {
            Progress::Answered { at } => at.map_or(by_plan, |at| at.max(by_plan)),
            Progress::Made | Progress::Late { .. } => by_plan,
            Progress::Real | Progress::Halted => Stamp(i64::MAX),
        };
        if wanted > TWO_DAYS || end > self.latest() {
            return (self.latest(), "BATCH_STATE_EXPIRED");
        }
        (end, &self.end)
    }

    /// When the job ends at the latest.
    pub(crate) fn latest(&self) -> Stamp {
        self.created.plus(TWO_DAYS)
    }

    /// Whether its results can be downloaded.
    pub(crate) fn keeps_results(&self, now: Stamp) -> bool {
        let standing = self.shown(now);
        let since = match self.progress {
            Progress::Late { at } => standing.since.max(at),
            _ => standing.since,
        };
        standing.output && since.plus(TWO_DAYS) > now
    }

    /// Whether its rows are still to be answered.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.progress, Progress::Made | Progress::Real)
            && self.deleted.is_none()
            && (self.cancelled.is_none() || self.ignores_cancel)
    }

    /// Whether the job has ended by the clock, and its answers are not yet there.
    pub(crate) fn is_late(&self, now: Stamp) -> bool {
        let standing = self.standing(now);
        self.progress == Progress::Made && standing.ended && standing.state == self.end
    }

    /// The job as clients see it: it does not end before its answers are there.
    pub(crate) fn shown(&self, now: Stamp) -> Standing {
        if self.is_late(now) {
            let last = self.phases.last().map_or("BATCH_STATE_RUNNING", |(state, _)| state);
            return running(last, self.created);
        }
        self.standing(now)
    }

    pub(crate) fn standing(&self, now: Stamp) -> Standing {
        let (end, end_state) = self.planned_end();
        let cancelled = self.cancelled.filter(|at| *at < end && !self.ignores_cancel);
        if let Some(at) = cancelled.filter(|at| *at <= now) {
            return self.ended("BATCH_STATE_CANCELLED", at, now);
        }
        if end <= now {
            return self.ended(end_state, end, now);
        }
        let mut since = self.created;
        for (state, span) in &self.phases {
            let until = since.plus(*span);
            if now < until {
                return running(state, since);
            }
            since = until;
        }
        running("BATCH_STATE_RUNNING", since)
    }

    /// Notes that a client got the job; says whether the record has changed. A phase that waits for
    /// that ends with the last time, and only the next look shows what follows.
    pub(crate) fn polled(&mut self, now: Stamp) -> bool {
        if self.standing(now).ended {
            return false;
        }
        let mut since = self.created;
        for ((_, span), left) in self.phases.iter_mut().zip(&mut self.polls_left) {
            let until = since.plus(*span);
            if now >= until {
                since = until;
                continue;
            }
            if *left == 0 {
                return false;
            }
            *left -= 1;
            if *left == 0 {
                let spent = now.0.saturating_sub(since.0).max(0);
                *span = Duration::from_nanos(spent.unsigned_abs());
            }
            return true;
        }
        false
    }

    fn ended(&self, state: &str, since: Stamp, now: Stamp) -> Standing {
        let own_end = state == self.end;
        let error = self.error.clone().filter(|_| own_end).or_else(|| error_of(state));
        let output = own_end && self.has_output && since.plus(self.output_delay) <= now;
        Standing { state: state.to_owned(), since, ended: true, error, output }
    }
}

fn running(state: &str, since: Stamp) -> Standing {
    Standing { state: state.to_owned(), since, ended: false, error: None, output: false }
}

fn error_of(state: &str) -> Option<JobError> {
    let (code, message) = match state.trim_start_matches("BATCH_STATE_") {
        "CANCELLED" => (1, "The batch was cancelled."),
        "EXPIRED" => (4, "The batch did not end within 48 hours."),
        "FAILED" => (13, "Internal error encountered."),
        _ => return None,
    };
    Some(JobError { code, message: message.into() })
}

#[cfg(test)]
mod tests;
