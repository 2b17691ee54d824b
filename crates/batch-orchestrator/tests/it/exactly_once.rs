//! One job for each piece of work, whatever happens to the answer to its creation.

use std::time::Duration;

use batch_backend::memory::{Course, Fault};
use batch_backend::{BatchBackend, JobSpec, JobState, ModelId, Operation};
use batch_orchestrator::{Event, Finish, Goal, InputPhase, OnAmbiguous, Phase, Verdict};

use crate::forgotten::Stale;
use crate::world::{Sim, job};

#[tokio::test]
async fn a_quiet_run_uploads_once_and_creates_once_a_model() {
    let sim = Sim::new(&["sim-flash", "sim-pro"]);
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Reached);
    assert!(state.reached(Goal::Fetched));
    sim.assert_complete("quiet run");
    let calls = |operation| sim.backend.calls(operation);
    assert_eq!((calls(Operation::Upload), calls(Operation::Create)), (1, 2));
    assert_eq!(calls(Operation::Fetch), 2);
}

#[tokio::test]
async fn a_finished_run_does_nothing_but_look_for_doubles() {
    let sim = Sim::new(&["sim-flash"]);
    sim.session().await.unwrap();
    let events = sim.journal.events();
    let lists = sim.backend.calls(Operation::List);
    sim.session().await.unwrap();
    assert_eq!(sim.journal.events(), events, "no event is added");
    assert_eq!(sim.backend.calls(Operation::Create), 1);
    assert_eq!(sim.backend.calls(Operation::Fetch), 1);
    assert_eq!(sim.backend.calls(Operation::List), lists + 1);
}

#[tokio::test]
async fn a_lost_answer_is_adopted() {
    let sim = Sim::new(&["sim-flash", "sim-pro"]);
    sim.backend.fail(Operation::Create, [Fault::After]);
    sim.session().await.unwrap();
    sim.assert_complete("lost answer");
    assert_eq!(sim.backend.history().len(), 2);
    let adopted = sim
        .journal
        .events()
        .iter()
        .filter(|e| matches!(e, Event::Created { adopted: true, .. }))
        .count();
    assert_eq!(adopted, 1);
}

#[tokio::test]
async fn a_create_applied_late_is_adopted_within_the_settle_time() {
    for ticks in [1, 5, 20, 30] {
        let sim = Sim::new(&["sim-flash"]);
        sim.backend.fail(Operation::Create, [Fault::Late(ticks)]);
        sim.session().await.unwrap();
        sim.assert_complete("late create");
        assert_eq!(sim.backend.history().len(), 1, "{ticks} ticks late");
    }
}

#[tokio::test]
async fn without_the_settle_wait_the_same_create_is_paid_for_twice() {
    // The wait is what the promise rests on: this is the test that it does something.
    let mut sim = Sim::new(&["sim-flash"]);
    sim.strict = false;
    sim.policy.settle = Duration::ZERO;
    sim.backend.fail(Operation::Create, [Fault::Late(20)]);
    sim.session().await.unwrap();
    assert_eq!(sim.backend.history().len(), 2);
}

#[tokio::test]
async fn a_create_later_than_the_settle_time_is_found_and_cancelled() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.strict = false;
    // 60 ticks are the settle time of 600 s; the second job shows up while the first one runs.
    sim.backend.fail(Operation::Create, [Fault::Late(61)]);
    sim.session().await.unwrap();
    sim.session().await.unwrap();
    assert_eq!(sim.backend.history().len(), 2, "the bound was broken, so there are two");
    assert_eq!(sim.living(job(0)), 1, "and one of them is stopped: {:?}", sim.backend.history());
    assert!(sim.journal.events().iter().any(|event| matches!(event, Event::ExtraFound { .. })));
}

#[tokio::test]
async fn a_second_job_is_stopped_soon_and_not_only_when_the_first_one_ends() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.strict = false;
    let mut slow = Course::success();
    // A day.
    slow.states = vec![JobState::Running; 8_640];
    sim.backend.next_courses([slow.clone(), slow]);
    sim.backend.fail(Operation::Create, [Fault::Late(61)]);
    sim.session().await.unwrap();
    let events = sim.journal.events();
    let place = |is: fn(&Event) -> bool| events.iter().position(is).unwrap();
    let found = place(|event| matches!(event, Event::ExtraFound { .. }));
    let ended = place(|event| matches!(event, Event::Ended { .. }));
    assert!(found < ended, "{events:?}");
    assert_eq!(sim.living(job(0)), 1);
    // One list each hour, besides those that found out about the creation.
    let lists = sim.backend.calls(Operation::List);
    assert!((24 + 2..24 + 40).contains(&lists), "{lists} lists in a day");
}

