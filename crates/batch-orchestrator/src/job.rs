//! One job's machine: where it stands, and what may happen next.
//!
//! ```text
//! phase      event                    next phase
//! Planned    CreateIntended           Intended
//! Planned    CancelRequested          Over(NeverSent)
//! Intended   Created                  Waiting
//! Intended   Doubted                  Doubtful
//! Intended   Refused                  Over(Refused)
//! Doubtful   Created (adopted)        Waiting
//! Doubtful   Settled                  Planned, or Over(NeverSent) once cancelled
//! Doubtful   Quarantined              Over(Quarantined)
//! Waiting    Created (adopted)        Waiting for that one: two copies of a run agree on one job
//! Waiting    Ended with an output     Fetching
//! Waiting    Ended without            Over(NoResults)
//! Fetching   Fetched                  Over(Results)
//! Fetching   ResultsLost              Over(ResultsLost)
//! Over       Reopened                 Fetching (results lost, or to be fetched again), Waiting (an
//!                                     end that lacks its results), Doubtful (quarantined, nothing
//!                                     found)
//! Over       Created (adopted)        Waiting, after Refused only: the job is there all the same
//! ```
//!
//! `CancelRequested` is legal everywhere before the end and only remembered; `ExtraFound` is legal
//! everywhere and only counted. Anything else is an [`IllegalEvent`].

use std::time::SystemTime;

use batch_backend::{InputName, JobName, JobToken, OutputName};

use crate::{Doubt, Ending, Event, JobId, StoredResult};

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Nothing has been sent.
    Planned,
    /// The request to create it may be under way.
    Intended,
    /// It may exist or not; lists will tell.
    Doubtful(Doubt),
    /// It exists and is not known to be over.
    Waiting(JobName),
    /// It is over and its results are to be fetched.
    Fetching {
        /// How it ended.
        ending: Ending,
        /// What to fetch.
        output: OutputName,
    },
    /// Nothing more will happen.
    Over(Verdict),
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Results are stored.
    Results {
        /// How the job ended.
        ending: Ending,
        /// What is stored.
        result: StoredResult,
    },
    /// It ended without any results.
    NoResults(Ending),
    /// It had results and they cannot be had.
    ResultsLost {
        /// How the job ended.
        ending: Ending,
        /// Why they cannot be had.
        reason: String,
    },
    /// The service would not create it.
    Refused(String),
    /// A person has to decide.
    Quarantined {
        /// What was found.
        name: Option<JobName>,
        /// What is wrong.
        reason: String,
    },
    /// It was stopped before it was ever sent.
    NeverSent,
}

/// One job: its phase, and what it needs to remember across attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Which it is.
    pub id: JobId,
    /// Where it stands.
    pub phase: Phase,
    /// Attempts to create it so far.
    pub attempts: u32,
    /// The mark of the latest attempt.
    pub token: Option<JobToken>,
    /// Inputs that any attempt named: what an adopted job may have been made from.
    pub inputs: Vec<InputName>,
    /// The job at the service, as soon as it is known.
    pub name: Option<JobName>,
    /// When the service made it.
    pub created: Option<SystemTime>,
    /// Whether it was found by its mark.
    pub adopted: bool,
    /// Whether the user asked for it to be stopped.
    pub cancel_requested: bool,
    /// Second jobs for the same work that were found.
    pub extras: Vec<JobName>,
}

/// An event that cannot happen in the phase a job or an input is in: a damaged journal or a bug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{subject}: {event} cannot happen in phase {phase}")]
pub struct IllegalEvent {
    /// The job or input.
    pub subject: String,
    /// The event.
    pub event: String,
    /// The phase.
    pub phase: String,
}

