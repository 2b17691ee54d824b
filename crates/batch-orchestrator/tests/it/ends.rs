//! Every way a job can end ends the wait, and keeps whatever results there are.

use std::time::Duration;

use batch_backend::memory::{Course, Fault};
use batch_backend::{JobState, Operation};
use batch_orchestrator::{Event, Finish, Goal, Phase, Verdict};

use crate::world::{Sim, job};

async fn verdict(course: Course) -> Verdict {
    let sim = Sim::new(&["sim-flash"]);
    sim.backend.next_courses([course]);
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Reached);
    match &state.job(job(0)).unwrap().phase {
        Phase::Over(verdict) => verdict.clone(),
        phase => panic!("not over: {phase:?}"),
    }
}

#[tokio::test]
async fn every_end_state_ends_the_wait() {
    for end in [JobState::Failed, JobState::Cancelled, JobState::Expired] {
        match verdict(Course::ending(end.clone())).await {
            Verdict::NoResults(ending) => assert_eq!(ending.state, end),
            other => panic!("{end}: {other:?}"),
        }
    }
    for end in [JobState::Succeeded, JobState::PartiallySucceeded] {
        match verdict(Course::ending(end.clone())).await {
            Verdict::Results { ending, result } => {
                assert_eq!((ending.state, result.lines), (end, 3));
            }
            other => panic!("{end}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_unknown_state_ends_the_wait_when_the_service_says_done() {
    let moon = JobState::Other("BATCH_STATE_MOON".to_owned());
    match verdict(Course::ending(moon.clone())).await {
        Verdict::NoResults(ending) => assert_eq!(ending.state, moon),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_failed_job_with_results_keeps_them() {
    let course = Course { results: true, ..Course::ending(JobState::Expired) };
    assert!(matches!(verdict(course).await, Verdict::Results { .. }));
}

#[tokio::test]
async fn results_that_get_their_name_late_are_waited_for() {
    let course = Course { output_lag: 2, ..Course::success() };
    assert!(matches!(verdict(course).await, Verdict::Results { .. }));
}

#[tokio::test]
async fn results_that_never_get_a_name_end_the_wait() {
    let course = Course { results: false, ..Course::success() };
    assert!(matches!(verdict(course).await, Verdict::NoResults(_)));
}

#[tokio::test]
async fn a_job_that_never_ends_meets_the_deadline_and_can_be_gone_on_with() {
    let mut sim = Sim::new(&["sim-flash", "sim-pro"]);
    let mut endless = Course::success();
    endless.states = vec![JobState::Queued];
    endless.done_at_end = false;
    endless.results = false;
    sim.backend.next_courses([endless]);
    sim.policy.deadline = Duration::from_hours(50);
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Deadline);
    assert!(matches!(state.job(job(0)).unwrap().phase, Phase::Waiting(_)));
    assert!(state.job(job(1)).unwrap().is_over(), "the other job is not held up");
    sim.policy.deadline = Duration::from_hours(60);
    let (finish, _) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Deadline, "a later session waits on");
    assert_eq!(sim.backend.calls(Operation::Create), 2);
}

#[tokio::test]
async fn each_goal_stops_where_it_says_and_the_next_goes_on() {
    let mut sim = Sim::new(&["sim-flash", "sim-pro"]);
    sim.policy.goal = Goal::Uploaded;
    sim.session().await.unwrap();
    assert_eq!(sim.backend.calls(Operation::Create), 0);
    sim.policy.goal = Goal::Submitted;
    sim.session().await.unwrap();
    assert_eq!((sim.backend.calls(Operation::Create), sim.backend.calls(Operation::Fetch)), (2, 0));
    sim.policy.goal = Goal::Fetched;
    sim.session().await.unwrap();
    sim.assert_complete("step by step");
    assert_eq!(
        (sim.backend.calls(Operation::Upload), sim.backend.calls(Operation::Create)),
        (1, 2)
    );
}

#[tokio::test]
async fn more_jobs_than_may_live_at_once_take_turns() {
    let mut sim = Sim::new(&["a", "b", "c", "d", "e"]);
    sim.policy.limits.live_jobs = 2;
    sim.policy.goal = Goal::Submitted;
    sim.session().await.unwrap();
    sim.policy.goal = Goal::Fetched;
    sim.session().await.unwrap();
    sim.assert_complete("in turns");
    let mut live: i32 = 0;
    for event in sim.journal.events() {
        match event {
            Event::CreateIntended { .. } => live += 1,
            Event::Ended { .. } => live -= 1,
            _ => {}
        }
        assert!(live <= 2, "never more than two");
    }
}

#[tokio::test]
async fn a_cancelled_job_is_stopped_and_ends() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.policy.goal = Goal::Submitted;
    sim.session().await.unwrap();
    let mut journal = sim.journal.clone();
    batch_orchestrator::Journal::append(&mut journal, &Event::CancelRequested { job: job(0) })
        .unwrap();
    sim.policy.goal = Goal::Fetched;
    let (_, state) = sim.session().await.unwrap();
    match &state.job(job(0)).unwrap().phase {
        Phase::Over(Verdict::NoResults(ending)) => assert_eq!(ending.state, JobState::Cancelled),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_vanished_job_ends_only_after_lasting_absence() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.policy.goal = Goal::Submitted;
    let (_, state) = sim.session().await.unwrap();
    let name = state.job(job(0)).unwrap().name.clone().unwrap();
    batch_backend::BatchBackend::delete(&sim.backend, &name).await.unwrap();
    sim.policy.goal = Goal::Fetched;
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Reached);
    assert!(matches!(&state.job(job(0)).unwrap().phase, Phase::Over(Verdict::NoResults(_))));
    assert!(sim.backend.calls(Operation::Get) < 60, "without asking all the time");
}

#[tokio::test]
async fn a_download_that_breaks_off_is_fetched_again() {
    let sim = Sim::new(&["sim-flash"]);
    sim.backend.fail(Operation::Fetch, [Fault::After, Fault::Before]);
    sim.session().await.unwrap();
    sim.assert_complete("broken downloads");
    assert_eq!(sim.backend.calls(Operation::Fetch), 3);
}

#[tokio::test]
async fn a_lost_session_and_a_lost_input_are_uploaded_again() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.policy.goal = Goal::Uploaded;
    sim.backend.fail(Operation::Upload, [Fault::After]);
    let (_, state) = sim.session().await.unwrap();
    let stored = match state.input(job(0).input).unwrap() {
        batch_orchestrator::InputPhase::Stored(stored) => stored.clone(),
        phase => panic!("{phase:?}"),
    };
    sim.backend.expire_input(&stored.name);
    sim.policy.goal = Goal::Fetched;
    sim.session().await.unwrap();
    sim.assert_complete("lost input");
}

/// A service that never finds an input it has just taken: three uploads on, it is the job that is refused.
#[tokio::test]
async fn an_input_that_is_lost_again_and_again_ends_in_a_refusal() {
    let sim = Sim::new(&["sim-flash"]);
    sim.backend.fail(Operation::Create, [Fault::Gone; 50]);
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Reached);
    assert!(state.job(job(0)).unwrap().is_over());
    assert_eq!(sim.backend.calls(Operation::Create), 4);
    assert_eq!(sim.living(job(0)), 0);
}