#[tokio::test]
async fn a_run_without_doubts_is_swept_at_its_end_alone() {
    let sim = Sim::new(&["sim-flash"]);
    let mut slow = Course::success();
    slow.states = vec![JobState::Running; 8_640];
    sim.backend.next_courses([slow]);
    sim.session().await.unwrap();
    assert_eq!(sim.backend.calls(Operation::List), 1);
}

#[tokio::test]
async fn failed_lists_are_never_taken_for_no_such_job() {
    let sim = Sim::new(&["sim-flash"]);
    sim.backend.fail(Operation::Create, [Fault::After]);
    sim.backend.fail(Operation::List, [Fault::Before; 12]);
    sim.session().await.unwrap();
    sim.assert_complete("failing lists");
    assert_eq!(sim.backend.history().len(), 1);
}

#[tokio::test]
async fn a_request_that_never_arrived_is_sent_again_after_the_wait() {
    let sim = Sim::new(&["sim-flash"]);
    sim.backend.fail(Operation::Create, [Fault::Before, Fault::Before]);
    sim.session().await.unwrap();
    sim.assert_complete("request lost");
    assert_eq!(sim.backend.calls(Operation::Create), 3);
}

#[tokio::test]
async fn a_quota_is_waited_for() {
    let sim = Sim::new(&["sim-flash"]);
    sim.backend.fail(Operation::Create, [Fault::Quota; 5]);
    sim.session().await.unwrap();
    sim.assert_complete("quota");
    assert_eq!(sim.backend.calls(Operation::Create), 6);
}

#[tokio::test]
async fn a_refused_job_ends_and_the_others_go_on() {
    let sim = Sim::new(&["sim-flash", "sim-pro"]);
    sim.backend.fail(Operation::Create, [Fault::Refused]);
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Reached);
    let phases: Vec<&Phase> = state.jobs().map(|job| &job.phase).collect();
    assert!(matches!(phases[0], Phase::Over(Verdict::Refused(_))), "{phases:?}");
    assert!(matches!(phases[1], Phase::Over(Verdict::Results { .. })), "{phases:?}");
}

#[tokio::test]
async fn on_ambiguous_stop_leaves_the_job_to_a_person() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.policy.on_ambiguous = OnAmbiguous::Stop;
    sim.policy.settle = Duration::from_mins(1);
    sim.backend.fail(Operation::Create, [Fault::Late(1_000_000)]);
    let (_, state) = sim.session().await.unwrap();
    assert_eq!(state.quarantined().count(), 1);
    assert_eq!(sim.backend.calls(Operation::Create), 1, "it is never sent again");
}

#[tokio::test]
async fn a_job_with_our_mark_and_another_model_is_not_adopted() {
    let sim = Sim::new(&["sim-flash"]);
    let mut uploaded = Sim::new(&["sim-flash"]);
    uploaded.policy.goal = Goal::Uploaded;
    let sim = Sim { policy: uploaded.policy.clone(), strict: false, ..sim };
    let (_, state) = sim.session().await.unwrap();
    let Some(InputPhase::Stored(stored)) = state.input(job(0).input) else { panic!("stored") };
    let token = job(0).token(&sim.plan.tag, 1, &stored.sha256, &ModelId::parse("x").unwrap());
    let model = ModelId::parse("another").unwrap();
    let foreign = JobSpec { token, model, input: stored.name.clone() };
    sim.backend.create(&foreign).await.unwrap();
    sim.backend.fail(Operation::Create, [Fault::Late(1_000_000)]);
    let sim = Sim { policy: batch_orchestrator::Policy::default(), ..sim };
    let (_, state) = sim.session().await.unwrap();
    assert_eq!(state.quarantined().count(), 1);
}

#[tokio::test]
async fn two_copies_of_a_run_keep_the_same_job() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.policy.goal = Goal::Uploaded;
    sim.session().await.unwrap();
    sim.strict = false;
    let twin = sim.twin();
    sim.policy.goal = Goal::Submitted;
    let twin = Sim { policy: sim.policy.clone(), ..twin };
    sim.session().await.unwrap();
    // The lists of the other copy do not show that yet.
    twin.session_through(Stale::before(&twin, 1)).await.unwrap();
    assert_eq!(sim.living(job(0)), 2, "each copy made its own");
    sim.policy.goal = Goal::Fetched;
    let twin = Sim { policy: sim.policy.clone(), ..twin };
    twin.session().await.unwrap();
    sim.session().await.unwrap();
    assert_eq!(sim.living(job(0)), 1, "one stays: {:?}", sim.backend.history());
    assert_eq!(sim.sink.kept(job(0)), twin.sink.kept(job(0)), "and both have its results");
}
