//! Jobs wait their turn: for a place in the project, for their model's tokens, for a quota.

use batch_backend::memory::{Course, Fault};
use batch_backend::{BatchBackend, JobSpec, JobState, JobToken, ModelId, Operation};
use batch_orchestrator::{
    DriveError, Event, Finish, Goal, InputPhase, JobId, Load, Notice, Phase, Verdict,
};

use crate::world::{Sim, job, shard};

fn model(name: &str) -> ModelId {
    ModelId::parse(name).unwrap()
}

/// The jobs in the order in which their creation was meant.
fn order(sim: &Sim) -> Vec<JobId> {
    let meant = |event: &Event| match event {
        Event::CreateIntended { job, attempt: 1, .. } => Some(*job),
        _ => None,
    };
    sim.journal.events().iter().filter_map(meant).collect()
}

#[tokio::test]
async fn tokens_of_a_model_are_shared_out_in_order() {
    let mut sim = Sim::sharded(&["small", "large"], 6, Load { tokens: 40, cost: None });
    sim.policy.limits.live_tokens = [(model("small"), 100)].into();
    sim.session().await.unwrap();
    sim.assert_complete("two at a time");
    let of = |number| order(&sim).into_iter().filter(move |job| job.model == number);
    assert!(of(0).is_sorted(), "the small model's jobs go in order");
    let position = |job| order(&sim).iter().position(|other| *other == job).unwrap();
    assert!(position(shard(6, 1)) < position(shard(3, 0)), "the large one's do not wait for it");
}

#[tokio::test]
async fn a_job_that_is_too_heavy_alone_is_not_overtaken_for_ever() {
    let light = Load { tokens: 10, cost: None };
    let mut sim = Sim::sharded(&["small"], 5, light);
    sim.plan.inputs[1].loads = vec![Load { tokens: 1_000, ..light }];
    sim.policy.limits.live_tokens = [(model("small"), 20)].into();
    sim.session().await.unwrap();
    sim.assert_complete("one of them too heavy");
    assert!(order(&sim).is_sorted(), "{:?}", order(&sim));
}

#[tokio::test]
async fn other_peoples_jobs_take_places() {
    let mut sim = Sim::sharded(&["sim-flash"], 4, Load::default());
    sim.policy.goal = Goal::Uploaded;
    let (_, state) = sim.session().await.unwrap();
    let Some(InputPhase::Stored(stored)) = state.input(job(0).input).cloned() else { panic!() };
    // Somebody's three jobs take half an hour; the project bears four.
    let mut slow = Course::success();
    slow.states = vec![JobState::Running; 180];
    slow.states.push(JobState::Succeeded);
    sim.backend.next_courses(vec![slow; 3]);
    for number in 0..3 {
        let token = JobToken::new(format!("somebody's job {number}"));
        let model = model("sim-flash");
        sim.backend.create(&JobSpec { token, model, input: stored.name.clone() }).await.unwrap();
    }
    sim.backend.limit_live(4);
    sim.policy.limits.live_jobs = 4;
    sim.policy.goal = Goal::Fetched;
    assert_eq!(sim.session().await.unwrap().0, Finish::Reached);
    sim.assert_complete("beside others");
    // The first refusal makes us list; from then on nothing is sent in vain.
    let creates = sim.backend.calls(Operation::Create) - 3;
    assert!(creates <= 4 + 3, "{creates} creations for four jobs");
}

#[tokio::test]
async fn a_project_full_of_other_peoples_jobs_is_waited_for() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.policy.goal = Goal::Uploaded;
    let (_, state) = sim.session().await.unwrap();
    let Some(InputPhase::Stored(stored)) = state.input(job(0).input).cloned() else { panic!() };
    let mut slow = Course::success();
    slow.states = vec![JobState::Running; 720];
    slow.states.push(JobState::Succeeded);
    sim.backend.next_courses([slow]);
    let (token, model) = (JobToken::new("somebody's"), model("sim-flash"));
    sim.backend.create(&JobSpec { token, model, input: stored.name }).await.unwrap();
    sim.backend.limit_live(1);
    sim.policy.limits.live_jobs = 1;
    sim.policy.goal = Goal::Fetched;
    assert_eq!(sim.session().await.unwrap().0, Finish::Reached);
    sim.assert_complete("after two hours of others");
    let lists = sim.backend.calls(Operation::List);
    assert!(lists < 140, "{lists} lists in two hours");
}