impl Job {
    /// A job of which nothing has been sent.
    pub fn new(id: JobId) -> Self {
        Self {
            id,
            phase: Phase::Planned,
            attempts: 0,
            token: None,
            inputs: Vec::new(),
            name: None,
            created: None,
            adopted: false,
            cancel_requested: false,
            extras: Vec::new(),
        }
    }

    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over(_))
    }

    /// Whether it is past its creation, one way or the other.
    pub fn is_submitted(&self) -> bool {
        matches!(self.phase, Phase::Waiting(_) | Phase::Fetching { .. } | Phase::Over(_))
    }

    /// Takes one event of this job.
    ///
    /// # Errors
    /// When the event cannot happen in this phase; the job is as it was.
    pub fn apply(&mut self, event: &Event) -> Result<(), IllegalEvent> {
        let next = match (&self.phase, event) {
            (_, Event::ExtraFound { name, .. }) => {
                if !self.extras.contains(name) {
                    self.extras.push(name.clone());
                }
                return Ok(());
            }
            (Phase::Planned, Event::CancelRequested { .. }) => Phase::Over(Verdict::NeverSent),
            (phase, Event::CancelRequested { .. }) if !matches!(phase, Phase::Over(_)) => {
                self.cancel_requested = true;
                return Ok(());
            }
            (Phase::Planned, Event::CreateIntended { attempt, token, input, .. })
                if *attempt == self.attempts + 1 =>
            {
                self.attempts = *attempt;
                self.token = Some(token.clone());
                if !self.inputs.contains(input) {
                    self.inputs.push(input.clone());
                }
                Phase::Intended
            }
            (Phase::Intended, Event::Created { name, adopted, created, .. })
            | (
                Phase::Doubtful(_) | Phase::Waiting(_) | Phase::Over(Verdict::Refused(_)),
                Event::Created { name, adopted: adopted @ true, created, .. },
            ) => {
                self.name = Some(name.clone());
                self.created = *created;
                self.adopted = *adopted;
                Phase::Waiting(name.clone())
            }
            (Phase::Intended, Event::Doubted { doubt, .. }) => Phase::Doubtful(*doubt),
            (Phase::Intended, Event::Refused { reason, .. }) => {
                Phase::Over(Verdict::Refused(reason.clone()))
            }
            (Phase::Doubtful(_), Event::Settled { .. }) if self.cancel_requested => {
                Phase::Over(Verdict::NeverSent)
            }
            (Phase::Doubtful(_), Event::Settled { .. }) => Phase::Planned,
            (Phase::Doubtful(_), Event::Quarantined { name, reason, .. }) => {
                Phase::Over(Verdict::Quarantined { name: name.clone(), reason: reason.clone() })
            }
            (Phase::Waiting(_), Event::Ended { ending, .. }) => match &ending.output {
                Some(output) => Phase::Fetching { ending: ending.clone(), output: output.clone() },
                None => Phase::Over(Verdict::NoResults(ending.clone())),
            },
            (Phase::Over(verdict), Event::Reopened { .. }) => {
                self.reopened(verdict).ok_or_else(|| self.illegal(event))?
            }
            (Phase::Fetching { ending, .. }, Event::Fetched { result, .. }) => {
                Phase::Over(Verdict::Results { ending: ending.clone(), result: result.clone() })
            }
            (Phase::Fetching { ending, .. }, Event::ResultsLost { reason, .. }) => {
                Phase::Over(Verdict::ResultsLost { ending: ending.clone(), reason: reason.clone() })
            }
            _ => return Err(self.illegal(event)),
        };
        self.phase = next;
        Ok(())
    }

    fn illegal(&self, event: &Event) -> IllegalEvent {
        IllegalEvent {
            subject: format!("job {}", self.id),
            event: event.name().to_owned(),
            phase: self.phase.name().to_owned(),
        }
    }

    /// Where a job goes on that was given up; `None` for one that was not.
    fn reopened(&self, verdict: &Verdict) -> Option<Phase> {
        match verdict {
            Verdict::Results { ending, .. } | Verdict::ResultsLost { ending, .. } => {
                let output = ending.output.clone()?;
                Some(Phase::Fetching { ending: ending.clone(), output })
            }
            Verdict::NoResults(_) => self.name.clone().map(Phase::Waiting),
            Verdict::Quarantined { name: None, .. } => Some(Phase::Doubtful(Doubt::Unanswered)),
            _ => None,
        }
    }
}

impl Phase {
    /// The phase in one lower-case word, for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Intended => "intended",
            Self::Doubtful(_) => "doubtful",
            Self::Waiting(_) => "waiting",
            Self::Fetching { .. } => "fetching",
            Self::Over(_) => "over",
        }
    }
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
        }
    }

    /// The job this event is about, if it is about one.
    pub fn job(&self) -> Option<JobId> {
        match self {
            Self::UploadOpened { .. } | Self::InputLost { .. } | Self::InputStored { .. } => None,
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
            | Self::ExtraFound { job, .. } => Some(*job),
        }
    }
}
