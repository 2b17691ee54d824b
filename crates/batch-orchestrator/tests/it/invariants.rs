//! What holds in every simulated run, after every session of it and at every creation.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use batch_backend::memory::MemoryBackend;
use batch_backend::{
    BackendError, BatchBackend, ByteSink, Fetched, InputName, JobName, JobPage, JobSnapshot,
    JobSpec, Operation, OutputName, PageToken, StoredInput, Upload, UploadSession,
};
use batch_orchestrator::{Event, Finish, Goal, Job, JobId, Phase, RunState, Tally, Verdict, Why};

use crate::world::Sim;

/// The backend in memory, watched: no creation may make a second live job for the same work.
#[derive(Debug)]
pub(crate) struct Strict(pub(crate) MemoryBackend);

#[async_trait]
impl BatchBackend for Strict {
    fn identity(&self) -> String {
        self.0.identity()
    }

    async fn open_upload(&self, label: &str, len: u64) -> Result<UploadSession, BackendError> {
        self.0.open_upload(label, len).await
    }

    async fn upload(&self, upload: Upload<'_>) -> Result<StoredInput, BackendError> {
        self.0.upload(upload).await
    }

    async fn create(&self, spec: &JobSpec) -> Result<JobSnapshot, BackendError> {
        let made = self.0.create(spec).await;
        let mut works = BTreeSet::new();
        for token in self.0.live() {
            let Some((work, _)) = token.rsplit_once(".a") else { continue };
            assert!(works.insert(work.to_owned()), "two live jobs for {work}");
        }
        made
    }

    async fn get(&self, job: &JobName) -> Result<JobSnapshot, BackendError> {
        self.0.get(job).await
    }

    async fn list(&self, page: Option<&PageToken>) -> Result<JobPage, BackendError> {
        self.0.list(page).await
    }

    async fn cancel(&self, job: &JobName) -> Result<(), BackendError> {
        self.0.cancel(job).await
    }

    async fn delete(&self, job: &JobName) -> Result<(), BackendError> {
        self.0.delete(job).await
    }

    async fn fetch(
        &self,
        output: &OutputName,
        into: &mut dyn ByteSink,
    ) -> Result<Fetched, BackendError> {
        self.0.fetch(output, into).await
    }

    async fn discard(&self, input: &InputName) -> Result<(), BackendError> {
        self.0.discard(input).await
    }
}

/// Checks a run after a session, which began at the event `first`; `ended` is how it ended, unless
/// it died.
pub(crate) fn check(sim: &Sim, first: usize, ended: Option<(&Finish, &RunState)>) {
    let events = sim.journal.events();
    let state = sim.state();
    intents_are_numbered(&events);
    nothing_downloaded_is_lost(sim, &events);
    stays_within_limits(sim, first, &events);
    rows_are_sent_once_at_a_time(sim, &events);
    let Some((finish, left)) = ended else { return };
    assert_eq!(&state, left, "the journal replays to the state the program had");
    if *finish == Finish::Reached {
        assert!(state.reached(sim.policy.goal), "the goal is reached");
    }
    if *finish == Finish::Reached && sim.policy.goal == Goal::Fetched {
        assert!(state.jobs().all(Job::is_over), "every job has its verdict");
    }
}

/// Each attempt to create has its own mark, and attempts count up.
fn intents_are_numbered(events: &[Event]) {
    let (mut tokens, mut last) = (BTreeSet::new(), BTreeMap::new());
    for event in events {
        if let Event::CreateIntended { job, attempt, token, .. } = event {
            assert!(tokens.insert(token.clone()), "{token} is meant twice");
            let before = last.insert(*job, *attempt);
            assert!(before.is_none_or(|before| before + 1 == *attempt), "{job}");
        }
    }
}

/// What was journalled as fetched is kept, byte for byte.
fn nothing_downloaded_is_lost(sim: &Sim, events: &[Event]) {
    let mut fetched: BTreeMap<JobId, _> = BTreeMap::new();
    for event in events {
        if let Event::Fetched { job, result } = event {
            fetched.insert(*job, result);
        }
    }
    for (job, result) in fetched {
        let mut tally = Tally::default();
        tally.add(&sim.sink.kept(job).unwrap());
        assert_eq!(tally.result().sha256, result.sha256, "{job}");
    }
}

/// No rows are in two jobs that were created, unless the first one had ended: told from the
/// events, whatever the state thinks of them.
fn rows_are_sent_once_at_a_time(sim: &Sim, events: &[Event]) {
    let mut state = RunState::new(&sim.plan);
    let (mut before, mut passed_on) = (BTreeMap::new(), BTreeSet::new());
    for event in events {
        state.apply(event).unwrap();
        match event {
            // A person may ask for rows of a job that may be there all the same.
            Event::Attempted { attempt } if attempt.why == Why::Asked => {}
            Event::Attempted { attempt } if !attempt.inputs.is_empty() => {
                passed_on.extend(attempt.of.iter().copied());
                before.extend(attempt.jobs().map(|heir| (heir, attempt.of.clone())));
            }
            Event::CreateIntended { job, .. } => {
                assert!(!passed_on.contains(job), "{job} after its rows went to other jobs");
                for first in before.get(job).into_iter().flatten() {
                    let phase = &state.job(*first).unwrap().phase;
                    let ended = matches!(
                        phase,
                        Phase::Fetching { .. }
                            | Phase::Over(
                                Verdict::Results { .. }
                                    | Verdict::ResultsLost { .. }
                                    | Verdict::NoResults(_)
                                    | Verdict::Refused(_)
                            )
                    );
                    assert!(ended, "{job} has rows of {first}, which is {phase:?}");
                }
            }
            _ => {}
        }
    }
}

/// Live jobs, their tokens and the money stay within what the policy allows, at every creation.
fn stays_within_limits(sim: &Sim, first: usize, events: &[Event]) {
    let (before, now) = events.split_at(first);
    let mut state = RunState::replay(&sim.plan, before).unwrap();
    for event in now {
        state.apply(event).unwrap();
        let Event::CreateIntended { job, .. } = event else { continue };
        let live: Vec<&Job> = state.jobs().filter(|job| job.is_live()).collect();
        assert!(live.len() <= sim.policy.limits.live_jobs, "{} jobs live", live.len());
        let model = sim.plan.model(*job).unwrap();
        if let Some(most) = sim.policy.limits.live_tokens.get(model) {
            let of_model: Vec<&&Job> = live.iter().filter(|j| j.id.model == job.model).collect();
            let tokens: u64 = of_model.iter().map(|job| job.load.tokens).sum();
            assert!(tokens <= *most || of_model.len() == 1, "{tokens} tokens live of {most}");
        }
        if let Some(budget) = sim.policy.budget {
            let ledger = state.ledger();
            assert!(ledger.committed <= budget, "{} of {budget} committed", ledger.committed);
            assert_eq!(ledger.unknown, 0);
        }
    }
}

/// A run that is finished stays as it is: a further session looks for second jobs and does nothing.
pub(crate) async fn a_further_session_does_nothing(sim: &Sim) {
    let calls = || {
        use Operation as O;
        let all = [O::OpenUpload, O::Upload, O::Create, O::Get, O::Cancel, O::Delete, O::Fetch];
        all.map(|operation| sim.backend.calls(operation))
    };
    let (events, before) = (sim.journal.events(), calls());
    sim.session().await.unwrap();
    assert_eq!(sim.journal.events(), events, "no event is added");
    assert_eq!(calls(), before, "nothing is called but lists");
}
