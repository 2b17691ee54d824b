//! A whole run as the fold of its events: inputs, jobs, and what is left to do.

use std::collections::BTreeMap;

use batch_backend::{StoredInput, UploadSession};

use crate::{Event, IllegalEvent, InputId, Job, JobId, Phase, Plan, Verdict};

/// Where an input stands.
///
/// ```text
/// Planned --UploadOpened--> Open --InputStored--> Stored
/// Open, Stored --InputLost--> Planned
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputPhase {
    /// Nothing has been sent.
    Planned,
    /// A session is open and bytes may lie in it.
    Open(UploadSession),
    /// It lies at the service.
    Stored(StoredInput),
}

/// How far a run is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    /// Every input lies at the service.
    Uploaded,
    /// Every job is created, or will never be.
    Submitted,
    /// Every job is over and its results are here.
    Fetched,
}

/// The state of a run: nothing but the fold of its events over its plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunState {
    inputs: BTreeMap<InputId, InputPhase>,
    jobs: BTreeMap<JobId, Job>,
}

impl RunState {
    /// The state before anything happened.
    pub fn new(plan: &Plan) -> Self {
        Self {
            inputs: plan.inputs.iter().map(|input| (input.id, InputPhase::Planned)).collect(),
            jobs: plan.jobs().map(|id| (id, Job::new(id))).collect(),
        }
    }

    /// The state after `events`.
    ///
    /// # Errors
    /// At the first event that cannot happen.
    pub fn replay<'e>(
        plan: &Plan,
        events: impl IntoIterator<Item = &'e Event>,
    ) -> Result<Self, IllegalEvent> {
        let mut state = Self::new(plan);
        for event in events {
            state.apply(event)?;
        }
        Ok(state)
    }

    /// Takes one event.
    ///
    /// # Errors
    /// When it cannot happen; the state is as it was.
    pub fn apply(&mut self, event: &Event) -> Result<(), IllegalEvent> {
        if let Some(id) = event.job() {
            let stranger = || stranger(&format!("job {id}"), event);
            return self.jobs.get_mut(&id).ok_or_else(stranger)?.apply(event);
        }
        let (id, next) = match event {
            Event::UploadOpened { input, session } => (*input, InputPhase::Open(session.clone())),
            Event::InputStored { input, stored } => (*input, InputPhase::Stored(stored.clone())),
            Event::InputLost { input, .. } => (*input, InputPhase::Planned),
            _ => return Err(stranger("the run", event)),
        };
        let phase =
            self.inputs.get_mut(&id).ok_or_else(|| stranger(&format!("input {id}"), event))?;
        let legal = matches!(
            (&*phase, &next),
            (InputPhase::Planned, InputPhase::Open(_))
                | (InputPhase::Open(_), InputPhase::Stored(_) | InputPhase::Planned)
                | (InputPhase::Stored(_), InputPhase::Planned)
        );
        if !legal {
            return Err(IllegalEvent {
                subject: format!("input {id}"),
                event: event.name().to_owned(),
                phase: phase.name().to_owned(),
            });
        }
        *phase = next;
        Ok(())
    }

    /// Every job, in the order of the plan.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }

    /// One job.
    pub fn job(&self, id: JobId) -> Option<&Job> {
        self.jobs.get(&id)
    }

    /// Every input and where it stands.
    pub fn inputs(&self) -> impl Iterator<Item = (InputId, &InputPhase)> {
        self.inputs.iter().map(|(id, phase)| (*id, phase))
    }

    /// Where one input stands.
    pub fn input(&self, id: InputId) -> Option<&InputPhase> {
        self.inputs.get(&id)
    }

    /// Whether some job still has to be created from this input.
    pub fn is_wanted(&self, input: InputId) -> bool {
        self.jobs.values().any(|job| {
            job.id.input == input && matches!(job.phase, Phase::Planned) && !job.cancel_requested
        })
    }

    /// Whether the goal is reached.
    pub fn reached(&self, goal: Goal) -> bool {
        match goal {
            Goal::Uploaded => self
                .inputs
                .iter()
                .all(|(id, phase)| matches!(phase, InputPhase::Stored(_)) || !self.is_wanted(*id)),
            Goal::Submitted => self.jobs.values().all(Job::is_submitted),
            Goal::Fetched => self.jobs.values().all(Job::is_over),
        }
    }

    /// Whether any request to create a job was ever about to be sent.
    pub fn has_created(&self) -> bool {
        self.jobs.values().any(|job| job.attempts > 0)
    }

    /// Jobs that wait for a person.
    pub fn quarantined(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values().filter(|j| matches!(j.phase, Phase::Over(Verdict::Quarantined { .. })))
    }
}

fn stranger(subject: &str, event: &Event) -> IllegalEvent {
    IllegalEvent {
        subject: subject.to_owned(),
        event: event.name().to_owned(),
        phase: "not in the plan".to_owned(),
    }
}

impl InputPhase {
    /// The phase in one lower-case word, for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Open(_) => "open",
            Self::Stored(_) => "stored",
        }
    }
}
