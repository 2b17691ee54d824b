//! A person stops a run: nothing is created from then on, whatever it waited for.

use batch_backend::memory::{Course, Fault};
use batch_backend::{JobState, Operation};
use batch_orchestrator::{
    Event, Finish, Goal, Job, JobId, Load, OnAmbiguous, Phase, StuckAfter, Then, Verdict,
};

use crate::invariants::a_further_session_does_nothing;
use crate::world::{Sim, job, shard};

/// What the program does when somebody stops a run: the words first, then a session.
async fn call_off(sim: &mut Sim) {
    for job in sim.state().jobs().filter(|job| job.may_be_called_off()) {
        sim.append(&Event::CancelRequested { job: job.id });
    }
    let (finish, state) = {
        sim.policy.goal = Goal::Submitted;
        sim.session().await.unwrap()
    };
    assert_eq!(finish, Finish::Reached);
    assert!(!state.jobs().any(Job::may_be_called_off) || state.jobs().any(|job| !job.is_over()));
    sim.policy.goal = Goal::Fetched;
}

fn verdict(sim: &Sim, job: JobId) -> Verdict {
    match sim.state().job(job).unwrap().phase.clone() {
        Phase::Over(verdict) => verdict,
        phase => panic!("{phase:?}"),
    }
}

#[tokio::test]
async fn what_the_budget_refused_is_not_created_by_stopping_nor_later() {
    let mut sim = Sim::sharded(&["a"], 2, Load { tokens: 0, cost: Some(100) });
    (sim.policy.budget, sim.policy.goal) = (Some(100), Goal::Submitted);
    sim.session().await.unwrap();
    assert!(matches!(verdict(&sim, shard(2, 0)), Verdict::NotAfforded { .. }));
    sim.policy.budget = None;
    call_off(&mut sim).await;
    assert_eq!(verdict(&sim, shard(2, 0)), Verdict::NeverSent);
    sim.session().await.unwrap();
    assert_eq!(sim.backend.calls(Operation::Create), 1);
    assert!(sim.backend.calls(Operation::Cancel) > 0);
    let state = sim.state();
    assert!(!state.may_send_again(state.job(shard(2, 0)).unwrap()), "it was called off unsent");
    a_further_session_does_nothing(&sim).await;
}

#[tokio::test]
async fn a_job_that_waits_for_a_person_is_looked_for_and_stopped_but_never_made() {
    for (fault, made) in [(Fault::Late(1_000_000), false), (Fault::Late(1_000), true)] {
        let mut sim = Sim::new(&["a"]);
        sim.policy.on_ambiguous = OnAmbiguous::Stop;
        let mut endless = Course::success();
        endless.states = vec![JobState::Running; 1_000_000];
        sim.backend.next_courses([endless]);
        sim.backend.fail(Operation::Create, [fault]);
        sim.session().await.unwrap();
        let waits = matches!(verdict(&sim, job(0)), Verdict::Quarantined { .. });
        assert!(waits, "{:?}", verdict(&sim, job(0)));
        call_off(&mut sim).await;
        sim.policy.on_ambiguous = OnAmbiguous::Retry;
        for _ in 0..2_000 {
            sim.backend.tick();
        }
        sim.session().await.unwrap();
        assert_eq!(sim.backend.calls(Operation::Create), 1);
        assert_eq!(sim.backend.calls(Operation::Cancel), u64::from(made));
        assert_eq!(verdict(&sim, job(0)) == Verdict::NeverSent, !made);
    }
}

#[tokio::test]
async fn rows_of_a_stuck_job_are_not_sent_again_once_a_person_stops_the_run() {
    let mut sim = Sim::new(&["a"]);
    let mut endless = Course::success();
    endless.states = vec![JobState::Running; 1_000_000];
    sim.backend.next_courses([endless]);
    let age = std::time::Duration::from_hours(24);
    sim.policy.stuck = Some(StuckAfter { age, then: Then::Split });
    let (finish, _) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Split(vec![job(0)]));
    call_off(&mut sim).await;
    let (finish, _) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Reached, "there is nothing to split any more");
    assert_eq!(sim.backend.calls(Operation::Create), 1);
}
