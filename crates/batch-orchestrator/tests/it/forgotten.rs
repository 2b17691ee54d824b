//! Journals that lost their last lines, however many: they look like those of an earlier time, and no job is made
//! a second time for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use batch_backend::memory::{Course, Fault, MemoryBackend};
use batch_backend::{
    BackendError, BatchBackend, ByteSink, Fetched, InputName, JobName, JobPage, JobSnapshot,
    JobSpec, JobState, ModelId, Operation, OutputName, PageToken, StoredInput, Upload,
    UploadSession,
};
use batch_orchestrator::{
    DriveError, Event, Goal, InputPhase, Load, MemoryJournal, Phase, Verdict,
};

use crate::world::{Sim, job};

/// The backend in memory, whose first lists show nobody's jobs.
#[derive(Debug)]
pub(crate) struct Stale {
    inner: MemoryBackend,
    lists: AtomicU32,
}

impl Stale {
    pub(crate) fn before(sim: &Sim, lists: u32) -> Arc<Self> {
        Arc::new(Self { inner: sim.backend.clone(), lists: AtomicU32::new(lists) })
    }
}

#[async_trait]
impl BatchBackend for Stale {
    fn identity(&self) -> String {
        self.inner.identity()
    }

    async fn open_upload(&self, label: &str, len: u64) -> Result<UploadSession, BackendError> {
        self.inner.open_upload(label, len).await
    }

    async fn upload(&self, upload: Upload<'_>) -> Result<StoredInput, BackendError> {
        self.inner.upload(upload).await
    }

    async fn create(&self, spec: &JobSpec) -> Result<JobSnapshot, BackendError> {
        self.inner.create(spec).await
    }

    async fn get(&self, job: &JobName) -> Result<JobSnapshot, BackendError> {
        self.inner.get(job).await
    }

    async fn list(&self, page: Option<&PageToken>) -> Result<JobPage, BackendError> {
        let listed = self.inner.list(page).await?;
        let left =
            self.lists.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        Ok(if left.is_ok() { JobPage { jobs: Vec::new(), next: None } } else { listed })
    }

    async fn cancel(&self, job: &JobName) -> Result<(), BackendError> {
        self.inner.cancel(job).await
    }

    async fn delete(&self, job: &JobName) -> Result<(), BackendError> {
        self.inner.delete(job).await
    }

    async fn fetch(
        &self,
        output: &OutputName,
        into: &mut dyn ByteSink,
    ) -> Result<Fetched, BackendError> {
        self.inner.fetch(output, into).await
    }

    async fn discard(&self, input: &InputName) -> Result<(), BackendError> {
        self.inner.discard(input).await
    }
}

/// The run with the first `kept` events of its journal.
pub(crate) fn cut(sim: &Sim, kept: usize) -> Sim {
    let mut cut = Sim { journal: MemoryJournal::default(), ..sim.clone() };
    for event in sim.journal.events().iter().take(kept) {
        cut.append(event);
    }
    cut.policy.goal = Goal::Fetched;
    cut.policy.made_before = true;
    cut
}

/// A run of two models and two shards that came as far as `goal`.
async fn ran(goal: Goal) -> Sim {
    let mut sim = Sim::sharded(&["sim-flash", "sim-pro"], 2, Load::default());
    sim.policy.goal = goal;
    sim.session().await.unwrap();
    sim
}

pub(crate) fn is_extra(event: &Event) -> bool {
    matches!(event, Event::ExtraFound { .. })
}

#[tokio::test]
async fn a_journal_that_lost_its_last_lines_makes_no_job_again() {
    for goal in [Goal::Submitted, Goal::Fetched] {
        let lines = ran(goal).await.journal.events().len();
        assert!(lines >= 12, "{lines}");
        for kept in 0..=lines {
            let whole = ran(goal).await;
            let sim = cut(&whole, kept);
            sim.session().await.unwrap();
            sim.assert_complete(&format!("{goal:?}, {kept} of {lines} lines"));
            assert_eq!(sim.backend.calls(Operation::Create), 4, "{goal:?}, {kept} lines");
            assert!(!sim.journal.events().iter().any(is_extra), "{goal:?}, {kept} lines");
        }
    }
}

#[tokio::test]
async fn trouble_on_the_way_does_not_make_one_either() {
    let faults = [
        (Operation::List, Fault::Before),
        (Operation::List, Fault::Gone),
        (Operation::List, Fault::Refused),
        (Operation::List, Fault::Quota),
        (Operation::OpenUpload, Fault::Before),
        (Operation::Upload, Fault::After),
        (Operation::Get, Fault::Gone),
        (Operation::Create, Fault::After),
    ];
    for (operation, fault) in faults {
        for times in [1, 3] {
            let lines = ran(Goal::Submitted).await.journal.events().len();
            for kept in 0..=lines {
                let cell = format!("{times} × {fault:?} of {operation:?}, {kept} lines");
                let sim = cut(&ran(Goal::Submitted).await, kept);
                sim.backend.fail(operation, vec![fault; times]);
                for _ in 0..5 {
                    match sim.session().await {
                        Ok(_) => break,
                        Err(DriveError::Backend(_)) => {}
                        Err(error) => panic!("{cell}: {error}"),
                    }
                }
                sim.assert_complete(&cell);
                assert_eq!(sim.backend.history().len(), 4, "{cell}");
            }
        }
    }
}

