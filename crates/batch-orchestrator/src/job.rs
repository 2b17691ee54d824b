//! One job's machine: where it stands, and what may happen next.
//!
//! ```text
//! phase      event                    next phase
//! Planned    CreateIntended           Intended
//! Planned, Over(NotAfforded)
//!            CancelRequested          Over(NeverSent)
//! Planned    Doubted                  Doubtful: the journal was mended and may lack its creation, or
//!                                     there is a job with its mark
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
//!                                     found), Planned (not afforded)
//! Over       Created (adopted)        Waiting, after Refused only: the job is there all the same
//!                                     (none of these but Fetching once its rows were sent again)
//!
//! Planned    NotAfforded              Over(NotAfforded)
//! not Waiting, Fetching, Over(Results)
//!            Adopted                  Waiting for what a person named
//! Intended, Doubtful, Over(Quarantined)
//!            Abandoned                Over(Abandoned)
//! ```
//!
//! Remembered without a change of phase: `CancelRequested` everywhere before the end, and after it
//! where something would follow (quarantined, to be split); `Looked` and `Stuck` while Waiting,
//! `Spent` once Over, `ExtraFound` always. Anything else is an [`IllegalEvent`].

use std::time::SystemTime;

use batch_backend::{InputName, JobName, JobToken};

use crate::{Doubt, Event, JobId, Ledger, Load, Look, Phase, Then, Verdict};

/// So often the same rows go into smaller jobs: whatever is slow then is not slow for its size.
pub(crate) const SPLITS: u32 = 3;

