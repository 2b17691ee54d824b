//! A whole run as the fold of its events: inputs, jobs, attempts, and what is left to do.

use std::collections::{BTreeMap, BTreeSet};

use batch_backend::{JobName, StoredInput, UploadSession};

use crate::index::Index;
use crate::{
    Attempt, Doubt, Event, IllegalEvent, InputId, Job, JobId, Ledger, NewInput, Phase, Plan,
    Verdict,
};

mod again;
#[cfg(test)]
mod tests;

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
    attempts: Vec<Attempt>,
    added: BTreeMap<InputId, NewInput>,
    /// Jobs that have the rows of a job again.
    heirs: BTreeMap<JobId, Vec<JobId>>,
    index: Index,
}

impl RunState {
    /// The state before anything happened.
    pub fn new(plan: &Plan) -> Self {
        let mut state = Self {
            inputs: BTreeMap::new(),
            jobs: BTreeMap::new(),
            attempts: Vec::new(),
            added: BTreeMap::new(),
            heirs: BTreeMap::new(),
            index: Index::default(),
        };
        for input in &plan.inputs {
            state.inputs.insert(input.id, InputPhase::Planned);
            for (model, _) in (0u32..).zip(&plan.models) {
                let mut job = Job::new(JobId { input: input.id, model });
                (job.load, job.rows) = (input.load(model), input.rows);
                state.insert(job);
            }
        }
        state
    }

    fn insert(&mut self, job: Job) {
        self.index.add(&job);
        self.jobs.insert(job.id, job);
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
        match event {
            Event::Attempted { attempt } => self.attempted(attempt, event),
            Event::UploadOpened { input, session } => {
                self.input_moves(*input, InputPhase::Open(session.clone()), event)
            }
            Event::InputStored { input, stored } => {
                self.input_moves(*input, InputPhase::Stored(stored.clone()), event)
            }
            Event::InputLost { input, .. } => self.input_moves(*input, InputPhase::Planned, event),
            _ => self.job_moves(event),
        }
    }

    fn job_moves(&mut self, event: &Event) -> Result<(), IllegalEvent> {
        let Some(id) = event.job() else { return Err(stranger("the run", event)) };
        let name = match event {
            Event::Created { name, .. } | Event::Adopted { name, .. } => Some(name),
            Event::Reopened { .. } => self.job(id).and_then(Job::may_wait_again),
            _ => None,
        };
        if let Some(other) = name.and_then(|name| self.waits_for(name)).filter(|j| j.id != id) {
            let phase = format!("waiting for a job that {} waits for", other.id);
            return Err(illegal(format!("job {id}"), event, phase));
        }
        if self.would_revive(id, event) {
            let phase = "over, with its rows sent again".to_owned();
            return Err(illegal(format!("job {id}"), event, phase));
        }
        let Some(job) = self.jobs.get_mut(&id) else {
            return Err(stranger(&format!("job {id}"), event));
        };
        self.index.remove(job);
        let applied = job.apply(event);
        self.index.add(job);
        applied
    }

    fn input_moves(
        &mut self,
        id: InputId,
        next: InputPhase,
        event: &Event,
    ) -> Result<(), IllegalEvent> {
        let Some(phase) = self.inputs.get_mut(&id) else {
            return Err(stranger(&format!("input {id}"), event));
        };
        let legal = matches!(
            (&*phase, &next),
            (InputPhase::Planned, InputPhase::Open(_))
                | (InputPhase::Open(_), InputPhase::Stored(_) | InputPhase::Planned)
                | (InputPhase::Stored(_), InputPhase::Planned)
        );
        if !legal {
            return Err(illegal(format!("input {id}"), event, phase.name().to_owned()));
        }
        self.index.set_stored(id, matches!(next, InputPhase::Stored(_)));
        *phase = next;
        Ok(())
    }

    /// Every job, in the order of the plan; those that attempts added come last.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }

    /// One job.
    pub fn job(&self, id: JobId) -> Option<&Job> {
        self.jobs.get(&id)
    }

    /// The jobs of one variant and one model, in the order in which their rows count: where a row
    /// came more than once, its last one does.
    pub fn cell(&self, variant: u32, model: u32) -> impl Iterator<Item = &Job> {
        self.jobs().filter(move |job| job.id.input.variant == variant && job.id.model == model)
    }

    /// The job that waits for this one at the service.
    pub fn waits_for(&self, name: &JobName) -> Option<&Job> {
        self.index.waiting.get(name).and_then(|id| self.job(*id))
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
        self.index.is_wanted(input)
    }

    /// All attempts so far.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// The input that an attempt added, if one did.
    pub fn added(&self, input: InputId) -> Option<&NewInput> {
        self.added.get(&input)
    }

    /// Jobs that the budget did not bear once and that this one bears now, each in addition to
    /// those before it; a session with this budget sends them.
    pub fn affordable(&self, budget: Option<u64>) -> BTreeSet<JobId> {
        let mut ledger = self.ledger();
        let refused =
            self.jobs().filter(|job| matches!(job.phase, Phase::Over(Verdict::NotAfforded { .. })));
        let borne = refused.filter(|job| {
            let cost = job.load.cost;
            let fits = budget.is_none_or(|budget| ledger.affords(budget, cost));
            if fits {
                ledger.add(cost);
            }
            fits
        });
        borne.map(|job| job.id).collect()
    }

    /// The first number that the shards of an attempt may have.
    pub fn next_shard(&self) -> u32 {
        self.inputs.last_key_value().map_or(1, |(id, _)| id.shard.saturating_add(1))
    }

    /// Jobs that were stuck and cut short, and whose missing rows are to be sent again.
    pub fn to_split(&self) -> impl Iterator<Item = JobId> + '_ {
        self.index.to_split.iter().copied()
    }

    /// What the run has cost and may still cost, as far as jobs were created.
    pub fn ledger(&self) -> Ledger {
        self.index.ledger
    }

    /// Whether the goal is reached.
    pub fn reached(&self, goal: Goal) -> bool {
        let index = &self.index;
        match goal {
            Goal::Uploaded => index.unstored.is_empty(),
            Goal::Submitted => {
                index.planned.is_empty() && index.intended.is_empty() && index.doubtful.is_empty()
            }
            Goal::Fetched => index.over == self.jobs.len(),
        }
    }

    /// Whether any request to create a job was ever about to be sent.
    pub fn has_created(&self) -> bool {
        self.index.attempted > 0
    }

    /// Jobs that wait for a person.
    pub fn quarantined(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values().filter(|j| matches!(j.phase, Phase::Over(Verdict::Quarantined { .. })))
    }

    /// Jobs of which nobody knows whether they exist: what a person may adopt or abandon.
    pub fn ambiguous(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values().filter(|job| {
            matches!(
                job.phase,
                Phase::Intended | Phase::Doubtful(_) | Phase::Over(Verdict::Quarantined { .. })
            )
        })
    }

    /// For a journal that lost lines: events that put every job in doubt which seems never to have
    /// been sent, so that lists are asked for it before anything is created.
    pub fn doubts(&self) -> Vec<Event> {
        let reason = "the journal was damaged and may lack its creation".to_owned();
        let planned = self.jobs.values().filter(|job| job.phase == Phase::Planned);
        let doubted = planned.map(|job| Event::Doubted {
            job: job.id,
            doubt: Doubt::Unanswered,
            reason: reason.clone(),
        });
        doubted.collect()
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }
}

fn illegal(subject: String, event: &Event, phase: String) -> IllegalEvent {
    IllegalEvent { subject, event: event.name().to_owned(), phase }
}

fn stranger(subject: &str, event: &Event) -> IllegalEvent {
    illegal(subject.to_owned(), event, "not in the plan".to_owned())
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