#[tokio::test]
async fn what_became_of_a_forgotten_job_is_what_became_of_it() {
    for state in [JobState::Failed, JobState::Expired, JobState::Cancelled] {
        let mut sim = Sim::new(&["sim-flash"]);
        sim.backend.next_courses([Course::ending(state.clone())]);
        sim.policy.goal = Goal::Submitted;
        sim.session().await.unwrap();
        let sim = cut(&sim, 0);
        let (_, left) = sim.session().await.unwrap();
        let phase = &left.job(job(0)).unwrap().phase;
        let Phase::Over(Verdict::NoResults(ending)) = phase else { panic!("{phase:?}") };
        assert_eq!((&ending.state, sim.backend.history().len()), (&state, 1));
    }
}

#[tokio::test]
async fn a_forgotten_job_of_other_bytes_is_left_to_a_person() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.strict = false;
    sim.policy.goal = Goal::Uploaded;
    let (_, state) = sim.session().await.unwrap();
    let Some(InputPhase::Stored(stored)) = state.input(job(0).input) else { panic!("stored") };
    let model: ModelId = sim.plan.models[0].clone();
    let token = job(0).token(&sim.plan.tag, 1, "of other bytes", &model);
    let foreign = JobSpec { token, model, input: stored.name.clone() };
    sim.backend.create(&foreign).await.unwrap();
    sim.policy.goal = Goal::Fetched;
    let (_, state) = sim.session().await.unwrap();
    assert_eq!((state.quarantined().count(), sim.backend.calls(Operation::Create)), (1, 1));
}

#[tokio::test]
async fn a_second_job_beside_a_forgotten_one_is_stopped() {
    let mut sim = Sim::new(&["sim-flash"]);
    (sim.strict, sim.policy.goal) = (false, Goal::Submitted);
    let (_, state) = sim.session().await.unwrap();
    let Some(InputPhase::Stored(stored)) = state.input(job(0).input) else { panic!("stored") };
    let model: ModelId = sim.plan.models[0].clone();
    let token = job(0).token(&sim.plan.tag, 2, &stored.sha256, &model);
    let twin = JobSpec { token, model, input: stored.name.clone() };
    sim.backend.create(&twin).await.unwrap();
    let sim = cut(&sim, 0);
    sim.session().await.unwrap();
    sim.assert_complete("the older one is it");
    assert_eq!(sim.journal.events().iter().filter(|event| is_extra(event)).count(), 1);
    assert_eq!(sim.backend.history()[1], ("be1.sim.s0001.v0.m0.a2.96fb2789".to_owned(), true));
}

#[tokio::test]
async fn a_forgotten_job_that_was_called_off_is_stopped() {
    let mut sim = Sim::new(&["sim-flash", "sim-pro"]);
    sim.policy.goal = Goal::Submitted;
    sim.session().await.unwrap();
    let events = sim.journal.events();
    let sim = cut(&sim, 0);
    for event in events.iter().filter(|event| event.job() != Some(job(1))) {
        sim.append(event);
    }
    sim.append(&Event::CancelRequested { job: job(1) });
    let (_, state) = sim.session().await.unwrap();
    assert_eq!(state.job(job(1)).unwrap().phase, Phase::Over(Verdict::NeverSent));
    assert_eq!((sim.living(job(0)), sim.living(job(1))), (1, 0), "{:?}", sim.backend.history());
    assert_eq!(sim.journal.events().iter().filter(|event| is_extra(event)).count(), 1);
}

#[tokio::test]
async fn lists_are_looked_at_before_a_creation_only_where_something_may_be_forgotten() {
    let sim = ran(Goal::Submitted).await;
    assert_eq!(sim.backend.calls(Operation::List), 0, "nothing was sent before");
    let mut sim = Sim::sharded(&["sim-flash"], 1, Load::default());
    (sim.policy.goal, sim.policy.made_before) = (Goal::Submitted, true);
    sim.session().await.unwrap();
    assert_eq!(sim.backend.calls(Operation::List), 1, "one list, to its end");
    sim.session().await.unwrap();
    assert_eq!(sim.backend.calls(Operation::List), 1, "and none where there is nothing to create");
}

#[tokio::test]
async fn a_list_that_lags_is_told_of_by_the_second_job_that_comes_of_it() {
    let mut sim = cut(&ran(Goal::Submitted).await, 0);
    sim.strict = false;
    sim.session_through(Stale::before(&sim, 1)).await.unwrap();
    assert_eq!(sim.backend.history().len(), 8, "each once more");
    assert_eq!(sim.journal.events().iter().filter(|event| is_extra(event)).count(), 4);
}