#[tokio::test]
async fn a_used_up_quota_holds_back_its_model_alone() {
    let sim = Sim::sharded(&["small", "large"], 3, Load::default());
    // The first creation is the small model's; then the large one's, which goes through.
    sim.backend.fail(Operation::Create, [Fault::Quota]);
    sim.session().await.unwrap();
    sim.assert_complete("a quota of one model");
    let events = sim.journal.events();
    let created = |job| {
        let made = |e: &Event| matches!(e, Event::Created { job: made, .. } if *made == job);
        events.iter().position(made).unwrap()
    };
    assert!((1..=3).all(|at| created(shard(at, 1)) < created(shard(1, 0))), "large goes ahead");
}

#[tokio::test]
async fn a_lasting_quota_is_probed_by_one_job_with_growing_waits() {
    let sim = Sim::sharded(&["small"], 8, Load::default());
    sim.backend.fail(Operation::Create, [Fault::Quota; 9]);
    sim.session().await.unwrap();
    sim.assert_complete("after nine refusals");
    assert_eq!(sim.backend.calls(Operation::Create), 9 + 8);
    // The first breath sends four at once; from then on one at a time asks.
    let (mut open, mut meant) = (0, 0);
    for event in sim.journal.events() {
        match event {
            Event::CreateIntended { .. } => {
                (open, meant) = (open + 1, meant + 1);
                assert!(meant <= 4 || open == 1, "{open} at once");
            }
            Event::Settled { .. } => open -= 1,
            Event::Created { .. } => break,
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_refused_heavy_job_ends_and_frees_the_queue() {
    let mut sim = Sim::sharded(&["small"], 3, Load { tokens: 10, cost: None });
    sim.plan.inputs[0].loads = vec![Load { tokens: 1_000, cost: None }];
    sim.policy.limits.live_tokens = [(model("small"), 20)].into();
    sim.backend.fail(Operation::Create, [Fault::Refused]);
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Reached);
    let phase = |at| &state.job(shard(at, 0)).unwrap().phase;
    assert!(matches!(phase(1), Phase::Over(Verdict::Refused(_))));
    assert!(matches!(phase(3), Phase::Over(Verdict::Results { .. })));
}

#[tokio::test]
async fn late_jobs_that_hold_all_tokens_end_the_session() -> Result<(), DriveError> {
    let mut sim = Sim::sharded(&["small"], 3, Load { tokens: 60, cost: None });
    let mut endless = Course::success();
    (endless.states, endless.done_at_end, endless.results) =
        (vec![JobState::Running], false, false);
    sim.backend.next_courses(vec![endless; 3]);
    sim.policy.limits.live_tokens = [(model("small"), 100)].into();
    assert_eq!(sim.session().await?.0, Finish::Deadline);
    assert_eq!(sim.backend.calls(Operation::Create), 1);
    Ok(())
}

#[derive(Debug, Default)]
struct Warned(std::sync::Mutex<Vec<JobId>>);

impl batch_orchestrator::Listener for Warned {
    fn notice(&self, notice: &Notice<'_>) {
        if let Notice::Overweight { job } = notice {
            self.0.lock().unwrap().push(*job);
        }
    }
}

#[tokio::test]
async fn a_job_heavier_than_the_limit_is_told_of() {
    let mut sim = Sim::sharded(&["small"], 2, Load { tokens: 10, cost: None });
    sim.plan.inputs[1].loads = vec![Load { tokens: 1_000, cost: None }];
    sim.policy.limits.live_tokens = [(model("small"), 20)].into();
    let warned = std::sync::Arc::new(Warned::default());
    sim.session_heard_by(warned.clone()).await.unwrap();
    assert_eq!(*warned.0.lock().unwrap(), [shard(2, 0)]);
}

#[tokio::test]
async fn inputs_lie_at_the_service_no_longer_than_they_must_unless_that_is_the_goal() {
    let mut sim = Sim::sharded(&["sim-flash"], 40, Load::default());
    let mut endless = Course::success();
    (endless.states, endless.done_at_end, endless.results) =
        (vec![JobState::Running], false, false);
    sim.backend.next_courses([endless]);
    sim.policy.limits.live_jobs = 1;
    assert_eq!(sim.session().await.unwrap().0, Finish::Deadline);
    let uploads = sim.backend.calls(Operation::Upload);
    assert_eq!(uploads, 17, "that of the job that runs, and those of the next sixteen");
    sim.policy.goal = Goal::Uploaded;
    assert_eq!(sim.session().await.unwrap().0, Finish::Reached);
    assert_eq!(sim.backend.calls(Operation::Upload), 40);
}