/// One job: its phase, and what it needs to remember across attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
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
    /// Whether it was found by its mark, or given by a person.
    pub adopted: bool,
    /// How far it was when it was last looked at.
    pub look: Option<Look>,
    /// Whether it is to be stopped: because a person said so, or because it was stuck.
    pub cancel_requested: bool,
    /// Whether a person said so.
    pub called_off: bool,
    /// What was done about it when it was stuck, if it was.
    pub stuck: Option<Then>,
    /// Whether the rows that a split left missing were seen to.
    pub split: bool,
    /// 0 for the run's own jobs, and one more each time rows are sent again.
    pub round: u32,
    /// How often its rows went into smaller jobs because theirs was stuck.
    pub splits: u32,
    /// Its rows, as far as the plan or the attempt that added it tells.
    pub rows: Option<u64>,
    /// How heavy it is, as far as forecast.
    pub load: Load,
    /// What it really cost, in millionths of a dollar.
    pub spent: Option<u64>,
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
            look: None,
            cancel_requested: false,
            called_off: false,
            stuck: None,
            split: false,
            round: 0,
            splits: 0,
            rows: None,
            load: Load::default(),
            spent: None,
            extras: Vec::new(),
        }
    }

    /// The same with its forecast.
    #[must_use]
    pub fn with_load(mut self, load: Load) -> Self {
        self.load = load;
        self
    }

    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over(_))
    }

    /// Whether it exists at the service, or may, and is not known to be over.
    pub fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Intended | Phase::Doubtful(_) | Phase::Waiting(_))
    }

    /// Whether it was stuck, was cut short for it, and its missing rows still have to be sent.
    pub fn is_to_split(&self) -> bool {
        let cut = self.stuck == Some(Then::Split) && !self.split && self.is_over();
        cut && !self.called_off && self.splits < SPLITS
    }

    /// Whether its rows may go into smaller jobs, where it has so many as the service says.
    pub(crate) fn may_split(&self, told: Option<u64>) -> bool {
        self.splits < SPLITS && self.rows.or(told).is_none_or(|rows| rows > 1)
    }

    /// Whether it matters that a person wants it stopped: it is not over, or something would
    /// follow by itself.
    pub fn may_be_called_off(&self) -> bool {
        let waits = matches!(
            self.phase,
            Phase::Over(Verdict::NotAfforded { .. } | Verdict::Quarantined { .. })
        );
        !self.is_over() || (waits && !self.called_off) || self.is_to_split()
    }

    /// Whether it was at the service, is over and never comes back by itself: only then may its
    /// rows go into other jobs.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(
            self.phase,
            Phase::Over(Verdict::Results { .. } | Verdict::NoResults(_) | Verdict::Refused(_))
        )
    }

    /// Whether a person stopped it or gave it up, and it is over.
    pub fn is_put_down(&self) -> bool {
        let given_up = matches!(self.phase, Phase::Over(Verdict::Abandoned { .. }));
        given_up || (self.called_off && self.is_over())
    }

    /// Whether it is over and does not come back, be it that nobody knows whether it exists: its rows
    /// may go into other jobs when a person says so.
    pub(crate) fn is_done_with(&self) -> bool {
        let put_down =
            matches!(self.phase, Phase::Over(Verdict::Abandoned { .. } | Verdict::NeverSent));
        put_down || self.is_settled()
    }

    /// What it cost or may still cost, second jobs for the same work included.
    pub fn commitment(&self) -> Ledger {
        let mut ledger = Ledger::default();
        let never = matches!(
            self.phase,
            Phase::Planned
                | Phase::Over(
                    Verdict::Refused(_) | Verdict::NeverSent | Verdict::NotAfforded { .. }
                )
        );
        if self.attempts > 0 && !never {
            ledger.add(self.spent.or(self.load.cost));
        }
        for _ in &self.extras {
            ledger.add(self.load.cost);
        }
        ledger
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
            (Phase::Waiting(_), Event::Looked { look, .. }) => {
                self.look = Some(look.clone());
                return Ok(());
            }
            (Phase::Waiting(_), Event::Stuck { then, .. }) if self.stuck.is_none() => {
                self.stuck = Some(*then);
                self.cancel_requested |= *then != Then::Wait;
                return Ok(());
            }
            (Phase::Over(_), Event::Spent { cost, .. }) => {
                self.spent = Some(*cost);
                return Ok(());
            }
            (Phase::Planned, Event::NotAfforded { budget, .. }) => {
                Phase::Over(Verdict::NotAfforded { budget: *budget })
            }
            (
                Phase::Planned | Phase::Over(Verdict::NotAfforded { .. }),
                Event::CancelRequested { .. },
            ) => {
                self.called_off = true;
                Phase::Over(Verdict::NeverSent)
            }
            (_, Event::CancelRequested { .. }) if self.may_be_called_off() => {
                self.cancel_requested = true;
                self.called_off = true;
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
                // After a mended journal it is found without any attempt that is known.
                self.attempts = self.attempts.max(1);
                self.is_made(name, *created, *adopted)
            }
            (phase, Event::Adopted { name, created, .. }) if phase.may_be_adopted() => {
                // Whoever names a job wants what comes of it, whatever was wanted before.
                (self.cancel_requested, self.called_off) = (false, false);
                self.is_made(name, *created, true)
            }
            (phase, Event::Abandoned { .. }) if phase.may_be_abandoned() => {
                Phase::Over(Verdict::Abandoned { name: phase.found() })
            }
            (Phase::Planned | Phase::Intended, Event::Doubted { doubt, .. }) => {
                Phase::Doubtful(*doubt)
            }
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
        if !matches!(next, Phase::Over(_) | Phase::Fetching { .. }) {
            // What comes back to the service may cost again.
            self.spent = None;
        }
        self.phase = next;
        Ok(())
    }

    fn is_made(&mut self, name: &JobName, at: Option<SystemTime>, adopted: bool) -> Phase {
        self.name = Some(name.clone());
        self.created = at;
        self.adopted = adopted;
        self.look = None;
        Phase::Waiting(name.clone())
    }

    /// What a job waits for again when it is reopened.
    pub(crate) fn may_wait_again(&self) -> Option<&JobName> {
        self.name.as_ref().filter(|_| matches!(self.phase, Phase::Over(Verdict::NoResults(_))))
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
            Verdict::NotAfforded { .. } => Some(Phase::Planned),
            _ => None,
        }
    }
}

impl Phase {
    /// Where a person may name the job that stands for this one.
    fn may_be_adopted(&self) -> bool {
        !matches!(
            self,
            Self::Waiting(_) | Self::Fetching { .. } | Self::Over(Verdict::Results { .. })
        )
    }

    /// Where it is unknown whether the job exists.
    fn may_be_abandoned(&self) -> bool {
        matches!(self, Self::Intended | Self::Doubtful(_) | Self::Over(Verdict::Quarantined { .. }))
    }

    fn found(&self) -> Option<JobName> {
        match self {
            Self::Over(Verdict::Quarantined { name, .. }) => name.clone(),
            _ => None,
        }
    }
}
